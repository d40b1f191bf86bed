/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse-tenants DIR SOCKET listen|connect: two of these, in two containers, each with a file
 * system of its own on DIR, pass each other an open file and the connection. A process that
 * ends closes its files in their order: first the other's file, which waits for an answer that
 * nobody gives; the connections stay open meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw-fuse.h"

#define OTHER_FILE 50
#define OWN	   100
#define OTHER	   101

static const struct fuse_attr root = {.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2};
static const struct fuse_attr file = {.ino = 2, .mode = S_IFREG | 0666, .nlink = 1};

static void serve(int fd, const struct fuse_in_header *h)
{
	const struct fuse_attr_out attr = {.attr = h->nodeid == 1 ? root : file};
	const struct fuse_entry_out entry = {.nodeid = 2, .attr = file};
	const struct fuse_open_out open = {.fh = 1};

	switch (h->opcode) {
	case FUSE_INIT:
		answer_init(fd, h);
		return;
	case FUSE_GETATTR:
		answer(fd, h->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_LOOKUP:
		answer(fd, h->unique, 0, &entry, sizeof(entry));
		return;
	case FUSE_OPEN:
		answer(fd, h->unique, 0, &open, sizeof(open));
		return;
	case FUSE_FLUSH:
		answer(fd, h->unique, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return;
	default:
		answer(fd, h->unique, -ENOSYS, NULL, 0);
	}
}

static int meet(const char *path, bool listens)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	if (!listens) {
		while (connect(s, (void *)&a, sizeof(a)) < 0)
			usleep(100000);
		return s;
	}
	(void)unlink(path);
	if (bind(s, (void *)&a, sizeof(a)) < 0 || chmod(path, 0777) < 0 || listen(s, 1) < 0)
		return -1;
	return accept(s, NULL, NULL);
}

/* Sends `fds` and receives as many. */
static int swap_fds(int sock, int fds[2])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	*h = (struct cmsghdr){CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(h), fds, 2 * sizeof(int));
	if (sendmsg(sock, &m, 0) != 1 || recvmsg(sock, &m, 0) != 1)
		return -1;
	memcpy(fds, CMSG_DATA(h), 2 * sizeof(int));
	return 0;
}

int main(int argc, char **argv)
{
	char path[256];
	int fds[2], own;
	pid_t server;

	if (argc < 4 || dup2(open("/dev/fuse", O_RDWR | O_CLOEXEC), OWN) < 0 ||
	    mount("tenant", argv[1], "fuse.tenant", MS_NOSUID | MS_NODEV,
		  "fd=100,rootmode=40000,user_id=0,group_id=0") < 0)
		return 1;
	server = fork();
	if (server == 0)
		serve_all(OWN, serve);
	(void)snprintf(path, sizeof(path), "%s/file", argv[1]);
	fds[0] = own = open(path, O_RDWR);
	fds[1] = OWN;
	if (own < 0 || swap_fds(meet(argv[2], argv[3][0] == 'l'), fds) < 0)
		return 1;
	if (dup2(fds[0], OTHER_FILE) < 0 || dup2(fds[1], OTHER) < 0)
		return 1;
	/* The rest is answered. */
	(void)close(own);
	(void)close(fds[0]);
	sleep(1);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	(void)puts("ready");
	(void)fflush(stdout);
	pause();
	return 0;
}

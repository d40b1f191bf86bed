/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trapped calls whose arguments nobody ever brings: a FUSE file system that answers no read and
 * no lookup of "never". The first one who reads sends the request; all others, who need not
 * have the rights for one, wait for the page that it has locked. Runs until it is killed.
 *
 *	stall DIR memory N	the arguments lie in a mapped file: N callers of sysinfo(2)
 *	stall DIR type N	the same, N callers of mount(2)
 *	stall DIR path N	mount(2) at a path that is never found
 *
 * Prints "waiting" when all have called.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NODE 2
#define FOREVER	  3600

static void reply(int fd, uint64_t unique, int error, const void *data, size_t size)
{
	struct {
		struct fuse_out_header head;
		char data[256];
	} out = {.head = {.len = (uint32_t)(sizeof(out.head) + size),
			  .error = -error,
			  .unique = unique}};

	if (size)
		memcpy(out.data, data, size);
	if (write(fd, &out, out.head.len) < 0)
		warn("write");
}

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = 4096,
		.mode = node == FILE_NODE ? S_IFREG | 0644 : S_IFDIR | 0755,
		.nlink = 1,
	};
}

static void lookup(int fd, const struct fuse_in_header *in)
{
	const struct fuse_entry_out entry = {
		.nodeid = FILE_NODE,
		.entry_valid = FOREVER,
		.attr_valid = FOREVER,
		.attr = attr_of(FILE_NODE),
	};

	if (strcmp((const char *)(in + 1), "file") == 0)
		reply(fd, in->unique, 0, &entry, sizeof(entry));
	else if (strcmp((const char *)(in + 1), "never") != 0)
		reply(fd, in->unique, ENOENT, NULL, 0);
}

static void getattr(int fd, const struct fuse_in_header *in)
{
	const struct fuse_attr_out out = {.attr_valid = FOREVER, .attr = attr_of(in->nodeid)};

	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void serve_one(int fd, const struct fuse_in_header *in)
{
	/* Without FUSE_ASYNC_READ, who reads waits for the answer and not for a page. */
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
	};
	const struct fuse_open_out open_out = {.fh = 1};

	switch (in->opcode) {
	case FUSE_INIT:
		reply(fd, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		lookup(fd, in);
		break;
	case FUSE_GETATTR:
		getattr(fd, in);
		break;
	case FUSE_OPEN:
		reply(fd, in->unique, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_READ:
	case FUSE_INTERRUPT:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	default:
		reply(fd, in->unique, ENOSYS, NULL, 0);
	}
}

static void serve(int fd)
{
	static char buf[65536 + 4096];

	for (;;)
		if (read(fd, buf, sizeof(buf)) > 0)
			serve_one(fd, (const struct fuse_in_header *)buf);
}

static void call(const char *dir, const char *how, int number)
{
	char path[256];
	volatile char *p = NULL;

	if (strcmp(how, "path") != 0) {
		int fd;

		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_RDONLY);
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (fd < 0 || p == MAP_FAILED)
			err(1, "map %s", path);
		if (number == 0)
			_exit(*p);
		usleep(300000);
	}
	snprintf(path, sizeof(path), "%s/never/x", dir);
	if (strcmp(how, "memory") == 0)
		syscall(SYS_sysinfo, p);
	else
		syscall(SYS_mount, "none", path, p ? (const char *)p : "proc", 0, NULL);
	_exit(0);
}

int main(int argc, char **argv)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (argc != 4)
		return 2;
	mkdir(argv[1], 0755);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (fd < 0 || mount("stall", argv[1], "fuse", 0, options) < 0)
		err(1, "mount");
	for (int i = 0; i <= atoi(argv[3]); i++)
		if (fork() == 0) {
			close(fd);
			/* Until the daemon serves. */
			usleep(200000);
			call(argv[1], argv[2], i);
		}
	if (fork() == 0) {
		sleep(1);
		printf("waiting\n");
		return 0;
	}
	serve(fd);
}

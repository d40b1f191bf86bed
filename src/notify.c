/* SPDX-License-Identifier: Apache-2.0 */
#include "src/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/sock.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/state.h"
#include "src/syscont.h"

#define INSIDE_DIR    "/run/notify"
#define SOCKET_NAME   "notify.sock"
#define INSIDE_SOCKET INSIDE_DIR "/" SOCKET_NAME
/* sd_notify(3) messages are short; the kernel truncates longer ones. */
#define MESSAGE_MAX 4096
/* As sd_notify_barrier(3) users do. */
#define BARRIER_MS 30000

static const char *host_socket(void)
{
	const char *s = getenv("NOTIFY_SOCKET");

	return str_is_empty(s) ? NULL : s;
}

int notify_prepare(const struct state_dir *d, struct syscont *sc, struct error *err)
{
	_cleanup_free_ char *dir = path_join(d->path, "notify");

	if (!host_socket())
		return 0;
	/* The container's users are nobody here; the socket in it is open to all. */
	if (mkdirat(d->dirfd, "notify", 0755) < 0 || fchmodat(d->dirfd, "notify", 0755, 0) < 0)
		return error_errno(err, errno, "make %s", dir);
	(void)syscont_mount_add(sc->spec, INSIDE_DIR, "bind", dir,
				"bind,nosuid,nodev,noexec,ro");
	strv_add(&sc->options.skip_uid_shift, INSIDE_DIR);
	strv_env_set(&sc->spec->process->env, "NOTIFY_SOCKET", INSIDE_SOCKET);
	return 0;
}

void notify_done(struct notify *n)
{
	n->sock = fd_close(n->sock);
	n->host_sock = fd_close(n->host_sock);
}

/* "@name" is of the abstract kind. */
static int connect_host(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const size_t len = strlen(path);
	_cleanup_close_ int fd = -EBADF;

	if (len >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, len);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* By the descriptor of its directory: the path may be longer than a socket's may be. */
static int bind_in(int dirfd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char dir[FD_PATH_MAX];

	if (fd < 0)
		return -errno;
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" SOCKET_NAME,
		       fd_path(dirfd, dir));
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    fchmodat(dirfd, SOCKET_NAME, 0777, 0) < 0)
		return -errno;
	return take_fd(&fd);
}

int notify_listen(struct notify *n, const struct state_dir *d, struct error *err)
{
	_cleanup_close_ int dirfd = -EBADF;
	const char *path = host_socket();

	if (!path)
		return 0;
	dirfd = openat(d->dirfd, "notify", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		log_debug("NOTIFY_SOCKET was not set when the container was created");
		return 0;
	}
	n->host_sock = connect_host(path);
	if (n->host_sock < 0)
		return error_errno(err, -n->host_sock, "connect to NOTIFY_SOCKET %s", path);
	n->sock = bind_in(dirfd);
	return n->sock < 0 ? error_errno(err, -n->sock, "make the container's notify socket")
			   : 0;
}

/* The manager closes its end when it has taken all that was sent before. */
static void barrier(int sock)
{
	_cleanup_close_ int read_end = -EBADF, write_end = -EBADF;
	struct pollfd p = {.events = POLLIN};
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	read_end = fds[0];
	write_end = fds[1];
	if (sock_send_fd(sock, write_end, "BARRIER=1") < 0)
		return;
	write_end = fd_close(write_end);
	p.fd = read_end;
	if (poll(&p, 1, BARRIER_MS) == 0)
		log_warn("the service manager does not answer BARRIER=1");
}

static int pass_on(const struct notify *n, pid_t main_pid, struct error *err)
{
	_cleanup_free_ char *text = xasprintf("READY=1\nMAINPID=%d\n", main_pid);
	int r = sock_send(n->host_sock, text, strlen(text), NULL, 0);

	if (r < 0)
		return error_errno(err, -r, "notify the service manager");
	barrier(n->host_sock);
	return NOTIFY_READY;
}

int notify_receive(struct notify *n, pid_t main_pid, struct error *err)
{
	_cleanup_(strv_freep) char **lines = NULL;
	char text[MESSAGE_MAX + 1];
	ssize_t len = recv(n->sock, text, MESSAGE_MAX, 0);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR
			       ? NOTIFY_NOT_YET
			       : error_errno(err, errno, "read the container's notify socket");
	text[len] = '\0';
	lines = strv_split(text, "\n");
	return strv_contains(lines, "READY=1") ? pass_on(n, main_pid, err) : NOTIFY_NOT_YET;
}

int notify_wait(struct notify *n, int init_pidfd, pid_t main_pid, struct error *err)
{
	struct pollfd fds[] = {
		{.fd = n->sock, .events = POLLIN},
		{.fd = init_pidfd, .events = POLLIN},
	};
	int r = NOTIFY_NOT_YET;

	while (n->sock >= 0 && r == NOTIFY_NOT_YET) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return error_errno(err, errno, "wait for the container to be ready");
		if (fds[0].revents)
			r = notify_receive(n, main_pid, err);
		else if (fds[1].revents)
			return 0;
	}
	return r < 0 ? r : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/fd.h"

/* A union, because a control buffer must be aligned as its header. */
union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(SOCK_FDS_MAX * sizeof(int))];
};

int sock_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

static void put_fds(struct msghdr *msg, union control *c, const int *fds, size_t n_fds)
{
	struct cmsghdr *h;

	memset(c, 0, sizeof(*c));
	msg->msg_control = c->buf;
	msg->msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	h = CMSG_FIRSTHDR(msg);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
}

int sock_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
	struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control c;
	ssize_t n;

	/* A message of no bytes would read as end of file. */
	if (len == 0 || n_fds > SOCK_FDS_MAX)
		return -EINVAL;
	if (n_fds)
		put_fds(&msg, &c, fds, n_fds);
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

/* The kernel has installed them already: every one must be taken or closed. */
static size_t get_fds(struct msghdr *msg, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		size_t bytes = h->cmsg_len - CMSG_LEN(0);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		/* Fits: the control buffer holds SOCK_FDS_MAX in all. */
		memcpy(fds + n, CMSG_DATA(h), bytes);
		n += bytes / sizeof(int);
	}
	return n;
}

ssize_t sock_recv(int sock, void *data, size_t len, int *fds, size_t max_fds, size_t *ret_n_fds)
{
	struct iovec iov = {.iov_base = data, .iov_len = len};
	union control c;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.buf,
		.msg_controllen = sizeof(c.buf),
	};
	int got[SOCK_FDS_MAX];
	size_t n_got;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	n_got = get_fds(&msg, got);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || n_got > max_fds) {
		while (n_got > 0)
			fd_close(got[--n_got]);
		return -EMSGSIZE;
	}
	if (n_got)
		memcpy(fds, got, n_got * sizeof(*fds));
	if (ret_n_fds)
		*ret_n_fds = n_got;
	return n;
}

static int connect_path(int sock, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int r;

	strcpy(addr.sun_path, path); /* the caller has looked at the length */
	do
		r = connect(sock, (const struct sockaddr *)&addr, sizeof(addr));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* sun_path is short; the magic link of an O_PATH descriptor is shorter. */
static int connect_long_path(int sock, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	char link[FD_PATH_MAX];

	return fd < 0 ? -errno : connect_path(sock, fd_path(fd, link));
}

int sock_wait(int sock, int timeout_ms)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

int sock_connect_stream(const char *path)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (sock < 0)
		return -errno;
	if (strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
		r = connect_path(sock, path);
	else
		r = connect_long_path(sock, path);
	return r < 0 ? r : take_fd(&sock);
}

/* The directory's own magic link, which is short whatever its path is. */
static int address_at(int dirfd, const char *name, struct sockaddr_un *ret)
{
	char link[FD_PATH_MAX];
	int n;

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s", fd_path(dirfd, link), name);
	return (size_t)n < sizeof(ret->sun_path) ? 0 : -ENAMETOOLONG;
}

int sock_listen_at(int dirfd, const char *name)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;
	int r = address_at(dirfd, name, &addr);

	if (sock < 0)
		return -errno;
	if (r < 0)
		return r;
	(void)unlinkat(dirfd, name, 0);
	if (bind(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(sock, SOMAXCONN) < 0)
		return -errno;
	return take_fd(&sock);
}

int sock_connect_at(int dirfd, const char *name)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;
	int r = address_at(dirfd, name, &addr);

	if (sock < 0)
		return -errno;
	if (r == 0)
		r = connect_path(sock, addr.sun_path);
	return r < 0 ? r : take_fd(&sock);
}

int sock_accept(int sock)
{
	int fd;

	do
		fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* The fd travels with the first byte; a text of some bytes is never split in practice. */
int sock_send_fd(int sock, int fd, const char *text)
{
	return sock_send(sock, text, strlen(text), &fd, 1);
}

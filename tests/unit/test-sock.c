/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "lib/path.h"
#include "lib/sock.h"

static int pair(void **state)
{
	int *s = xcalloc(2, sizeof(*s));

	*state = s;
	return sock_pair(s);
}

static int pair_done(void **state)
{
	int *s = *state;

	fd_close(s[0]);
	fd_close(s[1]);
	free(s);
	return 0;
}

static void sock_send__message_borders(void **state)
{
	int *s = *state;
	char buf[16];

	assert_true(fcntl(s[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sock_send(s[0], "one", 3, NULL, 0), 0);
	assert_int_equal(sock_send(s[0], "two!", 4, NULL, 0), 0);
	assert_int_equal(sock_recv(s[1], buf, sizeof(buf), NULL, 0, NULL), 3);
	assert_int_equal(sock_recv(s[1], buf, sizeof(buf), NULL, 0, NULL), 4);
	assert_memory_equal(buf, "two!", 4);
}

static void sock_recv__end_of_file(void **state)
{
	int *s = *state;
	size_t n_fds = 9;
	char buf[4];

	s[0] = fd_close(s[0]);
	assert_int_equal(sock_recv(s[1], buf, sizeof(buf), NULL, 0, &n_fds), 0);
	assert_int_equal(n_fds, 0);
	assert_int_equal(sock_send(s[1], "x", 1, NULL, 0), -EPIPE);
}

static void sock_send__no_empty_messages(void **state)
{
	int *s = *state;

	assert_int_equal(sock_send(s[0], "", 0, NULL, 0), -EINVAL);
}

static void sock_send__fds_travel(void **state)
{
	int *s = *state, fds[SOCK_FDS_MAX];
	_cleanup_close_ int file = fd_memfd("x", "text", 4);
	size_t n;
	char c;

	assert_int_equal(sock_send(s[0], "x", 1, (int[]){file, s[0]}, 2), 0);
	assert_int_equal(sock_recv(s[1], &c, 1, fds, SOCK_FDS_MAX, &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(fd_same_inode(fds[0], file), 1);
	assert_int_equal(fd_same_inode(fds[1], s[0]), 1);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

static void sock_send__as_many_fds_as_promised(void **state)
{
	int *s = *state, out[SOCK_FDS_MAX + 1], in[SOCK_FDS_MAX], before;
	size_t n;
	char c;

	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = STDERR_FILENO;
	before = unit_count_fds();
	assert_int_equal(sock_send(s[0], "x", 1, out, SOCK_FDS_MAX + 1), -EINVAL);
	assert_int_equal(sock_send(s[0], "x", 1, out, SOCK_FDS_MAX), 0);
	assert_int_equal(sock_recv(s[1], &c, 1, in, SOCK_FDS_MAX, &n), 1);
	assert_int_equal(n, SOCK_FDS_MAX);
	assert_int_equal(unit_count_fds(), before + SOCK_FDS_MAX);
	while (n > 0)
		fd_close(in[--n]);
}

static void sock_recv__too_many_fds_are_closed(void **state)
{
	int *s = *state, fd, before = unit_count_fds();
	size_t n = 7;
	char c;

	assert_int_equal(sock_send(s[0], "x", 1, (int[]){0, 1, 2}, 3), 0);
	assert_int_equal(sock_recv(s[1], &c, 1, &fd, 1, &n), -EMSGSIZE);
	assert_int_equal(n, 7);
	assert_int_equal(unit_count_fds(), before);
	assert_int_equal(sock_send(s[0], "x", 1, (int[]){0, 1, 2}, 3), 0);
	assert_int_equal(sock_recv(s[1], &c, 1, NULL, 0, NULL), -EMSGSIZE);
	assert_int_equal(unit_count_fds(), before);
}

/* A stranger may send more than our own sock_send() would. */
static void sock_recv__more_fds_than_the_buffer_holds(void **state)
{
	int *s = *state, fds[40], in[SOCK_FDS_MAX], before = unit_count_fds();
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} c = {0};
	struct iovec iov = {.iov_base = fds, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf};
	char byte;

	memset(fds, 0, sizeof(fds));
	msg.msg_controllen = sizeof(c.buf);
	c.align.cmsg_level = SOL_SOCKET;
	c.align.cmsg_type = SCM_RIGHTS;
	c.align.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&c.align), fds, sizeof(fds));
	assert_int_equal(sendmsg(s[0], &msg, 0), 1);
	assert_int_equal(sock_recv(s[1], &byte, 1, in, SOCK_FDS_MAX, NULL), -EMSGSIZE);
	assert_int_equal(unit_count_fds(), before);
}

static void sock_recv__long_message(void **state)
{
	int *s = *state, fds[4], before = unit_count_fds();
	char buf[2];

	assert_int_equal(sock_send(s[0], "long", 4, (int[]){0}, 1), 0);
	assert_int_equal(sock_recv(s[1], buf, sizeof(buf), fds, 4, NULL), -EMSGSIZE);
	assert_int_equal(unit_count_fds(), before);
	/* The rest of it is gone, the next one is whole. */
	assert_int_equal(sock_send(s[0], "ok", 2, NULL, 0), 0);
	assert_int_equal(sock_recv(s[1], buf, sizeof(buf), NULL, 0, NULL), 2);
}

static int listen_at(int dirfd, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), cwd;

	cwd = open(".", O_PATH | O_CLOEXEC);
	assert_int_equal(fchdir(dirfd), 0);
	strcpy(addr.sun_path, name);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(sock, 1), 0);
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
	return sock;
}

/* The console protocol: a terminal's fd beside its name. */
static void sock_connect_stream__sends_an_fd(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int listener = listen_at(d->fd, "sock"), client = -EBADF, peer = -EBADF;
	_cleanup_close_ int file = fd_memfd("x", "text", 4), got = -EBADF;
	_cleanup_free_ char *path = path_join(d->path, "sock");
	char buf[16];

	client = sock_connect_stream(path);
	assert_true(client >= 0);
	assert_int_equal(sock_send_fd(client, file, "/dev/ptmx"), 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(sock_recv(peer, buf, sizeof(buf), &got, 1, NULL), 9);
	assert_memory_equal(buf, "/dev/ptmx", 9);
	assert_int_equal(fd_same_inode(got, file), 1);
}

static void sock_connect_stream__long_path(void **state)
{
	struct unit_dir *d = *state;
	_cleanup_close_ int listener = -EBADF, client = -EBADF, dir = -EBADF;
	_cleanup_free_ char *path = NULL;
	char name[121];

	memset(name, 'n', 120);
	name[120] = '\0';
	dir = path_mkdir_in_root(d->fd, name, 0755, (uid_t)-1, (gid_t)-1);
	listener = listen_at(dir, "sock");
	path = xasprintf("%s/%s/sock", d->path, name);
	client = sock_connect_stream(path);
	assert_true(client >= 0);
	assert_int_equal(sock_connect_stream("/nonexistent"), -ENOENT);
}

#define PAIR(fn) cmocka_unit_test_setup_teardown(fn, pair, pair_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(sock_send__message_borders),
		PAIR(sock_recv__end_of_file),
		PAIR(sock_send__no_empty_messages),
		PAIR(sock_send__fds_travel),
		PAIR(sock_send__as_many_fds_as_promised),
		PAIR(sock_recv__too_many_fds_are_closed),
		PAIR(sock_recv__more_fds_than_the_buffer_holds),
		PAIR(sock_recv__long_message),
		unit_test_dir(sock_connect_stream__sends_an_fd),
		unit_test_dir(sock_connect_stream__long_path),
	};

	return RUN(tests);
}

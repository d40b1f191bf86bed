/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor of another process, on its way to who shall answer its calls. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/proto.h"
#include "lib/sock.h"
#include "src/listener.h"
#include "src/spec.h"
#include "src/state.h"

/* A process with one descriptor more than we have: the reading end of a pipe of "mine". */
struct tracee {
	pid_t pid;
	int pidfd;
	int fd; /* its number there */
};

static void tracee_open(struct tracee *t)
{
	int fds[2], ready[2];
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	t->fd = 200;
	t->pid = unit_fork();
	if (t->pid == 0) {
		if (pipe2(fds, O_CLOEXEC) < 0 || dup2(fds[0], t->fd) < 0 ||
		    fd_write_all(fds[1], "mine", 4) < 0 || fd_write_all(ready[1], "x", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	t->pidfd = pidfd_open(t->pid, 0);
	assert_true(t->pidfd >= 0);
}

static void tracee_done(struct tracee *t)
{
	kill(t->pid, SIGKILL);
	assert_int_equal(waitpid(t->pid, NULL, 0), t->pid);
	close(t->pidfd);
}

static void assert_is_theirs(int fd)
{
	char text[8] = "";

	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "mine");
	close(fd);
}

static const struct state box = {
	.id = (char *)"box",
	.oci_version = (char *)"1.2.0",
	.bundle = (char *)"/b",
	.init_pid = 7,
};

static int hand_over(const struct unit_dir *d, const struct tracee *t, const char *metadata,
		     struct error *err)
{
	_cleanup_free_ char *path = path_join(d->path, "agent");
	const struct listener_process p = {8, t->pidfd, t->fd, STATE_RUNNING};

	return listener_hand_over(path, metadata, &box, &p, err);
}

static int agent_listen(const struct unit_dir *d)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/agent", d->path);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(sock, 2), 0);
	return sock;
}

/* config-linux.md, "containerProcessState". */
static void listener_hand_over__with_the_process_state(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_close_ int sock = agent_listen(d), peer = -EBADF;
	_cleanup_free_ char *expected = NULL,
			    *oci = state_format(&box, STATE_RUNNING, JSON_COMPACT);
	char text[2048] = "";
	int fds[2] = {-EBADF, -EBADF};
	struct error err = {0};
	struct tracee t;
	size_t n = 0;

	tracee_open(&t);
	if (hand_over(d, &t, "a \"b\"\n", &err) < 0)
		fail_msg("%s", err.text);
	peer = sock_accept(sock);
	assert_true(sock_recv(peer, text, sizeof(text) - 1, fds, 2, &n) > 0);
	expected = xasprintf("{\"ociVersion\":\"" SPEC_VERSION "\",\"fds\":[\"seccompFd\"],"
			     "\"pid\":8,\"metadata\":\"a \\\"b\\\"\\n\",\"state\":%s}",
			     oci);
	assert_string_equal(text, expected);
	assert_int_equal(n, 1);
	assert_is_theirs(fds[0]);
	tracee_done(&t);
}

static void listener_hand_over__says_what_is_not_there(void **state)
{
	const struct unit_dir *d = *state;
	struct error err = {0};
	struct tracee t;

	tracee_open(&t);
	assert_int_equal(hand_over(d, &t, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "connect to the seccomp listener "));
	t.fd = 201;
	assert_int_equal(hand_over(d, &t, NULL, &err), -EBADF);
	assert_non_null(strstr(err.text, "fetch the seccomp listener"));
	tracee_done(&t);
}

/* A supervisor that takes one listener and answers with `kind`, or with nothing. */
static pid_t supervisor(const struct unit_dir *d, enum proto_kind kind)
{
	int sock = sock_listen_at(d->fd, PROTO_SOCKET_NAME), peer;
	struct proto_message *m = NULL, *answer = proto_message_new(kind);
	pid_t pid;

	assert_true(sock >= 0);
	pid = unit_fork();
	if (pid) {
		proto_message_free(answer);
		close(sock);
		return pid;
	}
	peer = sock_accept(sock);
	if (proto_recv(peer, &m) < 0 || m->header.kind != PROTO_LISTENER || m->n_fds != 1)
		_exit(1);
	answer->body.failed = (struct error){.errnum = EBUSY, .text = "no room"};
	if (kind && proto_send(peer, answer, NULL, 0) < 0)
		_exit(2);
	_exit(0);
}

static int supervise(const struct unit_dir *d, enum proto_kind kind, struct error *err)
{
	pid_t pid = supervisor(d, kind);
	_cleanup_close_ int sock = listener_open_supervisor(d->fd);
	struct tracee t;
	int status, r;

	assert_true(sock >= 0);
	tracee_open(&t);
	r = listener_supervise(sock, t.pidfd, t.fd, err);
	tracee_done(&t);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return r;
}

static void listener_supervise__is_answered(void **state)
{
	struct error err = {0};

	assert_int_equal(supervise(*state, PROTO_READY, &err), 0);
	assert_int_equal(supervise(*state, PROTO_FAILED, &err), -EBUSY);
	assert_string_equal(err.text, "supervisor: no room");
	assert_int_equal(supervise(*state, 0, &err), -ECONNRESET);
	assert_non_null(strstr(err.text, "hand the seccomp listener to the supervisor"));
}

static void listener_open_supervisor__nobody_is_there(void **state)
{
	const struct unit_dir *d = *state;

	assert_int_equal(listener_open_supervisor(d->fd), -ENOENT);
	close(sock_listen_at(d->fd, PROTO_SOCKET_NAME));
	assert_int_equal(listener_open_supervisor(d->fd), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(listener_hand_over__with_the_process_state),
		unit_test_dir(listener_hand_over__says_what_is_not_there),
		unit_test_dir(listener_supervise__is_answered),
		unit_test_dir(listener_open_supervisor__nobody_is_there),
	};

	return RUN(tests);
}

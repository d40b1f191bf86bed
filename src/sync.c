/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/sock.h"
#include "lib/sys.h"

struct sync_msg {
	uint32_t step;
	uint32_t reserved;
	int64_t value;
	struct error err; /* with SYNC_ERROR only; else the message ends before it */
};
#define SYNC_SHORT offsetof(struct sync_msg, err)

static const char *const step_names[] = {
	[SYNC_ERROR] = "error",
	[SYNC_CGROUP] = "cgroup",
	[SYNC_NAMESPACES] = "namespaces",
	[SYNC_OFFSETS] = "offsets",
	[SYNC_INIT] = "init",
	[SYNC_MET] = "met",
	[SYNC_KERNEL_FS] = "kernel file systems",
	[SYNC_EMULATION] = "emulation",
	[SYNC_HOOKS] = "hooks",
	[SYNC_HOOKS_DONE] = "hooks done",
	[SYNC_READY] = "ready",
	[SYNC_GO] = "go",
};

pid_t sync_clone(uint64_t flags, int cgroup_fd, int *ret_sock, struct error *err)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
	int pair[2], r = sock_pair(pair);
	pid_t pid;

	if (r < 0)
		return error_errno(err, -r, "make the socket of the handshake");
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = sys_clone3(&args);
	if (pid < 0)
		r = error_errno(err, errno, "fork");
	fd_close(pair[pid == 0 ? 0 : 1]);
	if (pid < 0) {
		fd_close(pair[0]);
		return r;
	}
	*ret_sock = pair[pid == 0 ? 1 : 0];
	return pid;
}

void sync_limit(int sock, unsigned int seconds)
{
	const struct timeval limit = {.tv_sec = seconds};

	(void)setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

int sync_send(int sock, enum sync_step step, int64_t value, const int *fds, size_t n_fds,
	      struct error *err)
{
	const struct sync_msg m = {.step = step, .value = value};
	int r = sock_send(sock, &m, SYNC_SHORT, fds, n_fds);

	return r < 0 ? error_errno(err, -r, "handshake \"%s\"", step_names[step]) : 0;
}

void sync_send_error(int sock, const struct error *err)
{
	struct sync_msg m = {.step = SYNC_ERROR};

	m.err = *err;
	/* As sync_send_ready(). If nobody listens, there is nobody to report it to. */
	(void)!write(sock, &m, sizeof(m));
}

int sync_recv(int sock, enum sync_step step, int64_t *ret_value, int *ret_fds, size_t n_fds,
	      struct error *err)
{
	struct sync_msg m = {0};
	int fds[SYNC_MAX_FDS] = {-EBADF, -EBADF};
	size_t n = 0;
	ssize_t len;
	int r = 0;

	len = sock_recv(sock, &m, sizeof(m), fds, SYNC_MAX_FDS, &n);
	/* It left without reading all of ours; its own last words are still there. */
	if (len == -ECONNRESET)
		len = sock_recv(sock, &m, sizeof(m), fds, SYNC_MAX_FDS, &n);
	if (len == -EAGAIN)
		return error_set(err, ETIMEDOUT,
				 "handshake \"%s\": the other side does not answer",
				 step_names[step]);
	if (len < 0)
		return error_errno(err, (int)-len, "handshake \"%s\"", step_names[step]);
	if (len == 0)
		r = error_set(err, EPIPE, "the other side of the set-up ended before \"%s\"",
			      step_names[step]);
	else if (m.step == SYNC_ERROR && len == sizeof(m)) {
		m.err.text[sizeof(m.err.text) - 1] = '\0';
		*err = m.err;
		r = m.err.errnum > 0 ? -m.err.errnum : -EIO;
	} else if (m.step != step || (size_t)len != SYNC_SHORT || n > n_fds)
		r = error_set(err, EPROTO, "handshake out of step, \"%s\" expected",
			      step_names[step]);

	for (size_t i = 0; i < SYNC_MAX_FDS; i++) {
		if (r == 0 && i < n_fds)
			ret_fds[i] = i < n ? fds[i] : -EBADF;
		else if (i < n)
			fd_close(fds[i]);
	}
	if (r == 0 && ret_value)
		*ret_value = m.value;
	return r;
}

bool sync_last_words(int sock, struct error *err)
{
	struct sync_msg m = {0};
	int fds[SYNC_MAX_FDS];

	/* It may live: what broke may have been another pipe. */
	(void)fcntl(sock, F_SETFL, O_NONBLOCK);
	for (;;) {
		size_t n = 0;
		ssize_t len = sock_recv(sock, &m, sizeof(m), fds, SYNC_MAX_FDS, &n);

		if (len == -ECONNRESET)
			continue;
		for (size_t i = 0; len >= 0 && i < n; i++)
			fd_close(fds[i]);
		if (len <= 0)
			return false;
		if (m.step == SYNC_ERROR && len == sizeof(m))
			break;
	}
	m.err.text[sizeof(m.err.text) - 1] = '\0';
	*err = m.err;
	return true;
}

int sync_send_ready(int sock, int listener, struct error *err)
{
	const struct sync_msg m = {.step = SYNC_READY, .value = listener};

	if (write(sock, &m, SYNC_SHORT) != (ssize_t)SYNC_SHORT)
		return error_errno(err, errno, "handshake \"%s\"", step_names[SYNC_READY]);
	return 0;
}

int sync_recv_go(int sock, struct error *err)
{
	struct sync_msg m = {0};
	ssize_t len = read(sock, &m, sizeof(m));

	if (len < 0)
		return error_errno(err, errno, "handshake \"%s\"", step_names[SYNC_GO]);
	if (len != (ssize_t)SYNC_SHORT || m.step != SYNC_GO)
		return error_set(err, EPIPE, "the other side of the set-up ended before \"%s\"",
				 step_names[SYNC_GO]);
	return 0;
}

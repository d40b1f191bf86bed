/* SPDX-License-Identifier: Apache-2.0 */
#include "src/listener.h"

#include <errno.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/proto.h"
#include "lib/sock.h"
#include "lib/strbuf.h"
#include "src/sync.h"

static int fetch(int pidfd, int listener_fd, struct error *err)
{
	int fd = pidfd_getfd(pidfd, listener_fd, 0);

	return fd < 0 ? error_errno(err, errno, "fetch the seccomp listener") : fd;
}

/* "fds" names what travels beside the text; "state" is the ordinary state. */
static char *process_state(const char *metadata, const struct state *s,
			   const struct listener_process *p)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	_cleanup_free_ char *state = state_format(s, p->status, JSON_COMPACT);

	strbuf_addf(&b,
		    "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":",
		    SPEC_VERSION, p->pid);
	json_quote(&b, metadata ? metadata : "");
	strbuf_addf(&b, ",\"state\":%s}", state);
	return strbuf_take(&b);
}

int listener_hand_over(const char *path, const char *metadata, const struct state *s,
		       const struct listener_process *p, struct error *err)
{
	_cleanup_close_ int fd = fetch(p->pidfd, p->listener_fd, err), sock = -EBADF;
	_cleanup_free_ char *text = NULL;
	int r;

	if (fd < 0)
		return fd;
	sock = sock_connect_stream(path);
	if (sock < 0)
		return error_errno(err, -sock, "connect to the seccomp listener %s", path);
	text = process_state(metadata, s, p);
	r = sock_send_fd(sock, fd, text);
	return r < 0 ? error_errno(err, -r, "send the seccomp descriptor to %s", path) : 0;
}

/* The engine holds the container's lock meanwhile: it could not even be killed. */
#define ANSWER_MAX_S 30

int listener_open_supervisor(int state_dirfd)
{
	int sock = sock_connect_at(state_dirfd, PROTO_SOCKET_NAME);

	if (sock >= 0)
		sync_limit(sock, ANSWER_MAX_S);
	return sock;
}

int listener_supervise(int sock, int pidfd, int listener_fd, struct error *err)
{
	_cleanup_(proto_message_freep) struct proto_message *m =
		proto_message_new(PROTO_LISTENER);
	_cleanup_(proto_message_freep) struct proto_message *answer = NULL;
	_cleanup_close_ int fd = fetch(pidfd, listener_fd, err);
	int r;

	if (fd < 0)
		return fd;
	r = proto_send(sock, m, &fd, 1);
	if (r == 0)
		r = proto_recv(sock, &answer);
	if (r == -EAGAIN)
		r = -ETIMEDOUT;
	if (r < 0)
		return error_errno(err, -r, "hand the seccomp listener to the supervisor");
	if (answer->header.kind == PROTO_FAILED)
		return error_set(err, answer->body.failed.errnum, "supervisor: %s",
				 answer->body.failed.text);
	return 0;
}

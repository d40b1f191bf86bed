/* SPDX-License-Identifier: Apache-2.0 */
/* A connection whose kernel is the other end of a socket. */
#include "tests/unit/unit.h"

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>

#include "fs/conn.h"
#include "lib/error.h"
#include "lib/sock.h"

#define INIT_UNIQUE 2
#define UNIQUE	    77

struct fixture {
	struct conn conn;
	int kernel;
	int n_lookups;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct {
		struct fuse_in_header h;
		struct fuse_init_in in;
	} init = {
		.h = {.len = sizeof(init), .opcode = FUSE_INIT, .unique = INIT_UNIQUE},
		.in = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 4096},
	};
	int pair[2];

	if (sock_pair(pair) < 0)
		return -1;
	f->conn = (struct conn)CONN_EMPTY;
	f->conn.fuse_fd = pair[0];
	f->kernel = pair[1];
	f->conn.init_size = sizeof(init);
	f->conn.init = xmalloc(sizeof(init));
	memcpy(f->conn.init, &init, sizeof(init));
	*state = f;
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(pair[1], F_SETFL, O_NONBLOCK);
	return slots_map(&f->conn.slots, 1, 8192, &f->err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->conn.fuse_fd = -EBADF; /* the session's now */
	if (f->conn.session)
		fuse_session_destroy(f->conn.session);
	conn_done(&f->conn);
	fd_close(f->kernel);
	free(f);
	return 0;
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fixture *f = fuse_req_userdata(req);

	assert_int_equal(parent, FUSE_ROOT_ID);
	assert_string_equal(name, "name");
	f->n_lookups++;
	fuse_reply_err(req, ENOENT);
}

static void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	(void)ino;
	(void)n;
	fuse_reply_none(req);
}

static const struct fuse_lowlevel_ops ops = {.lookup = on_lookup, .forget = on_forget};

static int start(struct fixture *f)
{
	int r = conn_session(&f->conn, &ops, sizeof(ops), f, &f->err);

	return r < 0 ? r : conn_start(&f->conn, &f->err);
}

struct request {
	struct fuse_in_header h;
	char body[64];
};

static struct request request(uint32_t opcode)
{
	return (struct request){
		.h = {.len = sizeof(struct request),
		      .opcode = opcode,
		      .unique = UNIQUE,
		      .nodeid = FUSE_ROOT_ID},
		.body = "name",
	};
}

static ssize_t put(void *mem, size_t size, void *arg)
{
	assert_true(size >= sizeof(struct request));
	memcpy(mem, arg, sizeof(struct request));
	return sizeof(struct request);
}

/* A worker received this and died. */
static void leave(struct fixture *f, uint32_t opcode)
{
	struct request r = request(opcode);

	(void)slots_receive(&f->conn.slots, 0, put, &r);
}

static void assert_answer(struct fixture *f, uint64_t unique, int error)
{
	union {
		struct fuse_out_header h;
		char room[4096];
	} out;

	assert_true(read(f->kernel, &out, sizeof(out)) >= (ssize_t)sizeof(out.h));
	assert_int_equal(out.h.unique, unique);
	assert_int_equal(out.h.error, -error);
}

static void assert_silence(struct fixture *f)
{
	char c;

	assert_int_equal(read(f->kernel, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_false(slots_is_pending(&f->conn.slots, 0));
}

static void conn_start__answers_init(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	assert_silence(f);
}

static void conn_start__makes_a_lookup_again(void **state)
{
	struct fixture *f = *state;

	leave(f, FUSE_LOOKUP);
	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	assert_answer(f, UNIQUE, ENOENT);
	assert_int_equal(f->n_lookups, 1);
	assert_silence(f);
}

/* Begun by four workers, all dead: the fifth does not try. */
static void conn_start__gives_up_a_deadly_request(void **state)
{
	struct fixture *f = *state;

	leave(f, FUSE_LOOKUP);
	for (int i = 0; i < 3; i++)
		(void)slots_retry(&f->conn.slots, 0);
	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	assert_answer(f, UNIQUE, EIO);
	assert_int_equal(f->n_lookups, 0);
	assert_silence(f);
}

static void conn_start__does_not_repeat_what_may_be_done(void **state)
{
	struct fixture *f = *state;

	leave(f, FUSE_MKDIR);
	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	assert_answer(f, UNIQUE, EIO);
	assert_silence(f);
}

static void conn_start__nobody_waits_for_a_forget(void **state)
{
	struct fixture *f = *state;

	leave(f, FUSE_FORGET);
	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	assert_silence(f);
}

static void conn_start__refused_by_an_older_protocol(void **state)
{
	struct fixture *f = *state;
	struct fuse_init_in *in = (void *)((struct fuse_in_header *)f->conn.init + 1);

	in->major = 6;
	leave(f, FUSE_LOOKUP);
	(void)start(f);
	assert_answer(f, INIT_UNIQUE, EPROTO);
}

static void conn_serve__one_after_another(void **state)
{
	struct fixture *f = *state;
	const struct request r = request(FUSE_LOOKUP);

	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sock_send(f->kernel, &r, sizeof(r), NULL, 0), 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(conn_serve(&f->conn, &f->err), 0);
		assert_int_equal(f->n_lookups, i);
		assert_answer(f, UNIQUE, ENOENT);
		assert_silence(f);
	}
}

static void conn_serve__what_is_not_offered(void **state)
{
	struct fixture *f = *state;
	const struct request r = request(FUSE_MKDIR);

	assert_int_equal(start(f), 0);
	assert_answer(f, INIT_UNIQUE, 0);
	assert_int_equal(sock_send(f->kernel, &r, sizeof(r), NULL, 0), 0);
	assert_int_equal(conn_serve(&f->conn, &f->err), 0);
	assert_answer(f, UNIQUE, ENOSYS);
	assert_silence(f);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(conn_start__answers_init),
		T(conn_start__makes_a_lookup_again),
		T(conn_start__gives_up_a_deadly_request),
		T(conn_start__does_not_repeat_what_may_be_done),
		T(conn_start__nobody_waits_for_a_forget),
		T(conn_start__refused_by_an_older_protocol),
		T(conn_serve__one_after_another),
		T(conn_serve__what_is_not_offered),
	};

	return RUN(tests);
}

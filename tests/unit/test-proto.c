/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/emul.h"
#include "lib/idmap.h"
#include "lib/proto.h"
#include "lib/sock.h"

struct fixture {
	int sock[2];
	int fds[PROTO_START_N_FDS];
	struct idmap map;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	for (size_t i = 0; i < ARRAY_SIZE(f->fds); i++)
		f->fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	idmap_add(&f->map.uids, 0, 100000, 65536);
	idmap_add(&f->map.gids, 0, 200000, 1000);
	idmap_add(&f->map.gids, 1000, 5000, 1);
	*state = f;
	return sock_pair(f->sock);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(f->fds); i++)
		fd_close(f->fds[i]);
	fd_close(f->sock[0]);
	fd_close(f->sock[1]);
	idmap_done(&f->map);
	free(f);
	return 0;
}

static struct proto_message *start_message(const struct fixture *f)
{
	struct proto_message *m = proto_message_new(PROTO_START);

	assert_int_equal(proto_start_set(&m->body.start, "c1", "/run/merged", &f->map), 0);
	return m;
}

static int recv_error(const struct fixture *f)
{
	_cleanup_(proto_message_freep) struct proto_message *m = NULL;
	int before = unit_count_fds();
	int r = proto_recv(f->sock[1], &m);

	assert_null(m);
	assert_int_equal(unit_count_fds(), before);
	return r;
}

static void proto_recv__start_arrives_whole(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = start_message(f), *got = NULL;
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;

	assert_int_equal(proto_send(f->sock[0], m, f->fds, ARRAY_SIZE(f->fds)), 0);
	assert_int_equal(proto_recv(f->sock[1], &got), 0);
	assert_int_equal(got->header.kind, PROTO_START);
	assert_string_equal(got->body.start.id, "c1");
	assert_string_equal(got->body.start.view_path, "/run/merged");
	for (size_t i = 0; i < PROTO_START_N_FDS; i++)
		assert_int_equal(fd_same_inode(got->fds[i], f->fds[i]), 1);
	proto_start_idmap(&got->body.start, &map);
	assert_true(idmap_equal(&map, &f->map));
}

static void proto_recv__failed_carries_the_error(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m =
		proto_message_new(PROTO_FAILED);
	_cleanup_(proto_message_freep) struct proto_message *got = NULL;

	(void)!error_set(&m->body.failed, ENODEV, "no fuse");
	assert_int_equal(proto_send(f->sock[0], m, NULL, 0), 0);
	assert_int_equal(proto_recv(f->sock[1], &got), 0);
	assert_int_equal(got->body.failed.errnum, ENODEV);
	assert_string_equal(got->body.failed.text, "no fuse");
}

static void proto_recv__ready_has_no_body(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = proto_message_new(PROTO_READY);
	_cleanup_(proto_message_freep) struct proto_message *got = NULL;

	assert_int_equal(proto_send(f->sock[0], m, NULL, 0), 0);
	assert_int_equal(proto_recv(f->sock[1], &got), 0);
	assert_int_equal(got->header.kind, PROTO_READY);
}

static void proto_recv__closed_peer(void **state)
{
	struct fixture *f = *state;

	f->sock[0] = fd_close(f->sock[0]);
	assert_int_equal(recv_error(f), -ECONNRESET);
}

static void proto_recv__another_version(void **state)
{
	struct fixture *f = *state;
	const struct proto_header h = {PROTO_MAGIC, PROTO_VERSION + 1, PROTO_READY};

	assert_int_equal(sock_send(f->sock[0], &h, sizeof(h), NULL, 0), 0);
	assert_int_equal(recv_error(f), -EPROTONOSUPPORT);
}

static void proto_recv__not_our_magic(void **state)
{
	struct fixture *f = *state;
	const struct proto_header h = {PROTO_MAGIC + 1, PROTO_VERSION, PROTO_READY};

	assert_int_equal(sock_send(f->sock[0], &h, sizeof(h), NULL, 0), 0);
	assert_int_equal(recv_error(f), -EPROTO);
}

static void proto_recv__unknown_kind(void **state)
{
	struct fixture *f = *state;
	const uint16_t kinds[] = {0, PROTO_FAILED + 1, UINT16_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct proto_header h = {PROTO_MAGIC, PROTO_VERSION, kinds[i]};

		assert_int_equal(sock_send(f->sock[0], &h, sizeof(h), NULL, 0), 0);
		assert_int_equal(recv_error(f), -EPROTO);
	}
}

static void proto_recv__wrong_length(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = start_message(f);
	const size_t whole = sizeof(m->header) + sizeof(m->body.start);
	const size_t lengths[] = {1, sizeof(m->header), whole - 1, sizeof(*m) + 1};
	_cleanup_free_ char *longer = xcalloc(1, sizeof(*m) + 1);

	memcpy(longer, m, sizeof(*m));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(
			sock_send(f->sock[0], longer, lengths[i], f->fds, ARRAY_SIZE(f->fds)),
			0);
		assert_int_equal(recv_error(f), -EPROTO);
	}
}

static void proto_recv__wrong_number_of_fds(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = start_message(f);
	const size_t whole = sizeof(m->header) + sizeof(m->body.start);
	int many[PROTO_START_N_FDS + 1];

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = f->fds[0];
	assert_int_equal(sock_send(f->sock[0], m, whole, f->fds, PROTO_START_N_FDS - 1), 0);
	assert_int_equal(recv_error(f), -EPROTO);
	assert_int_equal(sock_send(f->sock[0], m, whole, many, ARRAY_SIZE(many)), 0);
	assert_int_equal(recv_error(f), -EPROTO);
}

/* Each makes one thing wrong in a good START. */
static void no_end_of_id(struct proto_start *s)
{
	memset(s->id, 'x', sizeof(s->id));
}

static void empty_id(struct proto_start *s)
{
	s->id[0] = '\0';
}

static void no_end_of_path(struct proto_start *s)
{
	memset(s->view_path, '/', sizeof(s->view_path));
}

static void relative_path(struct proto_start *s)
{
	s->view_path[0] = 'r';
}

static void too_many_extents(struct proto_start *s)
{
	s->n_gids = PROTO_MAX_EXTENTS + 1;
}

static void empty_extent(struct proto_start *s)
{
	s->uids[0].size = 0;
}

static void overflowing_extent(struct proto_start *s)
{
	s->uids[0].outside = UINT32_MAX - 5;
}

static void proto_recv__bad_start(void **state)
{
	struct fixture *f = *state;
	void (*const spoil[])(struct proto_start * s) = {
		no_end_of_id,	  empty_id,	relative_path,	    no_end_of_path,
		too_many_extents, empty_extent, overflowing_extent,
	};

	for (size_t i = 0; i < ARRAY_SIZE(spoil); i++) {
		_cleanup_(proto_message_freep) struct proto_message *m = start_message(f);

		spoil[i](&m->body.start);
		assert_int_equal(proto_send(f->sock[0], m, f->fds, ARRAY_SIZE(f->fds)), 0);
		assert_int_equal(recv_error(f), -EPROTO);
	}
}

static void proto_recv__bad_failed(void **state)
{
	struct fixture *f = *state;
	const int numbers[] = {0, -1, 4096};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_(proto_message_freep) struct proto_message *m =
			proto_message_new(PROTO_FAILED);

		m->body.failed.errnum = numbers[i];
		assert_int_equal(proto_send(f->sock[0], m, NULL, 0), 0);
		assert_int_equal(recv_error(f), -EPROTO);
	}
}

static void proto_recv__unknown_group(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = start_message(f);

	m->body.start.emulate = EMUL_ALL + 1;
	assert_int_equal(proto_send(f->sock[0], m, f->fds, PROTO_START_N_FDS), 0);
	assert_int_equal(recv_error(f), -EPROTO);
}

static void proto_start_set__limits(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = proto_message_new(PROTO_START);
	_cleanup_free_ char *longest = xcalloc(1, PATH_MAX + 1);

	memset(longest, '/', PATH_MAX);
	assert_int_equal(proto_start_set(&m->body.start, longest, NULL, &f->map),
			 -ENAMETOOLONG);
	assert_int_equal(proto_start_set(&m->body.start, "i", longest, &f->map), -ENAMETOOLONG);
	longest[PATH_MAX - 1] = '\0';
	assert_int_equal(proto_start_set(&m->body.start, "i", longest, &f->map), 0);
	for (int i = 0; i <= PROTO_MAX_EXTENTS; i++)
		idmap_add(&f->map.uids, 1000000, 1000000, 1);
	assert_int_equal(proto_start_set(&m->body.start, "i", NULL, &f->map), -E2BIG);
}

static void proto_send__descriptors_of_the_kind(void **state)
{
	struct fixture *f = *state;
	_cleanup_(proto_message_freep) struct proto_message *m = start_message(f);

	assert_int_equal(proto_send(f->sock[0], m, f->fds, 1), -EINVAL);
	m->header.kind = 77;
	assert_int_equal(proto_send(f->sock[0], m, NULL, 0), -EINVAL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(proto_recv__start_arrives_whole), T(proto_recv__failed_carries_the_error),
		T(proto_recv__ready_has_no_body),   T(proto_recv__closed_peer),
		T(proto_recv__another_version),	    T(proto_recv__not_our_magic),
		T(proto_recv__unknown_kind),	    T(proto_recv__wrong_length),
		T(proto_recv__wrong_number_of_fds), T(proto_recv__bad_start),
		T(proto_recv__bad_failed),	    T(proto_recv__unknown_group),
		T(proto_start_set__limits),	    T(proto_send__descriptors_of_the_kind),
	};

	return RUN(tests);
}

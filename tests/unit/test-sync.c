/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/sock.h"
#include "src/sync.h"

struct pair {
	int ours, theirs;
};

static int setup(void **state)
{
	static struct pair p;
	int fds[2];

	if (sock_pair(fds) < 0)
		return -1;
	p = (struct pair){.ours = fds[0], .theirs = fds[1]};
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	fd_close(p->ours);
	fd_close(p->theirs);
	return 0;
}

static void recv__value_and_descriptors(void **state)
{
	struct pair *p = *state;
	struct error err = {0};
	int64_t value = 0;
	int fd = -EBADF, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(sync_send(p->theirs, SYNC_INIT, 42, &null, 1, &err), 0);
	assert_int_equal(sync_recv(p->ours, SYNC_INIT, &value, &fd, 1, &err), 0);
	assert_int_equal(value, 42);
	assert_true(fd >= 0 && fd != null);
	fd_close(fd);
	fd_close(null);
}

static void recv__out_of_step_closes_what_came(void **state)
{
	struct pair *p = *state;
	struct error err = {0};
	int fd = -EBADF, null = open("/dev/null", O_RDONLY | O_CLOEXEC), next;

	assert_int_equal(sync_send(p->theirs, SYNC_INIT, 0, &null, 1, &err), 0);
	next = dup(null);
	close(next);
	assert_int_equal(sync_recv(p->ours, SYNC_READY, NULL, &fd, 1, &err), -EPROTO);
	assert_int_equal(fd, -EBADF);
	fd = dup(null);
	assert_int_equal(fd, next);
	fd_close(fd);
	fd_close(null);
}

static void recv__an_error_is_ours(void **state)
{
	struct pair *p = *state;
	struct error err = {0}, said = {0};

	assert_int_equal(error_set(&said, ENOTDIR, "no directory"), -ENOTDIR);
	sync_send_error(p->theirs, &said);
	assert_int_equal(sync_recv(p->ours, SYNC_INIT, NULL, NULL, 0, &err), -ENOTDIR);
	assert_string_equal(err.text, "no directory");
}

static void recv__the_other_side_is_gone(void **state)
{
	struct pair *p = *state;
	struct error err = {0};

	p->theirs = fd_close(p->theirs);
	assert_int_equal(sync_recv(p->ours, SYNC_INIT, NULL, NULL, 0, &err), -EPIPE);
}

static void last_words__behind_other_messages(void **state)
{
	struct pair *p = *state;
	struct error err = {0}, said = {0};

	assert_int_equal(error_set(&said, EROFS, "read-only"), -EROFS);
	assert_int_equal(sync_send(p->theirs, SYNC_NAMESPACES, 0, NULL, 0, &err), 0);
	sync_send_error(p->theirs, &said);
	p->theirs = fd_close(p->theirs);
	assert_true(sync_last_words(p->ours, &err));
	assert_int_equal(err.errnum, EROFS);
	assert_string_equal(err.text, "read-only");
}

static void last_words__none(void **state)
{
	struct pair *p = *state;
	struct error err = {.errnum = EPIPE};

	/* The other side lives and says nothing: not a wait for ever. */
	assert_false(sync_last_words(p->ours, &err));
	p->theirs = fd_close(p->theirs);
	assert_false(sync_last_words(p->ours, &err));
	assert_int_equal(err.errnum, EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(recv__value_and_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(recv__out_of_step_closes_what_came, setup,
						teardown),
		cmocka_unit_test_setup_teardown(recv__an_error_is_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(recv__the_other_side_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(last_words__behind_other_messages, setup,
						teardown),
		cmocka_unit_test_setup_teardown(last_words__none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

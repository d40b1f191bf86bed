/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/epoll.h>

#include "fs/fdset.h"

/* A pipe in the set by its reading end; the writing end is returned. */
static int add_pipe(struct fdset *s, uint64_t number)
{
	struct error err = {0};
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fdset_add(s, number, fds[0], &err), 0);
	return fds[1];
}

static void watch(struct fdset *s, uint32_t events)
{
	struct error err = {0};

	assert_int_equal(fdset_watch(s, events, &err), 0);
}

static void fdset_next__who_has_something(void **state)
{
	struct fdset s = FDSET_EMPTY;
	uint64_t number = 99;
	uint32_t events;
	int a, b;

	(void)state;
	a = add_pipe(&s, 7);
	watch(&s, EPOLLIN); /* also those that were there before */
	b = add_pipe(&s, UINT64_MAX);
	assert_false(fdset_next(&s, &number, &events));
	assert_int_equal(number, 99);
	assert_int_equal(fd_write_all(b, "x", 1), 0);
	assert_true(fdset_next(&s, &number, &events));
	assert_true(number == UINT64_MAX);
	assert_int_equal(events, EPOLLIN);
	close(a);
	fdset_remove(&s, UINT64_MAX);
	assert_true(fdset_next(&s, &number, &events));
	assert_true(number == 7 && events & EPOLLHUP);
	close(b);
	fdset_done(&s);
}

static void fdset_watch__only_for_hang_ups(void **state)
{
	struct fdset s = FDSET_EMPTY;
	uint64_t number;
	uint32_t events;
	int a;

	(void)state;
	watch(&s, 0);
	a = add_pipe(&s, 1);
	assert_int_equal(fd_write_all(a, "x", 1), 0);
	assert_false(fdset_next(&s, &number, &events));
	close(a);
	assert_true(fdset_next(&s, &number, &events));
	assert_true(number == 1 && events == EPOLLHUP);
	fdset_done(&s);
}

/* Somebody else holds what is removed: it is not heard of any more. */
static void fdset_remove__is_heard_no_more(void **state)
{
	struct fdset s = FDSET_EMPTY;
	uint64_t number;
	uint32_t events;
	int a, copy;

	(void)state;
	watch(&s, EPOLLIN);
	a = add_pipe(&s, 1);
	copy = dup(fdset_find(&s, 1));
	assert_int_equal(fd_write_all(a, "x", 1), 0);
	fdset_remove(&s, 1);
	fdset_remove(&s, 1);
	assert_false(fdset_next(&s, &number, &events));
	assert_int_equal(fdset_find(&s, 1), -EBADF);
	close(a);
	close(copy);
	fdset_done(&s);
}

static void fdset_add__takes_what_it_cannot_watch(void **state)
{
	const struct unit_dir *d = *state;
	struct fdset s = FDSET_EMPTY;
	struct error err = {0};
	int before = unit_count_fds(), file;

	watch(&s, EPOLLIN);
	unit_file(d->fd, "file", "");
	file = openat(d->fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fdset_add(&s, 1, file, &err), -EPERM);
	assert_int_equal(fcntl(file, F_GETFD), -1);
	assert_int_equal(s.n, 0);
	fdset_done(&s);
	assert_int_equal(unit_count_fds(), before);
}

static void fdset_done__closes_all(void **state)
{
	struct fdset s = FDSET_EMPTY;
	int before = unit_count_fds(), ends[10];

	(void)state;
	watch(&s, EPOLLIN);
	for (uint64_t i = 0; i < ARRAY_SIZE(ends); i++)
		ends[i] = add_pipe(&s, i);
	fdset_remove(&s, 0);
	for (uint64_t i = 1; i < ARRAY_SIZE(ends); i++)
		assert_true(fdset_find(&s, i) >= 0);
	fdset_done(&s);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		close(ends[i]);
	assert_int_equal(unit_count_fds(), before);
	fdset_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fdset_next__who_has_something),
		cmocka_unit_test(fdset_watch__only_for_hang_ups),
		cmocka_unit_test(fdset_remove__is_heard_no_more),
		unit_test_dir(fdset_add__takes_what_it_cannot_watch),
		cmocka_unit_test(fdset_done__closes_all),
	};

	return RUN(tests);
}

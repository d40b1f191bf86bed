/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "fs/loop.h"

struct fixture {
	struct loop loop;
	int pipes[LOOP_SOURCES_MAX + 1][2];
	struct error err;
	char called[64];
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	for (size_t i = 0; i < ARRAY_SIZE(f->pipes); i++)
		if (pipe2(f->pipes[i], O_CLOEXEC | O_NONBLOCK) < 0)
			return -1;
	*state = f;
	return loop_init(&f->loop, &f->err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_done(&f->loop);
	for (size_t i = 0; i < ARRAY_SIZE(f->pipes); i++) {
		fd_close(f->pipes[i][0]);
		fd_close(f->pipes[i][1]);
	}
	free(f);
	return 0;
}

static void say(struct fixture *f, size_t i)
{
	assert_int_equal(write(f->pipes[i][1], "x", 1), 1);
}

static int note(struct fixture *f, size_t i)
{
	char c;

	f->called[strlen(f->called)] = (char)('0' + i);
	return read(f->pipes[i][0], &c, 1) == 1 ? 0 : -EIO;
}

static int on_first(void *arg, struct error *err)
{
	(void)err;
	return note(arg, 0);
}

static int on_second_end(void *arg, struct error *err)
{
	struct fixture *f = arg;

	(void)err;
	loop_end(&f->loop);
	return note(f, 1);
}

static void loop_run__calls_until_ended(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(&f->loop, f->pipes[0][0], on_first, f, &f->err), 0);
	assert_int_equal(loop_add(&f->loop, f->pipes[1][0], on_second_end, f, &f->err), 0);
	say(f, 0);
	say(f, 0);
	say(f, 1);
	assert_int_equal(loop_run(&f->loop, &f->err), 0);
	assert_non_null(strchr(f->called, '0'));
	assert_non_null(strchr(f->called, '1'));
}

static int on_failure(void *arg, struct error *err)
{
	(void)arg;
	return error_set(err, EXDEV, "on purpose");
}

static void loop_run__failure_ends_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(&f->loop, f->pipes[0][0], on_failure, f, &f->err), 0);
	say(f, 0);
	assert_int_equal(loop_run(&f->loop, &f->err), -EXDEV);
	assert_string_equal(f->err.text, "on purpose");
}

static int on_first_remove_second(void *arg, struct error *err)
{
	struct fixture *f = arg;

	loop_remove(&f->loop, f->pipes[0][0]);
	loop_remove(&f->loop, f->pipes[1][0]);
	(void)note(f, 0);
	say(f, 2);
	return loop_add(&f->loop, f->pipes[2][0], on_second_end, f, err);
}

/* Both are ready at once; whichever is called first takes the other away. */
static void loop_remove__of_a_ready_source(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_add(&f->loop, f->pipes[0][0], on_first_remove_second, f, &f->err),
			 0);
	assert_int_equal(loop_add(&f->loop, f->pipes[1][0], on_first_remove_second, f, &f->err),
			 0);
	say(f, 0);
	say(f, 1);
	(void)loop_run(&f->loop, &f->err);
	assert_string_equal(f->called, "01");
}

static void loop_add__too_many(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LOOP_SOURCES_MAX; i++)
		assert_int_equal(loop_add(&f->loop, f->pipes[i][0], on_first, f, &f->err), 0);
	assert_int_equal(
		loop_add(&f->loop, f->pipes[LOOP_SOURCES_MAX][0], on_first, f, &f->err),
		-ENOSPC);
	loop_remove(&f->loop, f->pipes[3][0]);
	assert_int_equal(
		loop_add(&f->loop, f->pipes[LOOP_SOURCES_MAX][0], on_first, f, &f->err), 0);
}

static void loop_remove__unknown(void **state)
{
	struct fixture *f = *state;

	loop_remove(&f->loop, f->pipes[0][0]);
	loop_remove(&f->loop, -EBADF);
	assert_int_equal(loop_add(&f->loop, f->pipes[0][0], on_first, f, &f->err), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(loop_run__calls_until_ended),	   T(loop_run__failure_ends_it),
		T(loop_remove__of_a_ready_source), T(loop_add__too_many),
		T(loop_remove__unknown),
	};

	return RUN(tests);
}

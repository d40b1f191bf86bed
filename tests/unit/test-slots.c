/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>

#include "fs/slots.h"

static int setup(void **state)
{
	struct slots *s = xcalloc(1, sizeof(*s));
	struct error err;

	*state = s;
	return slots_map(s, 3, 10000, &err);
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static ssize_t request(void *mem, size_t size, void *arg)
{
	assert_true(size >= 10000);
	strcpy(mem, arg);
	return (ssize_t)strlen(arg);
}

static ssize_t nothing(void *mem, size_t size, void *arg)
{
	(void)mem;
	(void)size;
	return *(ssize_t *)arg;
}

static void slots_receive__pending_until_released(void **state)
{
	struct slots *s = *state;

	assert_false(slots_is_pending(s, 1));
	assert_int_equal(slots_receive(s, 1, request, (char *)"question"), 8);
	assert_true(slots_is_pending(s, 1));
	assert_string_equal(slots_mem(s, 1), "question");
	assert_false(slots_is_pending(s, 0));
	assert_false(slots_is_pending(s, 2));
	slots_release(s, 1);
	assert_false(slots_is_pending(s, 1));
}

static void slots_receive__nothing_came(void **state)
{
	struct slots *s = *state;
	ssize_t r = -EAGAIN;

	(void)slots_receive(s, 0, request, (char *)"old text");
	slots_release(s, 0);
	assert_int_equal(slots_receive(s, 0, nothing, &r), -EAGAIN);
	assert_false(slots_is_pending(s, 0));
	assert_int_equal(slots_received(s), 1);
}

static void slots_mem__slots_do_not_overlap(void **state)
{
	struct slots *s = *state;

	for (size_t i = 0; i < s->n; i++)
		memset(slots_mem(s, i), 'a' + (int)i, s->size);
	for (size_t i = 0; i < s->n; i++) {
		const char *mem = slots_mem(s, i);

		assert_int_equal(mem[0], 'a' + (int)i);
		assert_int_equal(mem[s->size - 1], 'a' + (int)i);
		assert_int_equal(s->heads[i].busy, 0);
	}
}

/* The worker as it dies in a request: the successor finds it whole. */
static _noreturn_ void die_in_request(struct slots *s)
{
	(void)slots_receive(s, 2, request, (char *)"question");
	raise(SIGKILL);
	_exit(0);
}

static void slots_is_pending__after_a_death(void **state)
{
	struct slots *s = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		die_in_request(s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(slots_is_pending(s, 2));
	assert_string_equal(slots_mem(s, 2), "question");
	assert_int_equal(slots_retry(s, 2), 2);
	assert_int_equal(slots_retry(s, 2), 3);
}

static ssize_t die_in_receive(void *mem, size_t size, void *arg)
{
	(void)mem;
	(void)size;
	(void)arg;
	raise(SIGKILL);
	return 0;
}

static void slots_is_pending__died_before_a_request_came(void **state)
{
	struct slots *s = *state;
	pid_t pid;
	int status;

	(void)slots_receive(s, 0, request, (char *)"old text");
	slots_release(s, 0);
	pid = fork();
	if (pid == 0)
		(void)slots_receive(s, 0, die_in_receive, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(s->heads[0].busy);
	assert_false(slots_is_pending(s, 0));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(slots_receive__pending_until_released),
		T(slots_receive__nothing_came),
		T(slots_mem__slots_do_not_overlap),
		T(slots_is_pending__after_a_death),
		T(slots_is_pending__died_before_a_request_came),
	};

	return RUN(tests);
}

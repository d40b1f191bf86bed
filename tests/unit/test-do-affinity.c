/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "src/do-affinity.c"

static void parse__lists_of_numbers(void **state)
{
	static const struct {
		const char *list;
		unsigned int cpus[6];
		size_t n;
	} cases[] = {
		{"0", {0}, 1},
		{"0-2,7", {0, 1, 2, 7}, 4},
		{" 1,\t3\n", {1, 3}, 2},
		{"8191", {8191}, 1},
		{"", {0}, 0},
		{"2-1", {0}, 0},
		{"5,8190-99999", {5, 8190, 8191}, 3},
		/* Behind what is no number nothing counts. */
		{"4,x,5", {4}, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_Alignas(cpu_set_t) struct cpus c;

		parse(cases[i].list, &c);
		assert_int_equal(CPU_COUNT_S(sizeof(c.bytes), set_of(&c)), cases[i].n);
		for (size_t k = 0; k < cases[i].n; k++)
			assert_true(CPU_ISSET_S(cases[i].cpus[k], sizeof(c.bytes), set_of(&c)));
	}
}

/* In a child: what is bound stays bound. */
static int in_child(void (*fn)(void))
{
	pid_t pid = unit_fork();
	int status;

	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void must(bool holds, int code)
{
	if (!holds)
		_exit(code);
}

static unsigned int first_cpu(void)
{
	cpu_set_t set;
	unsigned int n = 0;

	must(sched_getaffinity(0, sizeof(set), &set) == 0, 1);
	while (!CPU_ISSET(n, &set))
		n++;
	return n;
}

static void bind_and_release(void)
{
	_cleanup_free_ char *list = xasprintf("%u", first_cpu());
	struct error err = {0};
	cpu_set_t before, bound, after;

	must(sched_getaffinity(0, sizeof(before), &before) == 0, 2);
	must(do_affinity(list, &err) == 0, 3);
	must(sched_getaffinity(0, sizeof(bound), &bound) == 0, 4);
	must(CPU_COUNT(&bound) == 1, 5);
	/* What the runtime was started with is none of the container's. */
	must(do_affinity(NULL, &err) == 0, 6);
	must(sched_getaffinity(0, sizeof(after), &after) == 0, 7);
	must(CPU_COUNT(&after) >= CPU_COUNT(&before), 8);
}

static void do_affinity__binds_and_releases(void **state)
{
	(void)state;
	assert_int_equal(in_child(bind_and_release), 0);
}

static void do_affinity__cpus_that_nobody_has(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(do_affinity("8000", &err), -EINVAL);
	assert_non_null(strstr(err.text, "the CPU affinity \"8000\""));
	assert_int_equal(do_affinity("", &err), -EINVAL);
}

static void prefer_and_reset(void)
{
	const struct plan_process prefer = {.memory_mode = MPOL_PREFERRED,
					    .memory_nodes = (char *)"0"};
	const struct plan_process reset = {.memory_mode = MPOL_DEFAULT};
	const struct plan_process none = {.memory_mode = -1};
	struct error err = {0};
	int mode = -1;

	must(do_memory_policy(&prefer, &err) == 0, 1);
	must(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0, 2);
	must(mode == MPOL_PREFERRED, 3);
	must(do_memory_policy(&none, &err) == 0, 4);
	must(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0, 5);
	must(mode == MPOL_PREFERRED, 6);
	must(do_memory_policy(&reset, &err) == 0, 7);
	must(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0, 8);
	must(mode == MPOL_DEFAULT, 9);
}

static void do_memory_policy__is_set_and_reset(void **state)
{
	(void)state;
	if (syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) < 0)
		skip();
	assert_int_equal(in_child(prefer_and_reset), 0);
}

static void do_memory_policy__nodes_that_nobody_has(void **state)
{
	const struct plan_process p = {.memory_mode = MPOL_BIND, .memory_nodes = (char *)"900"};
	struct error err = {0};

	(void)state;
	if (syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) < 0)
		skip();
	assert_int_equal(do_memory_policy(&p, &err), -EINVAL);
	assert_non_null(strstr(err.text, "\"900\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__lists_of_numbers),
		cmocka_unit_test(do_affinity__binds_and_releases),
		cmocka_unit_test(do_affinity__cpus_that_nobody_has),
		cmocka_unit_test(do_memory_policy__is_set_and_reset),
		cmocka_unit_test(do_memory_policy__nodes_that_nobody_has),
	};

	return RUN(tests);
}

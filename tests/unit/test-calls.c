/* SPDX-License-Identifier: Apache-2.0 */
/* The wall of system calls: what is listed passes, everything else fails with ENOSYS. */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fs/calls.h"

static const uint32_t few[] = {SYS_getuid};

static int fails_with(long n)
{
	return n < 0 ? errno : 0;
}

/* The exit status: the first expectation that does not hold. */
static int inside(void)
{
	char *const argv[] = {(char *)"/bin/true", NULL};
	const uid_t own = getuid();
	struct error err;

	if (calls_limit(few, ARRAY_SIZE(few), &err) < 0)
		return 1;
	/* One of these, and one that everybody has. */
	if (syscall(SYS_getuid) != (long)own || syscall(SYS_getpid) <= 0)
		return 2;
	if (fails_with(socket(AF_UNIX, SOCK_STREAM, 0)) != ENOSYS)
		return 3;
	if (fails_with(execve(argv[0], argv, NULL)) != ENOSYS)
		return 4;
	/* One that no kernel knows as yet. */
	return fails_with(syscall(100000)) == ENOSYS ? 0 : 5;
}

static int status_of(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void calls_limit__only_these(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	assert_int_equal(status_of(inside), 0);
}

#ifdef __x86_64__
static int call_x32(void)
{
	struct error err;

	if (calls_limit(few, ARRAY_SIZE(few), &err) < 0)
		return 1;
	return fails_with(syscall(0x40000000 + SYS_getpid)) == 0;
}

static void calls_limit__no_other_abi(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	assert_int_equal(WTERMSIG(status_of(call_x32)), SIGSYS);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_limit__only_these),
#ifdef __x86_64__
		cmocka_unit_test(calls_limit__no_other_abi),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

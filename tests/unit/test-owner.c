/* SPDX-License-Identifier: Apache-2.0 */
/* Who works on a trapped call: across the reuse of a pid, and with those whom he has sent. */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "fs/owner.h"
#include "lib/fd.h"

static uint64_t *shared;

/* A leader that forks one more; both wait to be killed. */
static pid_t start_group(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		uint64_t owner = owner_self();

		if (fork() == 0)
			for (;;)
				pause();
		__atomic_store_n(shared, owner, __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	while (!__atomic_load_n(shared, __ATOMIC_SEQ_CST))
		usleep(1000);
	return pid;
}

static int setup(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	return shared == MAP_FAILED;
}

static void reap(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void owner_pidfd__only_of_the_very_process(void **state)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t owner, later;
	pid_t pid;

	(void)state;
	*shared = OWNER_NONE;
	pid = start_group();
	owner = *shared;
	assert_int_equal(owner_pid(owner), pid);
	fd = owner_pidfd(owner);
	assert_true(fd >= 0);
	/* The same number, given out again at another time. */
	later = owner + (UINT64_C(1) << 22);
	assert_int_equal(owner_pid(later), pid);
	assert_int_equal(owner_pidfd(later), -ESRCH);
	owner_kill(later);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	owner_kill(owner);
	reap(pid);
	assert_int_equal(owner_pidfd(owner), -ESRCH);
	assert_int_equal(owner_pidfd(OWNER_NONE), -ESRCH);
}

/* Who has adopted a killed orphan waits for it; that may take a moment. */
static bool is_gone_soon(uint64_t owner)
{
	for (int i = 0; i < 500 && owner_has_group(owner); i++)
		usleep(10000);
	return !owner_has_group(owner);
}

static void owner_has_group__until_the_last_has_ended(void **state)
{
	uint64_t owner;
	pid_t pid;

	(void)state;
	*shared = OWNER_NONE;
	pid = start_group();
	owner = *shared;
	assert_true(owner_has_group(owner));
	assert_int_equal(kill(pid, SIGKILL), 0);
	reap(pid);
	assert_true(owner_has_group(owner));
	assert_int_equal(kill(-pid, SIGKILL), 0);
	assert_true(is_gone_soon(owner));
	assert_false(owner_has_group(OWNER_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_pidfd__only_of_the_very_process),
		cmocka_unit_test(owner_has_group__until_the_last_has_ended),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

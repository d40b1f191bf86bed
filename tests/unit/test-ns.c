/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/ns.h"
#include "lib/spawn.h"
#include "lib/sys.h"

static void ns_open__own(void **state)
{
	_cleanup_close_ int a = ns_open(getpid(), CLONE_NEWUTS),
			    b = ns_open(getpid(), CLONE_NEWNET);

	(void)state;
	assert_true(a >= 0);
	assert_true(fcntl(a, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ns_is_own(a, CLONE_NEWUTS), 1);
	assert_int_equal(ns_same(a, a), 1);
	assert_int_equal(ns_same(a, b), 0);
	assert_int_equal(ns_is_own(a, CLONE_NEWNET), 0);
}

static void ns_open__errors(void **state)
{
	(void)state;
	assert_int_equal(ns_open(getpid(), 3), -EINVAL);
	assert_int_equal(ns_open(0x7ffffff0, CLONE_NEWNET), -ENOENT);
	assert_int_equal(ns_same(-1, -1), -EBADF);
}

static int in_another(void *arg)
{
	if (unshare(CLONE_NEWUTS) < 0)
		return -errno;
	return ns_is_own(*(int *)arg, CLONE_NEWUTS) == 0 ? 0 : -EINVAL;
}

static void ns_is_own__after_unshare(void **state)
{
	_cleanup_close_ int fd = ns_open(getpid(), CLONE_NEWUTS);
	int r = spawn_call(in_another, &fd);

	(void)state;
	if (r == -EPERM)
		skip();
	assert_int_equal(r, 0);
}

static void ns_is_supported__kinds(void **state)
{
	(void)state;
	assert_true(ns_is_supported(CLONE_NEWNS));
	assert_true(ns_is_supported(CLONE_NEWUSER));
	assert_int_equal(ns_is_supported(CLONE_NEWTIME),
			 access("/proc/self/ns/time", F_OK) == 0);
	assert_false(ns_is_supported(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ns_open__own),
		cmocka_unit_test(ns_open__errors),
		cmocka_unit_test(ns_is_own__after_unshare),
		cmocka_unit_test(ns_is_supported__kinds),
	};

	return RUN(tests);
}

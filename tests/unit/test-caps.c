/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include "lib/caps.h"
#include "lib/spawn.h"

static void caps_number__spellings(void **state)
{
	(void)state;
	assert_int_equal(caps_number("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
	assert_int_equal(caps_number("cap_sys_admin"), CAP_SYS_ADMIN);
	assert_int_equal(caps_number("sys_admin"), CAP_SYS_ADMIN);
	assert_int_equal(caps_number("Net_Raw"), CAP_NET_RAW);
	assert_int_equal(caps_number("CAP_CHOWN"), 0);
}

static void caps_number__unknown(void **state)
{
	static const char *const bad[] = {"",  "CAP_",	"CAP_FLY", "CAP_CHOWN ",
					  "0", "CAP_0", "all",	   "CAP_CHOWN,CAP_KILL"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(caps_number(bad[i]), -EINVAL);
}

static void caps_name__and_back(void **state)
{
	(void)state;
	assert_string_equal(caps_name(CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
	assert_null(caps_name(-1));
	assert_null(caps_name(63));
	for (int i = 0; i < 64; i++)
		if (caps_all() & CAPS_BIT(i))
			assert_int_equal(caps_number(caps_name(i)), i);
}

static void caps_all__is_the_kernels(void **state)
{
	_cleanup_free_ char *last = NULL;
	int n;

	(void)state;
	assert_int_equal(file_read_line(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", &last), 0);
	n = atoi(last);
	assert_true(caps_all() & CAPS_BIT(n));
	assert_false(caps_all() & CAPS_BIT(n + 1));
}

/* A hexadecimal line of /proc/self/status. */
static uint64_t status_mask(const char *key)
{
	_cleanup_free_ char *text = NULL;
	const char *line;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &text, NULL), 0);
	line = strstr(text, key);
	assert_non_null(line);
	return strtoull(line + strlen(key), NULL, 16);
}

static void caps_get__as_procfs_says(void **state)
{
	struct caps c;

	(void)state;
	assert_int_equal(caps_get(&c), 0);
	assert_true(c.effective == status_mask("CapEff:"));
	assert_true(c.permitted == status_mask("CapPrm:"));
	assert_true(c.inheritable == status_mask("CapInh:"));
	assert_true(c.bounding == status_mask("CapBnd:"));
	assert_true(c.ambient == status_mask("CapAmb:"));
}

#define SOME (CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_NET_RAW))

static int as_user(void *arg)
{
	const struct caps *want = arg;
	struct caps got;
	int r = caps_apply_bounding(want->bounding);

	if (r < 0)
		return r;
	if (setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0)
		return -errno;
	r = caps_apply(want);
	if (r == 0)
		r = caps_get(&got);
	if (r < 0)
		return r;
	if (prctl(PR_GET_KEEPCAPS) != 0)
		return -EUCLEAN;
	return memcmp(&got, want, sizeof(got)) ? -EBADMSG : 0;
}

static void caps_apply__across_a_uid_change(void **state)
{
	struct caps want = {
		.bounding = SOME,
		.effective = CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_NET_RAW),
		.inheritable = CAPS_BIT(CAP_KILL),
		.permitted = SOME,
		.ambient = CAPS_BIT(CAP_KILL),
	};

	(void)state;
	assert_int_equal(spawn_call(as_user, &want), 0);
}

static void caps_apply__nothing_at_all(void **state)
{
	struct caps none = {0};

	(void)state;
	assert_int_equal(spawn_call(as_user, &none), 0);
}

static int ask_for_all(void *arg)
{
	struct caps some = {SOME, SOME, SOME, SOME, 0}, all, got;
	int r;

	(void)arg;
	all = (struct caps){caps_all(), caps_all(), caps_all(), caps_all(), caps_all()};
	r = caps_apply_bounding(SOME);
	if (r == 0)
		r = caps_apply(&some);
	/* What is gone is left out without a word. */
	if (r == 0)
		r = caps_apply(&all);
	if (r == 0)
		r = caps_get(&got);
	if (r < 0)
		return r;
	return got.effective == SOME && got.inheritable == SOME && got.ambient == SOME &&
			       got.bounding == SOME
		       ? 0
		       : -EBADMSG;
}

static void caps_apply__leaves_out_what_is_withheld(void **state)
{
	(void)state;
	assert_int_equal(spawn_call(ask_for_all, NULL), 0);
}

static int raise_after_drop(void *arg)
{
	struct caps low = {0}, got;
	int r;

	(void)arg;
	low.permitted = SOME;
	r = caps_apply(&low);
	if (r == 0)
		r = caps_raise(CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_SYS_ADMIN));
	if (r == 0)
		r = caps_get(&got);
	if (r < 0)
		return r;
	return got.effective == CAPS_BIT(CAP_KILL) ? 0 : -EBADMSG;
}

static void caps_raise__only_what_is_permitted(void **state)
{
	(void)state;
	assert_int_equal(spawn_call(raise_after_drop, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest anybody[] = {
		cmocka_unit_test(caps_number__spellings),
		cmocka_unit_test(caps_number__unknown),
		cmocka_unit_test(caps_name__and_back),
		cmocka_unit_test(caps_all__is_the_kernels),
		cmocka_unit_test(caps_get__as_procfs_says),
	};
	const struct CMUnitTest root[] = {
		cmocka_unit_test(caps_apply__across_a_uid_change),
		cmocka_unit_test(caps_apply__nothing_at_all),
		cmocka_unit_test(caps_apply__leaves_out_what_is_withheld),
		cmocka_unit_test(caps_raise__only_what_is_permitted),
	};
	int failed = RUN(anybody);

	return failed || geteuid() != 0 ? failed : RUN(root);
}

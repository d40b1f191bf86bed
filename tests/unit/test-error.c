/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/error.h"

static void error_set__fills_and_returns(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, EINVAL, "no %s", "way"), -EINVAL);
	assert_int_equal(err.errnum, EINVAL);
	assert_string_equal(err.text, "no way");
}

static void error_set__cuts_long_texts(void **state)
{
	struct error err;
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(error_set(&err, EIO, "%s", text), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void error_errno__appends_strerror(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_errno(&err, ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(err.text, "open /x: No such file or directory");
}

static void error_wrap__prefixes(void **state)
{
	struct error err;
	int r = error_set(&err, EPERM, "denied");

	(void)state;
	assert_int_equal(error_wrap(&err, r, "mount %s", "/proc"), -EPERM);
	assert_int_equal(err.errnum, EPERM);
	assert_string_equal(err.text, "mount /proc: denied");
}

static void error_wrap__own_text_as_argument(void **state)
{
	struct error err;
	int r = error_set(&err, EPERM, "inner");

	(void)state;
	assert_int_equal(error_wrap(&err, r, "<%s>", err.text), -EPERM);
	assert_string_equal(err.text, "<inner>: inner");
}

static void error_wrap__leaves_success_alone(void **state)
{
	struct error err = {.errnum = 0, .text = "untouched"};

	(void)state;
	assert_int_equal(error_wrap(&err, 3, "x"), 3);
	assert_string_equal(err.text, "untouched");
}

static void errno_is_unsupported__families(void **state)
{
	(void)state;
	assert_true(errno_is_unsupported(ENOSYS));
	assert_true(errno_is_unsupported(EOPNOTSUPP));
	assert_false(errno_is_unsupported(EPERM));
	assert_false(errno_is_unsupported(EINVAL));
}

static void errno_is_gone__families(void **state)
{
	(void)state;
	assert_true(errno_is_gone(ESRCH));
	assert_true(errno_is_gone(ENOENT));
	assert_true(errno_is_gone(ENODEV));
	assert_false(errno_is_gone(EBUSY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_set__fills_and_returns),
		cmocka_unit_test(error_set__cuts_long_texts),
		cmocka_unit_test(error_errno__appends_strerror),
		cmocka_unit_test(error_wrap__prefixes),
		cmocka_unit_test(error_wrap__own_text_as_argument),
		cmocka_unit_test(error_wrap__leaves_success_alone),
		cmocka_unit_test(errno_is_unsupported__families),
		cmocka_unit_test(errno_is_gone__families),
	};

	return RUN(tests);
}

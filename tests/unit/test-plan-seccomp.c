/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#include <linux/seccomp.h>
#include <seccomp.h>

/* The profile as it stands in the configuration, untouched by any pass; NULL: none. */
static const struct plan_seccomp *plan_it(struct fixture *f, const char *seccomp)
{
	_cleanup_free_ char *text = xasprintf("'seccomp':{%s}", seccomp);

	fixture_open(f, (struct parts){.linux_ = text});
	f->plan = xcalloc(1, sizeof(*f->plan));
	if (plan_seccomp(&f->plan->seccomp, f->spec->linux_->seccomp, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return f->plan->seccomp;
}

static void seccomp__none(void **state)
{
	_cleanup_(fixture_done) struct fixture a, b;

	(void)state;
	assert_null(plan_it(&a, ""));
	assert_null(plan_it(&b, "'defaultAction':''"));
}

static void seccomp__actions(void **state)
{
	static const struct {
		const char *text;
		uint32_t action;
	} rows[] = {
		{"'defaultAction':'SCMP_ACT_KILL'", SCMP_ACT_KILL_THREAD},
		{"'defaultAction':'SCMP_ACT_KILL_PROCESS'", SCMP_ACT_KILL_PROCESS},
		{"'defaultAction':'SCMP_ACT_TRAP'", SCMP_ACT_TRAP},
		{"'defaultAction':'SCMP_ACT_LOG'", SCMP_ACT_LOG},
		{"'defaultAction':'SCMP_ACT_ALLOW'", SCMP_ACT_ALLOW},
		{"'defaultAction':'SCMP_ACT_ERRNO'", SCMP_ACT_ERRNO(EPERM)},
		{"'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38",
		 SCMP_ACT_ERRNO(ENOSYS)},
		{"'defaultAction':'SCMP_ACT_TRACE','defaultErrnoRet':7", SCMP_ACT_TRACE(7)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;

		assert_int_equal(plan_it(&f, rows[i].text)->default_action, rows[i].action);
	}
}

static void seccomp__one_rule_a_call(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_seccomp *s;

	(void)state;
	s = plan_it(&f, "'defaultAction':'SCMP_ACT_ALLOW','syscalls':["
			"{'names':['a','b'],'action':'SCMP_ACT_ERRNO','errnoRet':2,"
			"'args':[{'index':1,'value':3,'valueTwo':4,'op':'SCMP_CMP_MASKED_EQ'},"
			"{'index':2,'value':5,'op':'SCMP_CMP_NE'}]}]");
	assert_int_equal(s->n_rules, 2);
	assert_string_equal(s->rules[1].syscall, "b");
	assert_int_equal(s->rules[1].action, SCMP_ACT_ERRNO(2));
	assert_int_equal(s->rules[1].n_args, 2);
	assert_int_equal(s->rules[1].args[0].op, SCMP_CMP_MASKED_EQ);
	assert_int_equal(s->rules[1].args[0].value_two, 4);
	assert_int_equal(s->rules[1].args[1].index, 2);
}

/* As runc: two conditions on one argument are alternatives. */
static void seccomp__same_argument_twice(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_seccomp *s;

	(void)state;
	s = plan_it(
		&f,
		"'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['a'],"
		"'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},"
		"{'index':0,'value':2,'op':'SCMP_CMP_EQ'}]}]");
	assert_int_equal(s->n_rules, 2);
	assert_int_equal(s->rules[0].n_args, 1);
	assert_int_equal(s->rules[1].args[0].value, 2);
}

static void seccomp__architectures(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_seccomp *s;

	(void)state;
	s = plan_it(&f, "'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86',"
			"'SCMP_ARCH_M68K','SCMP_ARCH_X32']");
	assert_int_equal(s->n_arches, 2);
	assert_int_equal(s->arches[0], SCMP_ARCH_X86);
	assert_int_equal(s->arches[1], SCMP_ARCH_X32);
}

static void seccomp__flags(void **state)
{
	_cleanup_(fixture_done) struct fixture a, b;

	(void)state;
	assert_int_equal(plan_it(&a, "'defaultAction':'SCMP_ACT_ALLOW'")->filter_flags,
			 SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_int_equal(plan_it(&b, "'defaultAction':'SCMP_ACT_ALLOW','flags':["
				     "'SECCOMP_FILTER_FLAG_TSYNC','SECCOMP_FILTER_FLAG_LOG',"
				     "'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']")
				 ->filter_flags,
			 SECCOMP_FILTER_FLAG_LOG);
}

static void seccomp__listener(void **state)
{
	_cleanup_(fixture_done) struct fixture a, b;
	const struct plan_seccomp *s;

	(void)state;
	s = plan_it(&a, "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/run/"
			"l','listenerMetadata':'m',"
			"'flags':['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],"
			"'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]");
	assert_string_equal(s->listener_path, "/run/l");
	assert_string_equal(s->listener_metadata, "m");
	assert_int_equal(s->filter_flags, SECCOMP_FILTER_FLAG_NEW_LISTENER |
						  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	s = plan_it(&b, "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/run/l'");
	assert_null(s->listener_path);
	assert_false(s->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void seccomp__unknown_words(void **state)
{
	static const char *const bad[] = {
		"'defaultAction':'SCMP_ACT_FOO'",
		"'defaultAction':'','syscalls':[{'names':['a'],'action':'SCMP_ACT_ALLOW'}]",
		"'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'X'}]",
		"'defaultAction':'SCMP_ACT_ALLOW','flags':['X']",
		"'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_"
		"ACT_KILL',"
		"'args':[{'index':0,'value':1,'op':'X'}]}]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *text = xasprintf("'seccomp':{%s}", bad[i]);
		struct plan_seccomp *s;

		fixture_open(&f, (struct parts){.linux_ = text});
		assert_int_equal(plan_seccomp(&s, f.spec->linux_->seccomp, &f.err), -EINVAL);
		assert_null(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seccomp__none),
		cmocka_unit_test(seccomp__actions),
		cmocka_unit_test(seccomp__one_rule_a_call),
		cmocka_unit_test(seccomp__same_argument_twice),
		cmocka_unit_test(seccomp__architectures),
		cmocka_unit_test(seccomp__flags),
		cmocka_unit_test(seccomp__listener),
		cmocka_unit_test(seccomp__unknown_words),
	};

	return RUN(tests);
}

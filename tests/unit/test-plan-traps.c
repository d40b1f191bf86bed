/* SPDX-License-Identifier: Apache-2.0 */
/* Traps are added to what a profile lets pass, and to nothing else. */
#include "tests/unit/syscont.h"

#include <linux/seccomp.h>
#include <seccomp.h>

static struct plan_seccomp *plan_it(struct fixture *f, const char *seccomp)
{
	_cleanup_free_ char *text = xasprintf("'seccomp':{%s}", seccomp);

	fixture_open(f, (struct parts){.linux_ = text});
	f->plan = xcalloc(1, sizeof(*f->plan));
	if (plan_seccomp(&f->plan->seccomp, f->spec->linux_->seccomp, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return f->plan->seccomp;
}

static size_t n_traps(const struct plan_seccomp *s, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].action == SCMP_ACT_NOTIFY && !strcmp(s->rules[i].syscall, name))
			n++;
	return n;
}

static void plan_traps__without_a_profile(void **state)
{
	struct plan_seccomp *s = NULL;

	(void)state;
	assert_int_equal(plan_traps(&s, false), 0);
	assert_true(s->traps);
	assert_int_equal(s->default_action, SCMP_ACT_ALLOW);
	assert_int_equal(n_traps(s, "mount"), 3);
	assert_int_equal(n_traps(s, "move_mount"), 1);
	assert_int_equal(n_traps(s, "mount_setattr"), 1);
	assert_int_equal(n_traps(s, "umount2"), 1);
	assert_true(s->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
	assert_true(s->filter_flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	plan_seccomp_free(s);
}

static void plan_traps__chown_on_demand(void **state)
{
	struct plan_seccomp *s = NULL;

	(void)state;
	assert_int_equal(plan_traps(&s, false), 0);
	assert_int_equal(n_traps(s, "fchownat"), 0);
	plan_seccomp_free(s);
	s = NULL;
	assert_int_equal(plan_traps(&s, true), 0);
	assert_int_equal(n_traps(s, "mount"), 3);
	assert_int_equal(n_traps(s, "chown"), 1);
	assert_int_equal(n_traps(s, "fchownat"), 1);
	plan_seccomp_free(s);
}

static void plan_traps__only_what_passes(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct plan_seccomp *s;

	(void)state;
	s = plan_it(&f, "'defaultAction':'SCMP_ACT_ERRNO','syscalls':["
			"{'names':['mount'],'action':'SCMP_ACT_ALLOW'},"
			"{'names':['umount2'],'action':'SCMP_ACT_ERRNO'},"
			"{'names':['move_mount'],'action':'SCMP_ACT_ALLOW',"
			"'args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'}]}]");
	assert_int_equal(plan_traps(&f.plan->seccomp, false), 0);
	s = f.plan->seccomp;
	assert_int_equal(n_traps(s, "mount"), 3);
	assert_int_equal(n_traps(s, "umount2"), 0);
	assert_int_equal(n_traps(s, "move_mount"), 0);
	assert_true(s->traps);
}

static void plan_traps__nothing_passes(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct plan_seccomp *s;

	(void)state;
	s = plan_it(&f, "'defaultAction':'SCMP_ACT_ERRNO','syscalls':["
			"{'names':['read'],'action':'SCMP_ACT_ALLOW'}]");
	assert_int_equal(plan_traps(&f.plan->seccomp, false), 0);
	assert_false(s->traps);
	assert_false(s->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void plan_traps__a_listener_of_the_profile(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct plan_seccomp *s;

	(void)state;
	s = plan_it(&f, "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l','syscalls':["
			"{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]");
	assert_int_equal(plan_traps(&f.plan->seccomp, false), PLAN_TRAPS_E_TAKEN);
	assert_false(s->traps);
	assert_int_equal(n_traps(s, "mount"), 0);
	assert_string_equal(s->listener_path, "/l");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_traps__without_a_profile),
		cmocka_unit_test(plan_traps__chown_on_demand),
		cmocka_unit_test(plan_traps__only_what_passes),
		cmocka_unit_test(plan_traps__nothing_passes),
		cmocka_unit_test(plan_traps__a_listener_of_the_profile),
	};

	return RUN(tests);
}

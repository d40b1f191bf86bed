/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#include <linux/ioprio.h>
#include <sys/personality.h>
#include <sys/resource.h>

static const struct plan_process *plan_it(struct fixture *f, struct parts p)
{
	fixture_open(f, p);
	f->plan = xcalloc(1, sizeof(*f->plan));
	if (plan_process(&f->plan->process, f->spec->process, &f->sc, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return &f->plan->process;
}

static int error_of(const char *process)
{
	_cleanup_(fixture_done) struct fixture f;
	int r;

	fixture_open(&f, (struct parts){.process = process});
	f.plan = xcalloc(1, sizeof(*f.plan));
	r = plan_process(&f.plan->process, f.spec->process, &f.sc, &f.err);
	assert_true(r == 0 || f.err.text[0]);
	return r;
}

static void process__nothing_special(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_process *p = plan_it(&f, (struct parts){0});

	(void)state;
	assert_string_equal(p->args[0], "sh");
	assert_string_equal(p->cwd, "/");
	assert_int_equal(p->umask, -1);
	assert_int_equal(p->io_priority, -1);
	assert_int_equal(p->caps.bounding, 0);
	assert_false(p->scheduler.present);
	assert_false(p->has_oom_score_adj);
	assert_false(p->has_personality);
	assert_null(p->apparmor);
}

static void process__user(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_process *p;

	(void)state;
	p = plan_it(
		&f,
		(struct parts){
			.process =
				"'user':{'uid':5,'gid':6,'umask':18,'additionalGids':[7,8]}"});
	assert_int_equal(p->uid, 5);
	assert_int_equal(p->gid, 6);
	assert_int_equal(p->umask, 022);
	assert_int_equal(p->n_gids, 2);
	assert_int_equal(p->gids[1], 8);
}

static void process__capabilities_by_set(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_process *p;

	(void)state;
	p = plan_it(&f, (struct parts){.process = "'capabilities':{'bounding':['CAP_CHOWN','"
						  "CAP_KILL'],'effective':['CAP_KILL'],"
						  "'inheritable':[],'permitted':['CAP_NOT_"
						  "KNOWN'],'ambient':['CAP_CHOWN']}"});
	assert_int_equal(p->caps.bounding, CAPS_BIT(0) | CAPS_BIT(5));
	assert_int_equal(p->caps.effective, CAPS_BIT(5));
	assert_int_equal(p->caps.inheritable, 0);
	assert_int_equal(p->caps.permitted, 0);
	assert_int_equal(p->caps.ambient, CAPS_BIT(0));
}

static void process__limits(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_process *p;

	(void)state;
	p = plan_it(&f, (struct parts){.process = "'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,"
						  "'hard':18446744073709551615}],"
						  "'oomScoreAdj':-5,'noNewPrivileges':true"});
	assert_int_equal(p->n_rlimits, 1);
	assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits[0].soft, 1);
	assert_true(p->rlimits[0].hard == RLIM_INFINITY);
	assert_true(p->has_oom_score_adj);
	assert_int_equal(p->oom_score_adj, -5);
	assert_true(p->no_new_privs);
}

static void process__scheduling(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_process *p;

	(void)state;
	p = plan_it(&f,
		    (struct parts){
			    .process = "'scheduler':{'policy':'SCHED_FIFO','priority':9,'flags'"
				       ":['SCHED_FLAG_RESET_ON_FORK']},"
				       "'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':4},"
				       "'execCPUAffinity':{'initial':'0-1','final':''}"});
	assert_true(p->scheduler.present);
	assert_int_equal(p->scheduler.policy, 1);
	assert_int_equal(p->scheduler.priority, 9);
	assert_int_equal(p->scheduler.flags, 1);
	assert_int_equal(p->io_priority, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4));
	assert_string_equal(p->cpu_initial, "0-1");
	assert_null(p->cpu_final);
}

static void process__terminal_and_personality(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_process *p;

	(void)state;
	p = plan_it(&f,
		    (struct parts){
			    .process = "'terminal':true,'consoleSize':{'height':24,'width':80}",
			    .linux_ = "'personality':{'domain':'LINUX32'}"});
	assert_true(p->terminal);
	assert_int_equal(p->rows, 24);
	assert_int_equal(p->columns, 80);
	assert_true(p->has_personality);
	assert_int_equal(p->personality, PER_LINUX32);
}

static void process__unknown_words(void **state)
{
	(void)state;
	assert_int_equal(error_of("'rlimits':[{'type':'RLIMIT_FOO','soft':1,'hard':1}]"),
			 -EINVAL);
	assert_int_equal(error_of("'scheduler':{'policy':'SCHED_FOO'}"), -EINVAL);
	assert_int_equal(error_of("'scheduler':{'policy':'SCHED_FIFO','flags':['X']}"),
			 -EINVAL);
	assert_int_equal(error_of("'ioPriority':{'class':'X','priority':1}"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process__nothing_special),
		cmocka_unit_test(process__user),
		cmocka_unit_test(process__capabilities_by_set),
		cmocka_unit_test(process__limits),
		cmocka_unit_test(process__scheduling),
		cmocka_unit_test(process__terminal_and_personality),
		cmocka_unit_test(process__unknown_words),
	};

	return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#define PROFILE(def, rules) "'seccomp':{'defaultAction':'" def "','syscalls':[" rules "]}"
#define RULE(ns, act)	    "{'names':[" ns "],'action':'" act "'}"
#define ERRNO_RULE(ns, n)   "{'names':[" ns "],'action':'SCMP_ACT_ERRNO','errnoRet':" #n "}"
#define IF_ZERO		    "'args':[{'index':0,'value':0,'op':'SCMP_CMP_EQ'}]"
#define COND_RULE(ns, act)  "{'names':[" ns "],'action':'" act "'," IF_ZERO "}"

/* containers/common: what every profile of it begins with, and what it gates by capability. */
#define COMMON ERRNO_RULE("'bdflush','io_pgetevents','uselib','vm86','vmsplice'", 1)
#define SYS_ADMIN                                                                              \
	ERRNO_RULE("'bpf','fanotify_init','lookup_dcookie','perf_event_open','quotactl',"      \
		   "'setdomainname','sethostname','setns'",                                    \
		   1)

/* What a call ends up with: its first rule, and how many rules name it. */
struct verdict {
	const char *action; /* NULL: none, the default */
	size_t n_args;
	size_t n_rules;
};

static struct verdict verdict(const struct fixture *f, const char *name)
{
	const struct spec_seccomp *s = f->spec->linux_->seccomp;
	struct verdict v = {0};

	for (size_t i = 0; i < s->n_rules; i++) {
		if (!strv_contains(s->rules[i].names, name))
			continue;
		if (!v.n_rules++) {
			v.action = s->rules[i].action;
			v.n_args = s->rules[i].n_args;
		}
	}
	return v;
}

static bool is_allowed(const struct fixture *f, const char *name)
{
	struct verdict v = verdict(f, name);

	return v.n_rules == 1 && !v.n_args && strcmp(v.action, "SCMP_ACT_ALLOW") == 0;
}

static bool is_denied(const struct fixture *f, const char *name)
{
	struct verdict v = verdict(f, name);

	return v.n_rules == 1 && !v.n_args && strcmp(v.action, "SCMP_ACT_ERRNO") == 0;
}

static void open_and_rewrite(struct fixture *f, const char *linux_)
{
	fixture_open(f, (struct parts){.linux_ = linux_});
	assert_int_equal(fixture_rewrite(f), 0);
}

static void seccomp__none_stays_none(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, NULL);
	assert_null(f.spec->linux_->seccomp);
}

static void seccomp__widens_what_denies_by_default(void **state)
{
	static const char *const actions[] = {
		PROFILE("SCMP_ACT_ERRNO", ""), PROFILE("SCMP_ACT_KILL", ""),
		PROFILE("SCMP_ACT_KILL_PROCESS", ""), PROFILE("SCMP_ACT_TRAP", "")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		_cleanup_(fixture_done) struct fixture f;

		open_and_rewrite(&f, actions[i]);
		assert_true(is_allowed(&f, "mount"));
		assert_true(is_allowed(&f, "open_tree_attr"));
		assert_true(is_allowed(&f, "clone3"));
	}
}

/* What only the host's root may do, and what shows the host. */
static void seccomp__host_affairs_stay_closed(void **state)
{
	static const char *const closed[] = {"init_module",
					     "finit_module",
					     "delete_module",
					     "kexec_load",
					     "kexec_file_load",
					     "swapon",
					     "swapoff",
					     "settimeofday",
					     "clock_settime",
					     "adjtimex",
					     "iopl",
					     "ioperm",
					     "acct",
					     "syslog",
					     "vhangup",
					     "lookup_dcookie",
					     "nfsservctl",
					     "userfaultfd",
					     "io_uring_setup"};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO", ""));
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		assert_int_equal(verdict(&f, closed[i]).n_rules, 0);
}

static void seccomp__every_row_is_found(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct spec_seccomp *s;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO", ""));
	s = f.spec->linux_->seccomp;
	/* One more for what is allowed narrowly. */
	assert_int_equal(s->n_rules, 2);
	/* bsearch(3) finds nothing in a table out of order. */
	for (char **n = s->rules[1].names; n[1]; n++)
		assert_true(strcmp(n[0], n[1]) < 0);
}

static void seccomp__others_stay(void **state)
{
	static const char *const profiles[] = {
		PROFILE("SCMP_ACT_ALLOW", RULE("'mount','clone3'", "SCMP_ACT_ERRNO")),
		PROFILE("SCMP_ACT_LOG", RULE("'mount','clone3'", "SCMP_ACT_ERRNO")),
		PROFILE("SCMP_ACT_TRACE", RULE("'mount','clone3'", "SCMP_ACT_ERRNO")),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		_cleanup_(fixture_done) struct fixture f;

		open_and_rewrite(&f, profiles[i]);
		assert_true(is_denied(&f, "mount"));
		assert_int_equal(verdict(&f, "umount2").n_rules, 0);
	}
}

/* Of the engines: see `conditioned`. */
static void seccomp__conditions_go(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f,
			 PROFILE("SCMP_ACT_ERRNO",
				 COND_RULE("'clone','socket'", "SCMP_ACT_ALLOW") "," COND_RULE(
					 "'personality'", "SCMP_ACT_ALLOW")));
	assert_true(is_allowed(&f, "clone"));
	assert_true(is_allowed(&f, "personality"));
	assert_int_equal(verdict(&f, "socket").n_args, 1);
	assert_int_equal(f.spec->linux_->seccomp->n_rules, 3);
}

/* No engine has one there: who allows a call with some arguments only, means it. */
static void seccomp__conditions_of_the_user_stay(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO", COND_RULE("'process_vm_readv','mount'",
								 "SCMP_ACT_ALLOW")));
	assert_int_equal(verdict(&f, "process_vm_readv").n_rules, 1);
	assert_int_equal(verdict(&f, "process_vm_readv").n_args, 1);
	assert_int_equal(verdict(&f, "mount").n_args, 1);
	assert_true(is_allowed(&f, "umount2"));
	fixture_done(&f);
	/* Beside a rule without conditions they say nothing. */
	open_and_rewrite(
		&f, PROFILE("SCMP_ACT_ERRNO", COND_RULE("'mount'", "SCMP_ACT_ALLOW") "," RULE(
						      "'mount'", "SCMP_ACT_ALLOW")));
	assert_true(is_allowed(&f, "mount"));
}

static void seccomp__allowed_already(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO",
				     RULE("'ptrace','read'", "SCMP_ACT_ALLOW") "," RULE(
					     "'mount'", "SCMP_ACT_LOG")));
	assert_true(is_allowed(&f, "ptrace"));
	assert_string_equal(verdict(&f, "mount").action, "SCMP_ACT_LOG");
	assert_int_equal(verdict(&f, "mount").n_rules, 1);
}

static void seccomp__denied_by_name_stays(void **state)
{
	static const char *const actions[] = {"SCMP_ACT_ERRNO",	       "SCMP_ACT_KILL",
					      "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
					      "SCMP_ACT_TRACE",	       "SCMP_ACT_NOTIFY"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *text = xasprintf(
			PROFILE("SCMP_ACT_ERRNO", "{'names':['mount','reboot'],'action':'%s'}"),
			actions[i]);

		open_and_rewrite(&f, text);
		assert_string_equal(verdict(&f, "mount").action, actions[i]);
		assert_int_equal(verdict(&f, "mount").n_rules, 1);
		assert_int_equal(verdict(&f, "reboot").n_rules, 1);
		assert_true(is_allowed(&f, "umount2"));
	}
}

/* A condition of the denial, and those of the allowing rule beside it. */
static void seccomp__denied_with_a_condition_stays(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO",
				     COND_RULE("'clone'", "SCMP_ACT_ERRNO") "," COND_RULE(
					     "'clone'", "SCMP_ACT_ALLOW")));
	assert_int_equal(verdict(&f, "clone").n_rules, 2);
	assert_int_equal(verdict(&f, "clone").n_args, 1);
}

static void seccomp__enosys_of_clone3_is_no_denial(void **state)
{
	_cleanup_(fixture_done) struct fixture f, g;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO", ERRNO_RULE("'clone3'", 38)));
	assert_true(is_allowed(&f, "clone3"));
	open_and_rewrite(&g, PROFILE("SCMP_ACT_ERRNO", ERRNO_RULE("'clone3'", 13)));
	assert_true(is_denied(&g, "clone3"));
}

static void seccomp__gates_of_podman_are_no_denials(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		PROFILE("SCMP_ACT_ERRNO", COMMON
			"," SYS_ADMIN "," ERRNO_RULE("'open_by_handle_at'", 1) "," ERRNO_RULE(
				"'kcmp','process_madvise'", 1) "," ERRNO_RULE("'acct'", 1)));
	assert_true(is_allowed(&f, "setns"));
	assert_true(is_allowed(&f, "bpf"));
	assert_true(is_allowed(&f, "open_by_handle_at"));
	assert_true(is_allowed(&f, "kcmp"));
	assert_true(is_denied(&f, "lookup_dcookie"));
	assert_true(is_denied(&f, "uselib"));
	assert_true(is_denied(&f, "acct"));
}

static void seccomp__denials_beside_podmans_stay(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO", COMMON
				     "," SYS_ADMIN "," ERRNO_RULE("'mount'", 1) "," ERRNO_RULE(
					     "'keyctl','bpf'", 1)));
	assert_true(is_denied(&f, "mount"));
	assert_true(is_denied(&f, "keyctl"));
}

/* The same short rule in any other profile is somebody's. */
static void seccomp__short_gate_elsewhere_is_a_denial(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO",
				     ERRNO_RULE("'bpf'", 1) "," ERRNO_RULE("'chroot'", 1)));
	assert_true(is_denied(&f, "bpf"));
	assert_true(is_denied(&f, "chroot"));
}

static void seccomp__not_outside_of_syscont_mode(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_SYSCONT_MODE=FALSE']",
					.linux_ = PROFILE("SCMP_ACT_ERRNO", "")});
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(f.spec->linux_->seccomp->n_rules, 0);
}

/* Its words would have the kernel start a program as the host's root. */
static void seccomp__request_key_without_words(void **state)
{
	const struct spec_seccomp *s;
	_cleanup_(fixture_done) struct fixture f;
	struct verdict v;

	(void)state;
	open_and_rewrite(&f, PROFILE("SCMP_ACT_ERRNO", ""));
	v = verdict(&f, "request_key");
	assert_string_equal(v.action, "SCMP_ACT_ALLOW");
	assert_int_equal(v.n_rules, 1);
	assert_int_equal(v.n_args, 1);
	s = f.spec->linux_->seccomp;
	for (size_t i = 0; i < s->n_rules; i++) {
		if (!strv_contains(s->rules[i].names, "request_key"))
			continue;
		assert_int_equal(s->rules[i].args[0].index, 2);
		assert_int_equal(s->rules[i].args[0].value, 0);
		assert_string_equal(s->rules[i].args[0].op, "SCMP_CMP_EQ");
	}
	assert_true(is_allowed(&f, "add_key"));
	fixture_done(&f);
	/* Who allows it himself means it. */
	open_and_rewrite(&f,
			 PROFILE("SCMP_ACT_ERRNO", RULE("'request_key'", "SCMP_ACT_ALLOW")));
	assert_true(is_allowed(&f, "request_key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seccomp__none_stays_none),
		cmocka_unit_test(seccomp__widens_what_denies_by_default),
		cmocka_unit_test(seccomp__host_affairs_stay_closed),
		cmocka_unit_test(seccomp__every_row_is_found),
		cmocka_unit_test(seccomp__others_stay),
		cmocka_unit_test(seccomp__conditions_go),
		cmocka_unit_test(seccomp__conditions_of_the_user_stay),
		cmocka_unit_test(seccomp__allowed_already),
		cmocka_unit_test(seccomp__denied_by_name_stays),
		cmocka_unit_test(seccomp__denied_with_a_condition_stays),
		cmocka_unit_test(seccomp__enosys_of_clone3_is_no_denial),
		cmocka_unit_test(seccomp__gates_of_podman_are_no_denials),
		cmocka_unit_test(seccomp__denials_beside_podmans_stay),
		cmocka_unit_test(seccomp__short_gate_elsewhere_is_a_denial),
		cmocka_unit_test(seccomp__request_key_without_words),
		cmocka_unit_test(seccomp__not_outside_of_syscont_mode),
	};

	return RUN(tests);
}

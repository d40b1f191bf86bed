/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#include <linux/mount.h>

#include "lib/strbuf.h"
#include "tests/golden/plan-print.h"

/* The one mount of a configuration that no pass has touched. */
static const struct plan_mount *plan_one(struct fixture *f, const char *mount)
{
	fixture_open(f, (struct parts){.mounts = mount});
	f->plan = xcalloc(1, sizeof(*f->plan));
	if (plan_mounts(f->plan, &f->sc, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(f->plan->n_mounts, 1);
	return &f->plan->mounts[0];
}

#define BIND(words) "{'destination':'/d','type':'bind','source':'/s','options':[" words "]}"

static void mounts__kinds(void **state)
{
	static const struct {
		const char *mount;
		enum plan_mount_kind kind;
	} rows[] = {
		{"{'destination':'/proc','type':'proc'}", PLAN_MOUNT_PROC},
		{"{'destination':'/elsewhere','type':'sysfs'}", PLAN_MOUNT_SYSFS},
		{"{'destination':'/c','type':'cgroup'}", PLAN_MOUNT_CGROUP},
		{"{'destination':'/c','type':'cgroup2'}", PLAN_MOUNT_CGROUP},
		{"{'destination':'/dev/','type':'tmpfs'}", PLAN_MOUNT_DEV},
		{"{'destination':'/dev/shm','type':'tmpfs'}", PLAN_MOUNT_FS},
		{"{'destination':'/x','type':'overlay'}", PLAN_MOUNT_FS},
		{"{'destination':'/dev','type':'bind','source':'/dev'}", PLAN_MOUNT_BIND},
		{"{'destination':'/p','type':'proc','source':'/p','options':['bind']}",
		 PLAN_MOUNT_BIND},
		{"{'destination':'/x','type':'none','options':['remount','ro']}",
		 PLAN_MOUNT_REMOUNT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;

		assert_int_equal(plan_one(&f, rows[i].mount)->kind, rows[i].kind);
	}
}

static void mounts__recursion(void **state)
{
	_cleanup_(fixture_done) struct fixture a, b, c, d;

	(void)state;
	assert_false(plan_one(&a, BIND("'bind'"))->flags & PLAN_MOUNT_RECURSIVE);
	assert_true(plan_one(&b, BIND("'rbind'"))->flags & PLAN_MOUNT_RECURSIVE);
	assert_true(plan_one(&c, BIND(""))->flags & PLAN_MOUNT_RECURSIVE);
	assert_false(plan_one(&d, BIND("'rbind','bind'"))->flags & PLAN_MOUNT_RECURSIVE);
}

static void mounts__propagation(void **state)
{
	_cleanup_(fixture_done) struct fixture a, b, c;

	(void)state;
	assert_int_equal(plan_one(&a, BIND("'bind'"))->propagation, MS_PRIVATE | MS_REC);
	assert_int_equal(plan_one(&b, BIND("'rslave','shared'"))->propagation, MS_SHARED);
	assert_int_equal(plan_one(&c, "{'destination':'/t','type':'tmpfs'}")->propagation, 0);
}

static void mounts__later_word_wins(void **state)
{
	_cleanup_(fixture_done) struct fixture a, b, c;
	const struct plan_mount *m;

	(void)state;
	m = plan_one(&a, BIND("'ro','rw','nosuid'"));
	assert_int_equal(m->attr_set, MOUNT_ATTR_NOSUID);
	assert_true(m->attr_clear & MOUNT_ATTR_RDONLY);
	m = plan_one(&b, BIND("'rw','ro'"));
	assert_true(m->attr_set & MOUNT_ATTR_RDONLY);
	m = plan_one(&c, BIND("'noatime','strictatime'"));
	assert_int_equal(m->attr_set & MOUNT_ATTR__ATIME, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(m->attr_clear & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
}

static void mounts__recursive_attributes(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_mount *m = plan_one(&f, BIND("'rbind','rro','rexec','nodev'"));

	(void)state;
	assert_int_equal(m->rec_attr_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(m->rec_attr_clear, MOUNT_ATTR_NOEXEC);
	assert_int_equal(m->attr_set, MOUNT_ATTR_NODEV);
}

static void mounts__data(void **state)
{
	_cleanup_(fixture_done) struct fixture f, g;
	const struct plan_mount *m;

	(void)state;
	m = plan_one(&f, "{'destination':'/t','type':'tmpfs','source':'x','options':"
			 "['size=1m','nosuid','mode=1777','sync','tmpcopyup','defaults']}");
	assert_string_equal(m->data, "size=1m,mode=1777");
	assert_int_equal(m->sb_flags, MS_SYNCHRONOUS);
	assert_true(m->flags & PLAN_MOUNT_COPYUP);
	assert_null(plan_one(&g, "{'destination':'/t','type':'tmpfs','options':['ro']}")->data);
}

static void mounts__target_is_cleaned(void **state)
{
	static const char *const rows[][2] = {
		{"/a/../../b//c/", "/b/c"},
		{"rel/x", "/rel/x"},
		{"/../..//x", "/x"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *text =
			xasprintf("{'destination':'%s','type':'tmpfs'}", rows[i][0]);

		assert_string_equal(plan_one(&f, text)->target, rows[i][1]);
	}
}

static void mounts__refused(void **state)
{
	static const char *const rows[] = {
		"{'destination':'/a/..','type':'tmpfs'}",
		"{'destination':'/','type':'bind','source':'/x'}",
		"{'destination':'/x','type':'bind'}",
		"{'destination':'/x','type':'none','source':'','options':['rbind']}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){.mounts = rows[i]});
		f.plan = xcalloc(1, sizeof(*f.plan));
		assert_int_equal(plan_mounts(f.plan, &f.sc, &f.err), -EINVAL);
		assert_non_null(strstr(f.err.text, "/"));
	}
}

static void mounts__without_idmap(void **state)
{
	static const struct {
		const char *source;
		bool is_mapped;
	} rows[] = {
		{"/srv/data", true},	  {"/proc", false},	{"/proc/../srv", true},
		{"/sys/fs/bpf", false},	  {"/dev/null", false}, {"/dev/shm/x", true},
		{"/dev/hugepages", true}, {"/device", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *text = xasprintf(
			"{'destination':'/d','type':'bind','source':'%s'}", rows[i].source);
		bool is_mapped = !(plan_one(&f, text)->flags & PLAN_MOUNT_NO_IDMAP);

		assert_int_equal(is_mapped, rows[i].is_mapped);
	}
}

static void mounts__skip_uid_shift(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f,
		(struct parts){.process = "'env':['SYSBOX_SKIP_UID_SHIFT=/d']",
			       .mounts = "{'destination':'/d/','type':'bind','source':'/s'},"
					 "{'destination':'/d/e','type':'bind','source':'/s'}"});
	assert_int_equal(fixture_plan(&f), 0);
	for (size_t i = 0; i < f.plan->n_mounts; i++)
		assert_int_equal((f.plan->mounts[i].flags & PLAN_MOUNT_NO_IDMAP) != 0,
				 strcmp(f.plan->mounts[i].target, "/d") == 0);
}

static void mounts__own_idmap(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct plan_mount *m =
		plan_one(&f, "{'destination':'/d','type':'bind','source':'/dev/"
			     "x','options':['ridmap','bind'],"
			     "'uidMappings':[{'containerID':0,'hostID':5,'size':7}],"
			     "'gidMappings':[{'containerID':1,'hostID':6,'size':8}]}");

	(void)state;
	assert_int_equal(m->flags, PLAN_MOUNT_OWN_IDMAP | PLAN_MOUNT_REC_IDMAP);
	assert_int_equal(idmap_to_outside(&m->idmap.uids, 6), 11);
	assert_int_equal(idmap_to_outside(&m->idmap.gids, 1), 6);
}

static void mounts__label(void **state)
{
	static const struct {
		const char *mount;
		const char *data;
	} rows[] = {
		{"{'destination':'/t','type':'tmpfs','options':['size=1m']}",
		 "size=1m,context=\"a:b:c:s0:c1,c2\""},
		{"{'destination':'/dev','type':'tmpfs'}", "context=\"a:b:c:s0:c1,c2\""},
		{"{'destination':'/proc','type':'proc'}", NULL},
		{"{'destination':'/d','type':'bind','source':'/s'}", NULL},
		{"{'destination':'/q','type':'mqueue'}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){.mounts = rows[i].mount,
						.linux_ = "'mountLabel':'a:b:c:s0:c1,c2'"});
		f.host.has_selinux = true;
		f.plan = xcalloc(1, sizeof(*f.plan));
		assert_int_equal(plan_mounts(f.plan, &f.sc, &f.err), 0);
		if (rows[i].data)
			assert_string_equal(f.plan->mounts[0].data, rows[i].data);
		else
			assert_null(f.plan->mounts[0].data);
	}
}

static void mounts__label_refused(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.mounts = "{'destination':'/t','type':'tmpfs'}"});
	f.spec->linux_->mount_label = xstrdup("a\",uid=0,\"");
	f.host.has_selinux = true;
	f.plan = xcalloc(1, sizeof(*f.plan));
	assert_int_equal(plan_mounts(f.plan, &f.sc, &f.err), -EINVAL);
}

/* A line break in a word makes no line of the plan's text. */
static void print__cannot_be_forged(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	size_t lines = 0;

	(void)state;
	(void)plan_one(&f, "{'destination':'/t\\nmask "
			   "/x','type':'t\\ny','source':'s\\nz','options':['a\\nb']}");
	f.plan->rootfs = xstrdup("r\nmount");
	plan_print(f.plan, &b);
	for (const char *s = strbuf_str(&b); (s = strstr(s, "\nmount")); s++)
		lines++;
	assert_int_equal(lines, 1);
	assert_null(strstr(strbuf_str(&b), "\nmask"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts__kinds),
		cmocka_unit_test(mounts__recursion),
		cmocka_unit_test(mounts__propagation),
		cmocka_unit_test(mounts__later_word_wins),
		cmocka_unit_test(mounts__recursive_attributes),
		cmocka_unit_test(mounts__data),
		cmocka_unit_test(mounts__target_is_cleaned),
		cmocka_unit_test(mounts__refused),
		cmocka_unit_test(mounts__without_idmap),
		cmocka_unit_test(mounts__skip_uid_shift),
		cmocka_unit_test(mounts__own_idmap),
		cmocka_unit_test(mounts__label),
		cmocka_unit_test(mounts__label_refused),
		cmocka_unit_test(print__cannot_be_forged),
	};

	return RUN(tests);
}

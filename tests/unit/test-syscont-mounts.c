/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#define USUAL                                                                                  \
	"{'destination':'/proc','type':'proc','source':'proc'},"                               \
	"{'destination':'/sys','type':'sysfs','source':'sysfs','options':['ro','nosuid']}"

static ssize_t index_of(const struct fixture *f, const char *destination)
{
	for (size_t i = 0; i < f->spec->n_mounts; i++)
		if (strcmp(f->spec->mounts[i].destination, destination) == 0)
			return (ssize_t)i;
	return -1;
}

static struct spec_mount *mount_of(const struct fixture *f, const char *destination)
{
	ssize_t i = index_of(f, destination);

	if (i < 0)
		fail_msg("nothing is mounted on %s", destination);
	return &f->spec->mounts[i];
}

static size_t count(const struct fixture *f, const char *destination)
{
	size_t n = 0;

	for (size_t i = 0; i < f->spec->n_mounts; i++)
		n += strcmp(f->spec->mounts[i].destination, destination) == 0;
	return n;
}

static void open_and_rewrite(struct fixture *f, struct parts p)
{
	fixture_open(f, p);
	assert_int_equal(fixture_rewrite(f), 0);
}

static void mounts__must_haves_of_nothing(void **state)
{
	static const char *const wanted[] = {"/proc",	 "/sys",     "/sys/fs/cgroup", "/dev",
					     "/dev/pts", "/dev/shm", "/dev/mqueue"};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){0});
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_int_equal(count(&f, wanted[i]), 1);
	assert_true(index_of(&f, "/sys") < index_of(&f, "/sys/fs/cgroup"));
	assert_true(index_of(&f, "/sys") < index_of(&f, "/sys/kernel/debug"));
	assert_true(index_of(&f, "/dev") < index_of(&f, "/dev/pts"));
	assert_int_equal(count(&f, "/run"), 0);
	assert_int_equal(count(&f, "/tmp"), 0);
}

static void mounts__writable_sys_and_cgroup(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){.mounts = USUAL});
	assert_false(strv_contains(mount_of(&f, "/sys")->options, "ro"));
	assert_true(strv_contains(mount_of(&f, "/sys")->options, "nosuid"));
	assert_false(strv_contains(mount_of(&f, "/sys/fs/cgroup")->options, "ro"));
}

static void mounts__user_order_is_kept(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){.mounts = "{'destination':'/b','type':'tmpfs'},{'destination':'/"
					 "a','type':'tmpfs'},"
					 "{'destination':'/b/c','type':'tmpfs'}"});
	assert_true(index_of(&f, "/b") < index_of(&f, "/a"));
	assert_true(index_of(&f, "/a") < index_of(&f, "/b/c"));
}

static void mounts__ours_stand_before_what_lies_below(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){.mounts = "{'destination':'/dev/shm/x','type':'bind','source':'/"
					 "x','options':['bind']},"
					 "{'destination':'/sys/fs/"
					 "bpf','type':'bind','source':'/y','options':['bind']},"
					 "{'destination':'/sys/kernel/debug/"
					 "z','type':'bind','source':'/z','options':['bind']}"});
	assert_true(index_of(&f, "/dev") < index_of(&f, "/dev/shm"));
	assert_true(index_of(&f, "/dev/shm") < index_of(&f, "/dev/shm/x"));
	assert_true(index_of(&f, "/sys") < index_of(&f, "/sys/fs/bpf"));
	assert_true(index_of(&f, "/sys/kernel/debug") < index_of(&f, "/sys/kernel/debug/z"));
}

static void mounts__below_cgroup_are_dropped(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){.mounts = USUAL
			       ",{'destination':'/sys/fs/"
			       "cgroup','type':'cgroup','source':'cgroup','options':['ro']},"
			       "{'destination':'/sys/fs/cgroup/systemd/"
			       "','type':'bind','source':'/c','options':['bind']},"
			       "{'destination':'/sys/fs/cgroup2','type':'bind','source':'/"
			       "c','options':['bind']}"});
	assert_int_equal(count(&f, "/sys/fs/cgroup"), 1);
	assert_int_equal(count(&f, "/sys/fs/cgroup/systemd"), 0);
	assert_int_equal(count(&f, "/sys/fs/cgroup2"), 1);
}

static void mounts__host_cgroup_is_replaced_silently(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){
			.mounts = "{'destination':'/sys/fs/cgroup','type':'bind','source':'/"
				  "sys/fs/cgroup','options':['rbind','ro']}"});
	assert_int_equal(count(&f, "/sys/fs/cgroup"), 1);
	assert_string_equal(mount_of(&f, "/sys/fs/cgroup")->type, "cgroup");
	assert_null(f.sc.warnings);
}

static void mounts__host_proc_is_replaced_with_a_warning(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){.mounts = USUAL
					    ",{'destination':'/proc','type':'none','source':'/"
					    "proc','options':['rbind']}"});
	assert_int_equal(count(&f, "/proc"), 1);
	assert_string_equal(mount_of(&f, "/proc")->type, "proc");
	assert_true(fixture_warns(&f, "/proc"));
}

static void mounts__users_own_win(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){
			.root = "'readonly':true",
			.mounts = "{'destination':'/run','type':'bind','source':'/"
				  "r','options':['bind']},"
				  "{'destination':'/tmp','type':'tmpfs','options':['size=1m']},"
				  "{'destination':'/dev/shm','type':'bind','source':'/"
				  "s','options':['bind']},"
				  "{'destination':'/sys/kernel/debug','type':'bind','source':'/"
				  "d','options':['bind']}"});
	assert_string_equal(mount_of(&f, "/run")->source, "/r");
	assert_true(strv_contains(mount_of(&f, "/tmp")->options, "size=1m"));
	assert_string_equal(mount_of(&f, "/dev/shm")->source, "/s");
	assert_string_equal(mount_of(&f, "/sys/kernel/debug")->source, "/d");
	assert_false(mount_of(&f, "/sys/kernel/debug")->optional);
	assert_int_equal(count(&f, "/run"), 1);
}

static void mounts__read_only_rootfs(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){.root = "'readonly':true", .mounts = USUAL});
	assert_string_equal(mount_of(&f, "/run")->type, "tmpfs");
	assert_true(strv_contains(mount_of(&f, "/tmp")->options, "mode=1777"));
	assert_true(strv_contains(mount_of(&f, "/sys")->options, "ro"));
	assert_true(strv_contains(mount_of(&f, "/sys/fs/cgroup")->options, "ro"));
}

static void mounts__read_only_rootfs_relaxed(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.root = "'readonly':true", .mounts = USUAL});
	f.sc.options.relaxed_read_only = true;
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_true(strv_contains(mount_of(&f, "/sys")->options, "rw"));
	assert_false(strv_contains(mount_of(&f, "/sys/fs/cgroup")->options, "ro"));
}

static void mounts__optional_ones_are_marked(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){0});
	assert_true(mount_of(&f, "/sys/kernel/tracing")->optional);
	assert_true(mount_of(&f, "/dev/mqueue")->optional);
	assert_false(mount_of(&f, "/proc")->optional);
}

static void mounts__not_outside_of_syscont_mode(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){.process = "'env':['SYSBOX_SYSCONT_MODE=FALSE']",
					    .mounts = USUAL});
	assert_int_equal(f.spec->n_mounts, 2);
	assert_true(strv_contains(mount_of(&f, "/sys")->options, "ro"));
}

static void mounts__systemd(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f, (struct parts){.mounts = "{'destination':'/run/x','type':'bind','source':'/"
					     "x','options':['bind']}"});
	assert_int_equal(count(&f, "/run"), 0);
	fixture_done(&f);

	fixture_open(
		&f, (struct parts){.mounts = "{'destination':'/run/x','type':'bind','source':'/"
					     "x','options':['bind']}"});
	free(f.spec->process->args[0]);
	f.spec->process->args[0] = xstrdup("/sbin/init");
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_true(f.sc.is_systemd);
	assert_true(index_of(&f, "/run") < index_of(&f, "/run/x"));
	assert_true(index_of(&f, "/run") < index_of(&f, "/run/lock"));
	assert_string_equal(strv_env_get(f.spec->process->env, "container"), "oci");
}

static void mounts__systemd_keeps_what_is_given(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f,
		(struct parts){
			.process = "'env':['container=podman']",
			.mounts =
				"{'destination':'/run','type':'tmpfs','options':['size=1m']}"});
	free(f.spec->process->args[0]);
	f.spec->process->args[0] = xstrdup("/usr/lib/systemd/systemd");
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(count(&f, "/run"), 1);
	assert_true(strv_contains(mount_of(&f, "/run")->options, "size=1m"));
	assert_string_equal(strv_env_get(f.spec->process->env, "container"), "podman");
}

static bool is_systemd(const char *args, const char *script)
{
	_cleanup_free_ char *process = xasprintf("'args':[%s]", args);
	_cleanup_(fixture_done) struct fixture f;
	struct image image = {.systemd_version = 257, .script = (char *)script};

	fixture_open(&f, (struct parts){.process = process});
	f.sc.image = &image;
	assert_int_equal(fixture_rewrite(&f), 0);
	return f.sc.is_systemd;
}

static void mounts__systemd_after_a_script(void **state)
{
	(void)state;
	assert_true(is_systemd("'sh','-c','mkdir x; exec /sbin/init'", NULL));
	assert_true(
		is_systemd("'sh','-c','exec  /lib/systemd/systemd --log-level=info'", NULL));
	assert_true(is_systemd("'/entry'", "#!/bin/sh\nset -e\nexec /sbin/init\n"));
	assert_true(is_systemd("'/entry','/sbin/init'", "#!/bin/sh\nexec \"$@\"\n"));
	assert_false(is_systemd("'sh','-c','exec /sbin/initial'", NULL));
	assert_false(is_systemd("'sh','-c','ls /sbin/init'", NULL));
	assert_false(is_systemd("'/sbin/docker-init','--','/sbin/init'", NULL));
	assert_false(is_systemd("'/entry','-v'", "#!/bin/sh\nexec \"$@\"\n"));
	assert_false(is_systemd("'/entry'", "#!/bin/sh\nexec "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts__must_haves_of_nothing),
		cmocka_unit_test(mounts__writable_sys_and_cgroup),
		cmocka_unit_test(mounts__user_order_is_kept),
		cmocka_unit_test(mounts__ours_stand_before_what_lies_below),
		cmocka_unit_test(mounts__below_cgroup_are_dropped),
		cmocka_unit_test(mounts__host_cgroup_is_replaced_silently),
		cmocka_unit_test(mounts__host_proc_is_replaced_with_a_warning),
		cmocka_unit_test(mounts__users_own_win),
		cmocka_unit_test(mounts__read_only_rootfs),
		cmocka_unit_test(mounts__read_only_rootfs_relaxed),
		cmocka_unit_test(mounts__optional_ones_are_marked),
		cmocka_unit_test(mounts__not_outside_of_syscont_mode),
		cmocka_unit_test(mounts__systemd),
		cmocka_unit_test(mounts__systemd_keeps_what_is_given),
		cmocka_unit_test(mounts__systemd_after_a_script),
	};

	return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <linux/mount.h>
#include <signal.h>
#include <sys/resource.h>

#include "lib/flags.h"
#include "lib/sys.h"

/* The words of runtime-spec 1.2, config.md, "Linux mount options", and tmpcopyup, rnodev. */
static const char *const spec_words[] = {
	"async",	 "atime",	 "bind",
	"defaults",	 "dev",		 "diratime",
	"dirsync",	 "exec",	 "idmap",
	"iversion",	 "lazytime",	 "loud",
	"mand",		 "noatime",	 "nodev",
	"nodiratime",	 "noexec",	 "noiversion",
	"nolazytime",	 "nomand",	 "norelatime",
	"nostrictatime", "nosuid",	 "nosymfollow",
	"private",	 "ratime",	 "rbind",
	"rdev",		 "rdiratime",	 "relatime",
	"remount",	 "rexec",	 "ridmap",
	"rnoatime",	 "rnodev",	 "rnodiratime",
	"rnoexec",	 "rnorelatime",	 "rnostrictatime",
	"rnosuid",	 "rnosymfollow", "ro",
	"rprivate",	 "rrelatime",	 "rro",
	"rrw",		 "rshared",	 "rslave",
	"rstrictatime",	 "rsuid",	 "rsymfollow",
	"runbindable",	 "rw",		 "shared",
	"silent",	 "slave",	 "strictatime",
	"suid",		 "symfollow",	 "sync",
	"tmpcopyup",	 "unbindable",
};

static void mount_options__are_those_of_the_spec(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spec_words); i++)
		assert_non_null(flags_mount_option(spec_words[i]));
	while (flags_mount_options[n].name)
		n++;
	assert_int_equal(n, ARRAY_SIZE(spec_words));
}

static void mount_options__are_sorted_and_unique(void **state)
{
	(void)state;
	for (const struct mount_option *o = flags_mount_options + 1; o->name; o++)
		assert_true(strcmp(o[-1].name, o->name) < 0);
}

/* Setting an access time clears the whole field, else mount_setattr(2) says EINVAL. */
static void mount_options__access_times_clear_the_field(void **state)
{
	(void)state;
	for (const struct mount_option *o = flags_mount_options; o->name; o++) {
		if (o->kind != MOUNT_OPTION_ATTR && o->kind != MOUNT_OPTION_REC_ATTR)
			continue;
		if (o->set & MOUNT_ATTR__ATIME)
			assert_int_equal(o->clear & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
	}
	assert_int_equal(flags_mount_option("relatime")->clear, MOUNT_ATTR__ATIME);
	assert_int_equal(flags_mount_option("relatime")->set, 0);
}

/* The recursive words are the plain ones with an r in front. */
static void mount_options__recursive_pairs(void **state)
{
	(void)state;
	for (const struct mount_option *o = flags_mount_options; o->name; o++) {
		const struct mount_option *plain;

		if (o->kind != MOUNT_OPTION_REC_ATTR)
			continue;
		plain = flags_mount_option(o->name + 1);
		assert_non_null(plain);
		assert_int_equal(plain->kind, MOUNT_OPTION_ATTR);
		assert_int_equal(plain->set, o->set);
		assert_int_equal(plain->clear, o->clear);
	}
}

static void mount_options__kinds(void **state)
{
	(void)state;
	assert_int_equal(flags_mount_option("rro")->kind, MOUNT_OPTION_REC_ATTR);
	assert_int_equal(flags_mount_option("ro")->set, MOUNT_ATTR_RDONLY);
	assert_int_equal(flags_mount_option("rw")->clear, MOUNT_ATTR_RDONLY);
	assert_int_equal(flags_mount_option("sync")->kind, MOUNT_OPTION_SB);
	assert_int_equal(flags_mount_option("rslave")->set, MS_SLAVE | MS_REC);
	assert_int_equal(flags_mount_option("rbind")->set, MS_BIND | MS_REC);
	assert_null(flags_mount_option("size=64k"));
	assert_null(flags_mount_option(""));
}

static void namespaces__by_name_and_file(void **state)
{
	(void)state;
	assert_int_equal(flag_find(flags_namespaces, "network")->value, CLONE_NEWNET);
	assert_string_equal(flag_name(flags_namespaces, CLONE_NEWNS), "mount");
	assert_string_equal(flags_ns_file(CLONE_NEWNS), "mnt");
	assert_string_equal(flags_ns_file(CLONE_NEWTIME), "time");
	assert_null(flags_ns_file(12345));
	assert_null(flag_find(flags_namespaces, "mnt"));
	assert_null(flag_name(flags_namespaces, 1));
}

static void rlimits__all_of_the_kernel(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < RLIM_NLIMITS; i++)
		assert_non_null(flag_name(flags_rlimits, i));
	assert_int_equal(flag_find(flags_rlimits, "RLIMIT_NOFILE")->value, RLIMIT_NOFILE);
}

static void flags_signal__spellings(void **state)
{
	(void)state;
	assert_int_equal(flags_signal("SIGTERM"), SIGTERM);
	assert_int_equal(flags_signal("TERM"), SIGTERM);
	assert_int_equal(flags_signal("term"), SIGTERM);
	assert_int_equal(flags_signal("sigterm"), SIGTERM);
	assert_int_equal(flags_signal("15"), SIGTERM);
	assert_int_equal(flags_signal("0"), 0);
	assert_int_equal(flags_signal("64"), 64);
}

static void flags_signal__realtime(void **state)
{
	(void)state;
	assert_int_equal(flags_signal("RTMIN"), SIGRTMIN);
	assert_int_equal(flags_signal("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(flags_signal("rtmax-1"), SIGRTMAX - 1);
	assert_int_equal(flags_signal("RTMAX"), SIGRTMAX);
}

static void flags_signal__unknown(void **state)
{
	static const char *const bad[] = {
		"",
		"SIG",
		"65",
		"-1",
		"FOO",
		"RTMIN-1",
		"RTMAX+1",
		"RTMIN+",
		"RTMIN31",
		"RTMIN+31",
		"SIGSIGTERM",
		"1 5",
		"TERMINATEALLOFTHEM",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(flags_signal(bad[i]), -EINVAL);
}

static void signals__every_number_has_a_name(void **state)
{
	(void)state;
	for (uint64_t i = 1; i < 32; i++)
		assert_non_null(flag_name(flags_signals, i));
}

static void scheduling__names(void **state)
{
	(void)state;
	assert_int_equal(flag_find(flags_sched_policies, "SCHED_DEADLINE")->value, 6);
	assert_int_equal(flag_find(flags_sched_flags, "SCHED_FLAG_DL_OVERRUN")->value, 4);
	assert_int_equal(flag_find(flags_io_classes, "IOPRIO_CLASS_IDLE")->value, 3);
	assert_int_equal(flag_find(flags_personalities, "LINUX32")->value, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mount_options__are_those_of_the_spec),
		cmocka_unit_test(mount_options__are_sorted_and_unique),
		cmocka_unit_test(mount_options__access_times_clear_the_field),
		cmocka_unit_test(mount_options__recursive_pairs),
		cmocka_unit_test(mount_options__kinds),
		cmocka_unit_test(namespaces__by_name_and_file),
		cmocka_unit_test(rlimits__all_of_the_kernel),
		cmocka_unit_test(flags_signal__spellings),
		cmocka_unit_test(flags_signal__realtime),
		cmocka_unit_test(flags_signal__unknown),
		cmocka_unit_test(signals__every_number_has_a_name),
		cmocka_unit_test(scheduling__names),
	};

	return RUN(tests);
}

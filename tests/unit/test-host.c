/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/capability.h>

#include "src/host.c"
#include "tests/golden/host-json.h"

static void expect_hierarchy(const struct host *h, size_t i, const char *controllers,
			     const char *path)
{
	assert_true(i < h->n_hierarchies);
	assert_string_equal(h->hierarchies[i].controllers, controllers);
	assert_string_equal(h->hierarchies[i].path, path);
}

static void mountinfo(struct host *h, const char *line)
{
	char *copy = xstrdup(line);

	mountinfo_line(h, copy);
	free(copy);
}

static void mountinfo_line__finds_hierarchies(void **state)
{
	struct host h = {0};

	(void)state;
	mountinfo(&h,
		  "31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755");
	assert_int_equal(h.n_hierarchies, 0);
	mountinfo(&h, "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup "
		      "rw,cpu,cpuacct");
	mountinfo(&h, "33 31 0:30 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup "
		      "rw,xattr,release_agent=/lib/systemd/agent,name=systemd");
	mountinfo(&h, "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup none "
		      "rw,cpuset,clone_children,cpuset_v2_mode");
	mountinfo(&h, "35 31 0:32 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 "
		      "rw,nsdelegate");
	/* The same hierarchy again, bound into some container. */
	mountinfo(&h,
		  "90 80 0:29 /docker/x /var/lib/x/cgroup rw - cgroup cgroup rw,cpu,cpuacct");
	/* Others of a similar name. */
	mountinfo(&h, "91 80 0:50 / /mnt rw - ext4 /dev/sda rw");
	mountinfo(&h, "92 80 0:51 / /mnt\\040-\\040cgroup rw - ext4 cgroup rw,memory");
	assert_int_equal(h.n_hierarchies, 4);
	expect_hierarchy(&h, 0, "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct");
	expect_hierarchy(&h, 1, "name=systemd", "/sys/fs/cgroup/systemd");
	expect_hierarchy(&h, 2, "cpuset", "/sys/fs/cgroup/cpuset");
	expect_hierarchy(&h, 3, "", "/sys/fs/cgroup/uni fied");
	host_done(&h);
}

static void mode_of__says_the_layout(void **state)
{
	struct host h = {0};

	(void)state;
	assert_int_equal(mode_of(&h), HOST_CGROUP_NONE);
	hierarchy_add(&h, xstrdup(""), xstrdup("/a"));
	assert_int_equal(mode_of(&h), HOST_CGROUP_V2);
	hierarchy_add(&h, xstrdup("memory"), xstrdup("/b"));
	assert_int_equal(mode_of(&h), HOST_CGROUP_HYBRID);
	host_done(&h);
	hierarchy_add(&h, xstrdup("memory"), xstrdup("/b"));
	assert_int_equal(mode_of(&h), HOST_CGROUP_V1);
	host_done(&h);
}

static void probe__finds_this_machine(void **state)
{
	struct host h;
	struct error err = {0};
	struct utsname u;

	(void)state;
	if (host_probe(&h, &err) < 0)
		fail_msg("%s", err.text);
	uname(&u);
	assert_string_equal(h.kernel_release, u.release);
	assert_int_equal(h.cgroup_mode, mode_of(&h));
	for (size_t i = 0; i < h.n_hierarchies; i++) {
		struct statfs fs;

		assert_int_equal(statfs(h.hierarchies[i].path, &fs), 0);
		assert_int_equal(fs.f_type, *h.hierarchies[i].controllers
						    ? CGROUP_SUPER_MAGIC
						    : CGROUP2_SUPER_MAGIC);
	}
	assert_true(h.namespaces & CLONE_NEWNS);
	host_done(&h);
}

static const char good_host[] =
	"{\"kernelRelease\":\"6.1.0-18-amd64\",\"cgroupMode\":\"v2\","
	"\"hierarchies\":[{\"controllers\":\"\",\"path\":\"/sys/fs/cgroup\"}],"
	"\"v2Controllers\":[\"cpu\",\"memory\"],"
	"\"namespaces\":[\"user\",\"mount\",\"pid\",\"network\",\"ipc\",\"uts\",\"cgroup\","
	"\"time\"],"
	"\"capabilities\":[\"CAP_SYS_ADMIN\",\"CAP_SETUID\",\"CAP_SETGID\",\"CAP_CHOWN\","
	"\"CAP_DAC_OVERRIDE\",\"CAP_FOWNER\",\"CAP_MKNOD\",\"CAP_KILL\",\"CAP_SYS_CHROOT\"],"
	"\"systemd\":true,\"seccomp\":true,\"fuse\":true,\"maxUserNamespaces\":1000}";

static void parse(struct host *h)
{
	struct error err = {0};

	if (host_parse(h, good_host, strlen(good_host), "host.json", &err) < 0)
		fail_msg("%s", err.text);
}

static void parse__reads_every_fact(void **state)
{
	struct host h;

	(void)state;
	parse(&h);
	assert_string_equal(h.kernel_release, "6.1.0-18-amd64");
	assert_int_equal(h.cgroup_mode, HOST_CGROUP_V2);
	expect_hierarchy(&h, 0, "", "/sys/fs/cgroup");
	assert_string_equal(h.v2_controllers[1], "memory");
	assert_true(h.namespaces & CLONE_NEWTIME);
	assert_true(h.caps & CAPS_BIT(CAP_SYS_ADMIN));
	assert_false(h.caps & CAPS_BIT(CAP_SYS_RESOURCE));
	assert_true(h.has_systemd && h.has_seccomp && h.has_fuse);
	assert_false(h.has_apparmor || h.has_selinux || h.has_tun);
	assert_int_equal(h.max_user_namespaces, 1000);
	host_done(&h);
}

static void parse__refuses_unknown_words(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{"{\"kernelRelease\":\"6.1\",\"cgroupMode\":\"v3\"}",
		 "x: cgroupMode: unknown value \"v3\""},
		{"{\"kernelRelease\":\"6.1\",\"cgroupMode\":\"v2\",\"namespaces\":[\"moon\"]}",
		 "x: namespaces: unknown value \"moon\""},
		{"{\"kernelRelease\":\"6.1\",\"cgroupMode\":\"v2\",\"capabilities\":[\"CAP_X\"]"
		 "}",
		 "x: capabilities: unknown value \"CAP_X\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host h;
		struct error err = {0};

		assert_int_equal(
			host_parse(&h, cases[i].text, strlen(cases[i].text), "x", &err),
			-EINVAL);
		assert_string_equal(err.text, cases[i].want);
	}
}

/* What was probed here survives the way through text. */
static void format__is_what_parse_reads(void **state)
{
	_cleanup_free_ char *text = NULL, *again = NULL;
	struct host h, copy;
	struct error err = {0};

	(void)state;
	assert_int_equal(host_probe(&h, &err), 0);
	text = host_format(&h);
	if (host_parse(&copy, text, strlen(text), "host.json", &err) < 0)
		fail_msg("%s", err.text);
	again = host_format(&copy);
	assert_string_equal(text, again);
	assert_int_equal(copy.caps, h.caps);
	assert_int_equal(copy.namespaces, h.namespaces);
	assert_int_equal(copy.n_hierarchies, h.n_hierarchies);
	host_done(&h);
	host_done(&copy);
}

static void expect_refused(const struct host *h, int errnum, const char *want)
{
	struct error err = {0};

	assert_int_equal(host_check(h, &err), -errnum);
	if (!strstr(err.text, want))
		fail_msg("\"%s\" is not in \"%s\"", want, err.text);
}

static void release(struct host *h, const char *text)
{
	free(h->kernel_release);
	h->kernel_release = xstrdup(text);
}

static void check__kernel(void **state)
{
	static const char *const good[] = {"5.19.0", "5.19", "6.0.0-rc1+", "6.18.44-x", "10.0"};
	static const char *const old[] = {"5.18.19", "5.4.0-150-generic", "4.18.0-513.el8"};
	struct error err = {0};
	struct host h;

	(void)state;
	parse(&h);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		release(&h, good[i]);
		assert_int_equal(host_check(&h, &err), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		release(&h, old[i]);
		expect_refused(&h, ENOSYS, "boot a newer kernel");
		expect_refused(&h, ENOSYS, old[i]);
	}
	release(&h, "weird");
	expect_refused(&h, ENOSYS, "cannot make out");
	host_done(&h);
}

static void check__says_what_to_mend(void **state)
{
	struct error err = {0};
	struct host h;

	(void)state;
	parse(&h);
	assert_int_equal(host_check(&h, &err), 0);

	h.max_user_namespaces = 0;
	expect_refused(&h, ENOSPC, "sysctl -w user.max_user_namespaces=");
	h.max_user_namespaces = 1;

	h.namespaces &= ~(uint64_t)CLONE_NEWUSER;
	expect_refused(&h, ENOSYS, "no user namespaces");
	h.namespaces |= CLONE_NEWUSER;

	/* Time namespaces are a matter of taste. */
	h.namespaces &= ~(uint64_t)CLONE_NEWTIME;
	assert_int_equal(host_check(&h, &err), 0);

	h.caps &= ~CAPS_BIT(CAP_SYS_ADMIN);
	expect_refused(&h, EPERM, "CAP_SYS_ADMIN");
	h.caps |= CAPS_BIT(CAP_SYS_ADMIN);

	h.cgroup_mode = HOST_CGROUP_NONE;
	expect_refused(&h, ENOENT, "mount -t cgroup2");
	h.cgroup_mode = HOST_CGROUP_HYBRID;
	expect_refused(&h, ENOENT, "\"devices\" is not mounted");
	hierarchy_add(&h, xstrdup("blkio,devices"), xstrdup("/sys/fs/cgroup/devices"));
	assert_int_equal(host_check(&h, &err), 0);
	host_done(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mountinfo_line__finds_hierarchies),
		cmocka_unit_test(mode_of__says_the_layout),
		cmocka_unit_test(probe__finds_this_machine),
		cmocka_unit_test(parse__reads_every_fact),
		cmocka_unit_test(parse__refuses_unknown_words),
		cmocka_unit_test(format__is_what_parse_reads),
		cmocka_unit_test(check__kernel),
		cmocka_unit_test(check__says_what_to_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

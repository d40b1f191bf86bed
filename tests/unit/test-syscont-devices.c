/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#define DENY_ALL  "{'allow':false,'access':'rwm'}"
#define ALLOW_ALL "{'allow':true,'access':'rwm'}"
#define DISK                                                                                   \
	"{'path':'/dev/sda','type':'b','major':8,'minor':0,'fileMode':432,'uid':0,"            \
	"'gid':6}"

static struct spec_device *device_of(const struct fixture *f, const char *path)
{
	const struct spec_linux *l = f->spec->linux_;

	for (size_t i = 0; i < l->n_devices; i++)
		if (strcmp(l->devices[i].path, path) == 0)
			return &l->devices[i];
	return NULL;
}

static const struct plan_device *planned(const struct fixture *f, const char *path)
{
	for (size_t i = 0; i < f->plan->n_devices; i++)
		if (strcmp(f->plan->devices[i].path, path) == 0)
			return &f->plan->devices[i];
	return NULL;
}

static bool has_rule(const struct fixture *f, int64_t major, int64_t minor)
{
	const struct spec_resources *r = f->spec->linux_->resources;

	for (size_t i = 0; i < r->n_devices; i++)
		if (r->devices[i].allow && r->devices[i].major.present &&
		    r->devices[i].major.value == major && r->devices[i].minor.present &&
		    r->devices[i].minor.value == minor)
			return true;
	return false;
}

static void open_and_plan(struct fixture *f, struct parts p)
{
	fixture_open(f, p);
	assert_int_equal(fixture_plan(f), 0);
}

static void devices__of_every_container(void **state)
{
	static const char *const nodes[] = {"/dev/null",   "/dev/zero",	   "/dev/full",
					    "/dev/random", "/dev/urandom", "/dev/tty"};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){.process = "'env':['SYSBOX_SYSCONT_MODE=FALSE']"});
	assert_int_equal(f.plan->n_devices, ARRAY_SIZE(nodes));
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		assert_non_null(planned(&f, nodes[i]));
		assert_int_equal(planned(&f, nodes[i])->mode, S_IFCHR | 0666);
		assert_false(planned(&f, nodes[i])->optional);
	}
}

static void devices__of_a_system_container(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){0});
	assert_int_equal(planned(&f, "/dev/fuse")->minor, 229);
	assert_true(planned(&f, "/dev/fuse")->optional);
	assert_int_equal(planned(&f, "/dev/net/tun")->minor, 200);
	assert_int_equal(planned(&f, "/dev/kmsg")->minor, 3);
	assert_true(has_rule(&f, 10, 229));
	assert_true(has_rule(&f, 10, 200));
}

static void devices__what_the_host_lacks(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_EMULATE=off']"});
	f.host.has_fuse = f.host.has_tun = false;
	assert_int_equal(fixture_plan(&f), 0);
	assert_null(planned(&f, "/dev/fuse"));
	assert_null(planned(&f, "/dev/net/tun"));
}

static void devices__given_one_wins(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){.linux_ = "'devices':[{'path':'/dev//"
						   "fuse','type':'c','major':10,'minor':229,'"
						   "fileMode':384,'gid':7}]"});
	assert_int_equal(planned(&f, "/dev/fuse")->mode, S_IFCHR | 0600);
	assert_int_equal(planned(&f, "/dev/fuse")->gid, 7);
	assert_false(planned(&f, "/dev/fuse")->optional);
}

/* A node that the user names is his, with the ids that the engine wrote. */
static void devices__given_disk(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){.linux_ = "'devices':[" DISK
						   "],'resources':{'devices':[" DENY_ALL "]}"});
	assert_int_equal(planned(&f, "/dev/sda")->uid, 0);
	assert_int_equal(planned(&f, "/dev/sda")->gid, 6);
	assert_int_equal(planned(&f, "/dev/sda")->mode, S_IFBLK | 0660);
}

/* --privileged: nobody asked for the disk, and root inside must not own it. */
static void devices__privileged_leaves_nodes_to_the_host(void **state)
{
	static const char *const rules[] = {
		ALLOW_ALL,
		DENY_ALL "," ALLOW_ALL,
		"{'allow':true,'type':'a','access':'rwm'}",
		"{'allow':true,'type':'a','major':-1,'minor':-1,'access':'rwm'}",
		"{'allow':true,'type':'','access':'rw'}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		_cleanup_(fixture_done) struct fixture f;
		_cleanup_free_ char *text =
			xasprintf("'devices':[" DISK
				  ",{'path':'/dev/null','type':'c','major':1,'minor':3}],"
				  "'resources':{'devices':[%s]}",
				  rules[i]);

		open_and_plan(&f, (struct parts){.linux_ = text});
		assert_int_equal(planned(&f, "/dev/sda")->uid, IDMAP_NONE);
		assert_int_equal(planned(&f, "/dev/sda")->gid, IDMAP_NONE);
		assert_int_equal(planned(&f, "/dev/null")->uid, 0);
		assert_int_equal(planned(&f, "/dev/fuse")->uid, 0);
	}
}

/* Nor one that an image or a volume has brought along. What all may open is left, as it is. */
static void devices__privileged_allows_what_is_open_to_all(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct spec_resources *r;

	(void)state;
	open_and_plan(
		&f, (struct parts){
			    .linux_ = "'devices':[" DISK
				      ",{'path':'/dev/gpu','type':'c','major':226,'minor':128,"
				      "'fileMode':438}"
				      ",{'path':'/dev/usb','type':'c','major':189,'minor':1,"
				      "'fileMode':436}],'resources':{'devices':[" ALLOW_ALL
				      ",{'allow':false,'type':'c','major':9,'minor':9}]}"});
	r = f.spec->linux_->resources;
	assert_false(r->devices[0].allow);
	assert_string_equal(r->devices[0].access, "rwm");
	assert_false(has_rule(&f, 8, 0));
	assert_true(has_rule(&f, 226, 128));
	assert_string_equal(r->devices[1].access, "rw");
	assert_string_equal(r->devices[2].access, "r");
	assert_true(has_rule(&f, 10, 229));
	for (size_t i = 0; i < r->n_devices; i++)
		if (r->devices[i].major.present && r->devices[i].major.value == 9)
			return;
	fail_msg("the rule behind is gone");
}

/* A name of ours does not make it ours. */
static void devices__privileged_looks_at_numbers(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){.linux_ = "'devices':[{'path':'/dev/"
						   "fuse','type':'c','major':1,'minor':1}],"
						   "'resources':{'devices':[" ALLOW_ALL "]}"});
	assert_int_equal(planned(&f, "/dev/fuse")->uid, IDMAP_NONE);
}

static void devices__kmsg_is_never_the_hosts(void **state)
{
	static const char node[] =
		"'devices':[{'path':'/dev/kmsg','type':'c','major':1,'minor':11}]";
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(
		&f,
		(struct parts){.linux_ = node,
			       .mounts = "{'destination':'/dev/kmsg','type':'bind','source':'/"
					 "dev/kmsg','options':['bind']}"});
	assert_int_equal(planned(&f, "/dev/kmsg")->minor, 3);
	assert_null(spec_find_mount(f.spec, "/dev/kmsg"));
	assert_true(fixture_warns(&f, "/dev/kmsg"));
}

static void devices__kmsg_of_privileged_needs_no_warning(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){.linux_ = "'devices':[{'path':'/dev/"
						   "kmsg','type':'c','major':1,'minor':11}],"
						   "'resources':{'devices':[" ALLOW_ALL "]}"});
	assert_int_equal(planned(&f, "/dev/kmsg")->minor, 3);
	assert_null(f.sc.warnings);
}

/* Docker denies /dev/fuse by name in every configuration. */
static void devices__our_rules_come_last(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct spec_resources *r;

	(void)state;
	open_and_plan(&f, (struct parts){.linux_ = "'resources':{'devices':[" DENY_ALL
						   ",{'allow':false,'type':'c','major':10,'"
						   "minor':229,'access':'rwm'}]}"});
	r = f.spec->linux_->resources;
	assert_false(r->devices[1].allow);
	for (size_t i = 2; i < r->n_devices; i++)
		assert_true(r->devices[i].allow);
	assert_true(has_rule(&f, 10, 229));
}

static void devices__without_rules_the_given_are_allowed(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(&f, (struct parts){.linux_ = "'devices':[" DISK "]"});
	assert_true(has_rule(&f, 8, 0));
	assert_int_equal(device_of(&f, "/dev/sda")->uid.value, 0);
}

static void devices__made_elsewhere(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_plan(
		&f, (struct parts){
			    .linux_ = "'devices':[{'path':'/dev/"
				      "ptmx','type':'c','major':5,'minor':2},"
				      "{'path':'/dev/console','type':'c','major':5,'minor':1},"
				      "{'path':'/dev/pipe','type':'p'},"
				      "{'path':'/dev/"
				      "u','type':'u','major':4,'minor':1,'fileMode':8612}]"});
	assert_null(planned(&f, "/dev/ptmx"));
	assert_null(planned(&f, "/dev/console"));
	assert_int_equal(planned(&f, "/dev/pipe")->mode, S_IFIFO | 0666);
	assert_int_equal(planned(&f, "/dev/u")->mode, S_IFCHR | 0644);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices__of_every_container),
		cmocka_unit_test(devices__of_a_system_container),
		cmocka_unit_test(devices__what_the_host_lacks),
		cmocka_unit_test(devices__given_one_wins),
		cmocka_unit_test(devices__given_disk),
		cmocka_unit_test(devices__privileged_leaves_nodes_to_the_host),
		cmocka_unit_test(devices__privileged_allows_what_is_open_to_all),
		cmocka_unit_test(devices__privileged_looks_at_numbers),
		cmocka_unit_test(devices__kmsg_is_never_the_hosts),
		cmocka_unit_test(devices__kmsg_of_privileged_needs_no_warning),
		cmocka_unit_test(devices__our_rules_come_last),
		cmocka_unit_test(devices__without_rules_the_given_are_allowed),
		cmocka_unit_test(devices__made_elsewhere),
	};

	return RUN(tests);
}

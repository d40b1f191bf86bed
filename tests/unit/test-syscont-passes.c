/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, ids, paths, capabilities, labels: the short passes. */
#include "tests/unit/syscont.h"

static void drop_namespace(struct fixture *f, const char *type)
{
	struct spec_namespace *ns = spec_find_namespace(f->spec, type);

	free(ns->type);
	ns->type = xstrdup("none");
}

static void ns__all_are_added(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(f.plan->unshare, ALL_NAMESPACES & ~CLONE_NEWUSER);
	assert_int_equal(f.plan->n_joins, 0);
	assert_true(f.plan->timens.boottime_from_zero);
}

static void ns__what_the_kernel_lacks(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	f.host.namespaces = ALL_NAMESPACES & ~(uint64_t)CLONE_NEWTIME;
	assert_int_equal(fixture_plan(&f), 0);
	assert_null(spec_find_namespace(f.spec, "time"));
	assert_false(f.plan->timens.present);
}

static void ns__no_user_namespace(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	f.host.namespaces = CLONE_NEWNS;
	assert_int_equal(fixture_rewrite(&f), -ENOTSUP);
}

static void ns__missing_is_said_in_dockers_words(void **state)
{
	static const struct {
		const char *type, *word;
	} rows[] = {
		{"pid", "--pid=host"}, {"network", "--net=host"},    {"ipc", "--ipc=host"},
		{"uts", "--uts=host"}, {"mount", "mount namespace"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){0});
		drop_namespace(&f, rows[i].type);
		assert_int_equal(fixture_rewrite(&f), -EINVAL);
		assert_non_null(strstr(f.err.text, rows[i].word));
	}
}

static void ns__two_missing(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	drop_namespace(&f, "ipc");
	drop_namespace(&f, "pid");
	assert_int_equal(fixture_rewrite(&f), -EINVAL);
	assert_non_null(strstr(f.err.text, "pid and ipc namespaces"));
	assert_non_null(strstr(f.err.text, "--pid=host and --ipc=host"));
}

static void ns__also_outside_of_syscont_mode(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_SYSCONT_MODE=FALSE']"});
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(f.plan->unshare, ALL_NAMESPACES & ~CLONE_NEWUSER);
	assert_int_equal(f.plan->idmap.uids.extents[0].outside, 100000);
	assert_false(f.plan->timens.boottime_from_zero);
}

static void ns__by_path(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	spec_find_namespace(f.spec, "network")->path = xstrdup("/run/netns/x");
	spec_find_namespace(f.spec, "pid")->path = xstrdup("");
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(f.plan->n_joins, 1);
	assert_int_equal(f.plan->joins[0].type, CLONE_NEWNET);
	assert_string_equal(f.plan->joins[0].path, "/run/netns/x");
	assert_true(f.plan->unshare & CLONE_NEWPID);
	assert_false(f.plan->unshare & CLONE_NEWNET);
}

static void ns__user_by_path_has_its_maps(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct spec_namespace *ns;

	(void)state;
	fixture_open(&f, (struct parts){0});
	ns = array_add((void **)&f.spec->linux_->namespaces, &f.spec->linux_->n_namespaces,
		       sizeof(*ns));
	ns->type = xstrdup("user");
	ns->path = xstrdup("/proc/1/ns/user");
	assert_int_equal(fixture_plan(&f), 0);
	assert_true(idmap_is_empty(&f.plan->idmap));
	assert_int_equal(f.spec->linux_->n_uid_mappings, 0);
}

/* A configuration that names a time namespace gets the offsets that it gives, or none. */
static void ns__time_namespace_of_the_specification(void **state)
{
	static const struct {
		const char *linux_;
		bool from_zero;
	} cases[] = {
		{NULL, true},
		{"'namespaces':[{'type':'mount'},{'type':'pid'},{'type':'network'},"
		 "{'type':'ipc'},{'type':'uts'},{'type':'time'}]",
		 false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){.linux_ = cases[i].linux_});
		assert_int_equal(fixture_plan(&f), 0);
		assert_true(f.plan->timens.present);
		assert_int_equal(f.plan->timens.boottime_from_zero, cases[i].from_zero);
	}
}

static void ns__time_offsets_of_the_specification(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f,
		(struct parts){.linux_ = "'timeOffsets':{'boottime':{'secs':7,'nanosecs':5}}"});
	assert_int_equal(fixture_plan(&f), 0);
	assert_true(f.plan->timens.has_boottime);
	assert_false(f.plan->timens.has_monotonic);
	assert_false(f.plan->timens.boottime_from_zero);
	assert_int_equal(f.plan->timens.boottime.tv_sec, 7);
	assert_int_equal(f.plan->timens.boottime.tv_nsec, 5);
}

#define MAP(c, h, s) "{'containerID':" #c ",'hostID':" #h ",'size':" #s "}"
#define MAPS(m)	     "'uidMappings':[" m "],'gidMappings':[" m "]"

static void ids__reserved_range(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(idmap_to_outside(&f.plan->idmap.uids, 65535), 165535);
	assert_int_equal(idmap_to_outside(&f.plan->idmap.gids, 0), 100000);
	assert_null(f.sc.warnings);
}

#define MOUNT_MAPPED                                                                           \
	"{'destination':'/m','type':'bind','source':'/s','options':['bind'],"                  \
	"'uidMappings':[{'containerID':5,'hostID':65530,'size':10}],"                          \
	"'gidMappings':[{'containerID':0,'hostID':200000,'size':1}]}"

/* An engine that wants no user namespace has the ids inside in mind. */
static void ids__of_a_mount_are_those_inside(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct spec_mount *m;

	(void)state;
	fixture_open(&f, (struct parts){.mounts = MOUNT_MAPPED});
	assert_int_equal(fixture_rewrite(&f), 0);
	m = spec_find_mount(f.spec, "/m");
	assert_int_equal(m->n_uid_mappings, 1);
	assert_int_equal(m->uid_mappings[0].container_id, 5);
	assert_int_equal(m->uid_mappings[0].host_id, 165530);
	assert_int_equal(m->uid_mappings[0].size, 6);
	/* Of a stranger inside, too. */
	assert_int_equal(m->n_gid_mappings, 1);
	assert_int_equal(m->gid_mappings[0].host_id, 200000);
}

static void ids__of_a_mount_beside_given_maps_are_the_hosts(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f,
		(struct parts){
			.mounts = MOUNT_MAPPED,
			.linux_ =
				"'uidMappings':[{'containerID':0,'hostID':65000,'size':65536}],"
				"'gidMappings':[{'containerID':0,'hostID':65000,'size':65536}"
				"]"});
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(spec_find_mount(f.spec, "/m")->uid_mappings[0].host_id, 65530);
	assert_int_equal(spec_find_mount(f.spec, "/m")->uid_mappings[0].size, 10);
}

static void ids__given_maps_win(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f,
		     (struct parts){.linux_ = MAPS(MAP(0, 5000, 1) "," MAP(1, 700000, 65535))});
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(idmap_to_outside(&f.plan->idmap.uids, 0), 5000);
	assert_int_equal(idmap_to_outside(&f.plan->idmap.uids, 2), 700001);
	assert_null(f.sc.warnings);
}

static void ids__insane_maps(void **state)
{
	static const char *const bad[] = {
		MAPS(MAP(0, 0, 65536)),
		MAPS(MAP(1, 100000, 65535)),
		MAPS(MAP(0, 100000, 0)),
		MAPS(MAP(0, 1000, 9) "," MAP(5, 9000, 9)),
		MAPS(MAP(0, 4294967290, 99)),
		MAPS(MAP(0, 100000, 65536) "," MAP(65536, 0, 1)),
		"'uidMappings':[" MAP(0, 100000, 65536) "]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){.linux_ = bad[i]});
		assert_int_equal(fixture_rewrite(&f), -EINVAL);
	}
}

static void ids__few_is_a_warning(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.linux_ = MAPS(MAP(0, 100000, 1000) "," MAP(
						70000, 300000, 99999))});
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_true(fixture_warns(&f, "only 1000 of"));
}

static void paths__what_must_not_be_masked(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){
				 .linux_ = "'maskedPaths':['/proc/kcore','/proc','/sys/"
					   "firmware','/proc/sys/','/sys'],"
					   "'readonlyPaths':['/proc/sys','/proc/bus','/run']"});
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(strv_len(f.spec->linux_->masked_paths), 2);
	assert_string_equal(f.spec->linux_->masked_paths[0], "/proc/kcore");
	assert_string_equal(f.spec->linux_->masked_paths[1], "/sys/firmware");
	assert_int_equal(strv_len(f.spec->linux_->readonly_paths), 2);
	assert_string_equal(f.spec->linux_->readonly_paths[1], "/run");
}

static void paths__more_with_systemd(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f,
		(struct parts){
			.linux_ = "'readonlyPaths':['/run','/tmp','/sys/kernel','/proc/irq']"});
	free(f.spec->process->args[0]);
	f.spec->process->args[0] = xstrdup("/sbin/init");
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(strv_len(f.spec->linux_->readonly_paths), 1);
}

static void assert_sets(const struct fixture *f, uint64_t bounding, uint64_t active)
{
	const struct caps *c = &f->plan->process.caps;

	assert_int_equal(c->bounding, bounding);
	assert_int_equal(c->effective, active);
	assert_int_equal(c->permitted, active);
	assert_int_equal(c->inheritable, 0);
	assert_int_equal(c->ambient, 0);
}

static void caps__root_has_what_the_host_gives(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'capabilities':{'bounding':['CAP_KILL']}"});
	assert_int_equal(fixture_plan(&f), 0);
	assert_sets(&f, 0x7, 0x7);
}

static void caps__user_has_none(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	f.spec->process->user.uid = 1000;
	assert_int_equal(fixture_plan(&f), 0);
	assert_sets(&f, 0x7, 0);
}

/* Ambient ones are nobody's default: `podman run --user 1000 --cap-add NET_RAW` means them. */
static void caps__user_has_the_ambient_ones(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct caps *c;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'capabilities':{"
						   "'permitted':['CAP_CHOWN','CAP_KILL'],"
						   "'inheritable':['CAP_CHOWN'],"
						   "'ambient':['CAP_CHOWN','CAP_KILL']}"});
	f.spec->process->user.uid = 1000;
	assert_int_equal(fixture_plan(&f), 0);
	c = &f.plan->process.caps;
	assert_int_equal(c->bounding, 0x7);
	assert_int_equal(c->effective, 0x1);
	assert_int_equal(c->permitted, 0x1);
	assert_int_equal(c->inheritable, 0x1);
	assert_int_equal(c->ambient, 0x1);
}

/* Root has all of them anyway, but not in these two sets, unless they are asked for. */
static void caps__root_has_the_ambient_ones(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	const struct caps *c;

	(void)state;
	fixture_open(&f,
		     (struct parts){.process = "'capabilities':{"
					       "'permitted':['CAP_CHOWN'],"
					       "'inheritable':['CAP_CHOWN','CAP_DAC_OVERRIDE'],"
					       "'ambient':['CAP_CHOWN']}"});
	assert_int_equal(fixture_plan(&f), 0);
	c = &f.plan->process.caps;
	assert_int_equal(c->effective, 0x7);
	assert_int_equal(c->permitted, 0x7);
	assert_int_equal(c->inheritable, 0x1);
	assert_int_equal(c->ambient, 0x1);
}

static void caps__honoured(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f,
		     (struct parts){.process = "'env':['SYSBOX_HONOR_CAPS=TRUE'],'capabilities'"
					       ":{'bounding':['CAP_KILL','CAP_NO_SUCH']}"});
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(f.plan->process.caps.bounding, CAPS_BIT(5));
	assert_int_equal(f.plan->process.caps.effective, 0);
}

static void caps__honoured_and_none_given(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'env':['SYSBOX_HONOR_CAPS=TRUE']"});
	assert_int_equal(fixture_plan(&f), 0);
	assert_int_equal(f.plan->process.caps.bounding, 0);
}

static void lsm__generated_profiles_go(void **state)
{
	static const struct {
		const char *profile;
		bool stays;
	} rows[] = {
		{"docker-default", false},     {"cri-containerd.apparmor.d", false},
		{"nerdctl-default", false},    {"crio-default", false},
		{"crio-default-1.30", false},  {"containers-default-0.50.1", false},
		{"docker-default-mine", true}, {"my-profile", true},
		{"unconfined", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(fixture_done) struct fixture f;

		fixture_open(&f, (struct parts){.process = "'selinuxLabel':'a:b:c:d'"});
		f.spec->process->apparmor_profile = xstrdup(rows[i].profile);
		assert_int_equal(fixture_plan(&f), 0);
		assert_string_equal(f.plan->process.selinux, "a:b:c:d");
		if (rows[i].stays)
			assert_string_equal(f.plan->process.apparmor, rows[i].profile);
		else
			assert_null(f.plan->process.apparmor);
	}
}

/* `exec` is given a process; the rest of the container stands. */
static void rewrite_process__as_the_first(void **state)
{
	_cleanup_(fixture_done) struct fixture f;
	struct spec_process *p;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'apparmorProfile':'docker-default','env':['"
						   "SYSBOX_X=1','A=1']"});
	p = f.spec->process;
	syscont_rewrite_process(&f.sc, p);
	assert_null(p->apparmor_profile);
	assert_int_equal(strv_len(p->env), 1);
	assert_int_equal(strv_len(p->capabilities->effective), 3);
}

static void rewrite_process__outside_of_syscont_mode(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.process = "'apparmorProfile':'docker-default'"});
	f.sc.options.syscont_mode = false;
	syscont_rewrite_process(&f.sc, f.spec->process);
	assert_string_equal(f.spec->process->apparmor_profile, "docker-default");
	assert_null(f.spec->process->capabilities);
}

static void rewrite__without_linux(void **state)
{
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	json_done(&spec_linux_type, f.spec->linux_);
	free(f.spec->linux_);
	f.spec->linux_ = NULL;
	assert_int_equal(fixture_rewrite(&f), -EINVAL);
	assert_non_null(strstr(f.err.text, "mount"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ns__all_are_added),
		cmocka_unit_test(ns__what_the_kernel_lacks),
		cmocka_unit_test(ns__no_user_namespace),
		cmocka_unit_test(ns__missing_is_said_in_dockers_words),
		cmocka_unit_test(ns__two_missing),
		cmocka_unit_test(ns__also_outside_of_syscont_mode),
		cmocka_unit_test(ns__by_path),
		cmocka_unit_test(ns__user_by_path_has_its_maps),
		cmocka_unit_test(ns__time_offsets_of_the_specification),
		cmocka_unit_test(ns__time_namespace_of_the_specification),
		cmocka_unit_test(ids__reserved_range),
		cmocka_unit_test(ids__of_a_mount_are_those_inside),
		cmocka_unit_test(ids__of_a_mount_beside_given_maps_are_the_hosts),
		cmocka_unit_test(ids__given_maps_win),
		cmocka_unit_test(ids__insane_maps),
		cmocka_unit_test(ids__few_is_a_warning),
		cmocka_unit_test(paths__what_must_not_be_masked),
		cmocka_unit_test(paths__more_with_systemd),
		cmocka_unit_test(caps__root_has_what_the_host_gives),
		cmocka_unit_test(caps__user_has_none),
		cmocka_unit_test(caps__user_has_the_ambient_ones),
		cmocka_unit_test(caps__root_has_the_ambient_ones),
		cmocka_unit_test(caps__honoured),
		cmocka_unit_test(caps__honoured_and_none_given),
		cmocka_unit_test(lsm__generated_profiles_go),
		cmocka_unit_test(rewrite_process__as_the_first),
		cmocka_unit_test(rewrite_process__outside_of_syscont_mode),
		cmocka_unit_test(rewrite__without_linux),
	};

	return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#define DIR "/layer/sysbox-store"

static const char *source_of(const struct fixture *f, const char *destination)
{
	struct spec_mount *m = spec_find_mount(f->spec, destination);

	return m ? m->source : NULL;
}

static void open_and_rewrite(struct fixture *f, struct parts p, const struct image *image)
{
	fixture_open(f, p);
	f->sc.image = image;
	f->sc.store_dir = DIR;
	assert_int_equal(fixture_rewrite(f), 0);
}

static void stores__all_in_a_system(void **state)
{
	const struct image image = {.has_var_lib = true};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){0}, &image);
	assert_int_equal(f.sc.n_stores, 8);
	assert_string_equal(source_of(&f, "/var/lib/docker"), DIR "/docker");
	assert_string_equal(source_of(&f, "/var/lib/rancher/k3s"), DIR "/k3s");
}

/* In the store, behind its own mount; not where the user has one. */
static void stores__views_of_the_image(void **state)
{
	const struct image image = {.has_var_lib = true};
	const struct syscont_view views[] = {
		{(char *)"/var/lib/docker", (char *)"/l3/var/lib/docker", 3},
		{(char *)"/var/lib/containerd", (char *)"/l0/var/lib/containerd", 0},
	};
	_cleanup_(fixture_done) struct fixture f;
	struct spec_mount *store, *view;

	(void)state;
	fixture_open(&f, (struct parts){.mounts = "{'destination':'/var/lib/containerd','type':"
						  "'bind','source':'/v','options':['rbind']}"});
	f.sc.image = &image;
	f.sc.store_dir = DIR;
	f.sc.views = views;
	f.sc.n_views = ARRAY_SIZE(views);
	assert_int_equal(fixture_rewrite(&f), 0);
	store = spec_find_mount(f.spec, "/var/lib/docker");
	view = spec_find_mount(f.spec, "/var/lib/docker/.sysbox/3");
	assert_true(store && view && view > store);
	assert_string_equal(view->source, "/l3/var/lib/docker");
	assert_true(strv_contains(view->options, "ro"));
	assert_null(source_of(&f, "/var/lib/containerd/.sysbox/0"));
}

static void stores__none_without_var_lib(void **state)
{
	const struct image image = {0};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){0}, &image);
	assert_int_equal(f.sc.n_stores, 0);
}

static void stores__none_on_a_plain_rootfs(void **state)
{
	const struct image image = {.has_var_lib = true};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	f.sc.image = &image;
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(f.sc.n_stores, 0);
	assert_null(source_of(&f, "/var/lib/docker"));
}

static void stores__asked_for_without_var_lib(void **state)
{
	const struct image image = {0};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f, (struct parts){.process = "'env':['SYSBOX_STORE_DIRS=/data,/var/lib/k0s']"},
		&image);
	assert_int_equal(f.sc.n_stores, 2);
	assert_string_equal(source_of(&f, "/data"), DIR "/-data");
	assert_string_equal(source_of(&f, "/var/lib/k0s"), DIR "/k0s");
}

static void stores__mount_at_it_or_above_is_respected(void **state)
{
	const struct image image = {.has_var_lib = true};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){
			.mounts =
				"{'destination':'/var/lib/docker','type':'bind','source':'/v',"
				"'options':['bind']},"
				"{'destination':'/var/lib/rancher','type':'tmpfs'}"},
		&image);
	assert_string_equal(source_of(&f, "/var/lib/docker"), "/v");
	assert_null(source_of(&f, "/var/lib/rancher/k3s"));
	assert_int_equal(f.sc.n_stores, 5);
}

static void stores__mount_below_comes_behind(void **state)
{
	const struct image image = {.has_var_lib = true};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){.mounts = "{'destination':'/var/lib/docker/volumes','type':"
					 "'bind','source':'/v','options':['bind']}"},
		&image);
	assert_true(spec_find_mount(f.spec, "/var/lib/docker") <
		    spec_find_mount(f.spec, "/var/lib/docker/volumes"));
}

/* The image's /var/lib/docker leads into the user's volume. */
static void stores__mount_where_the_link_leads_is_respected(void **state)
{
	struct json_pair links[] = {{(char *)"/var/lib/docker", (char *)"/data/docker"}};
	const struct image image = {.has_var_lib = true, .links = links, .n_links = 1};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){.mounts = "{'destination':'/data','type':'bind','source':'/v',"
					 "'options':['bind']}"},
		&image);
	assert_null(source_of(&f, "/var/lib/docker"));
	assert_int_equal(f.sc.n_stores, 7);
}

static void stores__volumes_are_locked(void **state)
{
	const struct image image = {.has_var_lib = true};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(
		&f,
		(struct parts){
			.process = "'env':['SYSBOX_SHARE_VOLUMES=/var/lib/kubelet']",
			.mounts =
				"{'destination':'/var/lib/docker','type':'bind','source':'/v'},"
				"{'destination':'/var/lib/containerd','type':'bind','source':"
				"'/ro','options':['rbind','ro']},"
				"{'destination':'/var/lib/kubelet','type':'bind','source':'/"
				"k'},"
				"{'destination':'/var/lib/"
				"k0s','type':'tmpfs','source':'tmpfs'},"
				"{'destination':'/var/lib/rancher','type':'bind','source':'/"
				"r'}"},
		&image);
	assert_int_equal(f.sc.n_locks, 5);
	assert_string_equal(f.sc.locks[0].source, "/v");
	assert_string_equal(f.sc.locks[0].target, "/var/lib/docker");
	assert_false(f.sc.locks[0].shared);
	assert_true(f.sc.locks[1].shared);
	assert_true(f.sc.locks[2].shared);
	assert_string_equal(f.sc.locks[3].source, "/r/k3s");
	assert_string_equal(f.sc.locks[4].source, "/r/rke2");
}

/* Also where the rootfs needs no store. */
static void stores__locked_on_a_plain_rootfs(void **state)
{
	const struct image image = {0};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(
		&f, (struct parts){
			    .mounts = "{'destination':'/var/lib','type':'bind','source':'/'}"});
	f.sc.image = &image;
	assert_int_equal(fixture_rewrite(&f), 0);
	assert_int_equal(f.sc.n_locks, 8);
	assert_string_equal(f.sc.locks[0].source, "/docker");
}

static void stores__names_differ(void **state)
{
	const char *const roots[] = {"/a-b", "/a/b", "/a%2db", "/var/lib/docker/sub", NULL};
	const struct image image = {.has_var_lib = true, .data_roots = (char **)roots};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	open_and_rewrite(&f, (struct parts){0}, &image);
	assert_string_equal(source_of(&f, "/a-b"), DIR "/-a%2db");
	assert_string_equal(source_of(&f, "/a/b"), DIR "/-a-b");
	assert_string_equal(source_of(&f, "/a%2db"), DIR "/-a%252db");
	/* In another store already. */
	assert_null(source_of(&f, "/var/lib/docker/sub"));
}

static void stores__shifted_ones_keep_their_ids(void **state)
{
	const struct image image = {.has_var_lib = true};
	_cleanup_(fixture_done) struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	f.sc.image = &image;
	f.sc.store_dir = DIR;
	f.sc.stores_shifted = true;
	assert_int_equal(fixture_plan(&f), 0);
	for (size_t i = 0; i < f.plan->n_mounts; i++)
		if (str_has_prefix(f.plan->mounts[i].target, "/var/lib/"))
			assert_true(f.plan->mounts[i].flags & PLAN_MOUNT_NO_IDMAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores__all_in_a_system),
		cmocka_unit_test(stores__views_of_the_image),
		cmocka_unit_test(stores__none_without_var_lib),
		cmocka_unit_test(stores__none_on_a_plain_rootfs),
		cmocka_unit_test(stores__asked_for_without_var_lib),
		cmocka_unit_test(stores__mount_at_it_or_above_is_respected),
		cmocka_unit_test(stores__mount_below_comes_behind),
		cmocka_unit_test(stores__mount_where_the_link_leads_is_respected),
		cmocka_unit_test(stores__volumes_are_locked),
		cmocka_unit_test(stores__locked_on_a_plain_rootfs),
		cmocka_unit_test(stores__names_differ),
		cmocka_unit_test(stores__shifted_ones_keep_their_ids),
	};

	return RUN(tests);
}

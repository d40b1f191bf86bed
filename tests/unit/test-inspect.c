/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "src/inspect.c"

static void bytes_of__a_share_for_each_name(void **state)
{
	static const struct {
		mode_t mode;
		nlink_t n_links;
		uint64_t bytes;
	} cases[] = {
		{S_IFREG, 1, 8192},
		{S_IFREG, 4, 2048},
		{S_IFDIR, 4, 8192},
		/* Removed between its name and its attributes, in a store that is at work. */
		{S_IFREG, 0, 8192},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct stat st = {
			.st_mode = cases[i].mode,
			.st_nlink = cases[i].n_links,
			.st_blocks = 16,
		};

		assert_int_equal(bytes_of(&st), cases[i].bytes);
	}
}

static void count_dir__all_below_it(void **state)
{
	const struct unit_dir *d = *state;
	struct inspect_store s = {0};

	unit_put(d->fd, "store/overlay2/a/link", "text");
	close(unit_mkdirs(d->fd, "store/overlay2/l"));
	/* A layer of the image; one of its own; a link of somebody's. */
	assert_int_equal(
		symlinkat("../../../" SYSCONT_STORE_VIEWS "/x", d->fd, "store/overlay2/a/diff"),
		0);
	assert_int_equal(symlinkat("../a/diff", d->fd, "store/overlay2/l/A"), 0);
	assert_int_equal(symlinkat("/" SYSCONT_STORE_VIEWS "/x", d->fd, "store/elsewhere"), 0);
	count_dir(&s, d->fd, "store", 0);
	/* overlay2, a, link, diff, l, A, elsewhere */
	assert_int_equal(s.entries, 7);
	assert_int_equal(s.from_image, 1);
	assert_true(s.bytes >= 4096);
}

static void count_dir__of_nothing(void **state)
{
	const struct unit_dir *d = *state;
	struct inspect_store s = {0};
	int before = unit_count_fds();

	unit_file(d->fd, "file", "x");
	assert_int_equal(symlinkat("/", d->fd, "link"), 0);
	count_dir(&s, d->fd, "absent", 0);
	count_dir(&s, d->fd, "file", 0);
	count_dir(&s, d->fd, "link", 0);
	assert_int_equal(s.entries, 0);
	assert_int_equal(unit_count_fds(), before);
}

/* Deeper than any inner engine's: somebody wants us to run out of descriptors. */
static void count_dir__to_a_depth(void **state)
{
	const struct unit_dir *d = *state;
	struct inspect_store s = {0};
	int fd = dup(d->fd);

	for (unsigned int i = 0; i < DEPTH_MAX + 10; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(fd);
	count_dir(&s, d->fd, "d", 0);
	assert_int_equal(s.entries, DEPTH_MAX + 1);
}

static void inspect_format__of_one_that_has_ended(void **state)
{
	const struct unit_dir *d = *state;
	const struct state_dir dir = {.path = (char *)d->path, .dirfd = d->fd};
	struct json_pair store = {(char *)"docker", (char *)"/var/lib/docker"};
	struct spec_id_mapping ids = {0, 100000, 65536};
	const struct state s = {
		.id = (char *)"box",
		.init_pid = 7,
		.rootfs = (char *)"/r",
		.store_dir = (char *)d->path,
		.stores = &store,
		.n_stores = 1,
		.uid_mappings = &ids,
		.n_uid_mappings = 1,
	};
	_cleanup_free_ char *text = NULL, *source = path_join(d->path, "docker");

	unit_put(d->fd, "docker/engine-id", "");
	text = inspect_format(&dir, &s);
	assert_non_null(strstr(text, "\"status\": \"stopped\""));
	assert_non_null(strstr(text, "\"pid\": 0"));
	assert_non_null(strstr(text, source));
	assert_non_null(strstr(text, "\"entries\": 1"));
	assert_non_null(strstr(text, "\"hostID\": 100000"));
	assert_non_null(strstr(text, "\"locks\": []"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of__a_share_for_each_name),
		unit_test_dir(count_dir__all_below_it),
		unit_test_dir(count_dir__of_nothing),
		unit_test_dir(count_dir__to_a_depth),
		unit_test_dir(inspect_format__of_one_that_has_ended),
	};

	return RUN(tests);
}

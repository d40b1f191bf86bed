/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime mounts is what the supervisor serves; private values behave as sysctls. */
#include "tests/unit/unit.h"

#include "fs/node-value.h"
#include "fs/tree.h"

static void tree_node__every_file_is_served(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_emul_files; i++) {
		struct tree_node n;

		if (tree_node(i, &n) != 0)
			fail_msg("nobody serves %s", emul_files[i].path);
		assert_ptr_equal(n.file, &emul_files[i]);
		assert_true(!n.format == !!n.value);
	}
}

static void tree_node__every_value_is_mounted(void **state)
{
	(void)state;
	for (size_t v = 0; v < n_node_values; v++) {
		bool found = false;

		for (size_t i = 0; i < n_emul_files; i++)
			found |= strcmp(emul_files[i].path, node_values[v].path) == 0 &&
				 emul_files[i].conn == EMUL_PLAIN;
		if (!found)
			fail_msg("nobody mounts %s", node_values[v].path);
	}
}

static void tree_find__by_name_and_connection(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_emul_files; i++) {
		enum emul_conn other = emul_files[i].conn == EMUL_FAST ? EMUL_PLAIN : EMUL_FAST;
		char name[EMUL_NAME_MAX];

		emul_name(&emul_files[i], name);
		assert_null(strchr(name, '/'));
		assert_int_equal(tree_find(emul_files[i].conn, name), i);
		assert_int_equal(tree_find(other, name), -ENOENT);
	}
}

struct fixture {
	struct unit_dir *dir;
	struct node_values_store *store;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err;
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	f->dir = dir;
	*state = f;
	if (mkdirat(f->dir->fd, "vm", 0755) < 0 || mkdirat(f->dir->fd, "kernel", 0755) < 0)
		return -1;
	unit_file(f->dir->fd, "vm/overcommit_memory", "2\n");
	unit_file(f->dir->fd, "kernel/printk", "4\t4\t1\t7\n");
	return node_values_map(&f->store, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *dir = f->dir;

	node_values_unmap(f->store);
	free(f);
	return unit_dir_done(&dir);
}

static int write_value(struct fixture *f, const char *path, const char *text)
{
	return node_value_write(node_value_find(path), f->store, text, strlen(text));
}

static void assert_value(struct fixture *f, const char *path, const char *want)
{
	char got[NODE_VALUE_MAX];

	assert_int_equal(node_value_read(node_value_find(path), f->store, f->dir->fd, got),
			 strlen(want));
	assert_string_equal(got, want);
}

static void node_value__begins_as_the_hosts(void **state)
{
	struct fixture *f = *state;
	char got[NODE_VALUE_MAX];

	assert_value(f, "proc/sys/vm/overcommit_memory", "2\n");
	assert_int_equal(write_value(f, "proc/sys/vm/overcommit_memory", " 0x1 \n"), 0);
	assert_value(f, "proc/sys/vm/overcommit_memory", "1\n");
	unit_assert_file(f->dir->fd, "vm/overcommit_memory", "2\n");
	assert_int_equal(node_value_read(node_value_find("proc/sys/kernel/panic"), f->store,
					 f->dir->fd, got),
			 -ENOENT);
}

static void node_value__refuses_and_keeps(void **state)
{
	static const char *const bad[] = {
		"3", "-1", "x", "1 1", "", "1x", "99999999999999999999"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(write_value(f, "proc/sys/vm/overcommit_memory", bad[i]),
				 -EINVAL);
	assert_value(f, "proc/sys/vm/overcommit_memory", "2\n");
}

static void node_value__several_numbers_and_text(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write_value(f, "proc/sys/kernel/printk", "3 4 1 3"), 0);
	assert_value(f, "proc/sys/kernel/printk", "3\t4\t1\t3\n");
	assert_int_equal(write_value(f, "proc/sys/kernel/printk", "3 4 1"), -EINVAL);
	assert_int_equal(write_value(f, "proc/sys/kernel/core_pattern", "|/bin/x %p\nmore"), 0);
	assert_value(f, "proc/sys/kernel/core_pattern", "|/bin/x %p\n");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_node__every_file_is_served),
		cmocka_unit_test(tree_node__every_value_is_mounted),
		cmocka_unit_test(tree_find__by_name_and_connection),
		T(node_value__begins_as_the_hosts),
		T(node_value__refuses_and_keeps),
		T(node_value__several_numbers_and_text),
	};

	return RUN(tests);
}

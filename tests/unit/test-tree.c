/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime mounts is what the supervisor serves; private values behave as sysctls. */
#include "tests/unit/unit.h"

#include "fs/node-value.h"
#include "fs/tree.h"

static void tree_format__every_text_is_made(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_emul_files; i++)
		if (!tree_format(&emul_files[i]) != (emul_files[i].kind != EMUL_TEXT))
			fail_msg("who serves %s?", emul_files[i].path);
}

static void emul_files__no_path_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_emul_files; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(emul_files[i].path, emul_files[j].path);
}

static void emul_files__a_value_has_a_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_value *v = &emul_files[i].value;

		if (emul_files[i].kind != EMUL_VALUE)
			continue;
		assert_int_equal(emul_files[i].conn, EMUL_PLAIN);
		if (v->check == EMUL_WORD ? !v->words : v->min >= v->max)
			fail_msg("%s takes nothing", emul_files[i].path);
	}
}

static void tree_find__by_name_and_connection(void **state)
{
	static const enum emul_conn conns[] = {EMUL_FAST, EMUL_PLAIN};

	(void)state;
	for (size_t i = 0; i < n_emul_files; i++)
		for (size_t c = 0; c < ARRAY_SIZE(conns); c++) {
			bool is_on = emul_is_on(&emul_files[i], conns[c]);
			char name[EMUL_NAME_MAX];

			emul_name(&emul_files[i], name);
			assert_null(strchr(name, '/'));
			assert_int_equal(tree_find(conns[c], name), is_on ? (int)i : -ENOENT);
		}
}

static void emul_child__of_its_directory(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_emul_files; i++) {
		const struct emul_file *dir = emul_parent(&emul_files[i]);

		if (dir)
			assert_int_equal(emul_child(dir, strrchr(emul_files[i].path, '/') + 1),
					 i);
	}
}

static void emul_has_child__of_either_connection(void **state)
{
	const struct emul_file *cpu = &emul_files[0];

	(void)state;
	assert_string_equal(cpu->path, "sys/devices/system/cpu");
	/* Fast, in a directory of plain: mounted there. */
	assert_int_equal(emul_child(cpu, "online"), -ENOENT);
	assert_true(emul_has_child(cpu, "online"));
	assert_false(emul_has_child(cpu, "onlin"));
	assert_false(emul_has_child(cpu, "cpu0"));
}

struct fixture {
	struct unit_dir *dir;
	struct node_values_store *store;
	struct node_value_host host;
	int host_fd;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err;
	void *dir;

	if (unit_dir(&dir) != 0)
		return -1;
	f->dir = dir;
	f->host = (struct node_value_host){f->dir->fd, node_value_fds_new()};
	f->host_fd = -EBADF;
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

	for (size_t i = 0; i < n_emul_files; i++)
		fd_close(f->host.fds[i]);
	free(f->host.fds);
	node_values_unmap(f->store);
	free(f);
	return unit_dir_done(&dir);
}

static const struct emul_file *row(const char *path)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (strcmp(emul_files[i].path, path) == 0)
			return &emul_files[i];
	fail_msg("no row for %s", path);
	return NULL;
}

static ssize_t write_at(struct fixture *f, const char *path, const char *text, off_t at)
{
	const struct node_value_text t = {text, strlen(text), at};
	const struct node_value_place p = {f->store, f->host, f->host_fd};

	return node_value_write(row(path), &p, &t);
}

static ssize_t write_value(struct fixture *f, const char *path, const char *text)
{
	return write_at(f, path, text, 0);
}

static void assert_value(struct fixture *f, const char *path, const char *want)
{
	char got[NODE_VALUE_MAX];

	assert_int_equal(node_value_read(row(path), f->store, &f->host, got), strlen(want));
	assert_string_equal(got, want);
}

#define OVERCOMMIT "proc/sys/vm/overcommit_memory"

static void node_value__begins_as_the_hosts(void **state)
{
	struct fixture *f = *state;

	assert_value(f, OVERCOMMIT, "2\n");
	unit_file(f->dir->fd, "vm/overcommit_memory", "0\n");
	assert_value(f, OVERCOMMIT, "0\n");
	unit_file(f->dir->fd, "vm/overcommit_memory", "2\n");
	assert_int_equal(write_value(f, OVERCOMMIT, " 0x1 \n"), 6);
	assert_value(f, OVERCOMMIT, "1\n");
	unit_assert_file(f->dir->fd, "vm/overcommit_memory", "2\n");
	assert_value(f, "proc/sys/kernel/panic", "0\n");
	assert_value(f, "proc/sys/fs/nr_open", "64\n");
	assert_value(f, "proc/sys/kernel/sem", "0\t0\t0\t0\n");
	assert_value(f, "proc/sys/kernel/printk_devkmsg", "on\n");
	assert_value(f, "proc/sys/kernel/core_pattern", "\n");
}

static void node_value__refuses_and_keeps(void **state)
{
	static const char *const bad[] = {"3",	"-1",  "x",   "",   " \n",
					  "1x", "1-1", "--1", "08", "99999999999999999999"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (write_value(f, OVERCOMMIT, bad[i]) != -EINVAL)
			fail_msg("took \"%s\"", bad[i]);
	assert_value(f, OVERCOMMIT, "2\n");
}

static void node_value__a_nul_is_no_end(void **state)
{
	struct fixture *f = *state;
	const struct node_value_text t = {"1\0", 2, 0};
	const struct node_value_place p = {f->store, f->host, -EBADF};

	assert_int_equal(node_value_write(row(OVERCOMMIT), &p, &t), -EINVAL);
}

/* kernel.sysctl_writes_strict: only what stands at the begin counts. */
static void node_value__positions(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write_at(f, OVERCOMMIT, "1\n", 1), 2);
	assert_value(f, OVERCOMMIT, "2\n");
	assert_int_equal(write_value(f, "proc/sys/kernel/core_pattern", "abc"), 3);
	assert_int_equal(write_at(f, "proc/sys/kernel/core_pattern", "def\n", 3), 4);
	assert_value(f, "proc/sys/kernel/core_pattern", "abcdef\n");
	assert_int_equal(write_at(f, "proc/sys/kernel/core_pattern", "x", 7), 1);
	assert_value(f, "proc/sys/kernel/core_pattern", "abcdef\n");
}

static void node_value__several_numbers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write_value(f, "proc/sys/kernel/printk", "3 4 1 3"), 7);
	assert_value(f, "proc/sys/kernel/printk", "3\t4\t1\t3\n");
	/* Fewer: the others stay. More: they are left for another write. */
	assert_int_equal(write_value(f, "proc/sys/kernel/printk", "7"), 1);
	assert_value(f, "proc/sys/kernel/printk", "7\t4\t1\t3\n");
	assert_int_equal(write_value(f, OVERCOMMIT, "1 0"), 2);
	assert_value(f, OVERCOMMIT, "1\n");
	assert_int_equal(write_value(f, "proc/sys/kernel/printk", "7 x"), -EINVAL);
}

static void node_value__kinds_of_numbers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write_value(f, "proc/sys/fs/file-max", "9223372036854775807"), 19);
	assert_value(f, "proc/sys/fs/file-max", "9223372036854775807\n");
	/* An unsigned long passes a negative number over. */
	assert_int_equal(write_value(f, "proc/sys/fs/file-max", "-1"), 2);
	assert_value(f, "proc/sys/fs/file-max", "9223372036854775807\n");
	assert_int_equal(write_value(f, "proc/sys/fs/nr_open", "-1"), -EINVAL);
	assert_int_equal(write_value(f, "proc/sys/kernel/panic", "-1"), 2);
	assert_int_equal(write_value(f, "proc/sys/kernel/panic", "2147483648"), -EINVAL);
	assert_value(f, "proc/sys/kernel/panic", "-1\n");
}

static void node_value__texts_and_words(void **state)
{
	_cleanup_free_ char *longer = xcalloc(1, 201);
	struct fixture *f = *state;
	char got[NODE_VALUE_MAX];

	assert_int_equal(write_value(f, "proc/sys/kernel/core_pattern", "|/bin/x %p\nmore"),
			 15);
	assert_value(f, "proc/sys/kernel/core_pattern", "|/bin/x %p\n");
	memset(longer, 'x', 200);
	assert_int_equal(write_value(f, "proc/sys/kernel/core_pattern", longer), 200);
	assert_int_equal(
		node_value_read(row("proc/sys/kernel/core_pattern"), f->store, &f->host, got),
		128);
	assert_int_equal(write_value(f, "proc/sys/kernel/printk_devkmsg", "on\n"), 3);
	assert_int_equal(write_value(f, "proc/sys/kernel/printk_devkmsg", "ona"), -EINVAL);
	assert_value(f, "proc/sys/kernel/printk_devkmsg", "on\n");
}

/* What the administrator allows, and only upwards. */
static void node_value__raises_the_host(void **state)
{
	struct fixture *f = *state;

	f->host_fd = openat(f->dir->fd, "vm/overcommit_memory", O_RDWR | O_CLOEXEC);
	assert_int_equal(write_value(f, OVERCOMMIT, "1"), 1);
	assert_value(f, OVERCOMMIT, "1\n");
	unit_assert_file(f->dir->fd, "vm/overcommit_memory", "2\n");
	assert_int_equal(pwrite(f->host_fd, "0\n", 2, 0), 2);
	assert_int_equal(write_value(f, OVERCOMMIT, "1\n"), 2);
	unit_assert_file(f->dir->fd, "vm/overcommit_memory", "1\n");
	fd_close(f->host_fd);
}

static void node_value__stays_at_its_greatest(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write_value(f, "proc/sys/kernel/yama/ptrace_scope", "2"), 1);
	assert_int_equal(write_value(f, "proc/sys/kernel/yama/ptrace_scope", "1"), 1);
	assert_int_equal(write_value(f, "proc/sys/kernel/yama/ptrace_scope", "3"), 1);
	assert_int_equal(write_value(f, "proc/sys/kernel/yama/ptrace_scope", "1"), -EINVAL);
	assert_int_equal(write_value(f, "proc/sys/kernel/yama/ptrace_scope", "3"), 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_format__every_text_is_made),
		cmocka_unit_test(emul_files__no_path_twice),
		cmocka_unit_test(emul_files__a_value_has_a_check),
		cmocka_unit_test(tree_find__by_name_and_connection),
		cmocka_unit_test(emul_child__of_its_directory),
		cmocka_unit_test(emul_has_child__of_either_connection),
		T(node_value__begins_as_the_hosts),
		T(node_value__refuses_and_keeps),
		T(node_value__a_nul_is_no_end),
		T(node_value__positions),
		T(node_value__several_numbers),
		T(node_value__kinds_of_numbers),
		T(node_value__texts_and_words),
		T(node_value__raises_the_host),
		T(node_value__stays_at_its_greatest),
	};

	return RUN(tests);
}

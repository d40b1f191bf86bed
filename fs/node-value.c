/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Who writes "1" to vm.overcommit_memory wants to read it back, and not to be told that
 * it may not; what it does is not needed, or the host's administrator has
 * decided already. So the value is kept here, and goes nowhere else.
 *
 * A row applies only where the kernel refuses the container's root: kernels that
 * have learned to keep a value for each namespace (kernel.pid_max in 6.14) are left
 * to do so. src/do-emul.c looks.
 *
 * What is written replaces the whole value, at any offset, as sysctl files do with
 * writes at 0; the text is checked and normalised as the kernel's own handlers
 * do (proc_dointvec_minmax and relatives).
 */
#include "fs/node-value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/str.h"

#define SYS_PREFIX "proc/sys/"
#define STORE_MAX  128 /* rows that a store has room for */

struct node_values_store {
	struct {
		uint32_t is_set;
		char text[NODE_VALUE_MAX];
	} rows[STORE_MAX];
};

/* ------------------------------------------------------------------ validators */

static int parse_number(const char *word, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(word, &end, 0); /* the kernel takes 0x and 0, too */
	return *end || end == word || errno ? -EINVAL : 0;
}

/* One or several numbers, each within the row's bounds. */
static int check_numbers(const struct node_value *row, const char *text,
			 char ret[NODE_VALUE_MAX])
{
	_cleanup_(strv_freep) char **words = strv_split(text, " \t\n");
	size_t len = 0;

	if (strv_len(words) != row->count)
		return -EINVAL;
	for (size_t i = 0; i < row->count; i++) {
		int64_t n;

		if (parse_number(words[i], &n) < 0 || n < row->min || n > row->max)
			return -EINVAL;
		len += (size_t)snprintf(ret + len, NODE_VALUE_MAX - len, "%s%lld",
					i ? "\t" : "", (long long)n);
		if (len >= NODE_VALUE_MAX)
			return -EINVAL;
	}
	return 0;
}

/* One line of text; what follows it is not taken. */
static int check_text(const struct node_value *row, const char *text, char ret[NODE_VALUE_MAX])
{
	size_t len = strcspn(text, "\n");

	(void)row;
	if (len >= NODE_VALUE_MAX - 1)
		return -EINVAL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return 0;
}

/* ------------------------------------------------------------------ the table */

#define NUMBER(path_, min_, max_)                                                              \
	{                                                                                      \
		.path = SYS_PREFIX path_, .mode = 0644, .check = check_numbers, .min = (min_), \
		.max = (max_), .count = 1                                                      \
	}
#define TEXT(path_)                                                                            \
	{                                                                                      \
		.path = SYS_PREFIX path_, .mode = 0644, .check = check_text                    \
	}

/* Bounds as the kernel's own tables have them. */
const struct node_value node_values[] = {
	/* kubelet insists on these, and fails where it can neither read nor write them */
	NUMBER("kernel/panic", INT_MIN, INT_MAX),
	NUMBER("kernel/panic_on_oops", INT_MIN, INT_MAX),
	NUMBER("kernel/keys/root_maxkeys", 0, INT_MAX),
	NUMBER("kernel/keys/root_maxbytes", 0, INT_MAX),
	NUMBER("vm/overcommit_memory", 0, 2),
	NUMBER("vm/panic_on_oom", 0, 2),
	/* sysctl.d of systemd and of distributions */
	TEXT("kernel/core_pattern"),
	NUMBER("kernel/core_uses_pid", INT_MIN, INT_MAX),
	NUMBER("kernel/dmesg_restrict", 0, 1),
	NUMBER("kernel/kptr_restrict", 0, 2),
	NUMBER("kernel/pid_max", 301, 4194304),
	{.path = SYS_PREFIX "kernel/printk",
	 .mode = 0644,
	 .check = check_numbers,
	 .min = INT_MIN,
	 .max = INT_MAX,
	 .count = 4},
	NUMBER("kernel/sysrq", INT_MIN, INT_MAX),
	NUMBER("kernel/yama/ptrace_scope", 0, 3),
	NUMBER("fs/protected_hardlinks", 0, 1),
	NUMBER("fs/protected_symlinks", 0, 1),
	NUMBER("fs/protected_fifos", 0, 2),
	NUMBER("fs/protected_regular", 0, 2),
	NUMBER("fs/suid_dumpable", 0, 2),
	/* databases and search engines */
	NUMBER("fs/aio-max-nr", 0, INT64_MAX),
	NUMBER("fs/file-max", 0, INT64_MAX),
	NUMBER("fs/nr_open", 64, 2147483584),
	NUMBER("fs/inotify/max_user_instances", 0, INT_MAX),
	NUMBER("fs/inotify/max_user_watches", 0, INT_MAX),
	NUMBER("vm/dirty_background_ratio", 0, 100),
	NUMBER("vm/dirty_ratio", 0, 100),
	NUMBER("vm/max_map_count", 0, INT_MAX),
	NUMBER("vm/mmap_min_addr", 0, INT64_MAX),
	NUMBER("vm/nr_hugepages", 0, INT64_MAX),
	NUMBER("vm/overcommit_ratio", 0, INT_MAX),
	NUMBER("vm/swappiness", 0, 200),
	NUMBER("vm/vfs_cache_pressure", 0, INT_MAX),
};
const size_t n_node_values = ARRAY_SIZE(node_values);
static_assert(ARRAY_SIZE(node_values) <= STORE_MAX, "the store has room for each");

const struct node_value *node_value_find(const char *path)
{
	for (size_t i = 0; i < n_node_values; i++)
		if (strcmp(node_values[i].path, path) == 0)
			return &node_values[i];
	return NULL;
}

int node_values_map(struct node_values_store **ret, struct error *err)
{
	void *p = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return error_errno(err, errno, "map the memory of private sysctls");
	*ret = p;
	return 0;
}

void node_values_unmap(struct node_values_store *s)
{
	if (s)
		(void)munmap(s, sizeof(*s));
}

static size_t index_of(const struct node_value *row)
{
	return (size_t)(row - node_values);
}

static ssize_t put(char ret[NODE_VALUE_MAX], const char *text)
{
	int n = snprintf(ret, NODE_VALUE_MAX, "%s\n", text);

	return n < NODE_VALUE_MAX ? n : NODE_VALUE_MAX - 1;
}

ssize_t node_value_read(const struct node_value *row, const struct node_values_store *s,
			int sys_dirfd, char ret[NODE_VALUE_MAX])
{
	_cleanup_free_ char *host = NULL;
	int r;

	if (row->policy == NODE_VALUE_HIDDEN)
		return put(ret, row->constant);
	if (s->rows[index_of(row)].is_set)
		return put(ret, s->rows[index_of(row)].text);
	r = file_read_line(sys_dirfd, row->path + strlen(SYS_PREFIX), &host);
	return r < 0 ? r : put(ret, host);
}

int node_value_write(const struct node_value *row, struct node_values_store *s,
		     const char *data, size_t len)
{
	char text[NODE_VALUE_MAX], value[NODE_VALUE_MAX];
	int r;

	if (row->policy != NODE_VALUE_PRIVATE)
		return -EACCES;
	if (len >= sizeof(text) || memchr(data, '\0', len ? len - 1 : 0))
		return -EINVAL;
	memcpy(text, data, len);
	text[len] = '\0';
	r = row->check(row, text, value);
	if (r < 0)
		return r;
	/* Never seen half: the flag is set behind the text, a reader is the same process. */
	memcpy(s->rows[index_of(row)].text, value, sizeof(value));
	__atomic_store_n(&s->rows[index_of(row)].is_set, 1, __ATOMIC_SEQ_CST);
	return 0;
}

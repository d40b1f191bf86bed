/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sysctls that the kernel does not keep for each container, though software writes
 * them: values of the container's own. The host's never change.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

#define NODE_VALUE_MAX 256 /* of one value */

enum node_value_policy {
	NODE_VALUE_PRIVATE,  /* begins as the host's, then what was written */
	NODE_VALUE_READONLY, /* the host's; EACCES */
	NODE_VALUE_HIDDEN,   /* the given constant in place of the host's; EACCES */
};

struct node_value;
/*
 * Is this what the kernel would take? Writes the text as the kernel would show
 * it into ret. -EINVAL, -ERANGE as the kernel.
 */
typedef int (*node_value_check_fn)(const struct node_value *row, const char *text,
				   char ret[NODE_VALUE_MAX]);

struct node_value {
	const char *path; /* "proc/sys/..." */
	mode_t mode;
	enum node_value_policy policy;
	node_value_check_fn check;
	int64_t min, max;
	unsigned int count;	  /* of numbers */
	const char *const *words; /* NULL-terminated */
	const char *constant;	  /* HIDDEN */
};
extern const struct node_value node_values[];
extern const size_t n_node_values;

/* Values that were written, in memory shared with the next worker. */
struct node_values_store;
int node_values_map(struct node_values_store **ret, struct error *err);
void node_values_unmap(struct node_values_store *s);

const struct node_value *node_value_find(const char *path);
/*
 * The present value with its newline; `sys_dirfd` is the host's /proc/sys. Returns its
 * length or -errno.
 */
ssize_t node_value_read(const struct node_value *row, const struct node_values_store *s,
			int sys_dirfd, char ret[NODE_VALUE_MAX]);
/* 0 or -errno; on failure the value stays. */
int node_value_write(const struct node_value *row, struct node_values_store *s,
		     const char *data, size_t len);

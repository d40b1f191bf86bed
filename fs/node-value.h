/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sysctls that the kernel does not keep per container, though software writes them: the
 * container gets values of its own (rows of kind EMUL_VALUE). The host's values do not
 * change, unless its administrator allows that for a row: then a greater number is written to
 * the host as well, and nothing lowers it again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct emul_file;

#define NODE_VALUE_MAX 256 /* length of one value */

/* Values that were written, in memory shared with the next worker. */
struct node_values_store;
int node_values_map(struct node_values_store **ret, struct error *err);
void node_values_unmap(struct node_values_store *s);

/* The host's own values. */
struct node_value_host {
	int sys_dirfd; /* its /proc/sys */
	int *fds;      /* n_emul_files: once opened, kept open; NULL: not kept */
};
int *node_value_fds_new(void);

/* The current value with its newline. Returns its length or -errno. */
ssize_t node_value_read(const struct emul_file *row, const struct node_values_store *s,
			const struct node_value_host *host, char ret[NODE_VALUE_MAX]);

struct node_value_text {
	const char *data;
	size_t len;
	off_t at; /* its position in the file */
};
/* Where values are kept. host_fd -EBADF: this row is not written to the host. */
struct node_value_place {
	struct node_values_store *store;
	struct node_value_host host;
	int host_fd;
};
/*
 * Returns how much was taken, which is what write(2) returns, or -errno; on failure the value
 * stays. Numbers are only taken at position 0 (kernel.sysctl_writes_strict is 1).
 */
ssize_t node_value_write(const struct emul_file *row, const struct node_value_place *p,
			 const struct node_value_text *t);

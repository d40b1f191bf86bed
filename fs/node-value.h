/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sysctls that the kernel does not keep for each container, though software writes
 * them: values of the container's own, the rows of kind EMUL_VALUE. The host's do not change,
 * unless its administrator allows that for a row: then a greater number is the host's, too, and
 * nothing makes it smaller again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct emul_file;

#define NODE_VALUE_MAX 256 /* of one value */

/* Values that were written, in memory shared with the next worker. */
struct node_values_store;
int node_values_map(struct node_values_store **ret, struct error *err);
void node_values_unmap(struct node_values_store *s);

/* The host's own values. */
struct node_value_host {
	int sys_dirfd; /* its /proc/sys */
	int *fds;      /* n_emul_files: what was opened stays open; NULL: nothing does */
};
int *node_value_fds_new(void);

/* The present value with its newline. Returns its length or -errno. */
ssize_t node_value_read(const struct emul_file *row, const struct node_values_store *s,
			const struct node_value_host *host, char ret[NODE_VALUE_MAX]);

struct node_value_text {
	const char *data;
	size_t len;
	off_t at; /* the position in the file that it is written to */
};
/* Where values are. host_fd -EBADF: nothing of this row goes to the host. */
struct node_value_place {
	struct node_values_store *store;
	struct node_value_host host;
	int host_fd;
};
/*
 * How much of it was taken, which is what write(2) returns, or -errno; on failure the value
 * stays. Numbers are taken at position 0 alone (kernel.sysctl_writes_strict is 1).
 */
ssize_t node_value_write(const struct emul_file *row, const struct node_value_place *p,
			 const struct node_value_text *t);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the emulated files belong over a procfs and sysfs: one rule for the container's own
 * (sysbox-runc) and for those of containers within (sysbox-fs).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/emul.h"

/* Is it on, and does it have a place of its own? `groups` are enum emul_group. */
bool emul_has_place(const struct emul_file *f, unsigned int groups);
/* The row of the empty file that covers others; NULL: nothing is to be hidden. */
const struct emul_file *emul_cover(unsigned int groups);

/*
 * Is it in a directory that serves it, at any depth? `is_there` says of each of the
 * n_emul_files rows whether it is.
 */
bool emul_is_served(const struct emul_file *f, const bool *is_there);
/* The same of mirrors alone, which are always there when they are on. */
bool emul_is_in_mirror(const struct emul_file *f, unsigned int groups);

/*
 * Asked with the rights of the instance's user: does the kernel itself keep what this row
 * stands for in his namespaces? A value that he may write; a directory of sysctls that is
 * there. proc_fd is the root of a procfs.
 */
bool emul_is_kernels(const struct emul_file *f, int proc_fd);

/* The directories of the two connections, mounted where the calling process is. */
struct emul_mounts {
	int fast_fd;
	int plain_fd;
};
/*
 * A detached mount of the file alone, from the connection that has it; owned, or -errno. `view`
 * stands before its name: "" or "7:".
 */
int emul_clone(const struct emul_mounts *m, const struct emul_file *f, const char *view);
/* Ask the connection for that name; the kernel then knows it. */
void emul_look_up(const struct emul_mounts *m, const struct emul_file *f, const char *view);

/*
 * For each pattern of emul_hidden below `prefix`, seen from `base` in its place: call fn for
 * what is there, by its path below base.
 */
void emul_each_hidden(const char *prefix, const char *base,
		      void (*fn)(void *arg, const char *path), void *arg);
/* Of those, only what everybody may read: the rest is no secret from this root. */
bool emul_may_hide(mode_t mode);

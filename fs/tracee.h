/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread whose system call is to be answered: its identity, as descriptors and values,
 * and its memory. Everything here is learned by its thread id and valid only once
 * notify_is_valid() has returned true afterwards. Host root, with the host's procfs as /proc.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/place.h"
#include "lib/caps.h"

#define TRACEE_GROUPS_MAX 256

/* As the host counts ids. */
struct tracee_creds {
	uid_t uids[4]; /* real, effective, saved, file system */
	gid_t gids[4];
	gid_t groups[TRACEE_GROUPS_MAX];
	size_t n_groups;
	struct caps caps; /* in its own user namespace; without bounding and ambient */
};
/* Parse /proc/PID/status. -EPROTO: malformed; -E2BIG: more groups. Pure. */
int tracee_creds_parse(struct tracee_creds *ret, const char *status);

enum tracee_fd {
	TRACEE_ROOT,
	TRACEE_CWD,
	TRACEE_USERNS,
	TRACEE_MNTNS,
	TRACEE_NETNS,
	TRACEE_IPCNS,
	TRACEE_PIDNS,
	TRACEE_N_FDS,
};

struct tracee {
	pid_t tid;
	int fds[TRACEE_N_FDS]; /* owned */
	struct tracee_creds creds;
	struct place place; /* where its agents are put; as it is: outside */
};
/* -ENOTSUP: a security module confines the process in a way that we cannot take on. */
int tracee_open(struct tracee *ret, pid_t tid);
void tracee_done(struct tracee *t);
/* Open its cgroup, by the hierarchies that `cgroups` (borrowed) knows. */
void tracee_find_place(struct tracee *t, const struct cgroup_read *cgroups);
/* Is it still there? */
bool tracee_is_in_place(const struct tracee *t);

/* The inode number of the pid namespace it is in; 0: not known. */
uint64_t tracee_pidns(pid_t tid);
/* The same of its user namespace. */
uint64_t tracee_userns(pid_t tid);
/* Its parent's process, or -ESRCH. */
pid_t tracee_parent(pid_t tid);
/* The network namespace of another process; owned. -ENOENT: it is the tracee's, too. */
int tracee_other_netns(const struct tracee *t, pid_t other);
/* Is this, in its own pid namespace, the number of the thread or of its process? */
bool tracee_is_called(pid_t tid, pid_t number);
/* Its /proc/PID/cgroup; owned. */
int tracee_cgroup(pid_t tid, char **ret);
/* What its descriptor refers to, O_PATH; owned. */
int tracee_fd(pid_t tid, int fd);
/*
 * Is there a mount with this id (STATX_MNT_ID) in its mount namespace, reachable from its
 * root?
 */
bool tracee_has_mount(pid_t tid, uint64_t mount_id);

/* O_PATH, owned. */
int tracee_open_root(pid_t tid);
/* Its mount table, as it will be when it is read; owned. */
int tracee_open_mounts(pid_t tid);

/*
 * A string from its memory, with its NUL; returns the length. -EFAULT; -ENAMETOOLONG when it
 * does not end within `size`.
 */
ssize_t tracee_string(pid_t tid, uint64_t address, char *ret, size_t size);

/* 0, or -EFAULT as from the kernel. */
int tracee_read(pid_t tid, uint64_t address, void *ret, size_t size);
/* The same; part of it may have been written then. */
int tracee_write(pid_t tid, uint64_t address, const void *data, size_t size);

/*
 * The number N, when a path leads through "/fd/N": the caller means its own descriptor, but
 * if we open the path we get ours. -1: it does not.
 */
int tracee_path_fd(const char *path);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of the supervisor: start it, tell it about its container,
 * and clean up what a dead one left on the host. Runs as host root in the
 * engine's mount namespace.
 */
#pragma once

#include <errno.h>
#include <sys/types.h>

#include "lib/error.h"

struct idmap;

struct fs_client {
	int sock;
	pid_t pid; /* our child; 0: none */
};
#define FS_CLIENT_EMPTY                                                                        \
	{                                                                                      \
		.sock = -EBADF                                                                 \
	}

/*
 * Start sysbox-fs, found beside our own executable or else in the installation's
 * bindir. Returns at once: it loads while the caller builds the container. Until
 * fs_client_start() it holds nothing and ends when the socket is closed, also by
 * our death.
 */
int fs_client_spawn(struct fs_client *ret, struct error *err);

struct fs_client_start {
	const char *id;
	int state_dirfd; /* fs.log is made there */
	int init_pidfd;	 /* the supervisor ends with this process */
	/*
	 * A detached clone of the container's root mount (mount_clone() of one mount,
	 * made in the initial user namespace): the live overlay without the mounts in it.
	 */
	int rootfs_fd;
	/* Where the engine keeps its own mount of the rootfs, resolved; NULL: no view there. */
	const char *view_path;
	const struct idmap *idmap;
	int locks_fd;	      /* from locks_take(): the supervisor holds them from now on */
	int proc_fd;	      /* a procfs of the container's pid namespace, detached */
	unsigned int emulate; /* enum emul_group */
	char *const *host_sysctls;
};

/* The mounts of the emulated files; -EBADF: nothing is emulated. */
struct fs_client_mounts {
	int fast_fd;
	int plain_fd;
};
#define FS_CLIENT_MOUNTS_EMPTY                                                                 \
	{                                                                                      \
		.fast_fd = -EBADF, .plain_fd = -EBADF                                          \
	}
/*
 * Hand the container over and wait until it is served, the view included. The fds
 * stay the caller's. On success the supervisor lives on by itself, bound to
 * init_pidfd alone, and *c holds nothing any more; it stays a child of ours until
 * we exit, so do not wait for "any child". On failure it is gone, as after
 * fs_client_abort(), and the host is as it was. Descriptors in *ret are the caller's.
 */
int fs_client_start(struct fs_client *c, const struct fs_client_start *s,
		    struct fs_client_mounts *ret, struct error *err);
/*
 * How long a supervisor may take for anything before it counts as hung. It needs some
 * milliseconds; with 120 runnable processes on two processors, more than 10 s were seen.
 */
#define FS_CLIENT_PATIENCE_MS 30000
/*
 * Abort the connections of these mounts: a process that waits for an answer, out of reach of
 * any signal, gets ECONNABORTED. Host root.
 */
int fs_client_cut(const struct fs_client_mounts *m);
/* Before fs_client_start(): end and reap it. Legal on an empty or finished client. */
void fs_client_abort(struct fs_client *c);

/*
 * Take off the views that a supervisor left at this path (it was killed, or is just
 * ending); what lies under them, and everything else, is not touched. Idempotent.
 * `delete` calls it after init is gone and before it returns to the engine; `create`
 * may call it before it reads the engine's mount.
 */
int fs_client_cleanup(const char *view_path, struct error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake between the runtime and the process that becomes the container.
 *
 * One SEQPACKET pair, numbered steps, each sent by one side only. A step that fails
 * is answered with SYNC_ERROR and the error value itself. When the other side is
 * gone, that is an error too: nobody waits forever.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

enum sync_step {
	SYNC_ERROR,	 /* child: and the error follows; the child exits */
	SYNC_CGROUP,	 /* parent: the child is in its cgroup */
	SYNC_NAMESPACES, /* child: it is in its namespaces; fd: the container's root mount */
	SYNC_OFFSETS,	 /* parent: the time offsets are written; fork init */
	SYNC_INIT,	 /* child: value is the pid of init, in exec of the new process */
	SYNC_MET,	 /* parent, in exec: it has that pid; the new process may speak */
	SYNC_KERNEL_FS,	 /* parent: fds: procfs and sysfs of the container's namespaces */
	SYNC_EMULATION,	 /* parent: fds: the mounts of emulated files, or none */
	/* child: mounts are done; time for the hooks; fd: console master if wanted */
	SYNC_HOOKS,
	SYNC_HOOKS_DONE, /* parent */
	SYNC_READY, /* child: all is done but execve; value is its seccomp listener fd or -1 */
	SYNC_GO,    /* parent: the container is recorded; wait for start */
};

#define SYNC_MAX_FDS 2

/*
 * Fork the process that becomes the container, with a handshake between: flags of clone(2);
 * born in the cgroup whose directory cgroup_fd is open on, unless that is negative
 * (CLONE_INTO_CGROUP, 5.7). 0 in the child, its pid in the parent, and *ret_sock is the
 * caller's own end; the other one is closed.
 */
pid_t sync_clone(uint64_t flags, int cgroup_fd, int *ret_sock, struct error *err);

/* From now on sync_recv() on this end waits for so long and no longer: -ETIMEDOUT. */
void sync_limit(int sock, unsigned int seconds);

/* fds are borrowed. -EPIPE when the other side is gone. */
int sync_send(int sock, enum sync_step step, int64_t value, const int *fds, size_t n_fds,
	      struct error *err);
/* Child: report a failure to the other side; never fails. */
void sync_send_error(int sock, const struct error *err);
/*
 * Wait for exactly this step. Up to n_fds descriptors are received (owned); each
 * missing one is -EBADF. A SYNC_ERROR of the other side becomes our error.
 */
int sync_recv(int sock, enum sync_step step, int64_t *ret_value, int *ret_fds, size_t n_fds,
	      struct error *err);

/*
 * When the other side seems to have ended: its SYNC_ERROR, after whatever else it had sent, if
 * there is one. Never waits; leaves the socket non-blocking.
 */
bool sync_last_words(int sock, struct error *err);

/*
 * The child's two last words, SYNC_READY and SYNC_GO, by write(2) and read(2): its
 * seccomp filter is in force, and may know no other calls.
 */
int sync_send_ready(int sock, int listener, struct error *err);
int sync_recv_go(int sock, struct error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One FUSE connection: opened and held by the keeper, served by one worker after another.
 * What must outlive a worker, the recorded INIT and the requests in flight, is in memory that
 * both share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/slots.h"
#include "lib/error.h"

struct fuse_lowlevel_ops;
struct fuse_session;

struct conn {
	int fuse_fd;  /* /dev/fuse */
	int mount_fd; /* keeper only: the mount, which keeps the superblock alive */
	int again_fd; /* keeper only: a second mount of it, over what covers it; and ... */
	int cover_fd; /* ... what covers it */
	int guard_fd; /* a timer that runs during a request, see conn_give_up(); -EBADF: none */
	bool refuses; /* every request is answered with EIO */
	struct slots slots;
	void *init; /* the kernel's INIT request; heap, inherited by fork */
	size_t init_size;
	/* Worker only. */
	struct fuse_session *session;
};
#define CONN_EMPTY                                                                             \
	{                                                                                      \
		.fuse_fd = -EBADF, .mount_fd = -EBADF, .again_fd = -EBADF, .cover_fd = -EBADF, \
		.guard_fd = -EBADF                                                             \
	}

struct conn_options {
	const char *source;  /* first column of the mount table */
	size_t max_write;    /* in one request */
	const char *options; /* of the fuse file system, beyond what every connection has */
	uint64_t attrs;	     /* MOUNT_ATTR_* */
};

/*
 * Keeper: make a detached FUSE mount of type "fuse.sysbox-fs" and receive its INIT. Needs
 * CAP_SYS_ADMIN in the initial user namespace.
 */
int conn_open(struct conn *ret, const struct conn_options *o, struct error *err);
/* Another detached mount of the same superblock; owned fd. */
int conn_mount(const struct conn *c, const struct conn_options *o, struct error *err);
/*
 * Make the kernel drop the unused dentries of a superblock, by a remount that changes
 * nothing. May wait for the worker, so the keeper itself must not call it.
 */
int conn_refresh(int mount_fd);
/* Close only the descriptors of the mounts: the superblock then ends with its last user. */
void conn_close_mounts(struct conn *c);
/* The guard of a connection expires when its worker spends this long on a request. */
#define CONN_STALL_MS 30000
/*
 * Keeper, after it has killed such a worker, which may go on waiting in the kernel: answer its
 * request with EIO. The next worker finds nothing left.
 */
void conn_give_up(struct conn *c);
/* Legal on an empty one. Closing the last copy of fuse_fd aborts the requests in flight. */
void conn_done(struct conn *c);

/*
 * Worker, before it gives up its rights: open a library session on the connection. `userdata`
 * is passed to the operations.
 */
int conn_session(struct conn *c, const struct fuse_lowlevel_ops *ops, size_t ops_size,
		 void *userdata, struct error *err);
/* Answer INIT, then whatever a predecessor left unanswered. */
int conn_start(struct conn *c, struct error *err);
/* Wait for a request and answer it. */
enum {
	CONN_E_GONE = 1 /* unmounted by its last user, or aborted: nothing more will come */
};
int conn_serve(struct conn *c, struct error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One FUSE connection: opened and held by the keeper, served by a worker after the
 * other. What must outlive a worker, the recorded INIT and the requests in
 * flight, lies in memory that both share.
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
	int mount_fd; /* keeper only: the mount, which keeps the superblock */
	int again_fd; /* keeper only: it once more, over what covers it; and ... */
	int cover_fd; /* ... what that is */
	struct slots slots;
	void *init; /* the kernel's INIT request; heap, inherited by fork */
	size_t init_size;
	/* Worker only. */
	struct fuse_session *session;
};
#define CONN_EMPTY                                                                             \
	{                                                                                      \
		.fuse_fd = -EBADF, .mount_fd = -EBADF, .again_fd = -EBADF, .cover_fd = -EBADF  \
	}

struct conn_options {
	const char *source;  /* first column of the mount table */
	size_t max_write;    /* of one request */
	const char *options; /* of the fuse file system, beyond what every connection has */
	uint64_t attrs;	     /* MOUNT_ATTR_* */
};

/*
 * Keeper: make a FUSE superblock, detached, type "fuse.sysbox-fs", and receive its INIT.
 * Needs CAP_SYS_ADMIN in the initial user namespace.
 */
int conn_open(struct conn *ret, const struct conn_options *o, struct error *err);
/* One more mount of the same superblock, detached; owned fd. */
int conn_mount(const struct conn *c, const struct conn_options *o, struct error *err);
/*
 * Make the kernel drop the dentries of a superblock that nobody uses, by a remount
 * that changes nothing. May wait for the worker: not for the keeper itself.
 */
int conn_refresh(int mount_fd);
/* The mounts' descriptors only: then the superblock ends with its last user. */
void conn_close_mounts(struct conn *c);
/* Legal on an empty one. Closing the last copy of fuse_fd aborts what users have in flight. */
void conn_done(struct conn *c);

/*
 * Worker, before it gives up its rights: a library session on the connection. `userdata`
 * goes to the operations.
 */
int conn_session(struct conn *c, const struct fuse_lowlevel_ops *ops, size_t ops_size,
		 void *userdata, struct error *err);
/*
 * Answer INIT, then whatever a predecessor has left unanswered. From then on conn_serve()
 * whenever fuse_fd is readable.
 */
int conn_start(struct conn *c, struct error *err);
/* Answer what is queued. */
enum {
	CONN_E_GONE = 1 /* unmounted by its last user, or aborted: nothing will come any more */
};
int conn_serve(struct conn *c, struct error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor serves: a table with one row for each FUSE connection. The keeper holds
 * the connections and makes them visible; each has a worker of its own, which answers it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct confine_rights;
struct conn;
struct container;
struct fuse_lowlevel_ops;

enum {
	SERVICE_E_UNWANTED = 1, /* this container does not have it */
	SERVICE_E_COVERED,	/* not possible yet */
	SERVICE_E_CARRY,	/* carry() has to be called */
};

/*
 * Who reads the files. The engine's worker changes those of the container, and waits for
 * disks, as whoever uses it expects. A worker for the container itself has neither a file of
 * it nor any of the engine's patience, and is held to the container's processor time.
 */
enum service_user {
	SERVICE_FOR_CONTAINER,
	SERVICE_FOR_ENGINE,
};

struct service {
	const char *name;
	const char *comm; /* what ps(1) shows for the worker, 15 characters */
	enum service_user user;
	const struct confine_rights *rights; /* the worker's */
	/* Keeper: make the connection, not yet visible; or SERVICE_E_UNWANTED. */
	int (*open)(struct conn *ret, const struct container *c, struct error *err);
	/* Keeper, once the first worker answers: make it visible. NULL: nothing to do. */
	int (*attach)(const struct conn *conn, const struct container *c, struct error *err);
	/*
	 * Keeper, at the end: undo attach and conn_close_mounts(); or SERVICE_E_COVERED, and
	 * it is tried again later.
	 */
	int (*detach)(struct conn *conn, const struct container *c, struct error *err);
	/*
	 * Keeper, after any change to the mount table of its namespace; or SERVICE_E_CARRY.
	 * NULL: not interested.
	 */
	int (*mounts_changed)(struct conn *conn, const struct container *c, struct error *err);
	/* In a child of the keeper, which may wait for the worker. */
	int (*carry)(const struct conn *conn, const struct container *c);
	/*
	 * Worker, still with all rights, in its own fd directory: prepare the operations'
	 * userdata. `generation` counts the workers.
	 */
	int (*prepare)(void **ret_userdata, const struct container *c, unsigned int generation,
		       struct error *err);
	/* Worker, after requests: should the kernel drop what nobody uses? NULL: never. */
	bool (*wants_trim)(void *userdata);
	const struct fuse_lowlevel_ops *ops;
	size_t ops_size;
};

#define SERVICES_MAX 4
extern const struct service *const services[];
extern const size_t n_services;

extern const struct service engine_view_service; /* fs/engine-view.c */
extern const struct service emul_fast_service;	 /* fs/emulation.c */
extern const struct service emul_plain_service;
/* Another mount of one of their connections besides the container's own; owned. */
int emulation_mount(const struct conn *c, struct error *err);

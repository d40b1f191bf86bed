/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor serves: a table with one row for each FUSE connection. The keeper
 * holds the connections and shows them, the worker answers them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct conn;
struct container;
struct fuse_lowlevel_ops;

enum {
	SERVICE_E_UNWANTED = 1, /* this container does not have it */
	SERVICE_E_COVERED,	/* not possible as yet */
	SERVICE_E_CARRY,	/* carry() is to be called */
};

struct service {
	const char *name;
	/* Keeper: make the connection, not visible yet; or SERVICE_E_UNWANTED. */
	int (*open)(struct conn *ret, const struct container *c, struct error *err);
	/* Keeper, once the first worker answers: make it visible. NULL: nothing to do. */
	int (*attach)(const struct conn *conn, const struct container *c, struct error *err);
	/*
	 * Keeper, at the end: undo attach and conn_close_mounts(); or SERVICE_E_COVERED,
	 * and it will be tried again.
	 */
	int (*detach)(struct conn *conn, const struct container *c, struct error *err);
	/*
	 * Keeper, after any change of its namespace's mount table; or SERVICE_E_CARRY.
	 * NULL: of no interest.
	 */
	int (*mounts_changed)(struct conn *conn, const struct container *c, struct error *err);
	/* In a child of the keeper, which may wait for the worker. */
	int (*carry)(const struct conn *conn, const struct container *c);
	/*
	 * Worker, still with all rights, in its own fd directory: what the operations get
	 * as userdata. `generation` counts the workers.
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
/* A mount of one of their connections beside the one that the container has; owned. */
int emulation_mount(const struct conn *c, struct error *err);

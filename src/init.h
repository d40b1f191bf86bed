/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child: from a fork of the runtime to the container's first process.
 *
 * Two processes do it. The *builder* starts with the host's powers in a private
 * mount namespace, builds what needs them, and enters the namespaces of the
 * container. It then forks *init*, which finishes from inside and executes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/idmap.h"
#include "lib/macro.h"
#include "src/do.h"

struct host;
struct plan;
struct rootfs;
struct spec_hooks;
struct state;

/* A detached tree, and where it belongs in the container. */
struct init_mount {
	int fd;
	char *target;
};

/* All that the child needs, made ready by launch in the parent; borrowed through fork. */
struct init {
	const struct host *host;
	const struct plan *plan;
	const struct rootfs *rootfs;
	const struct idmap *map;
	const struct state *state;	 /* for the hooks */
	const struct spec_hooks *hooks;	 /* startContainer; NULL none */
	struct seccomp_program *seccomp; /* NULL none */
	int userns_fd;
	int *join_fds;	/* parallel to plan->joins */
	int *mount_fds; /* parallel to plan->mounts: opened binds, -EBADF for others */
	const struct init_mount *layers; /* into the stores, after all others */
	size_t n_layers;
	int fifo_fd;	/* O_PATH of exec.fifo */
	int console_fd; /* connected console socket, -EBADF none */
	int sync;	/* the child's end */
	unsigned int preserve_fds;
};

/* Runs in the builder; never returns. Exit status 0 once init was forked. */
_noreturn_ void init_build(struct init *in);

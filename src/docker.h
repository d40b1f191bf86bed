/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Docker engine of this machine from outside: its process, its settings file,
 * and what it says of itself. Asked by `install` and `doctor` only; the life of a
 * container never depends on it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

/* The dockerd that shares our mount namespace, so that its paths are ours. */
struct docker_daemon {
	pid_t pid;	   /* 0: none runs */
	char *config;	   /* its settings file, symlinks resolved */
	char *socket;	   /* of its API */
	bool has_runtimes; /* --add-runtime on its command line: bars "runtimes" in the file */
};
void docker_daemon_done(struct docker_daemon *d);
/* Where none runs, the places are the usual ones. Never fails for want of a daemon. */
int docker_daemon_find(struct docker_daemon *ret, struct error *err);

struct docker_runtime {
	char *name;
	char *path;
};

/* GET /info, as far as it matters here. */
struct docker_info {
	char *version;
	char *root_dir;
	char *driver;
	char *cgroup_driver;
	char *default_runtime;
	struct docker_runtime *runtimes;
	size_t n_runtimes;
};
void docker_info_done(struct docker_info *i);
/* -ECONNREFUSED and the like when nobody answers at the socket. */
int docker_info_get(struct docker_info *ret, const char *socket, struct error *err);
/* The program registered under this name, or NULL. */
const char *docker_info_runtime(const struct docker_info *i, const char *name);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the builder (src/init-builder.c) and init (src/init.c): what the first has made and
 * the second carries on with, through fork.
 */
#pragma once

#include "src/init.h"

/* What the steps hand to each other. */
struct init_work {
	const struct init *in;
	int base_fd;	 /* attached tmpfs; becomes the working directory */
	int root_mount;	 /* the container's root file system, attached by step_stack() */
	int view_mount;	 /* a detached clone of it, for the supervisor */
	int writable_fd; /* a writable clone of it, where "/" is to be read-only */
	int dev_fd;	 /* detached /dev */
	int root_fd;	 /* init: O_PATH of "/" */
	int proc_fd;	 /* init: from the parent */
	int sys_fd;
	int slave_fd; /* terminal */
	struct program program;
};

struct init_step {
	const char *name;
	int (*run)(struct init_work *w, struct error *err);
};

/* Up to the first step that fails, whose name is put before the error. */
int init_run_steps(const struct init_step *steps, struct init_work *w, struct error *err);
/* The other side of the handshake hears why. */
_noreturn_ void init_fail(const struct init *in, const struct error *err);
/* Hostname and domain name of the caller's uts namespace, where the plan has them. */
int init_set_names(const struct plan *p, struct error *err);
/* In the new init: ends in the container's program. */
_noreturn_ void init_main(struct init_work *w);

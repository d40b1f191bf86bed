/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a container as the verbs see it: made from a bundle, opened by id,
 * started, destroyed.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"
#include "src/launch.h"
#include "src/notify.h"
#include "src/state.h"

struct options;

/* Options that create and run share. */
struct container_create {
	const char *bundle;
	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	bool no_pivot; /* accepted: the root is never entered by chroot alone */
	bool no_new_keyring;
	int preserve_fds;
	/* Filled by the callers. */
	bool keep_terminal; /* run in the foreground, without a console socket */
};

/* One container in hand: directory, lock and state. */
struct container {
	struct state_dir dir;
	struct state state;
};
#define CONTAINER_EMPTY                                                                        \
	{                                                                                      \
		.dir = STATE_DIR_EMPTY                                                         \
	}
void container_done(struct container *c);

/*
 * Make a container; on success it is "created" and the launch says how to reach
 * init. On failure nothing is left.
 */
int container_create(struct container *ret, struct launch *ret_launch, const struct options *o,
		     const char *id, const struct container_create *c, struct error *err);
/*
 * -ENODATA: the runtime that made it was killed before its first record; it is in *ret all
 * the same, for container_destroy().
 */
int container_open(struct container *ret, const char *root, const char *id,
		   enum state_lock lock, struct error *err);
/*
 * Let init execute the user's program and let go of the container's lock; poststart hooks,
 * whose failure ends the container. If the caller's service manager waits for readiness, *n
 * listens afterwards.
 */
int container_start(struct container *c, struct notify *n, struct error *err);
/*
 * Freeze, and show inner images to an engine that wants to commit; thaw without them. If
 * they cannot be shown the container runs on, so that nothing is committed.
 */
int container_pause(struct container *c, struct error *err);
int container_resume(struct container *c, struct error *err);

/*
 * It has ended and is kept. Its engine may take the rootfs and commit it at once, without
 * telling us, and delete the container any time later (BuildKit): take the view off, and show
 * inner images in the upper layer.
 */
int container_leave(struct container *c, struct error *err);

enum container_destroy_flags {
	CONTAINER_KILL = 1u << 0, /* kill what still lives */
};
/* Remove all that belongs to it; poststop hooks. Idempotent, also on half-made containers. */
int container_destroy(struct container *c, unsigned int flags, struct error *err);

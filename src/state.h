/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container between two commands: a directory per container
 * below the state root, with
 *
 *	state.json   this struct, replaced as a whole
 *	config.json  the specification as it was executed (after syscont), for exec,
 *	             hooks and people
 *	exec.fifo    there from create to start: init waits for a reader
 *
 * A command that changes the container holds a lock on the directory itself: a file in
 * it could not be removed together with it, and who waited for it would have it anew.
 *
 * state.json is first written before anything is made that could outlive a
 * killed runtime, so that whoever comes next knows what to clean.
 */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/macro.h"
#include "src/cgroup.h"
#include "src/spec.h"

struct syscont;

#define STATE_VERSION 1

struct state {
	uint32_t version;
	char *id;
	char *oci_version;
	char *bundle;	     /* absolute */
	char *rootfs;	     /* absolute, on the host */
	char *created;	     /* RFC 3339, UTC */
	char *owner;	     /* user name of the caller */
	char *boot_id;	     /* pids mean something in this boot only */
	int32_t init_pid;    /* 0: not yet */
	uint64_t init_start; /* clock ticks since boot */
	bool complete;	     /* create went through */
	bool hooked;	     /* hooks have run, and poststop shall undo what they did */
	char *view_path;     /* where the supervisor put the engine's view; NULL none */
	char *work_path;     /* our overlay work directory; NULL none */
	bool left;	     /* container_leave() has run */
	bool is_plain;	     /* SYSBOX_SYSCONT_MODE=FALSE; holds for exec, too */
	char *resolv_conf;   /* the engine's, for src/resolver.h; NULL: not to be changed */
	char *store_dir;     /* src/store.h; NULL none */
	struct json_pair *stores; /* name, and path in the rootfs without symlinks */
	size_t n_stores;
	struct json_pair *locks; /* place in the container, and what is locked: src/locks.h */
	size_t n_locks;
	bool no_new_keyring;	 /* --no-new-keyring; holds for exec, too */
	bool honor_caps;	 /* SYSBOX_HONOR_CAPS=TRUE, likewise */
	bool ignore_sysfs_chown; /* SYSBOX_IGNORE_SYSFS_CHOWN=TRUE, likewise */
	bool traps;		 /* the supervisor answers trapped calls, also those of exec */
	struct cgroup cgroup;
	struct spec_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct spec_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct json_pair *annotations;
	size_t n_annotations;
};
/*
 * Everything but what cgroup_plan() and the launch add, from the specification as rewritten
 * (src/state-fill.c).
 */
int state_fill(struct state *s, const char *id, const char *bundle, const struct syscont *sc,
	       struct error *err);
void state_done(struct state *s);

enum state_status {
	STATE_CREATING,
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPED,
};
const char *state_status_name(enum state_status s);

/* runc's rule: letters, digits, "_+-." and not "." or ".."; at most 1024. */
int state_check_id(const char *id, struct error *err);

/*
 * The container's directory, opened. `lock_fd` is held from open to done.
 */
struct state_dir {
	char *path; /* "/run/sysbox-runc/ID" */
	int dirfd;
	int lock_fd;
};
#define STATE_DIR_EMPTY                                                                        \
	{                                                                                      \
		.dirfd = -EBADF, .lock_fd = -EBADF                                             \
	}
void state_dir_done(struct state_dir *d);

/*
 * Make the directory of a new container, locked. -EEXIST: there is one; the error says
 * which.
 */
int state_dir_make(struct state_dir *ret, const char *root, const char *id, struct error *err);
enum state_lock {
	STATE_SHARED,	 /* look only */
	STATE_EXCLUSIVE, /* waits for another command on this container */
	STATE_TRY,	 /* -EAGAIN when there is one */
};
/* -ENOENT with runc's words "container does not exist". */
int state_dir_open(struct state_dir *ret, const char *root, const char *id,
		   enum state_lock lock, struct error *err);
/* Remove the directory with all in it. */
int state_dir_remove(struct state_dir *d, struct error *err);

int state_save(const struct state_dir *d, const struct state *s, struct error *err);
/* -ENODATA: the directory holds no state (a runtime killed at its first step). */
int state_load(const struct state_dir *d, struct state *ret, struct error *err);
int state_save_config(const struct state_dir *d, const struct spec *s, struct error *err);
int state_load_config(const struct state_dir *d, struct spec **ret, struct error *err);

/* Looks at the live system: init, cgroup, fifo. */
enum state_status state_status(const struct state_dir *d, const struct state *s);
/* The JSON of `state` and of hooks' stdin (runtime-spec, runtime.md "State"). Owned. */
char *state_format(const struct state *s, enum state_status status, enum json_style style);
/* Owned pidfd of init; -ESRCH with "container is not running". */
int state_init_pidfd(const struct state *s, struct error *err);
/* Ids of all containers below a root; NULL-terminated, owned, sorted. -ENOENT: no root. */
int state_list(const char *root, char ***ret, struct error *err);

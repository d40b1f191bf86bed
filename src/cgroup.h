/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's cgroup: one interface, two drivers (cgroupfs, systemd), three
 * layouts (v1, hybrid, v2).
 *
 * The engine's own cgroup is given to the container's root: directory, `procs`,
 * `threads` and `subtree_control` (v1: `tasks`, `clone_children`) change owner;
 * the limit files stay the host's, so that they are readable inside and
 * enforced from outside. All functions run as host root in the host's cgroup
 * and mount namespaces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/macro.h"

struct host;
struct json_type;
struct spec_resources;
struct strbuf;

enum cgroup_driver {
	CGROUP_FS,
	CGROUP_SYSTEMD,
};

/* One directory of the container in one hierarchy. */
struct cgroup_dir {
	char *controllers; /* as struct host_hierarchy */
	char *path;	   /* absolute, on the host */
	bool is_exact;	   /* cgroup_descend(): not saved */
	bool is_withheld;  /* cgroup_withhold(): not saved */
};

/* Plain data: it is saved in the container's state and loaded by later commands. */
struct cgroup {
	enum cgroup_driver driver;
	char *unit; /* systemd: "docker-ID.scope"; NULL else */
	/*
	 * Random; written on every directory that we make or take ("trusted.sysbox").
	 * The name alone proves nothing: the specification may name a cgroup of
	 * somebody else, creating then fails, and what cleans up must not touch it.
	 */
	char *mark;
	bool is_v2;
	struct cgroup_dir *dirs;
	size_t n_dirs;
};
void cgroup_done(struct cgroup *cg);

/*
 * Choose the names: `cgroups_path` is linux.cgroupsPath ("/a/b" or relative for cgroupfs,
 * "slice:prefix:name" for systemd; NULL: a default from the id). Pure, but for the random mark.
 */
int cgroup_plan(struct cgroup *ret, const struct host *h, enum cgroup_driver driver,
		const char *cgroups_path, const char *id, struct error *err);
/*
 * Some v1 limits hold for a group and not for those below it, which the container's root could
 * make in order to escape them: hierarchies where `r` (NULL: none) has one are neither given to
 * it nor shown. Pure.
 */
void cgroup_withhold(struct cgroup *cg, const struct spec_resources *r);
/*
 * Make the cgroup and put process `pid` into it, with the limits of `r` in force
 * from then on (device rules too). An existing cgroup of this name is used when it
 * holds no process, as runc does. On failure nothing is left behind.
 * `properties` are the annotations "org.systemd.property.*".
 */
struct cgroup_property {
	const char *name;
	const char *value;
};
int cgroup_create(const struct cgroup *cg, const struct spec_resources *r, pid_t pid,
		  const struct cgroup_property *properties, size_t n_properties,
		  struct error *err);
/*
 * The same in steps, for CGROUP_FS, and some 10 ms faster on an idle machine: moving another
 * process makes the kernel wait for an RCU grace period (cgroup_threadgroup_rwsem),
 * while a process that is born in a v2 cgroup, or moves itself in v1, pays
 * microseconds:
 *
 *	cgroup_make(cg, r, err);		the parent; limits and device rules are in force
 *	cgroup_clone_fd(cg, 0, &fd, err);	the parent; for clone3(CLONE_INTO_CGROUP)
 *	cgroup_join(cg, err);			the child, as its first act
 *
 * cgroup_make() leaves nothing behind on failure; after success it is cgroup_destroy()
 * that removes it.
 */
int cgroup_make(const struct cgroup *cg, const struct spec_resources *r, struct error *err);
/*
 * The v2 directory to be cloned into (O_PATH, owned), or -EBADF where there is no v2
 * tree: then clone without the flag. `init_pid` as in cgroup_enter(); 0 at create.
 */
int cgroup_clone_fd(const struct cgroup *cg, pid_t init_pid, int *ret_fd, struct error *err);
/*
 * Move the calling process into the v1 hierarchies. It must be single-threaded,
 * host root, and see the host's cgroup mounts.
 */
int cgroup_join(const struct cgroup *cg, struct error *err);
/* Give it to the container's root (host ids). */
int cgroup_delegate(const struct cgroup *cg, uid_t uid, gid_t gid, struct error *err);
/*
 * On v2: the container's processes leave the group for a leaf of it, so that an inner
 * engine may enable controllers there. After cgroup_delegate(), before init's program.
 */
int cgroup_settle(const struct cgroup *cg, struct error *err);
/*
 * From now on cgroup_clone_fd(), cgroup_join() and cgroup_enter() mean an existing cgroup below
 * it: "[CONTROLLER,..:]PATH", as exec's --cgroup has it. In memory only.
 */
int cgroup_descend(struct cgroup *cg, const char *word, struct error *err);
/* Put a process of `exec` into it; on v2, into the leaf in which `init_pid` is. */
int cgroup_enter(const struct cgroup *cg, pid_t pid, pid_t init_pid, struct error *err);

/*
 * All functions below that change something fail with -EBUSY on a cgroup that does not bear our
 * mark, except that cgroup_kill() and cgroup_destroy() leave it alone and succeed.
 */

/*
 * Change limits of a running container. Device rules are not part of an update, as
 * in runc: other programs may have added some of their own.
 */
int cgroup_update(const struct cgroup *cg, const struct spec_resources *r, struct error *err);
int cgroup_freeze(const struct cgroup *cg, struct error *err);
int cgroup_thaw(const struct cgroup *cg, struct error *err);
/* 1 frozen, 0 not, or -errno. */
int cgroup_is_frozen(const struct cgroup *cg);
/* All pids, in the cgroup and below; owned array. */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct error *err);
/*
 * v1: the container's root has frozen some of its own groups. These processes do not die of
 * SIGKILL, nor does init, which waits for them, until cgroup_kill() has thawed them.
 */
bool cgroup_holds_dying(const struct cgroup *cg);
/* Send to every process (v2: cgroup.kill for SIGKILL). */
int cgroup_kill(const struct cgroup *cg, int signal, struct error *err);
/*
 * Remove it with everything below; waits a while for the last processes to leave. Absent is
 * success.
 */
int cgroup_destroy(const struct cgroup *cg, struct error *err);

/* Statistics in the shape of `runc events --stats`: the "data" object as JSON text. */
int cgroup_stats(const struct cgroup *cg, struct strbuf *out, struct error *err);
/* Readable at an OOM event (v1: eventfd, v2: inotify on memory.events). Owned. */
int cgroup_oom_fd(const struct cgroup *cg, struct error *err);
/* OOM kills so far (v2 memory.events, v1 memory.oom_control), or -errno. */
int64_t cgroup_oom_kills(const struct cgroup *cg);

extern const struct json_type cgroup_type; /* for src/state.c */

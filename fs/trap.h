/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trapped system calls: a table with one row for each. src/plan-traps.c lists the same
 * calls and tells the kernel which of them to stop.
 */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/overmounts.h"

struct container;
struct tracee;

/*
 * One call while it is being handled; in memory that outlives the process handling it
 * (fs/slots.h).
 */
struct trap_job {
	struct seccomp_notif notif;
	uint64_t listener; /* its number */
	uint64_t owner;	   /* the process handling it (fs/owner.h); 0: none yet */
	int64_t due_ms;	   /* deadline for handling it, by clock_msec() */
	bool is_overdue;   /* its handler is killed, and is no longer waited for */
	bool is_answered;
	/*
	 * STATX_MNT_ID of the mount that has been, or is about to be, attached for this call.
	 */
	uint64_t mount_id;
	int32_t result; /* what TRAP_DONE returns to the caller: >= 0, or -errno */
};

/* What all calls of a container have in common. */
struct trap_context {
	const struct container *container;
	struct overmount_source source; /* its view is the one for the call */
	uint64_t devs[2];		/* of the two connections */
	int listener_fd;		/* for this call */
	int watchdog_fd;		/* see trap_guard(); -EBADF: nobody else is waiting */
};
/* Is the caller still waiting? If so, whatever was read about it before is its own. */
bool trap_is_valid(const struct trap_context *c, const struct trap_job *job);

/*
 * Called around every access to the caller's memory by the process that receives all calls.
 * The memory may be a mapping of a file whose daemon, the caller's own, never answers, and
 * not even SIGKILL ends that wait. If the process does not come back within TRAP_STALL_MS, it
 * is replaced.
 */
#define TRAP_STALL_MS 3000
void trap_guard(const struct trap_context *c);
void trap_unguard(const struct trap_context *c);

enum trap_verdict {
	TRAP_NATIVE, /* let the kernel make the call itself */
	TRAP_DONE,   /* it has been made */
	TRAP_AGAIN,  /* its caller makes it anew, once it is no longer frozen */
};
/* For what an agent returns (fs/agent.h): without an error, the call has been made. */
enum trap_verdict trap_verdict_of(int agent_result);

struct trap {
	const char *name;
	/*
	 * Every row has one of `answer` and `act`. `answer` runs at once, in the process that
	 * receives all calls, with the caller's memory guarded, and takes no longer than a
	 * fork; or it runs like `act`, once a receiver has been stuck.
	 */
	enum trap_verdict (*answer)(const struct trap_context *c, struct trap_job *job,
				    pid_t tid);
	/*
	 * In a process of its own, as host root. `t` has been validated. Whatever is not
	 * exactly what it knows goes to the kernel, whose errors are then the kernel's own.
	 */
	enum trap_verdict (*act)(const struct trap_context *c, struct trap_job *job,
				 const struct tracee *t);
	/*
	 * Before `act`, in the process that receives all calls, guarded; or in the same
	 * process as `act`.
	 */
	bool (*is_wanted)(const struct seccomp_notif *n);
	/* After it, when the call has been answered; NULL: nothing is left to do. */
	void (*after)(const struct trap_context *c);
};

/* NULL: not a call that we trap. AUDIT_ARCH_* and the number, x32's with its bit. */
const struct trap *trap_find(uint32_t arch, uint32_t nr);
/* The same by what else decides: there are three kinds of mount(2). */
const struct trap *trap_of(const struct seccomp_data *d);
/* Of the two calls that trap_remount handles, is it mount_setattr(2)? */
bool trap_is_setattr(const struct seccomp_data *d);

extern const struct trap trap_mount;	  /* fs/trap-mount.c */
extern const struct trap trap_bind;	  /* fs/trap-bind.c */
extern const struct trap trap_remount;	  /* fs/trap-remount.c */
extern const struct trap trap_umount;	  /* fs/trap-umount.c */
extern const struct trap trap_move_mount; /* fs/trap-move-mount.c */
extern const struct trap trap_sysinfo;	  /* fs/trap-figures.c */
extern const struct trap trap_affinity;	  /* the same */
extern const struct trap trap_chown, trap_lchown, trap_fchown,
	trap_fchownat; /* fs/trap-chown.c */

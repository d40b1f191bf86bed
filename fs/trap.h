/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trapped system calls: a table with one row for each. src/plan-traps.c has the same calls
 * and tells the kernel which of them to stop.
 */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/overmounts.h"

struct container;
struct tracee;

/* One call, while it is worked on; in memory that outlives who works on it (fs/slots.h). */
struct trap_job {
	struct seccomp_notif notif;
	uint64_t listener; /* its number */
	uint64_t owner;	   /* who works on it (fs/owner.h); 0: nobody yet */
	int64_t due_ms;	   /* when that has taken too long: of clock_msec() */
	bool is_overdue;   /* who works on it is killed, and what it does is not waited for */
	bool is_answered;
	/* STATX_MNT_ID of the mount that is, or is about to be, attached for this call. */
	uint64_t mount_id;
	int32_t result; /* what TRAP_DONE returns to the caller: >= 0, or -errno */
};

/* What is the same for all calls of a container. */
struct trap_context {
	const struct container *container;
	struct overmount_source source; /* its view is that of the call */
	uint64_t devs[2];		/* of the two connections */
	bool is_nested;			/* the caller is in a pid namespace within */
	int listener_fd;		/* of the call */
	int watchdog_fd;		/* see trap_guard(); -EBADF: nobody else waits */
};
/* Does the caller still wait? What was read of it before this says yes is its own. */
bool trap_is_valid(const struct trap_context *c, const struct trap_job *job);

/*
 * Around every look into the caller's memory by who receives all calls. It may be a mapping
 * of a file whose daemon, the caller's own, never answers, and not even SIGKILL ends that.
 * Who does not come back within TRAP_STALL_MS is replaced.
 */
#define TRAP_STALL_MS 3000
void trap_guard(const struct trap_context *c);
void trap_unguard(const struct trap_context *c);

enum trap_verdict {
	TRAP_NATIVE, /* let the kernel make the call */
	TRAP_DONE,   /* it was made */
};

struct trap {
	const char *name;
	/*
	 * One of both. At once, by who receives all calls: what takes no longer than a fork,
	 * with the caller's memory guarded; or like `act`, once somebody has not come back.
	 */
	enum trap_verdict (*answer)(const struct trap_context *c, struct trap_job *job,
				    pid_t tid);
	/*
	 * In a process of its own, host root. `t` was validated. Whatever is not exactly what
	 * it knows goes to the kernel, whose errors are then the kernel's own.
	 */
	enum trap_verdict (*act)(const struct trap_context *c, struct trap_job *job,
				 const struct tracee *t);
	/* Before `act`, by who receives all calls, guarded; or in the same process. */
	bool (*is_wanted)(const struct seccomp_notif *n);
};

/* NULL: not a call that we trap. AUDIT_ARCH_* and the number, x32's with its bit. */
const struct trap *trap_find(uint32_t arch, uint32_t nr);

extern const struct trap trap_mount;	  /* fs/trap-mount.c */
extern const struct trap trap_umount;	  /* fs/trap-umount.c */
extern const struct trap trap_move_mount; /* fs/trap-move-mount.c */
extern const struct trap trap_sysinfo;	  /* fs/trap-figures.c */
extern const struct trap trap_affinity;	  /* the same */
extern const struct trap trap_chown, trap_lchown, trap_fchown,
	trap_fchownat; /* fs/trap-chown.c */

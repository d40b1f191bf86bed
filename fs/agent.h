/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acting in place of a tracee: in its namespaces, with its root and working directory, its
 * ids and its capabilities, and no more than these. So every path leads where it leads the
 * tracee, and the kernel's own checks decide.
 */
#pragma once

struct tracee;

enum agent_flags {
	/* Stay in our own mount namespace: for work done by descriptor. */
	AGENT_HERE = 1u << 0,
	/* Keep our own rights: for work in which the tracee has no say. */
	AGENT_AS_HOST = 1u << 1,
	/* Stay out of its cgroup: for work that must not end halfway, and keeps no memory. */
	AGENT_OUTSIDE = 1u << 2,
	/* What it opens and leaves open, the calling process has open. */
	AGENT_SHARE_FILES = 1u << 3,
	/*
	 * What `prepare` opens, the calling process has open as well, until it closes that or
	 * ends.
	 */
	AGENT_SHARE_PREPARED = 1u << 4,
};

struct agent_work {
	int (*prepare)(void *arg); /* before anything is taken on; NULL: nothing to prepare */
	int (*act)(void *arg);
	void *arg;
};

/* The tracee's cgroup is being frozen, and the agent with it: so it has been ended. */
#define AGENT_FROZEN 1

/*
 * Fork, in the tracee's cgroup (fs/place.h), take on its identity, act, wait: returns what the
 * work returns, 0 or -errno, or AGENT_FROZEN. -EINTR: the agent was killed, which processes in
 * the tracee's pid namespace can do. The caller must have called agent_prepare(), be
 * single-threaded and be host root; its children are in the tracee's pid namespace from then
 * on.
 */
int agent_call(const struct tracee *t, unsigned int flags, const struct agent_work *w);

/*
 * Call once in a process whose descendants become agents: capabilities survive the change of
 * ids, and nobody may trace it (ptrace(2)).
 */
int agent_prepare(void);

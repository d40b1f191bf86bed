/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To act in the place of a tracee: in its namespaces, with its root and working directory,
 * its ids and its capabilities, and no more than these. So every path leads where it leads
 * the tracee, and the kernel's own checks decide.
 */
#pragma once

struct tracee;

enum agent_flags {
	/* Stay in our own mount namespace: for what is done by descriptor. */
	AGENT_HERE = 1u << 0,
	/* Keep our own rights: for what the tracee has no say in. */
	AGENT_AS_HOST = 1u << 1,
};

/*
 * Fork, become the tracee's like, call fn, wait: what fn returns, 0 or -errno. -EINTR: the
 * agent was killed, which processes in the tracee's pid namespace can do. The caller:
 * agent_prepare() was called, single-threaded, host root; its children are in the tracee's
 * pid namespace from then on.
 */
int agent_call(const struct tracee *t, unsigned int flags, int (*fn)(void *arg), void *arg);

/*
 * Once in a process whose descendants become agents: capabilities outlive the change of
 * ids, and nobody may trace it (ptrace(2)).
 */
int agent_prepare(void);

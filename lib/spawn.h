/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes that run a program and are waited for. */
#pragma once

#include <sys/types.h>

struct spawn {
	const char *path; /* executed as it is, no search */
	char *const *argv;
	char *const *envp; /* NULL: an empty environment */
	const char *input; /* text for its stdin; NULL: /dev/null */
	int timeout_ms;	   /* 0: none. On expiry the child is killed: -ETIMEDOUT */
	/* Runs in the child before execve, e.g. to enter namespaces; -errno ends it. */
	int (*prepare)(void *arg);
	void *arg;
};

/*
 * Run and wait. Returns 0 and the wait status; the tail of the child's stderr is put
 * into `output` (NUL-terminated), when not NULL. -errno when it could not be executed.
 */
int spawn_run(const struct spawn *s, int *ret_status, char *output, size_t output_size);
/* Fork a function of ours and wait for it: its return value (-errno .. 0) is passed back. */
int spawn_call(int (*fn)(void *arg), void *arg);
/*
 * The same, where `fn` may have to wait for a file system that the container controls: after
 * `ms` the child is killed, and if that does not end it, left alone: -ETIMEDOUT. Such a child
 * may live forever; what it has open stays open, and locked.
 */
int spawn_call_within(int ms, int (*fn)(void *arg), void *arg);
/* Reap one child by pid, EINTR retried: 0 and the status. */
int spawn_wait(pid_t pid, int *ret_status);
/*
 * SIGKILL one child and reap it; nothing where pid is not positive. What does not die of it
 * soon, since a container has frozen it (v1) or keeps it in a file system, is left alone.
 */
void spawn_kill(pid_t pid);

/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about a process out of /proc, and its identity across pid reuse. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	char state; /* 'R', 'S', 'Z', 'X', ... */
	pid_t ppid;
	uint64_t start_time; /* clock ticks since boot, field 22 of proc_pid_stat(5) */
	bool is_dying;	     /* dead, or on the way: nothing keeps it but what it waits for */
};

/* -ESRCH when there is no such process. */
int proc_stat_read(pid_t pid, struct proc_stat *ret);
/* Its real user, as our user namespace counts. -ESRCH likewise. */
int proc_uid(pid_t pid, uid_t *ret);
/* Alive, not a zombie, and started at `start_time`: the same process that was recorded? */
bool proc_is_alive(pid_t pid, uint64_t start_time);
/*
 * A pidfd of the recorded process: opened first, identity compared after, so that
 * a reused pid is never taken. -ESRCH when it is gone. Owned fd.
 */
int proc_pidfd_open(pid_t pid, uint64_t start_time);
/* Wait until the process of a pidfd ended: 1 ended, 0 timeout. timeout_ms -1: forever. */
int proc_pidfd_wait(int pidfd, int timeout_ms);
/*
 * Write a file of the calling process's own directory in /proc, which may be what an image or
 * an attacker has put there: -ENOTDIR when /proc is no procfs, -EXDEV when something covers the
 * file (CVE-2019-16884, CVE-2025-52881).
 */
int proc_self_write(const char *file, const char *text);
/* This boot's id (/proc/sys/kernel/random/boot_id), 36 characters and NUL. */
#define PROC_BOOT_ID_SIZE 37
int proc_boot_id(char ret[PROC_BOOT_ID_SIZE]);

/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces of processes, as descriptors. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Open /proc/PID/ns/FILE for one CLONE_NEW* bit; owned fd or -errno. */
int ns_open(pid_t pid, uint64_t clone_flag);
/* 1 the same namespace, 0 another, or -errno. */
int ns_same(int fd_a, int fd_b);
/* Is fd the namespace of this kind that the calling process lives in? */
int ns_is_own(int fd, uint64_t clone_flag);
/* The CLONE_NEW* bit of an open namespace, or -errno (-ENOTTY: it is none). */
int ns_type(int fd);
/* Does the kernel know this kind (CONFIG_TIME_NS may be off)? */
bool ns_is_supported(uint64_t clone_flag);

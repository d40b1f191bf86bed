/* SPDX-License-Identifier: Apache-2.0 */
/* How a worker gives up what it does not need, in two stages. Neither can be undone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * First: files of the host can no longer be named. Root and current directory become this
 * process's own /proc/self/fd, in which "5" is whatever descriptor 5 refers to. Needs the
 * capabilities for open_tree(2) and chroot(2).
 */
int confine_files(struct error *err);
/* What a kind of worker keeps. */
struct confine_rights {
	uint64_t caps;
	const uint32_t *calls; /* system calls besides those of every process: fs/calls.h */
	size_t n_calls;
};

/* To act on the container's files for whoever asks: fs/passthrough.h. */
extern const struct confine_rights confine_passthrough;
/* To read what the emulated files are made from. */
extern const struct confine_rights confine_emulation;

/*
 * Last: only these rights, no new privileges, no supplementary groups, resource limits; other
 * system calls fail with ENOSYS. Nothing after it may open a device, mount, fork, signal or
 * trace.
 */
int confine_to(const struct confine_rights *rights, struct error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The acts of the container's own process, and of its parent for it. Each
 * function says in which process and namespaces it runs.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/macro.h"

struct plan_process;
struct plan_seccomp;

/* src/do-seccomp.c */

/* A filter ready to be loaded: BPF instructions, owned. */
struct seccomp_program {
	void *insns; /* struct sock_filter[] */
	size_t n_insns;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
};
void seccomp_program_done(struct seccomp_program *p);
/* Compile with libseccomp; anywhere, no effect. Names that this libseccomp does not know are skipped, as runc does. */
int do_seccomp_compile(const struct plan_seccomp *s, struct seccomp_program *ret, struct error *err);
/* Load into the calling process: 0, or the listener's fd (owned) when the flags ask for one. */
int do_seccomp_load(const struct seccomp_program *p, struct error *err);

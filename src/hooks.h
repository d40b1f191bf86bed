/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six kinds of hooks (runtime-spec, config.md "POSIX-platform Hooks"): each
 * gets the container's state on stdin. All functions run in the runtime, in the
 * host's namespaces, except where stated.
 */
#pragma once

#include <stddef.h>

#include "lib/error.h"
#include "src/state.h"

struct spec_hook;
struct spec_hooks;

/*
 * One list in order; the first failure ends it. `kind` is for messages: "poststart". As with
 * runc, a hook without an environment of its own has the runtime's.
 */
int hooks_run(const char *kind, const struct spec_hook *hooks, size_t n, const struct state *s,
	      enum state_status status, struct error *err);
/*
 * createContainer: in the container's namespaces, with the host's tree around it,
 * since the hook's path is one of the host. The container's tree lies at the
 * state's rootfs path, and what the hook mounts there appears inside.
 */
int hooks_run_create_container(const struct spec_hook *hooks, size_t n, const struct state *s,
			       int init_pidfd, struct error *err);
/*
 * startContainer: in init itself, before the user's program. A hook without an
 * environment of its own has the program's.
 */
int hooks_run_start_container(const struct spec_hooks *hooks, const struct state *s,
			      char *const *env, struct error *err);
/* poststop: all of them, whatever the others did; failures are logged. */
void hooks_run_poststop(const struct spec_hooks *hooks, const struct state *s);

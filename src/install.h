/* SPDX-License-Identifier: Apache-2.0 */
/* Making this runtime known to the container engines of the machine, and unknown again. */
#pragma once

#include "lib/error.h"

/* The name under which engines know the runtime. */
#define INSTALL_NAME "sysbox-runc"

/* What was done, for the user. */
struct install_report {
	char text[1024];
};

/*
 * Root, in the engine's mount namespace. Docker: the member "runtimes.sysbox-runc" of its
 * settings file, with everything else kept, and a running dockerd told by SIGHUP; the call
 * returns when that one shows the change. Podman: a file of our own in containers.conf.d. Both
 * may be repeated. On failure the settings are as before.
 */
int install_docker(const char *program, struct install_report *ret, struct error *err);
int install_podman(const char *program, struct install_report *ret, struct error *err);
/* Success where nothing was registered. */
int uninstall_docker(struct install_report *ret, struct error *err);
int uninstall_podman(struct install_report *ret, struct error *err);

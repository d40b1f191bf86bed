/* SPDX-License-Identifier: Apache-2.0 */
/* The pid files that engines ask for. */
#pragma once

#include <sys/types.h>

#include "lib/error.h"

/* Replaces the file as a whole: engines poll for it. A NULL or empty path is success. */
int pidfile_write(const char *path, pid_t pid, struct error *err);
/* --pidfd-socket: the pidfd to whoever listens on a stream socket. NULL or "": nothing. */
int pidfile_send(const char *socket, int pidfd, struct error *err);

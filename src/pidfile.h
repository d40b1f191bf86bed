/* SPDX-License-Identifier: Apache-2.0 */
/* The pid files that engines ask for. */
#pragma once

#include <sys/types.h>

#include "lib/error.h"

/* Replaces the file as a whole: engines poll for it. A NULL or empty path is success. */
int pidfile_write(const char *path, pid_t pid, struct error *err);

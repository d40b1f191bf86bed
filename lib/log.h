/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one logger of a program: a target, a format and a level, set once by
 * main(). The only mutable global of the project. Never called from lib/.
 * Logging preserves errno.
 */
#pragma once

#include <stdbool.h>

#include "lib/macro.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

enum log_format {
	LOG_TEXT,
	/*
	 * One object per line: {"level":"error","msg":"...","time":"RFC 3339"}: Docker and
	 * containerd read the last error of a failed runtime call out of such a file.
	 */
	LOG_JSON,
};

/* `fd` is borrowed for the life of the process. Default: stderr, text, LOG_WARN. */
void log_init(int fd, enum log_format format, enum log_level level);
/*
 * The file is never longer than this, and later lines are lost: for a log whose lines a
 * container may cause. 0: no limit.
 */
void log_limit(long long size);
/* The fd in use, so that close_range() can spare it. */
int log_fd(void);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                         \
	do {                                                                                   \
		if (log_enabled(LOG_DEBUG))                                                    \
			log_write(LOG_DEBUG, __VA_ARGS__);                                     \
	} while (0)

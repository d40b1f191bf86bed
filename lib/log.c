/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/str.h"
#include "lib/strbuf.h"

/* Longer messages are cut. */
#define LOG_MESSAGE_MAX 4096

static struct {
	int fd;
	enum log_format format;
	enum log_level level;
	long long limit;
} target = {.fd = STDERR_FILENO, .format = LOG_TEXT, .level = LOG_WARN};

/* The words of logrus, which those who read such files expect. */
static const char *const level_words[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void log_init(int fd, enum log_format format, enum log_level level)
{
	target.fd = fd;
	target.format = format;
	target.level = level;
}

void log_limit(long long size)
{
	target.limit = size;
}

int log_fd(void)
{
	return target.fd;
}

bool log_enabled(enum log_level level)
{
	return level <= target.level;
}

static void add_time(struct strbuf *b)
{
	char text[32];
	struct timespec ts;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	strbuf_addf(b, "\"%s.%09ldZ\"", text, ts.tv_nsec);
}

/* For people: no quotes. Names chosen by a container must not drive the terminal. */
static void compose_stderr(struct strbuf *b, enum log_level level, const char *msg)
{
	_cleanup_free_ char *plain = NULL;

	strbuf_addf(b, "%s: ", program_invocation_short_name);
	if (level != LOG_ERROR)
		strbuf_addf(b, "%s: ", level_words[level]);
	plain = xstrdup(msg);
	str_make_plain(plain);
	strbuf_adds(b, plain);
}

static void compose_text(struct strbuf *b, enum log_level level, const char *msg)
{
	strbuf_adds(b, "time=");
	add_time(b);
	strbuf_addf(b, " level=%s msg=", level_words[level]);
	json_quote(b, msg);
}

static void compose_json(struct strbuf *b, enum log_level level, const char *msg)
{
	strbuf_addf(b, "{\"level\":\"%s\",\"msg\":", level_words[level]);
	json_quote(b, msg);
	strbuf_adds(b, ",\"time\":");
	add_time(b);
	strbuf_addc(b, '}');
}

/* Of several processes, so the file alone knows. */
static bool is_full(void)
{
	struct stat st;

	return target.limit && fstat(target.fd, &st) == 0 && st.st_size >= target.limit;
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void write_line(enum log_level level, const char *msg)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;

	if (is_full())
		return;
	if (target.format == LOG_JSON)
		compose_json(&b, level, msg);
	else if (target.fd == STDERR_FILENO)
		compose_stderr(&b, level, msg);
	else
		compose_text(&b, level, msg);
	strbuf_addc(&b, '\n');
	/* A log that cannot be written can be reported nowhere. */
	if (write(target.fd, b.s, b.len) < 0)
		return;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char msg[LOG_MESSAGE_MAX];
	int saved = errno;
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	write_line(level, msg);
	errno = saved;
}

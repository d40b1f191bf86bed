/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <fnmatch.h>

#include "lib/log.h"

/* Every test logs to a memory file and reads it back. */
static int target_open(void **state)
{
	int *fd = xcalloc(1, sizeof(*fd));

	*fd = fd_memfd("log", "", 0);
	*state = fd;
	return *fd < 0;
}

static int target_close(void **state)
{
	int *fd = *state;

	log_init(STDERR_FILENO, LOG_TEXT, LOG_WARN);
	fd_close(*fd);
	free(fd);
	return 0;
}

static void assert_logged(int fd, const char *pattern)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 1 << 20, &text, NULL), 0);
	if (fnmatch(pattern, text, 0) != 0)
		assert_string_equal(text, pattern); /* prints both */
}

#define TIME "\"20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].*Z\""

static void log_write__json(void **state)
{
	int *fd = *state;

	log_init(*fd, LOG_JSON, LOG_WARN);
	log_error("no \"%s\"\n", "way");
	assert_logged(*fd,
		      "{\"level\":\"error\",\"msg\":\"no \\\\\"way\\\\\"\\\\n\",\"time\":" TIME
		      "}\n");
}

static void log_write__text_file(void **state)
{
	int *fd = *state;

	log_init(*fd, LOG_TEXT, LOG_WARN);
	log_warn("slow %d", 3);
	assert_logged(*fd, "time=" TIME " level=warning msg=\"slow 3\"\n");
}

static void log_limit__ends(void **state)
{
	int *fd = *state;

	log_init(*fd, LOG_TEXT, LOG_WARN);
	log_limit(1000);
	for (int i = 0; i < 100; i++)
		log_warn("again");
	assert_in_range(lseek(*fd, 0, SEEK_END), 1000, 1100);
	log_limit(0);
	log_warn("again");
	assert_in_range(lseek(*fd, 0, SEEK_END), 1050, 1200);
}

/* Names that a container chose must neither make lines nor drive a terminal. */
static void log_write__stderr(void **state)
{
	int *fd = *state, saved = fd_dup(STDERR_FILENO);

	assert_int_equal(dup2(*fd, STDERR_FILENO), STDERR_FILENO);
	log_init(STDERR_FILENO, LOG_TEXT, LOG_INFO);
	log_warn("a\nb\033[2Jc");
	log_error("gone");
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	fd_close(saved);
	assert_logged(*fd, "test-log: warning: a b \\[2Jc\ntest-log: gone\n");
}

static void log_write__below_the_level(void **state)
{
	int *fd = *state;

	log_init(*fd, LOG_TEXT, LOG_WARN);
	assert_false(log_enabled(LOG_INFO));
	log_info("not this");
	log_debug("nor %s", "that");
	assert_logged(*fd, "");
}

static void log_write__keeps_errno(void **state)
{
	int *fd = *state;

	log_init(*fd, LOG_JSON, LOG_DEBUG);
	errno = ENOTTY;
	log_debug("x");
	assert_int_equal(errno, ENOTTY);
	log_init(-1, LOG_JSON, LOG_DEBUG);
	errno = ENOTTY;
	log_debug("x");
	assert_int_equal(errno, ENOTTY);
}

static void log_fd__is_what_was_set(void **state)
{
	int *fd = *state;

	log_init(*fd, LOG_TEXT, LOG_WARN);
	assert_int_equal(log_fd(), *fd);
}

/* One write each: a pipe in packet mode keeps writes apart. */
static void log_write__one_write_a_line(void **state)
{
	char buf[8192];
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC | O_DIRECT), 0);
	log_init(p[1], LOG_TEXT, LOG_WARN);
	log_error("%01000d", 1);
	log_error("two");
	assert_true(read(p[0], buf, sizeof(buf)) > 1000);
	assert_true(read(p[0], buf, sizeof(buf)) < 100);
	close(p[0]);
	close(p[1]);
}

#define TARGET(fn) cmocka_unit_test_setup_teardown(fn, target_open, target_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGET(log_write__json),
		TARGET(log_write__text_file),
		TARGET(log_limit__ends),
		TARGET(log_write__stderr),
		TARGET(log_write__below_the_level),
		TARGET(log_write__keeps_errno),
		TARGET(log_fd__is_what_was_set),
		TARGET(log_write__one_write_a_line),
	};

	return RUN(tests);
}

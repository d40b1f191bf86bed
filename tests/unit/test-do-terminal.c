/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <pty.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "lib/sock.h"
#include "src/do.h"
#include "src/plan.h"

/* A root of our own with a devpts. */
static int enter(const struct unit_dir *d)
{
	_cleanup_free_ char *pts = path_join(d->path, "dev/pts");

	if (!unit_private_mounts())
		skip();
	close(unit_mkdirs(d->fd, "dev/pts"));
	if (mount("devpts", pts, "devpts", 0, "newinstance,ptmxmode=0666") < 0)
		skip();
	return open(d->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void do_terminal_open__of_the_containers_devpts(void **state)
{
	const struct plan_process p = {.uid = 77, .rows = 11, .columns = 22};
	_cleanup_close_ int root = enter(*state), master = -EBADF, slave = -EBADF;
	struct error err = {0};
	struct winsize size;
	struct stat st;

	master = do_terminal_open(&p, root, &slave, &err);
	assert_true(master >= 0);
	assert_int_equal(fstatat(root, "dev/pts/0", &st, 0), 0);
	assert_int_equal(st.st_uid, 77);
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 11);
	assert_int_equal(size.ws_col, 22);
	assert_int_equal(fcntl(master, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(slave, F_GETFD), FD_CLOEXEC);
}

/* Whatever an image has there: no program of it becomes our terminal. */
static void do_terminal_open__of_no_terminal(void **state)
{
	const struct unit_dir *d = *state;
	const struct plan_process p = {0};
	int slave = -EBADF, before = unit_count_fds();
	struct error err = {0};

	assert_int_equal(do_terminal_open(&p, d->fd, &slave, &err), -ENOENT);
	unit_put(d->fd, "dev/pts/ptmx", "");
	assert_int_equal(do_terminal_open(&p, d->fd, &slave, &err), -ENOTTY);
	assert_int_equal(slave, -EBADF);
	assert_int_equal(unit_count_fds(), before);
}

static void do_terminal_attach__controls_the_session(void **state)
{
	int master, slave, status;
	pid_t pid;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	pid = unit_fork();
	if (pid == 0) {
		struct error err = {0};

		if (setsid() < 0 || do_terminal_attach(slave, &err) < 0)
			_exit(1);
		_exit(tcgetsid(STDIN_FILENO) == getpid() && isatty(STDOUT_FILENO) &&
				      isatty(STDERR_FILENO)
			      ? 0
			      : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(master);
	close(slave);
}

static void do_terminal_attach__to_what_is_none(void **state)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct error err = {0};

	(void)state;
	assert_int_equal(do_terminal_attach(null, &err), -ENOTTY);
}

/* Our own terminal, or none, makes the ends of lines. */
static void do_terminal_adopt__a_line_ends_as_it_was_written(void **state)
{
	const struct winsize size = {.ws_row = 5, .ws_col = 6};
	int master, slave, outer_master, outer_slave, home = dup(STDIN_FILENO);
	struct winsize got;
	char text[8] = "";

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(openpty(&outer_master, &outer_slave, NULL, NULL, &size), 0);
	assert_int_equal(dup2(outer_slave, STDIN_FILENO), STDIN_FILENO);
	do_terminal_adopt(master);
	assert_int_equal(dup2(home, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &got), 0);
	assert_int_equal(got.ws_row, 5);
	assert_int_equal(got.ws_col, 6);
	assert_int_equal(write(slave, "a\n", 2), 2);
	assert_int_equal(read(master, text, sizeof(text)), 2);
	assert_string_equal(text, "a\n");
	close(home);
	close(master);
	close(slave);
	close(outer_master);
	close(outer_slave);
}

/* In a child, whose standard streams are a pipe, a file and a terminal. */
static void do_stdio_chown__pipes_but_no_files(void **state)
{
	const struct unit_dir *d = *state;
	int fds[2], master, slave, status;
	pid_t pid;

	unit_file(d->fd, "file", "");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	pid = unit_fork();
	if (pid == 0) {
		int file = openat(d->fd, "file", O_RDWR | O_CLOEXEC);

		if (dup2(fds[0], 0) < 0 || dup2(file, 1) < 0 || dup2(slave, 2) < 0)
			_exit(1);
		do_stdio_chown(77, 78);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	static const uid_t expected[] = {77, 0, 0};
	const int streams[] = {fds[0], openat(d->fd, "file", O_RDONLY | O_CLOEXEC), slave};

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		struct stat st;

		assert_int_equal(fstat(streams[i], &st), 0);
		assert_int_equal(st.st_uid, expected[i]);
		close(streams[i]);
	}
	close(fds[1]);
	close(master);
}

static void do_console_receive__a_terminal_that_was_sent(void **state)
{
	_cleanup_(do_console_done) struct do_console c = DO_CONSOLE_EMPTY;
	int master, slave, got = -EBADF;
	struct error err = {0};

	(void)state;
	assert_int_equal(do_console_receive(&c, &got, &err), 0);
	assert_int_equal(got, -EBADF);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(do_console_open(&c, NULL, &err), 0);
	assert_int_equal(sock_send_fd(c.inner_fd, master, "/dev/ptmx"), 0);
	assert_int_equal(do_console_receive(&c, &got, &err), 0);
	assert_int_equal(fd_same_inode(got, master), 1);
	close(got);
	close(master);
	close(slave);
}

static void do_console_receive__the_child_has_ended(void **state)
{
	_cleanup_(do_console_done) struct do_console c = DO_CONSOLE_EMPTY;
	int got = -EBADF;
	struct error err = {0};

	(void)state;
	assert_int_equal(do_console_open(&c, NULL, &err), 0);
	c.inner_fd = fd_close(c.inner_fd);
	assert_int_equal(do_console_receive(&c, &got, &err), -EIO);
	assert_int_equal(got, -EBADF);
}

static void do_console_open__nobody_listens(void **state)
{
	_cleanup_(do_console_done) struct do_console c = DO_CONSOLE_EMPTY;
	struct error err = {0};

	(void)state;
	assert_int_equal(do_console_open(&c, "/nonexistent/console.sock", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/console.sock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(do_terminal_open__of_the_containers_devpts),
		unit_test_dir(do_terminal_open__of_no_terminal),
		cmocka_unit_test(do_terminal_attach__controls_the_session),
		cmocka_unit_test(do_terminal_attach__to_what_is_none),
		cmocka_unit_test(do_terminal_adopt__a_line_ends_as_it_was_written),
		cmocka_unit_test(do_console_receive__a_terminal_that_was_sent),
		cmocka_unit_test(do_console_receive__the_child_has_ended),
		cmocka_unit_test(do_console_open__nobody_listens),
		unit_test_dir(do_stdio_chown__pipes_but_no_files),
	};

	if (geteuid() != 0)
		return UNIT_SKIP;
	return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/sock.h"
#include "src/pidfile.h"

static void pidfile_write__the_number_and_nothing_else(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *path = path_join(d->path, "x//pid");
	struct error err = {0};
	struct stat st;

	close(unit_mkdirs(d->fd, "x"));
	assert_int_equal(pidfile_write(path, 2147483647, &err), 0);
	unit_assert_file(d->fd, "x/pid", "2147483647");
	assert_int_equal(pidfile_write(path, 7, &err), 0);
	unit_assert_file(d->fd, "x/pid", "7");
	assert_int_equal(fstatat(d->fd, "x/pid", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

/* Who polls for it never sees half a number, and a link in its place leads nowhere. */
static void pidfile_write__in_place_of_what_is_there(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *path = path_join(d->path, "pid");
	struct error err = {0};

	unit_file(d->fd, "other", "precious");
	assert_int_equal(symlinkat("other", d->fd, "pid"), 0);
	assert_int_equal(pidfile_write(path, 7, &err), 0);
	unit_assert_file(d->fd, "pid", "7");
	unit_assert_file(d->fd, "other", "precious");
}

static void pidfile_write__relative_to_where_we_are(void **state)
{
	const struct unit_dir *d = *state;
	struct error err = {0};
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(chdir(d->path), 0);
	assert_int_equal(pidfile_write("pid", 7, &err), 0);
	unit_assert_file(d->fd, "pid", "7");
	assert_int_equal(fchdir(home), 0);
	close(home);
}

static void pidfile_write__nobody_asked(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(pidfile_write(NULL, 7, &err), 0);
	assert_int_equal(pidfile_write("", 7, &err), 0);
	assert_int_equal(pidfile_send(NULL, -1, &err), 0);
	assert_int_equal(pidfile_send("", -1, &err), 0);
}

static void pidfile_write__where_there_is_no_directory(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_free_ char *path = path_join(d->path, "absent/pid");
	struct error err = {0};

	assert_int_equal(pidfile_write(path, 7, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
}

static void pidfile_send__to_who_listens(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct unit_dir *d = *state;
	_cleanup_close_ int own = pidfd_open(getpid(), 0), peer = -EBADF,
			    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fds[2] = {-1, -1};
	char text[16] = "";
	struct error err = {0};
	size_t n = 0;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", d->path);
	assert_int_equal(pidfile_send(addr.sun_path, own, &err), -ENOENT);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(pidfile_send(addr.sun_path, own, &err), -ECONNREFUSED);
	assert_int_equal(listen(sock, 1), 0);
	assert_int_equal(pidfile_send(addr.sun_path, own, &err), 0);
	peer = sock_accept(sock);
	assert_int_equal(sock_recv(peer, text, sizeof(text), fds, 2, &n), 5);
	assert_string_equal(text, "pidfd");
	assert_int_equal(n, 1);
	assert_int_equal(pidfd_send_signal(fds[0], 0, NULL, 0), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(pidfile_write__the_number_and_nothing_else),
		unit_test_dir(pidfile_write__in_place_of_what_is_there),
		unit_test_dir(pidfile_write__relative_to_where_we_are),
		cmocka_unit_test(pidfile_write__nobody_asked),
		unit_test_dir(pidfile_write__where_there_is_no_directory),
		unit_test_dir(pidfile_send__to_who_listens),
	};

	return RUN(tests);
}

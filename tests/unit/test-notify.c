/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/syscont.h"

#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/strv.h"
#include "src/notify.h"
#include "src/state.h"

static int bind_datagram(const char *path, size_t len)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, path, len);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
			 0);
	return fd;
}

/* A service manager: what it hears goes into the test's file "heard", message by message. */
static pid_t manager(const struct unit_dir *d, int sock)
{
	_cleanup_free_ char *path = path_join(d->path, "heard");
	pid_t pid = unit_fork();
	char text[512];
	ssize_t n;
	int fd;

	if (pid)
		return pid;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	while ((n = recv(sock, text, sizeof(text), MSG_PEEK)) > 0) {
		if (fd_write_all(fd, text, (size_t)n) < 0 || fd_write_all(fd, ";", 1) < 0)
			break;
		/* A descriptor that nobody takes is closed: that answers BARRIER=1. */
		(void)recv(sock, text, sizeof(text), 0);
	}
	_exit(1);
}

struct world {
	struct unit_dir *dir;
	struct state_dir state;
	struct notify notify;
	pid_t manager;
};

static void world_open(struct world *w, struct unit_dir *dir)
{
	_cleanup_free_ char *path = path_join(dir->path, "manager");
	_cleanup_close_ int sock = bind_datagram(path, strlen(path) + 1);

	*w = (struct world){.dir = dir, .notify = NOTIFY_EMPTY};
	w->state = (struct state_dir){.path = dir->path, .dirfd = dir->fd};
	w->manager = manager(dir, sock);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
}

static void prepare(const struct world *w, struct fixture *f)
{
	fixture_open(f, (struct parts){0});
	if (notify_prepare(&w->state, &f->sc, &f->err) < 0)
		fail_msg("%s", f->err.text);
}

static void listen_inside(struct world *w)
{
	struct fixture f;
	struct error err = {0};

	prepare(w, &f);
	fixture_done(&f);
	if (notify_listen(&w->notify, &w->state, &err) < 0)
		fail_msg("%s", err.text);
}

static void world_done(struct world *w)
{
	notify_done(&w->notify);
	kill(w->manager, SIGKILL);
	assert_int_equal(waitpid(w->manager, NULL, 0), w->manager);
	unsetenv("NOTIFY_SOCKET");
}

/* What a program inside says. */
static void say(const struct world *w, const char *text)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify/notify.sock",
		       w->dir->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void notify_prepare__nobody_waits(void **state)
{
	const struct unit_dir *dir = *state;
	const struct state_dir d = {.path = (char *)dir->path, .dirfd = dir->fd};
	struct notify n = NOTIFY_EMPTY;
	struct fixture f;

	fixture_open(&f, (struct parts){0});
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_prepare(&d, &f.sc, &f.err), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
	assert_int_equal(notify_prepare(&d, &f.sc, &f.err), 0);
	assert_null(spec_find_mount(f.spec, "/run/notify"));
	assert_null(strv_env_get(f.spec->process->env, "NOTIFY_SOCKET"));
	assert_int_equal(notify_listen(&n, &d, &f.err), 0);
	assert_int_equal(n.sock, -EBADF);
	unsetenv("NOTIFY_SOCKET");
	fixture_done(&f);
}

static void notify_prepare__a_socket_of_its_own(void **state)
{
	struct world w;
	struct fixture f;
	const struct spec_mount *m;

	world_open(&w, *state);
	prepare(&w, &f);
	m = spec_find_mount(f.spec, "/run/notify");
	assert_non_null(m);
	assert_true(strv_contains(m->options, "ro"));
	assert_true(str_has_suffix(m->source, "/notify"));
	assert_true(strv_contains(f.sc.options.skip_uid_shift, "/run/notify"));
	assert_string_equal(strv_env_get(f.spec->process->env, "NOTIFY_SOCKET"),
			    "/run/notify/notify.sock");
	fixture_done(&f);
	world_done(&w);
}

/* Only that, and with our word for the main process: a container's pids are not the host's. */
static void notify_receive__passes_ready_on(void **state)
{
	struct error err = {0};
	struct world w;

	world_open(&w, *state);
	listen_inside(&w);
	say(&w, "STATUS=starting\nMAINPID=1");
	say(&w, "NOTREADY=1\nREADY=10\nREADY=0");
	assert_int_equal(notify_receive(&w.notify, 77, &err), NOTIFY_NOT_YET);
	assert_int_equal(notify_receive(&w.notify, 77, &err), NOTIFY_NOT_YET);
	assert_int_equal(notify_receive(&w.notify, 77, &err), NOTIFY_NOT_YET);
	say(&w, "STATUS=up\nREADY=1\nMAINPID=1\n");
	assert_int_equal(notify_receive(&w.notify, 77, &err), NOTIFY_READY);
	unit_assert_file(w.dir->fd, "heard", "READY=1\nMAINPID=77\n;BARRIER=1;");
	world_done(&w);
}

static void notify_wait__until_it_is_ready(void **state)
{
	struct error err = {0};
	struct world w;
	int pidfd;
	pid_t pid;

	world_open(&w, *state);
	listen_inside(&w);
	pid = unit_fork();
	if (pid == 0) {
		usleep(50000);
		say(&w, "STATUS=soon");
		usleep(50000);
		say(&w, "READY=1");
		pause();
	}
	pidfd = pidfd_open(pid, 0);
	assert_int_equal(notify_wait(&w.notify, pidfd, 5, &err), 0);
	unit_assert_file(w.dir->fd, "heard", "READY=1\nMAINPID=5\n;BARRIER=1;");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(pidfd);
	world_done(&w);
}

static void notify_wait__or_init_has_ended(void **state)
{
	struct error err = {0};
	struct world w;
	int pidfd;
	pid_t pid;

	world_open(&w, *state);
	listen_inside(&w);
	pid = unit_fork();
	if (pid == 0)
		_exit(0);
	pidfd = pidfd_open(pid, 0);
	assert_int_equal(notify_wait(&w.notify, pidfd, 5, &err), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(pidfd);
	world_done(&w);
}

static void notify_listen__to_an_abstract_socket(void **state)
{
	const struct unit_dir *dir = *state;
	struct world w = {.dir = *state, .notify = NOTIFY_EMPTY};
	_cleanup_free_ char *name = xasprintf("@%s/abstract", dir->path);
	int sock;

	w.state = (struct state_dir){.path = (char *)dir->path, .dirfd = dir->fd};
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	name[0] = '\0';
	sock = bind_datagram(name, 1 + strlen(name + 1));
	w.manager = manager(dir, sock);
	close(sock);
	listen_inside(&w);
	assert_true(w.notify.host_sock >= 0);
	world_done(&w);
}

static void notify_listen__where_it_cannot(void **state)
{
	const struct unit_dir *dir = *state;
	const struct state_dir d = {.path = (char *)dir->path, .dirfd = dir->fd};
	struct notify n = NOTIFY_EMPTY;
	struct error err = {0};
	char longest[200];

	assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1), 0);
	/* Set at start, but not at create: nothing was prepared, nobody is told. */
	assert_int_equal(notify_listen(&n, &d, &err), 0);
	assert_int_equal(n.sock, -EBADF);
	close(unit_mkdirs(dir->fd, "notify"));
	assert_int_equal(notify_listen(&n, &d, &err), -ENOENT);
	assert_non_null(strstr(err.text, "NOTIFY_SOCKET /nonexistent/socket"));
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(setenv("NOTIFY_SOCKET", longest, 1), 0);
	assert_int_equal(notify_listen(&n, &d, &err), -ENAMETOOLONG);
	unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(notify_prepare__nobody_waits),
		unit_test_dir(notify_prepare__a_socket_of_its_own),
		unit_test_dir(notify_receive__passes_ready_on),
		unit_test_dir(notify_wait__until_it_is_ready),
		unit_test_dir(notify_wait__or_init_has_ended),
		unit_test_dir(notify_listen__to_an_abstract_socket),
		unit_test_dir(notify_listen__where_it_cannot),
	};

	return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/strv.h"
#include "src/docker.c"

static void argument__as_dockerd_reads_them(void **state)
{
	static const struct {
		const char *line, *value;
	} cases[] = {
		{"dockerd --config-file=/a", "/a"},
		{"dockerd --config-file /a", "/a"},
		{"dockerd --config-file /a --config-file=/b", "/b"},
		{"dockerd --config-file= --debug", ""},
		{"dockerd --config-file", NULL},
		{"dockerd --config-files=/a", NULL},
		{"dockerd -c /a", "/a"},
		{"dockerd", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(strv_freep) char **v = strv_split(cases[i].line, " ");

		assert_true(str_eq(argument(v, "--config-file", "-c"), cases[i].value));
	}
	assert_null(argument(NULL, "--config-file", "-c"));
}

static void docker_daemon_find__the_usual_places_where_none_runs(void **state)
{
	_cleanup_(docker_daemon_done) struct docker_daemon d = {0};
	struct error err = {0};

	(void)state;
	/* A dockerd of another mount namespace is none of ours. */
	if (!unit_private_mounts() || mount("none", "/etc", "tmpfs", 0, NULL) < 0)
		skip();
	assert_int_equal(docker_daemon_find(&d, &err), 0);
	assert_int_equal(d.pid, 0);
	assert_string_equal(d.config, CONFIG);
	assert_string_equal(d.socket, SOCKET);
	assert_false(d.has_runtimes);
}

/* A process that is called and started as dockerd, in our mount namespace. */
static pid_t fake_daemon(const char *dir, const char *const *args)
{
	_cleanup_free_ char *program = path_join(dir, "dockerd");
	_cleanup_(strv_freep) char **argv = NULL;
	_cleanup_free_ char *comm = NULL;
	char path[64];
	pid_t pid;

	strv_add(&argv, "dockerd");
	for (; *args; args++)
		strv_add(&argv, *args);
	if (symlink("/bin/sh", program) < 0)
		assert_int_equal(errno, EEXIST);
	pid = unit_fork();
	if (pid == 0) {
		(void)execv(program, argv);
		_exit(1);
	}
	/* Until execve(2) has given it its name. */
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	for (int i = 0; i < 1000 && !str_eq(comm, "dockerd"); i++) {
		free(take_ptr(&comm));
		usleep(10000);
		assert_int_equal(file_read_line(AT_FDCWD, path, &comm), 0);
	}
	return pid;
}

#define FAKE(dir, ...)                                                                         \
	fake_daemon(dir, (const char *const[]){"-c", "kill -STOP $$", __VA_ARGS__, NULL})

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void docker_daemon_find__by_its_arguments(void **state)
{
	const struct unit_dir *dir = *state;
	_cleanup_(docker_daemon_done) struct docker_daemon d = {0};
	_cleanup_free_ char *link = path_join(dir->path, "link"),
			    *real = path_join(dir->path, "real");
	struct error err = {0};
	pid_t pid;

	if (!unit_private_mounts())
		skip();
	unit_file(dir->fd, "real", "{}");
	assert_int_equal(symlink("real", link), 0);
	pid = FAKE(dir->path, "--add-runtime", "x=/x", "-H", "unix:///run/a.sock",
		   "--config-file", link);
	assert_int_equal(docker_daemon_find(&d, &err), 0);
	assert_int_equal(d.pid, pid);
	/* To be replaced: by its own name. */
	assert_string_equal(d.config, real);
	assert_string_equal(d.socket, "/run/a.sock");
	assert_true(d.has_runtimes);
	end(pid);
}

static void docker_daemon_find__a_relative_path_means_nothing_to_us(void **state)
{
	const struct unit_dir *dir = *state;
	struct docker_daemon d = {0};
	struct error err = {0};
	pid_t pid;

	if (!unit_private_mounts())
		skip();
	pid = FAKE(dir->path, "--config-file=daemon.json");
	assert_int_equal(docker_daemon_find(&d, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--config-file daemon.json"));
	end(pid);
}

/* An engine that answers once: what it was asked goes to *state's file "asked". */
static pid_t answer_once(const struct unit_dir *dir, const char *answer)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	char text[1024] = "";
	pid_t pid;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", dir->path);
	(void)unlink(addr.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = unit_fork();
	if (pid) {
		close(fd);
		return pid;
	}
	peer = accept(fd, NULL, NULL);
	if (read(peer, text, sizeof(text) - 1) > 0)
		unit_file(dir->fd, "asked", text);
	_exit(fd_write_all(peer, answer, strlen(answer)) < 0);
}

static int ask(const struct unit_dir *dir, const char *answer, struct docker_info *ret,
	       struct error *err)
{
	_cleanup_free_ char *socket = path_join(dir->path, "sock");
	pid_t pid = answer_once(dir, answer);
	int r = docker_info_get(ret, socket, err);

	end(pid);
	return r;
}

static void docker_info_get__what_the_engine_says(void **state)
{
	static const char answer[] =
		"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
		"{\"ServerVersion\":\"28.5\",\"DockerRootDir\":\"/d\",\"Driver\":\"overlay2\","
		"\"CgroupDriver\":\"systemd\",\"DefaultRuntime\":\"runc\",\"Other\":[1],"
		"\"Runtimes\":{\"runc\":{\"path\":\"/"
		"r\",\"status\":{}},\"shim\":{\"runtimeType\":"
		"\"x\"}}}\n";
	const struct unit_dir *dir = *state;
	_cleanup_(docker_info_done) struct docker_info i = {0};
	struct error err = {0};

	if (ask(dir, answer, &i, &err) < 0)
		fail_msg("%s", err.text);
	unit_assert_file(dir->fd, "asked", "GET /info HTTP/1.0\r\nHost: docker\r\n\r\n");
	assert_string_equal(i.version, "28.5");
	assert_string_equal(i.root_dir, "/d");
	assert_string_equal(i.cgroup_driver, "systemd");
	assert_string_equal(docker_info_runtime(&i, "runc"), "/r");
	assert_string_equal(docker_info_runtime(&i, "shim"), "");
	assert_null(docker_info_runtime(&i, "sysbox-runc"));
}

static void docker_info_get__what_is_no_answer(void **state)
{
	static const char *const answers[] = {
		"",
		"\r\n\r\n{}",
		"HTTP/1.0 200 OK\r\n",
		"HTTP/1.0 500 Oh\r\n\r\n{\"message\":\"no\"}",
		"SSH-2.0 200\r\n\r\n{}",
		"HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\n[]",
		"HTTP/1.0 200 OK\r\n\r\n{\"Runtimes\":{\"a\":",
	};
	const struct unit_dir *dir = *state;

	for (size_t n = 0; n < ARRAY_SIZE(answers); n++) {
		_cleanup_(docker_info_done) struct docker_info i = {0};
		struct error err = {0};

		if (ask(dir, answers[n], &i, &err) >= 0)
			fail_msg("taken: %s", answers[n]);
		assert_non_null(strstr(err.text, dir->path));
	}
}

static void docker_info_get__nobody_is_there(void **state)
{
	const struct unit_dir *dir = *state;
	_cleanup_free_ char *socket = path_join(dir->path, "absent");
	struct docker_info i;
	struct error err = {0};

	assert_int_equal(docker_info_get(&i, socket, &err), -ENOENT);
	assert_non_null(strstr(err.text, "connect to "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(argument__as_dockerd_reads_them),
		cmocka_unit_test(docker_daemon_find__the_usual_places_where_none_runs),
		unit_test_dir(docker_daemon_find__by_its_arguments),
		unit_test_dir(docker_daemon_find__a_relative_path_means_nothing_to_us),
		unit_test_dir(docker_info_get__what_the_engine_says),
		unit_test_dir(docker_info_get__what_is_no_answer),
		unit_test_dir(docker_info_get__nobody_is_there),
	};

	return RUN(tests);
}

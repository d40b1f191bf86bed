/* SPDX-License-Identifier: Apache-2.0 */
#include "src/docker.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/sock.h"
#include "lib/str.h"
#include "lib/strv.h"

#define CONFIG	   "/etc/docker/daemon.json"
#define SOCKET	   "/var/run/docker.sock"
#define ANSWER_MAX (4u << 20)

void docker_daemon_done(struct docker_daemon *d)
{
	free(d->config);
	free(d->socket);
	*d = (struct docker_daemon){0};
}

/* The process. */

static bool same_mounts(const char *pid)
{
	char path[64];
	struct stat own, other;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/ns/mnt", pid);
	return stat("/proc/self/ns/mnt", &own) == 0 && stat(path, &other) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static bool is_dockerd(const char *pid)
{
	_cleanup_free_ char *name = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	return file_read_line(AT_FDCWD, path, &name) == 0 && str_eq(name, "dockerd");
}

static pid_t find_pid(void)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	pid_t pid = 0;

	if (dir_open(&dir, AT_FDCWD, "/proc") < 0)
		return 0;
	while (pid == 0 && dir_next(dir, &e) > 0)
		if (isdigit((unsigned char)e->d_name[0]) && is_dockerd(e->d_name) &&
		    same_mounts(e->d_name))
			pid = atoi(e->d_name);
	return pid;
}

/* Its arguments, or NULL. */
static char **read_arguments(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	char **v = NULL;
	char path[64];
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	if (file_read(AT_FDCWD, path, 1 << 20, &text, &len) < 0)
		return NULL;
	for (const char *s = text; s < text + len; s += strlen(s) + 1)
		strv_add(&v, s);
	return v;
}

/* The last value of "--name=value", "--name value", "-n value", or NULL. */
static const char *argument(char *const *v, const char *name, const char *letter)
{
	const char *found = NULL;
	size_t len = strlen(name);

	for (; v && *v; v++) {
		if (!strncmp(*v, name, len) && (*v)[len] == '=')
			found = *v + len + 1;
		else if ((str_eq(*v, name) || str_eq(*v, letter)) && v[1])
			found = v[1];
	}
	return found;
}

/* The path that the settings have in the end: replacing a symlink would cut off its owner. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : xstrdup(path);
}

int docker_daemon_find(struct docker_daemon *ret, struct error *err)
{
	_cleanup_(strv_freep) char **v = NULL;
	pid_t pid = find_pid();
	const char *config, *host;

	if (pid > 0)
		v = read_arguments(pid);
	config = argument(v, "--config-file", "");
	host = argument(v, "--host", "-H");
	if (config && *config != '/')
		return error_set(err, EINVAL,
				 "dockerd (pid %d) was started with the relative path "
				 "--config-file %s; give it an absolute one",
				 pid, config);
	*ret = (struct docker_daemon){
		.pid = pid,
		.config = resolve(config ? config : CONFIG),
		.socket = xstrdup(host && str_has_prefix(host, "unix://")
					  ? host + strlen("unix://")
					  : SOCKET),
		.has_runtimes = argument(v, "--add-runtime", ""),
	};
	return 0;
}

/* The API. */

static const struct json_field runtime_fields[] = {
	JSON_FIELD(struct docker_runtime, "path", STRING, path, 0),
	{0},
};
static const struct json_type runtime_type =
	JSON_TYPE("runtime", struct docker_runtime, runtime_fields);

static const struct json_field info_fields[] = {
	JSON_FIELD(struct docker_info, "ServerVersion", STRING, version, 0),
	JSON_FIELD(struct docker_info, "DockerRootDir", STRING, root_dir, 0),
	JSON_FIELD(struct docker_info, "Driver", STRING, driver, 0),
	JSON_FIELD(struct docker_info, "CgroupDriver", STRING, cgroup_driver, 0),
	JSON_FIELD(struct docker_info, "DefaultRuntime", STRING, default_runtime, 0),
	JSON_COUNTED(struct docker_info, "Runtimes", MAP, runtimes, n_runtimes, &runtime_type,
		     0),
	{0},
};
static const struct json_type info_type = JSON_TYPE("info", struct docker_info, info_fields);

void docker_info_done(struct docker_info *i)
{
	json_done(&info_type, i);
}

/* HTTP/1.0: the answer is neither chunked nor followed by another one. */
static int get(const char *socket, const char *path, char **ret, size_t *ret_len,
	       struct error *err)
{
	_cleanup_close_ int fd = sock_connect_stream(socket);
	_cleanup_free_ char *request = NULL;
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "connect to %s", socket);
	request = xasprintf("GET %s HTTP/1.0\r\nHost: docker\r\n\r\n", path);
	r = fd_write_all(fd, request, strlen(request));
	if (r == 0)
		r = fd_read_all(fd, ANSWER_MAX, ret, ret_len);
	return r < 0 ? error_errno(err, -r, "ask %s", socket) : 0;
}

int docker_info_get(struct docker_info *ret, const char *socket, struct error *err)
{
	_cleanup_free_ char *answer = NULL;
	const char *body;
	int status;
	size_t len;
	int r = get(socket, "/info", &answer, &len, err);

	if (r < 0)
		return r;
	body = strstr(answer, "\r\n\r\n");
	if (sscanf(answer, "HTTP/%*s %d", &status) != 1 || !body || status != 200)
		return error_set(err, EPROTO, "%s does not answer as Docker's API does",
				 socket);
	body += 4;
	*ret = (struct docker_info){0};
	return json_decode(&info_type, ret, body, len - (size_t)(body - answer), socket, err);
}

const char *docker_info_runtime(const struct docker_info *i, const char *name)
{
	for (size_t n = 0; n < i->n_runtimes; n++)
		if (str_eq(i->runtimes[n].name, name))
			return i->runtimes[n].path ? i->runtimes[n].path : "";
	return NULL;
}

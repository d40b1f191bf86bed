/* SPDX-License-Identifier: Apache-2.0 */
#include "src/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"

#define CONFIG_MAX (1u << 20)
/* As the kernel's MAXSYMLINKS. */
#define LINKS_MAX 40

/* Where distributions keep systemd's private library, whose name carries its version. */
static const char *const systemd_dirs[] = {
	"/usr/lib/systemd",
	"/lib/systemd",
	"/usr/lib/x86_64-linux-gnu/systemd",
	"/usr/lib/aarch64-linux-gnu/systemd",
	"/usr/lib64/systemd",
};

/* "libsystemd-shared-257.so", "libsystemd-shared-252.36-1~deb12u1.so" */
static int systemd_version_in(int root_fd, const char *dir)
{
	_cleanup_close_ int fd =
		path_open_in_root(root_fd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *d = NULL;
	struct dirent *e;
	int version = 0;

	if (fd < 0 || dir_open(&d, fd, ".") < 0)
		return 0;
	while (version == 0 && dir_next(d, &e) > 0)
		(void)sscanf(e->d_name, "libsystemd-shared-%d", &version);
	return version;
}

static int systemd_version(int root_fd)
{
	int version = 0;

	for (size_t i = 0; version == 0 && i < ARRAY_SIZE(systemd_dirs); i++)
		version = systemd_version_in(root_fd, systemd_dirs[i]);
	return version;
}

/*
 * A file of the image that can be read without waiting. An image may have devices, and opening
 * one of the host's has an effect (a watchdog begins to count): looked at first.
 */
static int open_file(int root_fd, const char *path)
{
	_cleanup_close_ int at = path_open_in_root(root_fd, path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBADF;
	return fd_reopen(at, O_RDONLY);
}

/* NULL also for one that is too long. */
static char *read_file(int root_fd, const char *path)
{
	_cleanup_close_ int fd = open_file(root_fd, path);
	char *text = NULL;

	return fd < 0 || fd_read_all(fd, CONFIG_MAX, &text, NULL) < 0 ? NULL : text;
}

/* ------------------------------------------------------------------ the entry script */

/* Most programs are no scripts, and are not read. */
static bool is_script(int root_fd, const char *path)
{
	_cleanup_close_ int fd = open_file(root_fd, path);
	char magic[2];

	return fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	       memcmp(magic, "#!", sizeof(magic)) == 0;
}

/* As the container's execvp() will find it. */
static char *read_script(int root_fd, const struct spec_process *p)
{
	const char *program = p && p->args ? p->args[0] : NULL;
	const char *path = program ? strv_env_get(p->env, "PATH") : NULL;
	_cleanup_(strv_freep) char **dirs = path ? strv_split(path, ":") : NULL;

	if (!program || strchr(program, '/'))
		return program && path_is_absolute(program) && is_script(root_fd, program)
			       ? read_file(root_fd, program)
			       : NULL;
	for (char **d = dirs; d && *d; d++) {
		_cleanup_free_ char *file = path_join(*d, program);

		if (path_is_absolute(file) && is_script(root_fd, file))
			return read_file(root_fd, file);
	}
	return NULL;
}

/* ------------------------------------------------------------------ configured data roots */

struct daemon_json {
	char *data_root;
	char *graph; /* its name before Docker 17.05 */
};

static const struct json_field daemon_json_fields[] = {
	JSON_FIELD(struct daemon_json, "data-root", STRING, data_root, 0),
	JSON_FIELD(struct daemon_json, "graph", STRING, graph, 0),
	{0},
};
static const struct json_type daemon_json_type =
	JSON_TYPE("daemon.json", struct daemon_json, daemon_json_fields);

static char *find_in_json(const char *text, const char *key _unused_)
{
	struct daemon_json d = {0};
	struct error ignored = {0};
	char *found;

	if (json_decode(&daemon_json_type, &d, text, strlen(text), "daemon.json", &ignored) < 0)
		return NULL;
	found = d.data_root ? take_ptr(&d.data_root) : take_ptr(&d.graph);
	json_done(&daemon_json_type, &d);
	return found;
}

/* The value behind `key =` or `key:`, without its quotes; NULL: another line. */
static char *value_of(const char *line, const char *key)
{
	const char *p = line + strspn(line, " \t");
	char quote = '\0';
	size_t len;

	if (!str_has_prefix(p, key))
		return NULL;
	p += strlen(key);
	p += strspn(p, " \t");
	if (*p != '=' && *p != ':')
		return NULL;
	p++;
	p += strspn(p, " \t");
	if (*p == '"' || *p == '\'')
		quote = *p++;
	len = quote ? strcspn(p, quote == '"' ? "\"" : "'") : strcspn(p, " \t#");
	return xstrndup(p, len);
}

/*
 * TOML and YAML as far as needed: one string whose key is unambiguous in its section: "root"
 * stands in the first, unnamed section of containerd's file.
 */
static char *find_in_lines(const char *text, const char *key)
{
	_cleanup_(strv_freep) char **lines = strv_split(text, "\r\n");
	bool top_only = str_eq(key, "root");

	for (char **l = lines; l && *l; l++) {
		char *value;

		if (top_only && (*l)[0] == '[')
			return NULL;
		value = value_of(*l, key);
		if (value)
			return value;
	}
	return NULL;
}

static const struct {
	const char *path;
	const char *key;
	char *(*find)(const char *text, const char *key);
} configs[] = {
	{"/etc/docker/daemon.json", "data-root", find_in_json},
	{"/etc/containerd/config.toml", "root", find_in_lines},
	{"/etc/buildkit/buildkitd.toml", "root", find_in_lines},
	{"/etc/containers/storage.conf", "graphroot", find_in_lines},
	{"/etc/rancher/k3s/config.yaml", "data-dir", find_in_lines},
	{"/etc/rancher/rke2/config.yaml", "data-dir", find_in_lines},
};

static void read_data_roots(struct image *im, int root_fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		_cleanup_free_ char *text = read_file(root_fd, configs[i].path);
		_cleanup_free_ char *value =
			text ? configs[i].find(text, configs[i].key) : NULL;

		if (value && path_is_absolute(value))
			strv_take(&im->data_roots, path_clean(value));
	}
}

/* ------------------------------------------------------------------ symlinks */

/* The path of an open directory as seen from the root; NULL when it cannot be told. */
static char *path_from_root(int root_fd, int fd)
{
	char link[FD_PATH_MAX], root[PATH_MAX], path[PATH_MAX];
	ssize_t n = readlink(fd_path(root_fd, link), root, sizeof(root) - 1);
	ssize_t m = readlink(fd_path(fd, link), path, sizeof(path) - 1);

	if (n < 0 || m < 0)
		return NULL;
	root[n] = path[m] = '\0';
	if (!path_has_prefix(path, root))
		return NULL;
	return path_join("/", str_eq(root, "/") ? path : path + n);
}

/* What the last component of a path says if it is a symlink; owned, or NULL. */
static char *read_symlink(int root_fd, const char *path)
{
	_cleanup_free_ char *dir = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;
	char target[PATH_MAX];
	ssize_t n;

	path_split(path, &dir, &name);
	fd = path_open_in_root(root_fd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	n = fd < 0 ? -1 : readlinkat(fd, name, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return path_is_absolute(target) ? xstrdup(target) : path_join(dir, target);
}

/*
 * The path with its longest existing part resolved, and with the target of a dangling
 * symlink; "" when something that is no directory is in the way.
 */
static char *resolve(int root_fd, const char *path, unsigned int n_links)
{
	_cleanup_free_ char *there = xstrdup(path);

	for (size_t len = strlen(path);; there[len] = '\0') {
		_cleanup_close_ int fd =
			path_open_in_root(root_fd, there, O_PATH | O_DIRECTORY | O_CLOEXEC);
		_cleanup_free_ char *link = NULL;

		if (fd >= 0) {
			_cleanup_free_ char *real = path_from_root(root_fd, fd);

			return real ? path_join(real, path + len) : xstrdup("");
		}
		if (fd != -ENOENT || n_links > LINKS_MAX)
			return xstrdup("");
		link = read_symlink(root_fd, there);
		if (link) {
			_cleanup_free_ char *joined = path_join(link, path + len);
			_cleanup_free_ char *next = path_clean(joined);

			return resolve(root_fd, next, n_links + 1);
		}
		len = (size_t)(strrchr(there, '/') - there);
		if (len == 0)
			return xstrdup(path);
	}
}

static void read_links(struct image *im, int root_fd, const char *path)
{
	_cleanup_free_ char *real = resolve(root_fd, path, 0);

	if (!str_eq(real, path))
		json_pairs_add(&im->links, &im->n_links, path, real);
}

void image_done(struct image *im)
{
	json_pairs_free(im->links, im->n_links);
	strv_free(im->data_roots);
	free(im->script);
	*im = (struct image){0};
}

static bool has_dir(int root_fd, const char *path)
{
	_cleanup_close_ int fd =
		path_open_in_root(root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0;
}

int image_read(struct image *ret, const char *rootfs, char *const *dirs,
	       const struct spec_process *p, struct error *err)
{
	_cleanup_close_ int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_errno(err, errno, "the root file system %s", rootfs);
	ret->systemd_version = systemd_version(root_fd);
	ret->script = ret->systemd_version ? read_script(root_fd, p) : NULL;
	ret->has_var_lib = has_dir(root_fd, "/var/lib");
	read_data_roots(ret, root_fd);
	for (char *const *d = dirs; d && *d; d++)
		read_links(ret, root_fd, *d);
	for (char **d = ret->data_roots; d && *d; d++)
		read_links(ret, root_fd, *d);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tracee.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/proc.h"
#include "lib/str.h"

#define STATUS_MAX    (64u << 10)
#define CGROUP_MAX    (64u << 10)
#define MOUNTINFO_MAX (16u << 20)

/* "/proc/TID/name" of a thread, whether or not it leads its process. */
#define PATH_ROOM 64
static const char *path_of(pid_t tid, const char *name, char buf[PATH_ROOM])
{
	(void)snprintf(buf, PATH_ROOM, "/proc/%d/%s", tid, name);
	return buf;
}

/* ------------------------------------------------------------------ credentials */

/* What follows "Key:" at the start of a line; NULL: there is none. */
static const char *value_of(const char *status, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

/* The next number of a line; false at its end. */
static bool next_number(const char **p, int base, uint64_t *ret)
{
	char *end;

	while (**p == ' ' || **p == '\t')
		(*p)++;
	if (**p == '\n' || **p == '\0' || **p == '-' || **p == '+')
		return false;
	errno = 0;
	*ret = strtoull(*p, &end, base);
	if (end == *p || errno)
		return false;
	*p = end;
	return true;
}

static int parse_ids(const char *status, const char *key, uint32_t *ret, size_t min, size_t max)
{
	const char *p = value_of(status, key);
	uint64_t id;
	size_t n = 0;

	while (p && next_number(&p, 10, &id)) {
		if (n == max)
			return -E2BIG;
		if (id > UINT32_MAX)
			return -EPROTO;
		ret[n++] = (uint32_t)id;
	}
	return !p || n < min ? -EPROTO : (int)n;
}

static int parse_caps(const char *status, const char *key, uint64_t *ret)
{
	const char *p = value_of(status, key);

	return p && next_number(&p, 16, ret) ? 0 : -EPROTO;
}

int tracee_creds_parse(struct tracee_creds *ret, const char *status)
{
	struct tracee_creds c = {0};
	int n, r = parse_ids(status, "Uid", c.uids, 4, 4);

	if (r >= 0)
		r = parse_ids(status, "Gid", c.gids, 4, 4);
	if (r < 0)
		return r;
	n = parse_ids(status, "Groups", c.groups, 0, TRACEE_GROUPS_MAX);
	if (n < 0)
		return n;
	c.n_groups = (size_t)n;
	r = parse_caps(status, "CapInh", &c.caps.inheritable);
	if (r == 0)
		r = parse_caps(status, "CapPrm", &c.caps.permitted);
	if (r == 0)
		r = parse_caps(status, "CapEff", &c.caps.effective);
	if (r == 0)
		*ret = c;
	return r;
}

static int read_creds(struct tracee_creds *ret, pid_t tid)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_ROOM];
	int r = file_read(AT_FDCWD, path_of(tid, "status", path), STATUS_MAX, &text, NULL);

	return r < 0 ? r : tracee_creds_parse(ret, text);
}

/* We would not have the label of a security module, nor its restrictions. */
static bool is_confined(pid_t tid)
{
	_cleanup_free_ char *label = NULL;
	char path[PATH_ROOM];

	if (file_read_line(AT_FDCWD, path_of(tid, "attr/current", path), &label) < 0)
		return false;
	return *label && !str_has_prefix(label, "unconfined") &&
	       !strstr(label, ":unconfined_t:") && strcmp(label, "kernel") != 0;
}

/* ------------------------------------------------------------------ descriptors */

int tracee_open(struct tracee *ret, pid_t tid)
{
	static const struct {
		const char *name;
		int flags;
	} files[] = {
		[TRACEE_ROOT] = {"root", O_PATH},	 [TRACEE_CWD] = {"cwd", O_PATH},
		[TRACEE_USERNS] = {"ns/user", O_RDONLY}, [TRACEE_MNTNS] = {"ns/mnt", O_RDONLY},
		[TRACEE_NETNS] = {"ns/net", O_RDONLY},	 [TRACEE_IPCNS] = {"ns/ipc", O_RDONLY},
		[TRACEE_PIDNS] = {"ns/pid", O_RDONLY},
	};
	struct tracee t = {.tid = tid, .place = PLACE_EMPTY};
	char path[PATH_ROOM];
	int r;

	static_assert(ARRAY_SIZE(files) == TRACEE_N_FDS, "every descriptor has its row");
	for (size_t i = 0; i < TRACEE_N_FDS; i++)
		t.fds[i] = -EBADF;
	if (is_confined(tid))
		return -ENOTSUP;
	r = read_creds(&t.creds, tid);
	for (size_t i = 0; r == 0 && i < TRACEE_N_FDS; i++) {
		t.fds[i] = open(path_of(tid, files[i].name, path), files[i].flags | O_CLOEXEC);
		if (t.fds[i] < 0)
			r = -errno;
	}
	if (r < 0)
		tracee_done(&t);
	else
		*ret = t;
	return r;
}

void tracee_done(struct tracee *t)
{
	for (size_t i = 0; i < TRACEE_N_FDS; i++)
		t->fds[i] = fd_close(t->fds[i]);
	place_done(&t->place);
}

void tracee_find_place(struct tracee *t, const struct cgroup_read *cgroups)
{
	_cleanup_free_ char *text = NULL;

	if (tracee_cgroup(t->tid, &text) == 0)
		place_open(&t->place, cgroups, text);
}

bool tracee_is_in_place(const struct tracee *t)
{
	_cleanup_free_ char *text = NULL;

	return tracee_cgroup(t->tid, &text) == 0 && place_is(&t->place, text);
}

static uint64_t namespace_of(pid_t tid, const char *file)
{
	char path[PATH_ROOM];
	struct stat st;

	return stat(path_of(tid, file, path), &st) < 0 ? 0 : st.st_ino;
}

uint64_t tracee_pidns(pid_t tid)
{
	return namespace_of(tid, "ns/pid");
}

uint64_t tracee_userns(pid_t tid)
{
	return namespace_of(tid, "ns/user");
}

pid_t tracee_parent(pid_t tid)
{
	struct proc_stat st;
	int r = proc_stat_read(tid, &st);

	return r < 0 ? r : st.ppid;
}

int tracee_other_netns(const struct tracee *t, pid_t other)
{
	char path[PATH_ROOM];
	_cleanup_close_ int fd = open(path_of(other, "ns/net", path), O_RDONLY | O_CLOEXEC);
	struct stat own, its;

	if (fd < 0 || fstat(fd, &its) < 0 || fstat(t->fds[TRACEE_NETNS], &own) < 0)
		return -errno;
	return own.st_ino == its.st_ino ? -ENOENT : take_fd(&fd);
}

/* "NSpid:\t1234\t12\t1": the last number is that of its own namespace. */
static bool last_number_is(const char *status, const char *key, pid_t number)
{
	const char *p = value_of(status, key), *last = NULL;

	for (; p && *p && *p != '\n'; p++)
		if (*p == '\t')
			last = p + 1;
	return last && strtol(last, NULL, 10) == number;
}

bool tracee_is_called(pid_t tid, pid_t number)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_ROOM];

	if (file_read(AT_FDCWD, path_of(tid, "status", path), STATUS_MAX, &text, NULL) < 0)
		return false;
	return last_number_is(text, "NSpid", number) || last_number_is(text, "NStgid", number);
}

int tracee_cgroup(pid_t tid, char **ret)
{
	char path[PATH_ROOM];

	return file_read(AT_FDCWD, path_of(tid, "cgroup", path), CGROUP_MAX, ret, NULL);
}

int tracee_fd(pid_t tid, int fd)
{
	char name[24], path[PATH_ROOM];
	int r;

	(void)snprintf(name, sizeof(name), "fd/%d", fd);
	r = open(path_of(tid, name, path), O_PATH | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

bool tracee_has_mount(pid_t tid, uint64_t mount_id)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_ROOM], id[24];
	size_t len = (size_t)snprintf(id, sizeof(id), "%llu ", (unsigned long long)mount_id);

	if (!mount_id || file_read(AT_FDCWD, path_of(tid, "mountinfo", path), MOUNTINFO_MAX,
				   &text, NULL) < 0)
		return false;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, id, len) == 0)
			return true;
	}
	return false;
}

int tracee_open_root(pid_t tid)
{
	char path[PATH_ROOM];
	int fd = open(path_of(tid, "root", path), O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tracee_open_mounts(pid_t tid)
{
	char path[PATH_ROOM];
	int fd = open(path_of(tid, "mountinfo", path), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ------------------------------------------------------------------ memory */

/* Page by page: the next one may not exist. */
static ssize_t read_page(pid_t tid, uint64_t address, char *ret, size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t rest = page - (size_t)(address % page);
	struct iovec here = {.iov_base = ret, .iov_len = size < rest ? size : rest};
	struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = here.iov_len};
	ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

	return n <= 0 ? -EFAULT : n;
}

ssize_t tracee_string(pid_t tid, uint64_t address, char *ret, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read_page(tid, address + used, ret + used, size - used);
		char *end;

		if (n < 0)
			return n;
		end = memchr(ret + used, '\0', (size_t)n);
		if (end)
			return end - ret;
		used += (size_t)n;
	}
	return -ENAMETOOLONG;
}

int tracee_read(pid_t tid, uint64_t address, void *ret, size_t size)
{
	struct iovec here = {.iov_base = ret, .iov_len = size};
	struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

int tracee_write(pid_t tid, uint64_t address, const void *data, size_t size)
{
	struct iovec here = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

	return process_vm_writev(tid, &here, 1, &there, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

int tracee_path_fd(const char *path)
{
	const char *at = NULL;
	unsigned long n;
	char *end;

	for (const char *p = strstr(path, "/fd/"); p; p = strstr(p + 1, "/fd/"))
		at = p + strlen("/fd/");
	if (!at || *at < '0' || *at > '9')
		return -1;
	errno = 0;
	n = strtoul(at, &end, 10);
	return errno || n > INT_MAX || (*end != '\0' && *end != '/') ? -1 : (int)n;
}

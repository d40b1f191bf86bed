/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "lib/sys.h"

/* The kernel's PROC_ROOT_INO. */
#define PROC_ROOT_INO 1
#define STAT_MAX      4096
#define STATUS_MAX    (64u << 10)

/* Numbers of proc_pid_stat(5), counted from the state, which follows the name. */
enum {
	FIELD_STATE = 0,
	FIELD_PPID = 1,
	FIELD_FLAGS = 6,
	FIELD_START_TIME = 19,
	FIELD_PENDING = 28,
};

/* The kernel's PF_EXITING. */
#define FLAG_EXITING 0x4u

/* The name is in parentheses and may itself hold ") R 1": count from the last one. */
static int parse_stat(const char *text, struct proc_stat *ret)
{
	_cleanup_(strv_freep) char **words = NULL;
	const char *behind = strrchr(text, ')');
	struct proc_stat st = {0};
	uint64_t flags, pending;
	int r;

	if (!behind)
		return -EBADMSG;
	words = strv_split(behind + 1, " \n");
	if (strv_len(words) <= FIELD_PENDING)
		return -EBADMSG;
	st.state = words[FIELD_STATE][0];
	r = str_to_int(words[FIELD_PPID], &st.ppid);
	if (r == 0)
		r = str_to_u64(words[FIELD_START_TIME], &st.start_time);
	if (r == 0)
		r = str_to_u64(words[FIELD_FLAGS], &flags);
	if (r == 0)
		r = str_to_u64(words[FIELD_PENDING], &pending);
	if (r < 0)
		return -EBADMSG;
	st.is_dying = st.state == 'Z' || st.state == 'X' || flags & FLAG_EXITING ||
		      pending & UINT64_C(1) << (SIGKILL - 1);
	*ret = st;
	return 0;
}

int proc_stat_read(pid_t pid, struct proc_stat *ret)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = file_read(AT_FDCWD, path, STAT_MAX, &text, NULL);
	if (r == -ENOENT)
		return -ESRCH;
	return r < 0 ? r : parse_stat(text, ret);
}

int proc_uid(pid_t pid, uid_t *ret)
{
	_cleanup_free_ char *text = NULL;
	const char *line;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	r = file_read(AT_FDCWD, path, STATUS_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* The kernel shows a line feed in the name before it otherwise. */
	line = strstr(text, "\nUid:\t");
	return line && sscanf(line, "\nUid:\t%u", ret) == 1 ? 0 : -EBADMSG;
}

bool proc_is_alive(pid_t pid, uint64_t start_time)
{
	struct proc_stat st;

	if (proc_stat_read(pid, &st) < 0)
		return false;
	return st.start_time == start_time && st.state != 'Z' && st.state != 'X';
}

int proc_pidfd_open(pid_t pid, uint64_t start_time)
{
	_cleanup_close_ int fd = pidfd_open(pid, 0);
	struct proc_stat st;
	int r;

	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	/* The fd pins its process: if the number names the recorded one now, the fd does. */
	r = proc_stat_read(pid, &st);
	if (r < 0)
		return r;
	if (st.start_time != start_time)
		return -ESRCH;
	return take_fd(&fd);
}

int proc_pidfd_wait(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

/* The root of a procfs, not a directory of it that was bound here. */
static int open_procfs(void)
{
	_cleanup_close_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC && st.st_ino == PROC_ROOT_INO ? take_fd(&fd)
									   : -ENOTDIR;
}

int proc_self_write(const char *file, const char *text)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int proc = open_procfs(), fd = -EBADF;
	char path[64];
	int n = snprintf(path, sizeof(path), "self/%s", file);

	if (proc < 0)
		return proc;
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = sys_openat2(proc, path, &how);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int proc_boot_id(char ret[PROC_BOOT_ID_SIZE])
{
	_cleanup_free_ char *text = NULL;
	int r = file_read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text);

	if (r < 0)
		return r;
	if (strlen(text) + 1 != PROC_BOOT_ID_SIZE)
		return -EBADMSG;
	memcpy(ret, text, PROC_BOOT_ID_SIZE);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/fs-client.h"

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/proto.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/str.h"

#define PROGRAM "sysbox-fs"
/* As mountinfo shows it: fuse, and the subtype that the supervisor gives. */
#define VIEW_FSTYPE "fuse.sysbox-fs"
/* Views that one call takes off: each dead supervisor left at most one. */
#define VIEWS_MAX 16

/*
 * Beside our own executable first: the two belong together, also in a build
 * directory. A runtime that runs as a sealed copy of itself has no directory.
 */
static char *program_path(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	_cleanup_free_ char *path = NULL;

	if (n > 0) {
		self[n] = '\0';
		path = xasprintf("%s/" PROGRAM, dirname(self));
		if (access(path, X_OK) == 0)
			return take_ptr(&path);
	}
	return xstrdup(BINDIR "/" PROGRAM);
}

static void file_actions(posix_spawn_file_actions_t *fa, int sock)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)posix_spawn_file_actions_addopen(fa, fd, "/dev/null", O_RDWR, 0);
	/* dup2 of an fd onto itself clears its close-on-exec flag here (POSIX, glibc 2.29). */
	(void)posix_spawn_file_actions_adddup2(fa, sock, PROTO_SOCKET_FD);
	(void)posix_spawn_file_actions_addclosefrom_np(fa, PROTO_SOCKET_FD + 1);
}

/* A session of its own: no terminal's signal reaches it. No signal blocked or ignored. */
static void attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	(void)posix_spawnattr_setsigmask(attr, &none);
	(void)posix_spawnattr_setsigdefault(attr, &all);
	(void)posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
}

static int spawn_program(const char *path, int sock, pid_t *ret_pid)
{
	char *const argv[] = {(char *)PROGRAM, NULL};
	char *const envp[] = {NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int e;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return -ENOMEM;
	(void)posix_spawnattr_init(&attr);
	file_actions(&fa, sock);
	attributes(&attr);
	e = posix_spawn(ret_pid, path, &fa, &attr, argv, envp);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	return -e;
}

int fs_client_spawn(struct fs_client *ret, struct error *err)
{
	_cleanup_free_ char *path = program_path();
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int pair[2], r;
	pid_t pid;

	r = sock_pair(pair);
	if (r < 0)
		return error_errno(err, -r, "socket for %s", PROGRAM);
	ours = pair[0];
	theirs = pair[1];
	r = spawn_program(path, theirs, &pid);
	if (r < 0)
		return error_errno(err, -r, "start %s", path);
	*ret = (struct fs_client){.sock = take_fd(&ours), .pid = pid};
	return 0;
}

/* It undoes by itself what it had already done for us when the socket closes. */
static int end(struct fs_client *c)
{
	int status = 0;

	c->sock = fd_close(c->sock);
	if (c->pid > 0)
		(void)spawn_wait(c->pid, &status);
	c->pid = 0;
	return status;
}

void fs_client_abort(struct fs_client *c)
{
	(void)end(c);
}

/* It has nobody else to tell: its own stderr is /dev/null until it has a log. */
static int report_death(struct fs_client *c, struct error *err)
{
	int status = end(c);

	if (WIFSIGNALED(status))
		return error_set(err, ECHILD, "%s was killed by signal %d", PROGRAM,
				 WTERMSIG(status));
	if (WEXITSTATUS(status) == 127) /* of the dynamic linker */
		return error_set(err, ELIBACC,
				 "%s cannot be loaded: a shared library is missing", PROGRAM);
	return error_set(err, ECHILD, "%s ended with status %d and no word", PROGRAM,
			 WEXITSTATUS(status));
}

static int send_start(struct fs_client *c, const struct fs_client_start *s, struct error *err)
{
	_cleanup_(proto_message_freep) struct proto_message *m = proto_message_new(PROTO_START);
	const int fds[PROTO_START_N_FDS] = {
		[PROTO_START_INIT_PIDFD] = s->init_pidfd, [PROTO_START_ROOTFS] = s->rootfs_fd,
		[PROTO_START_STATE_DIR] = s->state_dirfd, [PROTO_START_LOCKS] = s->locks_fd,
		[PROTO_START_PROC] = s->proc_fd,
	};
	int r = proto_start_set(&m->body.start, s->id, s->view_path, s->idmap);

	if (r == 0)
		r = proto_start_set_sysctls(&m->body.start, s->host_sysctls);
	if (r < 0)
		return error_errno(err, -r, "describe the container to %s", PROGRAM);
	m->body.start.emulate = s->emulate;
	r = proto_send(c->sock, m, fds, ARRAY_SIZE(fds));
	if (r == -EPIPE || r == -ECONNRESET)
		return report_death(c, err);
	return r < 0 ? error_errno(err, -r, "send to %s", PROGRAM) : 0;
}

static int wait_ready(struct fs_client *c, struct fs_client_mounts *ret, struct error *err)
{
	_cleanup_(proto_message_freep) struct proto_message *m = NULL;
	int r = sock_wait(c->sock, FS_CLIENT_PATIENCE_MS);

	if (r == -ETIMEDOUT) {
		(void)kill(c->pid, SIGKILL);
		return error_set(err, ETIMEDOUT, "%s does not answer", PROGRAM);
	}
	r = proto_recv(c->sock, &m);
	if (r == -ECONNRESET)
		return report_death(c, err);
	if (r < 0)
		return error_errno(err, -r, "answer of %s", PROGRAM);
	if (m->header.kind == PROTO_FAILED)
		return error_set(err, m->body.failed.errnum, "%s: %s", PROGRAM,
				 m->body.failed.text);
	*ret = (struct fs_client_mounts)FS_CLIENT_MOUNTS_EMPTY;
	if (m->header.kind == PROTO_EMULATING) {
		ret->fast_fd = take_fd(&m->fds[PROTO_EMULATING_FAST]);
		ret->plain_fd = take_fd(&m->fds[PROTO_EMULATING_PLAIN]);
		return 0;
	}
	if (m->header.kind != PROTO_READY)
		return error_set(err, EPROTO, "%s: unexpected answer %d", PROGRAM,
				 m->header.kind);
	return 0;
}

int fs_client_start(struct fs_client *c, const struct fs_client_start *s,
		    struct fs_client_mounts *ret, struct error *err)
{
	int r = send_start(c, s, err);

	if (r == 0)
		r = wait_ready(c, ret, err);
	if (r < 0) {
		fs_client_abort(c);
		return r;
	}
	c->sock = fd_close(c->sock);
	c->pid = 0;
	return 0;
}

/* fusectl has a directory for each connection, named by the minor number of its mounts. */
static int cut(int fusectl, int mount_fd)
{
	_cleanup_free_ char *path = NULL;
	struct statx st;

	/* Asked of the kernel: its server would not answer. */
	if (statx(mount_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return -errno;
	path = xasprintf("%u/abort", st.stx_dev_minor);
	return file_write(fusectl, path, "1");
}

int fs_client_cut(const struct fs_client_mounts *m)
{
	const struct mount_new fusectl = {.fstype = "fusectl"};
	_cleanup_close_ int fd = mount_make(&fusectl, NULL, 0);
	int r = fd < 0 ? fd : cut(fd, m->fast_fd), s = fd < 0 ? fd : cut(fd, m->plain_fd);

	return r < 0 ? r : s;
}

/* The mount that an fd stands on. Not asked of the file system: its server may be dead. */
static int mount_id_of(int fd, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	*ret = st.stx_mnt_id;
	return 0;
}

enum {
	VIEW_TAKEN_OFF = 1
};

/*
 * The supervisor may be taking off the same mount. By path the second of us would
 * hit the engine's mount beneath; so the mount is pinned first, then recognised,
 * then unmounted through the pin: detached by the other one it gives EINVAL.
 */
static int take_off_one(const char *view_path)
{
	_cleanup_close_ int fd = open(view_path, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;
	char path[FD_PATH_MAX];
	uint64_t id;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = mount_id_of(fd, &id);
	if (r < 0)
		return r;
	r = mountinfo_at(view_path, &m);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!str_eq(m->fstype, VIEW_FSTYPE))
		return 0;
	/* Another mount came or went between the two looks: look again. */
	if ((uint64_t)m->id != id)
		return VIEW_TAKEN_OFF;
	if (umount2(fd_path(fd, path), MNT_DETACH) < 0 && errno != EINVAL)
		return -errno;
	return VIEW_TAKEN_OFF;
}

int fs_client_cleanup(const char *view_path, struct error *err)
{
	int r = VIEW_TAKEN_OFF;

	for (int i = 0; r == VIEW_TAKEN_OFF && i < VIEWS_MAX; i++)
		r = take_off_one(view_path);
	return r < 0 ? error_errno(err, -r, "take the view off %s", view_path) : 0;
}

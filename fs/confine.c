/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A worker handles what a container chooses: names, attributes, contents. Its capabilities
 * over files would reach every file of the host, if it could name one. So it has no path to
 * any: its root directory is a detached mount of its own fd directory, whose ".." leads
 * nowhere and which contains only its own descriptors. A plain descriptor of /proc would not
 * do: from there "../1/root" leads back to the host.
 *
 * The table of system calls is the second wall: no mounting, no namespaces, no processes, no
 * signals, no new sockets, no executable memory.
 */
#include "fs/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fs/actor.h"
#include "fs/calls.h"
#include "fs/inode.h"
#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/mount.h"
#include "lib/sys.h"

int confine_files(struct error *err)
{
	_cleanup_close_ int fd = mount_clone(AT_FDCWD, "/proc/self/fd", MOUNT_CLONE_ONE);

	if (fd < 0)
		return error_errno(err, -fd, "open_tree /proc/self/fd");
	if (fchdir(fd) < 0 || chroot(".") < 0)
		return error_errno(err, errno, "chroot to our own fd directory");
	return 0;
}

/* One descriptor per inode. The hard limit is the caller's: what it allows has to do. */
static int limit_resources(struct error *err)
{
	const struct rlimit no_core = {0, 0};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return error_errno(err, errno, "getrlimit");
	files.rlim_cur = 2 * INODES_MAX;
	if (files.rlim_cur > files.rlim_max)
		files.rlim_cur = files.rlim_max;
	/* A core would hold the container's data. */
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return error_errno(err, errno, "setrlimit");
	return 0;
}

static const uint32_t passthrough_calls[] = {
	/* The connections. */
	SYS_ppoll,
	SYS_writev,
	SYS_timerfd_settime,
	/* Files, by descriptor. */
	SYS_openat,
	SYS_openat2,
	SYS_newfstatat,
	SYS_fstat,
	SYS_statx,
	SYS_fstatfs,
	SYS_readlinkat,
	SYS_pread64,
	SYS_pwrite64,
	SYS_lseek,
	SYS_getdents64,
	SYS_fsync,
	SYS_fdatasync,
	SYS_fallocate,
	SYS_truncate,
	SYS_ftruncate,
	SYS_mknodat,
	SYS_mkdirat,
	SYS_symlinkat,
	SYS_linkat,
	SYS_unlinkat,
#ifdef SYS_renameat
	SYS_renameat, /* glibc's renameat2() without flags */
#endif
	SYS_renameat2,
	SYS_fchmodat,
	SYS_fchownat,
	SYS_utimensat,
	SYS_umask,
	SYS_setxattr,
	SYS_getxattr,
	SYS_listxattr,
	SYS_removexattr,
	/* Acting for users. */
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_capget,
	SYS_capset,
	/* The C library. */
	SYS_gettid,
	SYS_exit,
};

const struct confine_rights confine_passthrough = {
	ACTOR_CAPS,
	passthrough_calls,
	ARRAY_SIZE(passthrough_calls),
};

static const uint32_t emulation_calls[] = {
	/* The connections. */
	SYS_ppoll,
	SYS_writev,
	/* Files of the host's and of cgroups, by descriptor. */
	SYS_openat,
	SYS_openat2,
	SYS_newfstatat,
	SYS_fstat,
	SYS_readlinkat,
	SYS_pread64,
	SYS_pwrite64, /* sysctls that the administrator allows */
	SYS_getdents64,
	/* Rests. */
	SYS_getrusage,
	SYS_clock_nanosleep,
	/* The C library. */
	SYS_gettid,
	SYS_exit,
};

/* A container may have taken root's right to read from its own cgroups. */
const struct confine_rights confine_emulation = {
	CAPS_BIT(CAP_DAC_READ_SEARCH),
	emulation_calls,
	ARRAY_SIZE(emulation_calls),
};

int confine_to(const struct confine_rights *rights, struct error *err)
{
	const struct caps sets = {.effective = rights->caps, .permitted = rights->caps};
	int r = limit_resources(err);

	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0)
		return error_errno(err, errno, "drop the supplementary groups");
	r = caps_apply(&sets);
	if (r < 0)
		return error_errno(err, -r, "drop capabilities");
	return calls_limit(rights->calls, rights->n_calls, err);
}

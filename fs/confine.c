/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A worker works with what a container chooses: names, attributes, contents. Its
 * capabilities over files would reach every file of the host, if it could name
 * one. So it has no path to any: its root directory is a detached mount of its own
 * fd directory, whose ".." leads nowhere and in which there are only its own
 * descriptors. A plain descriptor of /proc would not do: from there
 * "../1/root" leads back to the host.
 *
 * The table of system calls is the second wall: no mounting, no namespaces, no
 * processes, no signals, no sockets made, no memory made executable.
 */
#include "fs/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

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
		return error_errno(err, errno, "chroot to the own fd directory");
	return 0;
}

/* One descriptor an inode. The hard limit is the caller's: what it allows must do. */
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

#if defined(__SANITIZE_ADDRESS__)
#define CONFINE_ARCH 0 /* the sanitizer makes calls of its own */
#elif defined(__x86_64__)
#define CONFINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define CONFINE_ARCH AUDIT_ARCH_RISCV64
#else
#define CONFINE_ARCH 0
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(v)   BPF_STMT(BPF_RET | BPF_K, (v))
/* Equal: the next instruction; else skip it. */
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RETURN(SECCOMP_RET_ALLOW)

/*
 * The kernel evaluates a filter of numbers alone once for each call and keeps
 * the answer (SECCOMP_ARCH_NATIVE bitmap), so its length costs nothing.
 */
static const struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONFINE_ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
	/* The loop, the connections. */
	ALLOW(SYS_read),
	ALLOW(SYS_write),
	ALLOW(SYS_writev),
#ifdef SYS_epoll_wait
	ALLOW(SYS_epoll_wait),
#endif
	ALLOW(SYS_epoll_pwait),
	ALLOW(SYS_epoll_ctl),
	/* Files, by descriptor. */
	ALLOW(SYS_openat),
	ALLOW(SYS_openat2),
	ALLOW(SYS_close),
	ALLOW(SYS_newfstatat),
	ALLOW(SYS_fstat),
	ALLOW(SYS_statx),
	ALLOW(SYS_fstatfs),
	ALLOW(SYS_readlinkat),
	ALLOW(SYS_pread64),
	ALLOW(SYS_pwrite64),
	ALLOW(SYS_lseek),
	ALLOW(SYS_getdents64),
	ALLOW(SYS_fsync),
	ALLOW(SYS_fdatasync),
	ALLOW(SYS_fallocate),
	ALLOW(SYS_truncate),
	ALLOW(SYS_ftruncate),
	ALLOW(SYS_mknodat),
	ALLOW(SYS_mkdirat),
	ALLOW(SYS_symlinkat),
	ALLOW(SYS_linkat),
	ALLOW(SYS_unlinkat),
#ifdef SYS_renameat
	ALLOW(SYS_renameat), /* glibc's renameat2() without flags */
#endif
	ALLOW(SYS_renameat2),
	ALLOW(SYS_fchmodat),
	ALLOW(SYS_fchownat),
	ALLOW(SYS_utimensat),
	ALLOW(SYS_umask),
	ALLOW(SYS_setxattr),
	ALLOW(SYS_getxattr),
	ALLOW(SYS_listxattr),
	ALLOW(SYS_removexattr),
	/* Acting for users. */
	ALLOW(SYS_setfsuid),
	ALLOW(SYS_setfsgid),
	ALLOW(SYS_capget),
	ALLOW(SYS_capset),
	/* The C library: memory, time, the end. */
	ALLOW(SYS_brk),
	ALLOW(SYS_mmap),
	ALLOW(SYS_munmap),
	ALLOW(SYS_mremap),
	ALLOW(SYS_madvise),
	ALLOW(SYS_futex),
	ALLOW(SYS_getrandom),
	ALLOW(SYS_clock_gettime),
	ALLOW(SYS_rt_sigprocmask),
	ALLOW(SYS_rt_sigreturn),
	ALLOW(SYS_restart_syscall),
	ALLOW(SYS_getpid),
	ALLOW(SYS_gettid),
	ALLOW(SYS_exit),
	ALLOW(SYS_exit_group),
	RETURN(SECCOMP_RET_ERRNO | ENOSYS),
};

static int limit_calls(struct error *err)
{
	struct sock_fprog prog = {ARRAY_SIZE(filter), (struct sock_filter *)filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "set no_new_privs");
	if (CONFINE_ARCH == 0)
		return 0;
	/* A kernel without seccomp has the first wall still. */
	if (sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 && errno != ENOSYS &&
	    errno != EINVAL)
		return error_errno(err, errno, "load the filter of system calls");
	return 0;
}

int confine_rights(uint64_t caps, struct error *err)
{
	const struct caps sets = {.effective = caps, .permitted = caps};
	int r = limit_resources(err);

	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0)
		return error_errno(err, errno, "drop the supplementary groups");
	r = caps_apply(&sets);
	if (r < 0)
		return error_errno(err, -r, "drop capabilities");
	return limit_calls(err);
}

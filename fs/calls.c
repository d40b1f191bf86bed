/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel evaluates a filter that looks at numbers alone once for each call and caches the
 * answer (SECCOMP_ARCH_NATIVE bitmap), so the filter's length costs nothing.
 */
#include "fs/calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/alloc.h"
#include "lib/macro.h"
#include "lib/sys.h"
#include "lib/sysfilter.h"

#if defined(__SANITIZE_ADDRESS__)
#define NATIVE_ARCH 0 /* the sanitizer makes calls of its own */
#elif defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#else
#define NATIVE_ARCH 0
#endif
/* Where x32 begins: those calls kill the process. */
#define NUMBER_MAX 0x3fffffffu

/* For every process: the loop, and the C library's memory, time and exit. */
static const uint32_t common[] = {
	SYS_read,
	SYS_write,
	SYS_close,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_epoll_pwait,
	SYS_epoll_ctl,
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_futex,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_getpid,
	SYS_exit_group,
};

static void allow(struct sysfilter_rule *rules, const uint32_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rules[i] = (struct sysfilter_rule){
			.nr = numbers[i],
			.action = SECCOMP_RET_ALLOW,
		};
}

static int compile(const uint32_t *numbers, size_t n, struct sock_fprog *ret)
{
	const struct sysfilter_abi abi = {NATIVE_ARCH, 0, NUMBER_MAX, true};
	_cleanup_free_ struct sysfilter_rule *rules =
		xcalloc(ARRAY_SIZE(common) + n, sizeof(*rules));
	struct sysfilter f = {
		.abis = &abi,
		.n_abis = 1,
		.rules = rules,
		.n_rules = ARRAY_SIZE(common) + n,
		.default_action = SECCOMP_RET_ERRNO | ENOSYS,
		.newer_action = SECCOMP_RET_ERRNO | ENOSYS,
	};
	size_t len;
	int r;

	allow(rules, common, ARRAY_SIZE(common));
	allow(rules + ARRAY_SIZE(common), numbers, n);
	r = sysfilter_compile(&f, &ret->filter, &len);
	ret->len = (unsigned short)len;
	return r;
}

int calls_limit(const uint32_t *numbers, size_t n, struct error *err)
{
	struct sock_fprog prog = {0};
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "set no_new_privs");
	if (NATIVE_ARCH == 0)
		return 0;
	r = compile(numbers, n, &prog);
	if (r < 0)
		return error_errno(err, -r, "make the filter of system calls");
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? errno : 0;
	free(prog.filter);
	if (r && r != ENOSYS && r != EINVAL)
		return error_errno(err, r, "load the filter of system calls");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets User Mode Linux before 6.16 start on processors with AMX.
 *
 * Theory of operation. That kernel keeps a guest thread's floating-point registers in a buffer
 * of 2696 bytes: the XSAVE area as far as AVX-512 and PKRU. It loads them into the process that
 * runs the guest's code by PTRACE_SETREGSET, and the host takes nothing but the whole area
 * there (EFAULT otherwise), which with AMX has 11008 bytes. Preloaded, this library completes
 * the area with zeros. That loses nothing: AMX is off in a process that did not ask for it by
 * arch_prctl, which no guest can do, and the header, which says what is present, is part of
 * the leading bytes.
 */

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Static, as the caller's stack is one of the guest's kernel: small, and only one runs. */
static char area[64 * 1024];

/* The system call writes what a peek finds; the C library's function returns it. */
static long call_ptrace(long request, long pid, void *addr, void *data)
{
	long r, word;

	if (request < PTRACE_PEEKTEXT || request > PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, request, pid, addr, data);
	r = syscall(SYS_ptrace, request, pid, addr, &word);
	if (r < 0)
		return r;
	errno = 0;
	return word;
}

static long set_xstate(long pid, void *type, const struct iovec *given)
{
	struct iovec whole = {.iov_base = area, .iov_len = sizeof(area)};

	/* Only to learn the size. */
	if (call_ptrace(PTRACE_GETREGSET, pid, type, &whole) < 0)
		return -1;
	if (given->iov_len > whole.iov_len) {
		errno = EINVAL;
		return -1;
	}
	memset(area, 0, whole.iov_len);
	memcpy(area, given->iov_base, given->iov_len);
	return call_ptrace(PTRACE_SETREGSET, pid, type, &whole);
}

/* What <sys/ptrace.h> declares; the program finds it here before the C library's. */
long ptrace(enum __ptrace_request request, ...)
{
	void *addr, *data;
	va_list ap;
	long pid;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);

	if (request == PTRACE_SETREGSET && (unsigned long)addr == NT_X86_XSTATE)
		return set_xstate(pid, addr, data);
	return call_ptrace(request, pid, addr, data);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of real engines' profiles: against the filter that libseccomp makes of
 * the same rules, and in the kernel.
 */
#include "tests/unit/unit.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "src/do.h"
#include "src/plan.h"
#include "src/spec.h"
#include "tests/unit/bpf.h"

#define ENOSYS_ACTION (SECCOMP_RET_ERRNO | ENOSYS)
#define X32	      0x40000000u

/* The profile of a golden case: file "config.json" or "expected.json". */
static struct plan_seccomp *load(const char *name, const char *file)
{
	const char *srcdir = getenv("srcdir");
	_cleanup_free_ char *path =
		xasprintf("%s/tests/golden/%s/%s", srcdir ? srcdir : ".", name, file);
	_cleanup_(spec_freep) struct spec *spec = NULL;
	_cleanup_free_ char *text = NULL;
	struct plan_seccomp *s = NULL;
	struct error err = {0};
	size_t len;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &len), 0);
	assert_int_equal(spec_parse(&spec, text, len, file, &err), 0);
	assert_int_equal(plan_seccomp(&s, spec->linux_->seccomp, &err), 0);
	assert_non_null(s);
	return s;
}

static void compile(const struct plan_seccomp *s, struct seccomp_program *p)
{
	struct error err = {0};

	assert_int_equal(do_seccomp_compile(s, p, &err), 0);
}

/* libseccomp's program; rules with the default action it does not take. */
static struct sock_filter *reference(const struct plan_seccomp *s, size_t *ret_n)
{
	scmp_filter_ctx ctx = seccomp_init(s->default_action);
	_cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC);
	char *program = NULL;
	size_t len;

	for (size_t i = 0; i < s->n_arches; i++)
		(void)seccomp_arch_add(ctx, s->arches[i]);
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct plan_seccomp_rule *r = &s->rules[i];
		int nr = seccomp_syscall_resolve_name(r->syscall);
		struct scmp_arg_cmp args[6];

		if (nr == __NR_SCMP_ERROR || r->action == s->default_action)
			continue;
		for (size_t k = 0; k < r->n_args; k++)
			args[k] = (struct scmp_arg_cmp){
				.arg = r->args[k].index,
				.op = (enum scmp_compare)r->args[k].op,
				.datum_a = r->args[k].value,
				.datum_b = r->args[k].value_two,
			};
		assert_int_equal(seccomp_rule_add_array(ctx, r->action, nr,
							(unsigned int)r->n_args, args),
				 0);
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 1 << 20, &program, &len), 0);
	*ret_n = len / sizeof(struct sock_filter);
	return (void *)program;
}

/* The highest number that a rule names; what is above is newer than the profile. */
static uint32_t highest(const struct plan_seccomp *s, uint32_t token)
{
	uint32_t max = 0;

	for (size_t i = 0; i < s->n_rules; i++) {
		int nr = seccomp_syscall_resolve_name_arch(token, s->rules[i].syscall);

		if (nr >= 0 && ((uint32_t)nr & ~X32) > max)
			max = (uint32_t)nr & ~X32;
	}
	return max;
}

static void compare_at(const struct seccomp_program *mine, const struct sock_filter *other,
		       size_t n_other, const struct seccomp_data *d)
{
	uint32_t got = bpf_run(mine->insns, mine->n_insns, d),
		 want = bpf_run(other, n_other, d);

	if (got != want)
		fail_msg("arch %x nr %x args %llx %llx %llx: %x, libseccomp %x", d->arch, d->nr,
			 (unsigned long long)d->args[0], (unsigned long long)d->args[1],
			 (unsigned long long)d->args[2], got, want);
}

static void compare(const struct plan_seccomp *s)
{
	static const struct {
		uint32_t arch, token, base;
	} sets[] = {
		{AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, 0},
		{AUDIT_ARCH_X86_64, SCMP_ARCH_X32, X32},
		{AUDIT_ARCH_I386, SCMP_ARCH_X86, 0},
		{AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, 0},
	};
	/* What the profiles of engines compare with, and its neighbours. */
	static const uint64_t values[] = {0,	1,	    8,		 9,	     16,
					  40,	0x20000,    0x20008,	 0x10000000, 0x7e020000,
					  0x11, 0xffffffff, 0x100000008, UINT64_MAX, 41};
	_cleanup_(seccomp_program_done) struct seccomp_program mine = {0};
	_cleanup_free_ struct sock_filter *other = NULL;
	size_t n_other;

	compile(s, &mine);
	other = reference(s, &n_other);
	assert_true(mine.n_insns < n_other);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		uint32_t max = highest(s, sets[i].token);

		for (uint32_t nr = 0; nr <= max; nr++) {
			_cleanup_free_ char *known = seccomp_syscall_resolve_num_arch(
				sets[i].token, (int)(nr + sets[i].base));

			if (!known)
				continue; /* no call, or too new for libseccomp */
			for (size_t v = 0; v < ARRAY_SIZE(values) * ARRAY_SIZE(values); v++) {
				const struct seccomp_data d = {
					.nr = (int)(nr + sets[i].base),
					.arch = sets[i].arch,
					.args = {values[v % ARRAY_SIZE(values)], 1,
						 values[v / ARRAY_SIZE(values)]},
				};

				compare_at(&mine, other, n_other, &d);
			}
		}
	}
}

static void compile__as_libseccomp(void **state)
{
	static const char *const cases[] = {"docker20-default", "docker28-default",
					    "ctr-seccomp"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_seccomp *s = load(cases[i], "config.json");

		compare(s);
		(void)plan_seccomp_free(s);
	}
}

/* But for socket(2): conditions with different actions have another order there. */
static void compile__as_libseccomp_podman(void **state)
{
	struct plan_seccomp *s = load("podman-default", "config.json");

	(void)state;
	for (size_t i = 0; i < s->n_rules; i++)
		if (strcmp(s->rules[i].syscall, "socket") == 0)
			strcpy(s->rules[i].syscall, "none");
	compare(s);
	(void)plan_seccomp_free(s);
}

static void add(struct plan_seccomp *s, const char *name, uint32_t action)
{
	struct plan_seccomp_rule *r = array_add((void **)&s->rules, &s->n_rules, sizeof(*r));

	r->syscall = xstrdup(name);
	r->action = action;
}

static struct plan_seccomp *profile(uint32_t default_action, uint32_t arch)
{
	struct plan_seccomp *s = xcalloc(1, sizeof(*s));

	s->default_action = default_action;
	*(uint32_t *)array_add((void **)&s->arches, &s->n_arches, sizeof(*s->arches)) = arch;
	return s;
}

/* socketcall(2) and ipc(2) on every architecture that has them. */
static void compile__multiplexed_as_libseccomp(void **state)
{
	static const uint32_t tokens[] = {SCMP_ARCH_X86, SCMP_ARCH_PPC64LE};
	static const char *const names[] = {
		"socket",      "bind",	     "connect",	   "listen",  "accept",	 "getsockname",
		"getpeername", "socketpair", "send",	   "recv",    "sendto",	 "recvfrom",
		"shutdown",    "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4",
		"recvmmsg",    "sendmmsg",   "semop",	   "semget",  "semctl",	 "semtimedop",
		"msgsnd",      "msgrcv",     "msgget",	   "msgctl",  "shmat",	 "shmdt",
		"shmget",      "shmctl",
	};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(tokens); t++) {
		struct plan_seccomp *s = profile(SCMP_ACT_ALLOW, tokens[t]);
		_cleanup_(seccomp_program_done) struct seccomp_program mine = {0};
		_cleanup_free_ struct sock_filter *other = NULL;
		size_t n_other;

		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			add(s, names[i], SCMP_ACT_ERRNO((uint32_t)i + 1));
		compile(s, &mine);
		other = reference(s, &n_other);
		for (int nr = 0; nr < 460; nr++) {
			for (uint64_t arg = 0; arg < 30; arg++) {
				const struct seccomp_data d = {
					.nr = nr, .arch = tokens[t], .args = {arg, 7}};

				compare_at(&mine, other, n_other, &d);
			}
		}
		(void)plan_seccomp_free(s);
	}
}

static uint32_t answer(const struct plan_seccomp *s, uint32_t arch, int nr)
{
	_cleanup_(seccomp_program_done) struct seccomp_program p = {0};
	const struct seccomp_data d = {.nr = nr, .arch = arch};

	compile(s, &p);
	return bpf_run(p.insns, p.n_insns, &d);
}

static void compile__calls_newer_than_libseccomp(void **state)
{
	struct plan_seccomp *s = profile(SCMP_ACT_ERRNO(EPERM), SCMP_ARCH_X32);

	(void)state;
	add(s, "open_tree_attr", SCMP_ACT_ALLOW);
	add(s, "uretprobe", SCMP_ACT_ALLOW);
	add(s, "no_such_call", SCMP_ACT_ALLOW);
	assert_int_equal(answer(s, AUDIT_ARCH_X86_64, 467), SCMP_ACT_ALLOW);
	assert_int_equal(answer(s, AUDIT_ARCH_X86_64, (int)(X32 + 467)), SCMP_ACT_ALLOW);
	assert_int_equal(answer(s, AUDIT_ARCH_X86_64, 335), SCMP_ACT_ALLOW);
	assert_int_equal(answer(s, AUDIT_ARCH_X86_64, (int)(X32 + 335)), SCMP_ACT_ERRNO(EPERM));
	(void)plan_seccomp_free(s);
}

static void compile__newer_calls_get_enosys(void **state)
{
	static const uint32_t strict[] = {SCMP_ACT_ERRNO(EPERM), SCMP_ACT_KILL_PROCESS,
					  SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP};
	static const uint32_t lax[] = {SCMP_ACT_ALLOW, SCMP_ACT_LOG};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strict); i++) {
		struct plan_seccomp *s = profile(strict[i], SCMP_ARCH_X86);

		add(s, "openat2", SCMP_ACT_ALLOW);
		assert_int_equal(answer(s, AUDIT_ARCH_X86_64, SYS_openat2 - 1), strict[i]);
		assert_int_equal(answer(s, AUDIT_ARCH_X86_64, SYS_openat2 + 1), ENOSYS_ACTION);
		assert_int_equal(answer(s, AUDIT_ARCH_I386, SYS_openat2 + 1), ENOSYS_ACTION);
		(void)plan_seccomp_free(s);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lax); i++) {
		struct plan_seccomp *s = profile(lax[i], SCMP_ARCH_X86);

		add(s, "openat2", SCMP_ACT_KILL_PROCESS);
		assert_int_equal(answer(s, AUDIT_ARCH_X86_64, SYS_openat2 + 1), lax[i]);
		(void)plan_seccomp_free(s);
	}
}

/* In a child: its status, or the errno of a call. */
static int errno_under(struct seccomp_program *p, long nr)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = {0};

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || do_seccomp_load(p, &err) < 0)
			_exit(255);
		_exit(syscall(nr, -1, -1, -1, -1, -1, -1) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void load__kernel_obeys(void **state)
{
	struct plan_seccomp *raw = load("docker28-default", "config.json");
	struct plan_seccomp *widened = load("docker28-default", "expected.json");
	_cleanup_(seccomp_program_done) struct seccomp_program a = {0}, b = {0};

	(void)state;
	compile(raw, &a);
	compile(widened, &b);
	assert_int_equal(errno_under(&a, SYS_getpid), 0);
	assert_int_equal(errno_under(&a, SYS_mount), EPERM);
	assert_int_equal(errno_under(&a, SYS_clone3), ENOSYS);
	assert_int_equal(errno_under(&a, 500), ENOSYS);
	/* The kernel's own answer to nonsense. */
	assert_int_equal(errno_under(&b, SYS_mount), EFAULT);
	assert_int_equal(errno_under(&b, SYS_clone3), E2BIG);
	assert_int_equal(errno_under(&b, SYS_setns), EBADF);
	assert_int_equal(errno_under(&b, SYS_init_module), EPERM);
	assert_int_equal(errno_under(&b, 500), ENOSYS);
	(void)plan_seccomp_free(raw);
	(void)plan_seccomp_free(widened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compile__as_libseccomp),
		cmocka_unit_test(compile__as_libseccomp_podman),
		cmocka_unit_test(compile__multiplexed_as_libseccomp),
		cmocka_unit_test(compile__calls_newer_than_libseccomp),
		cmocka_unit_test(compile__newer_calls_get_enosys),
		cmocka_unit_test(load__kernel_obeys),
	};

	return RUN(tests);
}

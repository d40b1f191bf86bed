/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * libseccomp knows the numbers of system calls on every architecture; from numbers
 * lib/sysfilter makes the program. libseccomp's own compiler needs 10 ms for an
 * engine's profile with its three architectures, more than all else that starting a
 * container takes; this way it is 0.2 ms, for a shorter program.
 *
 * Two things that a profile cannot say are added, as runc and libseccomp do:
 *
 * - A call newer than all that the profile names gives ENOSYS and not the profile's
 *   EPERM, so that a C library tries the older call (glibc's fchmodat, faccessat).
 * - On x86 and its like a 32-bit program may make socket and IPC calls through one
 *   number with the call as first argument, as well as directly: rules are
 *   for both. The real arguments then lie in memory where a filter cannot
 *   look, so conditions are dropped.
 */
#include "src/do.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/sys.h"
#include "lib/sysfilter.h"
#include "src/plan.h"

static_assert((int)SYSFILTER_NE == (int)SCMP_CMP_NE - 1 &&
		      (int)SYSFILTER_MASKED_EQ == (int)SCMP_CMP_MASKED_EQ - 1,
	      "plans speak libseccomp's numbers, which begin with 1");

#define X32_BIT	 0x40000000u
#define ABIS_MAX 16

/*
 * Calls that Debian 12's libseccomp does not know by name. Since 5.1 a new call has
 * the same number everywhere (but for x86's own, which have a column to say so).
 */
static const struct {
	const char *name;
	uint32_t nr;
	bool x86_64_only;
} newer_calls[] = {
	{"uretprobe", 335, true},	   {"uprobe", 336, true},
	{"cachestat", 451, false},	   {"fchmodat2", 452, false},
	{"map_shadow_stack", 453, false},  {"futex_wake", 454, false},
	{"futex_wait", 455, false},	   {"futex_requeue", 456, false},
	{"statmount", 457, false},	   {"listmount", 458, false},
	{"lsm_get_self_attr", 459, false}, {"lsm_set_self_attr", 460, false},
	{"lsm_list_modules", 461, false},  {"mseal", 462, false},
	{"setxattrat", 463, false},	   {"getxattrat", 464, false},
	{"listxattrat", 465, false},	   {"removexattrat", 466, false},
	{"open_tree_attr", 467, false},	   {"file_getattr", 468, false},
	{"file_setattr", 469, false},	   {"listns", 470, false},
};

/*
 * libseccomp names a call that goes through another by a number of its own, -100 less
 * the socketcall(2) number or -200 less the ipc(2) number. Here are the numbers of the
 * direct calls; 0: there is none.
 */
#define SOCKETCALL_NR 102
#define IPC_NR	      117
static const struct mux {
	int pseudo;
	uint16_t x86, ppc64le;
} muxes[] = {
	{-101, 359, 326}, /* socket */
	{-102, 361, 327}, /* bind */
	{-103, 362, 328}, /* connect */
	{-104, 363, 329}, /* listen */
	{-105, 0, 330},	  /* accept */
	{-106, 367, 331}, /* getsockname */
	{-107, 368, 332}, /* getpeername */
	{-108, 360, 333}, /* socketpair */
	{-109, 0, 334},	  /* send */
	{-110, 0, 336},	  /* recv */
	{-111, 369, 335}, /* sendto */
	{-112, 371, 337}, /* recvfrom */
	{-113, 373, 338}, /* shutdown */
	{-114, 366, 339}, /* setsockopt */
	{-115, 365, 340}, /* getsockopt */
	{-116, 370, 341}, /* sendmsg */
	{-117, 372, 342}, /* recvmsg */
	{-118, 364, 344}, /* accept4 */
	{-119, 337, 343}, /* recvmmsg */
	{-120, 345, 349}, /* sendmmsg */
	{-201, 0, 0},	  /* semop */
	{-202, 393, 393}, /* semget */
	{-203, 394, 394}, /* semctl */
	{-204, 0, 392},	  /* semtimedop */
	{-211, 400, 400}, /* msgsnd */
	{-212, 401, 401}, /* msgrcv */
	{-213, 399, 399}, /* msgget */
	{-214, 402, 402}, /* msgctl */
	{-221, 397, 397}, /* shmat */
	{-222, 398, 398}, /* shmdt */
	{-223, 395, 395}, /* shmget */
	{-224, 396, 396}, /* shmctl */
};

/* The rules of a filter while they are gathered; arguments are theirs. */
struct gathering {
	struct sysfilter_rule *rules;
	size_t n_rules;
	struct sysfilter_abi abis[ABIS_MAX];
	uint32_t tokens[ABIS_MAX]; /* SCMP_ARCH_* of each */
	size_t n_abis;
	struct sysfilter_arg **args;	/* of each rule of the plan */
	struct sysfilter_arg *mux_args; /* the call, as first argument: for each of `muxes` */
};

static void gathering_done(struct gathering *g, size_t n_plan_rules)
{
	for (size_t i = 0; i < n_plan_rules; i++)
		free(g->args[i]);
	free(g->args);
	free(g->mux_args);
	free(g->rules);
}

/* Architectures. */

static void add_abi(struct gathering *g, uint32_t token)
{
	struct sysfilter_abi abi = {
		.arch = token,
		.last = UINT32_MAX - 1,
		.is_64bit = token & __AUDIT_ARCH_64BIT,
	};

	for (size_t i = 0; i < g->n_abis; i++)
		if (g->tokens[i] == token)
			return;
	if (g->n_abis == ABIS_MAX)
		return; /* more than there are */
	/* To the kernel these two are one architecture: a bit of the number tells. */
	if (token == SCMP_ARCH_X86_64)
		abi.last = X32_BIT - 1;
	if (token == SCMP_ARCH_X32) {
		abi.arch = SCMP_ARCH_X86_64;
		abi.first = X32_BIT;
	}
	g->tokens[g->n_abis] = token;
	g->abis[g->n_abis++] = abi;
}

/* The native one first, as most calls are its; x32 beside x86_64, which it is part of. */
static void gather_abis(struct gathering *g, const struct plan_seccomp *s)
{
	add_abi(g, seccomp_arch_native());
	for (size_t i = 0; i < s->n_arches; i++)
		if (s->arches[i] == SCMP_ARCH_X32)
			add_abi(g, SCMP_ARCH_X32);
	for (size_t i = 0; i < s->n_arches; i++)
		add_abi(g, s->arches[i]);
}

/* Numbers. */

static bool has_socketcall(uint32_t token)
{
	return token == SCMP_ARCH_X86 || token == SCMP_ARCH_PPC64LE;
}

static uint16_t direct_nr(const struct mux *m, uint32_t token)
{
	return token == SCMP_ARCH_X86 ? m->x86 : m->ppc64le;
}

static void add_rule(struct gathering *g, size_t abi, uint32_t nr, uint32_t action,
		     const struct sysfilter_arg *args, size_t n_args)
{
	struct sysfilter_rule *r = array_add((void **)&g->rules, &g->n_rules, sizeof(*r));

	*r = (struct sysfilter_rule){
		.abi = (unsigned int)abi,
		.nr = nr,
		.action = action,
		.args = args,
		.n_args = n_args,
	};
}

static void add_mux_rules(struct gathering *g, size_t abi, int pseudo,
			  const struct plan_seccomp_rule *pr, const struct sysfilter_arg *args)
{
	for (size_t i = 0; i < ARRAY_SIZE(muxes); i++) {
		const struct mux *m = &muxes[i];
		bool is_socket = m->pseudo > -200;

		if (m->pseudo != pseudo)
			continue;
		if (direct_nr(m, g->tokens[abi]))
			add_rule(g, abi, direct_nr(m, g->tokens[abi]), pr->action, args,
				 pr->n_args);
		g->mux_args[i] = (struct sysfilter_arg){
			.op = SYSFILTER_EQ,
			.value = (uint64_t) - (m->pseudo + (is_socket ? 100 : 200)),
		};
		add_rule(g, abi, is_socket ? SOCKETCALL_NR : IPC_NR, pr->action,
			 &g->mux_args[i], 1);
	}
}

/* A call that libseccomp has no number for, or no name. */
static bool newer_nr(const char *name, uint32_t token, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(newer_calls); i++) {
		if (strcmp(newer_calls[i].name, name) != 0)
			continue;
		if (newer_calls[i].x86_64_only && token != SCMP_ARCH_X86_64)
			return false;
		*ret = newer_calls[i].nr | (token == SCMP_ARCH_X32 ? X32_BIT : 0);
		return true;
	}
	return false;
}

static void gather_rule(struct gathering *g, size_t abi, const struct plan_seccomp_rule *pr,
			const struct sysfilter_arg *args)
{
	uint32_t token = g->tokens[abi], nr;
	int n = seccomp_syscall_resolve_name_arch(token, pr->syscall);

	if (n >= 0)
		add_rule(g, abi, (uint32_t)n, pr->action, args, pr->n_args);
	else if (n == __NR_SCMP_ERROR && newer_nr(pr->syscall, token, &nr))
		add_rule(g, abi, nr, pr->action, args, pr->n_args);
	else if (has_socketcall(token))
		add_mux_rules(g, abi, n, pr, args);
	/* else this architecture has no such call */
}

static struct sysfilter_arg *copy_args(const struct plan_seccomp_rule *pr)
{
	struct sysfilter_arg *args = pr->n_args ? xcalloc(pr->n_args, sizeof(*args)) : NULL;

	for (size_t i = 0; i < pr->n_args; i++)
		args[i] = (struct sysfilter_arg){
			.index = pr->args[i].index,
			.op = (enum sysfilter_op)(pr->args[i].op - SCMP_CMP_NE),
			.value = pr->args[i].value,
			.value_two = pr->args[i].value_two,
		};
	return args;
}

static void gather_rules(struct gathering *g, const struct plan_seccomp *s)
{
	g->args = xcalloc(s->n_rules + 1, sizeof(*g->args));
	g->mux_args = xcalloc(ARRAY_SIZE(muxes), sizeof(*g->mux_args));
	for (size_t i = 0; i < s->n_rules; i++) {
		g->args[i] = copy_args(&s->rules[i]);
		for (size_t abi = 0; abi < g->n_abis; abi++)
			gather_rule(g, abi, &s->rules[i], g->args[i]);
	}
}

/* A profile that lets unknown calls pass, or notifies about them, means the new ones, too. */
static uint32_t newer_action(uint32_t default_action)
{
	switch (default_action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return default_action;
	default:
		return SECCOMP_RET_ERRNO | ENOSYS;
	}
}

int do_seccomp_compile(const struct plan_seccomp *s, struct seccomp_program *ret,
		       struct error *err)
{
	struct gathering g = {0};
	struct sysfilter f = {
		.default_action = s->default_action,
		.newer_action = newer_action(s->default_action),
	};
	struct sock_filter *insns;
	size_t n;
	int r;

	gather_abis(&g, s);
	gather_rules(&g, s);
	f.abis = g.abis;
	f.n_abis = g.n_abis;
	f.rules = g.rules;
	f.n_rules = g.n_rules;
	r = sysfilter_compile(&f, &insns, &n);
	gathering_done(&g, s->n_rules);
	if (r < 0)
		return error_set(err, -r,
				 "the seccomp profile makes a filter of more than %d "
				 "instructions, the kernel's limit",
				 BPF_MAXINSNS);
	ret->insns = insns;
	ret->n_insns = n;
	ret->flags = s->filter_flags;
	ret->traps = s->traps;
	return 0;
}

void seccomp_program_done(struct seccomp_program *p)
{
	free(p->insns);
	*p = (struct seccomp_program){0};
}

/* A trap is added only to what the profile lets pass (src/plan-traps.c). */
void do_seccomp_untrap(struct seccomp_program *p)
{
	struct sock_filter *insns = p->insns;

	if (!p->traps)
		return;
	for (size_t i = 0; i < p->n_insns; i++)
		if (insns[i].code == (BPF_RET | BPF_K) && insns[i].k == SECCOMP_RET_USER_NOTIF)
			insns[i].k = SECCOMP_RET_ALLOW;
	p->flags &= ~(unsigned int)(SECCOMP_FILTER_FLAG_NEW_LISTENER |
				    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	p->traps = false;
}

static int load(const struct seccomp_program *p)
{
	struct sock_fprog prog = {.len = (unsigned short)p->n_insns, .filter = p->insns};
	int r = sys_seccomp(SECCOMP_SET_MODE_FILTER, p->flags, &prog);

	return r < 0 ? -errno : r;
}

int do_seccomp_load(struct seccomp_program *p, struct error *err)
{
	int r = load(p);

	/* EBUSY: one listener is in force. */
	if (r < 0 && p->traps) {
		do_seccomp_untrap(p);
		r = load(p);
	}
	if (r < 0)
		return error_errno(err, -r, "load the seccomp filter");
	return p->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? r : 0;
}

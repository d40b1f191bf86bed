/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Engines write a seccomp profile for a process whose root may be the host's, and
 * let a call pass only along with the capability that guards it. A system container
 * has the capabilities, over its own namespaces, so the call must pass, too: then
 * the kernel decides, and its check is the exact one. The table below names the
 * calls for which that is so. Not in it: what the kernel grants only to the host's
 * root (modules, kexec, swap, the clock, I/O ports, accounting); what shows the
 * host without a check against the user namespace (syslog: the kernel's log); and
 * what a profile may leave out for its own sake (io_uring, userfaultfd).
 *
 * A profile tells in three ways that it does not want a call: by not naming it, which is how
 * engines gate by capability and says nothing about what the user wants; by allowing it with
 * some arguments only; and by a rule against it. The last two are kept, whatever the table
 * says, and so are the conditions that the same profile attaches to a call that it denies. The
 * engines' own generated rules are recognised and do not count.
 *
 * A profile that allows by default, and one that notifies a listener, stay as they
 * are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

/* Sorted by strcmp(3). */
static const char *const widened[] = {
	"add_key",	   /* keyrings belong to a user namespace since 5.3 */
	"arch_prctl",	   /* the caller's own registers */
	"bpf",		   /* inner runc and systemd probe it; CAP_BPF is asked of the host */
	"cachestat",	   /* of files that the caller may write or owns */
	"chroot",	   /* CAP_SYS_CHROOT in the user namespace */
	"clone",	   /* new namespaces: CAP_SYS_ADMIN, or a new user namespace */
	"clone3",	   /* the same; ENOSYS was for filters that cannot read its argument */
	"close_range",	   /* unprivileged */
	"copy_file_range", /* unprivileged */
	"epoll_pwait2",	   /* unprivileged */
	"faccessat2",	   /* unprivileged; tests of files fail for ever without */
	"fanotify_init",   /* unprivileged groups, 5.13 */
	"fanotify_mark",   /* capability of the group's user namespace */
	"fchmodat2",	   /* as chmod; EPERM for it breaks tar and systemd */
	"file_getattr",	   /* as the ioctl */
	"file_setattr",	   /* as the ioctl */
	"fsconfig",	   /* the mount API: CAP_SYS_ADMIN over the mount namespace */
	"fsmount",
	"fsopen",
	"fspick",
	"futex_requeue", /* unprivileged */
	"futex_wait",
	"futex_waitv",
	"futex_wake",
	"get_mempolicy",     /* the caller's own memory; databases place it */
	"getxattrat",	     /* as getxattr */
	"kcmp",		     /* as ptrace */
	"keyctl",	     /* as add_key */
	"landlock_add_rule", /* a sandbox can only narrow */
	"landlock_create_ruleset",
	"landlock_restrict_self",
	"listmount",	     /* of mount namespaces within reach */
	"listns",	     /* the same */
	"listxattrat",	     /* as listxattr */
	"lsm_get_self_attr", /* unprivileged */
	"lsm_list_modules",  /* unprivileged */
	"lsm_set_self_attr", /* as /proc/self/attr */
	"map_shadow_stack",  /* the caller's own memory; glibc for CET */
	"mbind",	     /* as get_mempolicy */
	"membarrier",	     /* unprivileged */
	"memfd_secret",	     /* unprivileged */
	"mknod",	     /* devices: CAP_MKNOD of the host; the rest is a matter of files */
	"mknodat",
	"modify_ldt", /* the caller's own segments; 32-bit programs */
	"mount",      /* CAP_SYS_ADMIN over the mount namespace */
	"mount_setattr",
	"move_mount",
	"move_pages",	     /* own memory, or as ptrace */
	"mseal",	     /* unprivileged */
	"name_to_handle_at", /* unprivileged; systemd finds mount points by it */
	"open_by_handle_at", /* CAP_DAC_READ_SEARCH over the mount, 6.11; else the host's */
	"open_tree",	     /* CAP_SYS_ADMIN over the mount namespace */
	"open_tree_attr",
	"openat2",	     /* unprivileged; inner runc's safe way to look up paths */
	"perf_event_open",   /* perf_event_paranoid, and CAP_PERFMON of the host beyond it */
	"personality",	     /* unprivileged; 32-bit builds, debuggers */
	"pidfd_getfd",	     /* as ptrace */
	"pidfd_open",	     /* unprivileged */
	"pidfd_send_signal", /* as kill */
	"pivot_root",	     /* CAP_SYS_ADMIN over the mount namespace */
	"pkey_alloc",	     /* unprivileged */
	"pkey_free",
	"pkey_mprotect",
	"process_madvise",  /* as ptrace */
	"process_mrelease", /* of dying processes that the caller may kill */
	"process_vm_readv", /* as ptrace */
	"process_vm_writev",
	"ptrace",   /* CAP_SYS_PTRACE over the other's user namespace */
	"quotactl", /* own usage; more: CAP_SYS_ADMIN of the host */
	"quotactl_fd",
	"reboot",	 /* ends the pid namespace, CAP_SYS_BOOT in the user namespace */
	"removexattrat", /* as removexattr */
	"request_key",	 /* as add_key, see `narrowed` */
	"rseq",		 /* unprivileged */
	"set_mempolicy", /* as get_mempolicy */
	"set_mempolicy_home_node",
	"setdomainname", /* CAP_SYS_ADMIN over the uts namespace */
	"sethostname",
	"setns",      /* CAP_SYS_ADMIN over the namespace to enter */
	"setxattrat", /* as setxattr */
	"statmount",  /* of mount namespaces within reach */
	"umount",     /* CAP_SYS_ADMIN over the mount namespace */
	"umount2",
	"unshare",   /* as clone */
	"uretprobe", /* the kernel's own, for a traced program; EPERM kills it */
};

/*
 * Of these only calls with this argument. request_key(2) with words for it (callout_info) has
 * the kernel start /sbin/request-key as the host's root, in none of the container's namespaces,
 * with what the caller says; keys that are there are found without.
 */
static const struct {
	const char *name;
	uint32_t index;
	uint64_t value;
} narrowed[] = {
	{"request_key", 2, 0},
};

/*
 * Denials that engines generate. A row fits a rule without conditions that has all
 * names of `must` and beyond them only names of `may` (NULL: any).
 */
static const struct generated {
	const char *must;
	const char *may;
	uint64_t errno_ret;
	/* Of the profile of containers/common (podman, buildah, CRI-O), whose rules name what a
	 * capability gates. Short ones could be anybody's, and count in such a profile only. */
	bool in_common_profile;
} generated[] = {
	{"clone3", "", ENOSYS, false}, /* moby, containerd */
	{"bdflush uselib vm86 vmsplice", NULL, EPERM, false},
	{"lookup_dcookie quotactl setdomainname sethostname setns",
	 "bpf fanotify_init perf_event_open quotactl_fd", EPERM, false},
	{"open_by_handle_at", "", EPERM, true},
	{"bpf", "", EPERM, true},
	{"perf_event_open", "", EPERM, true},
	{"chroot", "", EPERM, true},
	{"get_mempolicy mbind set_mempolicy", "", EPERM, true},
	{"kcmp process_madvise", "process_vm_readv process_vm_writev ptrace", EPERM, true},
};
/* The row that such a profile always has, whatever the capabilities. */
#define COMMON_PROFILE (&generated[1])

/* Of these every engine's profile allows some arguments only. */
static const char *const conditioned[] = {"clone", "personality"};

/* What the profile has for each widened name. */
enum {
	ALLOWED = 1u << 0,  /* a rule without conditions */
	DECIDED = 1u << 1,  /* the user's denial: stays */
	NARROWED = 1u << 2, /* the user's conditions */
};
struct state {
	unsigned char of[ARRAY_SIZE(widened)];
	bool is_common_profile;
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, *(const char *const *)row);
}

/* The index in the table, or -1. */
static int find(const char *name)
{
	const char *const *row =
		bsearch(name, widened, ARRAY_SIZE(widened), sizeof(*widened), compare);

	return row ? (int)(row - widened) : -1;
}

static bool denies_by_default(const struct spec_seccomp *s)
{
	static const char *const actions[] = {"SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
					      "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
					      "SCMP_ACT_TRAP"};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (str_eq(s->default_action, actions[i]))
			return true;
	return false;
}

static bool is_allowing(const struct spec_seccomp_rule *r)
{
	return str_eq(r->action, "SCMP_ACT_ALLOW") || str_eq(r->action, "SCMP_ACT_LOG");
}

static bool fits(const struct spec_seccomp_rule *r, const struct generated *g)
{
	_cleanup_(strv_freep) char **must = strv_split(g->must, " ");
	_cleanup_(strv_freep) char **may = g->may ? strv_split(g->may, " ") : NULL;
	uint64_t errno_ret = r->errno_ret.present ? r->errno_ret.value : EPERM;

	if (!str_eq(r->action, "SCMP_ACT_ERRNO") || errno_ret != g->errno_ret || r->n_args)
		return false;
	for (size_t i = 0; i < strv_len(must); i++)
		if (!strv_contains(r->names, must[i]))
			return false;
	for (size_t i = 0; g->may && i < strv_len(r->names); i++)
		if (!strv_contains(must, r->names[i]) && !strv_contains(may, r->names[i]))
			return false;
	return true;
}

static bool is_generated(const struct spec_seccomp_rule *r, const struct state *st)
{
	for (size_t i = 0; i < ARRAY_SIZE(generated); i++)
		if ((!generated[i].in_common_profile || st->is_common_profile) &&
		    fits(r, &generated[i]))
			return true;
	return false;
}

static bool is_conditioned(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditioned); i++)
		if (str_eq(conditioned[i], name))
			return true;
	return false;
}

static unsigned char says_of(const struct spec_seccomp_rule *r, const char *name)
{
	if (!is_allowing(r))
		return DECIDED;
	if (!r->n_args)
		return ALLOWED;
	return is_conditioned(name) ? 0 : NARROWED;
}

static void read_rule(struct state *st, const struct spec_seccomp_rule *r)
{
	if (!is_allowing(r) && is_generated(r, st))
		return;
	for (size_t i = 0; r->names && r->names[i]; i++) {
		int at = find(r->names[i]);

		if (at >= 0)
			st->of[at] |= says_of(r, r->names[i]);
	}
}

/* The user's word on a call: a denial, or conditions where no other rule is without. */
static bool is_decided(const struct state *st, int at)
{
	return st->of[at] & DECIDED || st->of[at] == NARROWED;
}

/* A condition or a generated denial would stand in the way of the rule to come. */
static void clear_way(const struct state *st, struct spec_seccomp_rule *r)
{
	size_t n = 0;

	if (is_allowing(r) ? !r->n_args : !is_generated(r, st))
		return;
	for (size_t i = 0; r->names && r->names[i]; i++) {
		int at = find(r->names[i]);

		if (at < 0 || is_decided(st, at))
			r->names[n++] = r->names[i];
		else
			free(r->names[i]);
	}
	if (r->names)
		r->names[n] = NULL;
}

static void drop_empty_rules(struct spec_seccomp *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rules; i++) {
		if (strv_len(s->rules[i].names))
			s->rules[n++] = s->rules[i];
		else
			json_done(&spec_seccomp_rule_type, &s->rules[i]);
	}
	s->n_rules = n;
}

static struct spec_seccomp_rule *allow(struct spec_seccomp *s, char **names)
{
	struct spec_seccomp_rule *r = array_add((void **)&s->rules, &s->n_rules, sizeof(*r));

	r->names = names;
	r->action = xstrdup("SCMP_ACT_ALLOW");
	return r;
}

/* True where the call has a rule of its own now. */
static bool allow_narrowly(struct spec_seccomp *s, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(narrowed); i++) {
		struct spec_seccomp_rule *r;
		char **names = NULL;

		if (!str_eq(narrowed[i].name, name))
			continue;
		strv_add(&names, name);
		r = allow(s, names);
		*(struct spec_seccomp_arg *)array_add((void **)&r->args, &r->n_args,
						      sizeof(*r->args)) =
			(struct spec_seccomp_arg){.index = narrowed[i].index,
						  .value = narrowed[i].value,
						  .op = xstrdup("SCMP_CMP_EQ")};
		return true;
	}
	return false;
}

static void allow_rest(struct spec_seccomp *s, const struct state *st)
{
	char **names = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(widened); i++)
		if (!st->of[i] && !allow_narrowly(s, widened[i]))
			strv_add(&names, widened[i]);
	if (names)
		(void)allow(s, names);
}

int syscont_seccomp(struct syscont *sc, struct error *err)
{
	struct spec_seccomp *s = sc->spec->linux_->seccomp;
	struct state st = {0};

	(void)err; /* a pass by its type; nothing here can fail */
	if (!s || !denies_by_default(s))
		return 0;
	for (size_t i = 0; i < s->n_rules; i++)
		st.is_common_profile |= fits(&s->rules[i], COMMON_PROFILE);
	for (size_t i = 0; i < s->n_rules; i++)
		read_rule(&st, &s->rules[i]);
	for (size_t i = 0; i < s->n_rules; i++)
		clear_way(&st, &s->rules[i]);
	drop_empty_rules(s);
	allow_rest(s, &st);
	return 0;
}

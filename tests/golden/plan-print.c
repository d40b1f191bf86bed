/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden/plan-print.h"

#include <inttypes.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/caps.h"
#include "lib/emul.h"
#include "lib/flags.h"
#include "lib/json.h"
#include "lib/strbuf.h"
#include "lib/sys.h"
#include "src/plan.h"

static void print_word(struct strbuf *b, const char *label, const char *s)
{
	if (!s)
		return;
	strbuf_addf(b, " %s=", label);
	json_quote(b, s);
}

static void print_line(struct strbuf *b, const char *label, const char *s)
{
	if (!s)
		return;
	strbuf_addf(b, "%s ", label);
	json_quote(b, s);
	strbuf_addc(b, '\n');
}

static void print_lines(struct strbuf *b, const char *label, char *const *v)
{
	for (size_t i = 0; v && v[i]; i++)
		print_line(b, label, v[i]);
}

static void print_pairs(struct strbuf *b, const char *label, const struct json_pair *p,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(b, "%s ", label);
		json_quote(b, p[i].key);
		strbuf_adds(b, " ");
		json_quote(b, p[i].value);
		strbuf_addc(b, '\n');
	}
}

/* Set bits as names, and what has none as one number. */
static void print_bits(struct strbuf *b, const char *label, const struct flag_name *names,
		       uint64_t bits)
{
	const char *separator = "";

	if (!bits)
		return;
	strbuf_addf(b, " %s=", label);
	for (; names->name; names++) {
		if (!names->value || (bits & names->value) != names->value)
			continue;
		strbuf_addf(b, "%s%s", separator, names->name);
		bits &= ~names->value;
		separator = ",";
	}
	if (bits)
		strbuf_addf(b, "%s0x%" PRIx64, separator, bits);
}

static void print_idmap(struct strbuf *b, const char *label, const struct idmap *m)
{
	for (size_t i = 0; i < m->uids.n_extents; i++)
		strbuf_addf(b, "%suid %u %u %u\n", label, m->uids.extents[i].inside,
			    m->uids.extents[i].outside, m->uids.extents[i].size);
	for (size_t i = 0; i < m->gids.n_extents; i++)
		strbuf_addf(b, "%sgid %u %u %u\n", label, m->gids.extents[i].inside,
			    m->gids.extents[i].outside, m->gids.extents[i].size);
}

/* Namespaces. */

static void print_timens(struct strbuf *b, const struct plan_timens *t)
{
	if (!t->present)
		return;
	strbuf_adds(b, "time");
	if (t->boottime_from_zero)
		strbuf_adds(b, " boottime=from-zero");
	if (t->has_boottime)
		strbuf_addf(b, " boottime=%lld.%09ld", (long long)t->boottime.tv_sec,
			    t->boottime.tv_nsec);
	if (t->has_monotonic)
		strbuf_addf(b, " monotonic=%lld.%09ld", (long long)t->monotonic.tv_sec,
			    t->monotonic.tv_nsec);
	strbuf_addc(b, '\n');
}

static void print_namespaces(struct strbuf *b, const struct plan *p)
{
	strbuf_adds(b, "unshare");
	print_bits(b, "namespaces", flags_namespaces, p->unshare);
	strbuf_addc(b, '\n');
	for (size_t i = 0; i < p->n_joins; i++) {
		strbuf_addf(b, "join %s", flag_name(flags_namespaces, p->joins[i].type));
		print_word(b, "path", p->joins[i].path);
		strbuf_addc(b, '\n');
	}
	print_idmap(b, "idmap ", &p->idmap);
	print_timens(b, &p->timens);
}

/* Mounts. */

static const char *kind_name(enum plan_mount_kind kind)
{
	switch (kind) {
	case PLAN_MOUNT_BIND:
		return "bind";
	case PLAN_MOUNT_FS:
		return "fs";
	case PLAN_MOUNT_PROC:
		return "proc";
	case PLAN_MOUNT_SYSFS:
		return "sysfs";
	case PLAN_MOUNT_DEV:
		return "dev";
	case PLAN_MOUNT_CGROUP:
		return "cgroup";
	case PLAN_MOUNT_REMOUNT:
		return "remount";
	}
	return "?";
}

static const struct flag_name mount_flags[] = {
	{"recursive", PLAN_MOUNT_RECURSIVE}, {"copyup", PLAN_MOUNT_COPYUP},
	{"no-idmap", PLAN_MOUNT_NO_IDMAP},   {"maybe-shifted", PLAN_MOUNT_MAYBE_SHIFTED},
	{"own-idmap", PLAN_MOUNT_OWN_IDMAP}, {"rec-idmap", PLAN_MOUNT_REC_IDMAP},
	{"optional", PLAN_MOUNT_OPTIONAL},   {NULL, 0},
};

/* The field of access times first: as a whole it is what a change of them clears. */
static const struct flag_name mount_attrs[] = {
	{"atime-field", MOUNT_ATTR__ATIME},	 {"ro", MOUNT_ATTR_RDONLY},
	{"nosuid", MOUNT_ATTR_NOSUID},		 {"nodev", MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC},		 {"noatime", MOUNT_ATTR_NOATIME},
	{"strictatime", MOUNT_ATTR_STRICTATIME}, {"nodiratime", MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW}, {NULL, 0},
};

static const struct flag_name sb_flags[] = {
	{"sync", MS_SYNCHRONOUS},
	{"dirsync", MS_DIRSYNC},
	{"mand", MS_MANDLOCK},
	{"silent", MS_SILENT},
	{"lazytime", MS_LAZYTIME},
	{"iversion", MS_I_VERSION},
	{NULL, 0},
};

static const struct flag_name propagations[] = {
	{"private", MS_PRIVATE},       {"slave", MS_SLAVE},   {"shared", MS_SHARED},
	{"unbindable", MS_UNBINDABLE}, {"recursive", MS_REC}, {NULL, 0},
};

static void print_mount(struct strbuf *b, const struct plan_mount *m)
{
	strbuf_addf(b, "mount %s ", kind_name(m->kind));
	json_quote(b, m->target);
	print_word(b, "source", m->source);
	if (m->kind == PLAN_MOUNT_FS || m->kind == PLAN_MOUNT_REMOUNT)
		print_word(b, "type", m->fstype);
	print_word(b, "data", m->data);
	print_bits(b, "flags", mount_flags, m->flags);
	print_bits(b, "set", mount_attrs, m->attr_set);
	print_bits(b, "clear", mount_attrs, m->attr_clear);
	print_bits(b, "rec-set", mount_attrs, m->rec_attr_set);
	print_bits(b, "rec-clear", mount_attrs, m->rec_attr_clear);
	print_bits(b, "superblock", sb_flags, m->sb_flags);
	print_bits(b, "propagation", propagations, m->propagation);
	strbuf_addc(b, '\n');
	print_idmap(b, "\tidmap ", &m->idmap);
}

/* All is the rule, and not worth a line; whether calls are trapped, the filter's line says. */
static void print_emulate(struct strbuf *b, unsigned int groups)
{
	const char *separator = "emulate ";

	if ((groups | EMUL_NESTED) == EMUL_DEFAULT)
		return;
	for (unsigned int g = 1; g <= EMUL_ALL; g <<= 1)
		if (groups & g) {
			strbuf_addf(b, "%s%s", separator, emul_group_name((enum emul_group)g));
			separator = ",";
		}
	strbuf_adds(b, groups ? "\n" : "emulate off\n");
}

static void print_files(struct strbuf *b, const struct plan *p)
{
	strbuf_adds(b, p->rootfs_readonly ? "rootfs ro " : "rootfs ");
	json_quote(b, p->rootfs);
	print_bits(b, "propagation", propagations, p->rootfs_propagation);
	strbuf_addc(b, '\n');
	for (size_t i = 0; i < p->n_mounts; i++)
		print_mount(b, &p->mounts[i]);
	for (size_t i = 0; i < p->n_devices; i++) {
		const struct plan_device *d = &p->devices[i];

		strbuf_adds(b, "device ");
		json_quote(b, d->path);
		strbuf_addf(b, " %c %u:%u mode=%04o ",
			    S_ISCHR(d->mode) ? 'c' : (S_ISBLK(d->mode) ? 'b' : 'p'), d->major,
			    d->minor, d->mode & 07777);
		if (d->uid == IDMAP_NONE)
			strbuf_adds(b, "owner=host");
		else
			strbuf_addf(b, "owner=%u:%u", d->uid, d->gid);
		strbuf_adds(b, d->optional ? " optional\n" : "\n");
	}
	print_emulate(b, p->emulate);
	print_lines(b, "host-sysctl", p->host_sysctls);
	print_lines(b, "mask", p->masked_paths);
	print_lines(b, "readonly", p->readonly_paths);
}

/* The process. */

/* Sets that are equal share a line; most often all five are. */
static void print_caps(struct strbuf *b, const struct plan_process *p)
{
	const struct {
		const char *name;
		uint64_t bits;
	} sets[] = {
		{"bounding", p->caps.bounding},	      {"effective", p->caps.effective},
		{"inheritable", p->caps.inheritable}, {"permitted", p->caps.permitted},
		{"ambient", p->caps.ambient},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		bool is_last = i + 1 == ARRAY_SIZE(sets) || sets[i].bits != sets[i + 1].bits;

		strbuf_addf(b, "%s%s%s", i && sets[i].bits == sets[i - 1].bits ? "," : "caps ",
			    sets[i].name, is_last ? ":" : "");
		for (int cap = 0; is_last && cap < 64; cap++)
			if (sets[i].bits & CAPS_BIT(cap))
				strbuf_addf(b, " %s", caps_name(cap) ? caps_name(cap) : "?");
		strbuf_adds(b, is_last ? "\n" : "");
	}
}

static void print_user(struct strbuf *b, const struct plan_process *p)
{
	strbuf_addf(b, "user %u:%u", p->uid, p->gid);
	for (size_t i = 0; i < p->n_gids; i++)
		strbuf_addf(b, "%s%u", i ? "," : " groups=", p->gids[i]);
	if (p->umask >= 0)
		strbuf_addf(b, " umask=%04o", (unsigned int)p->umask);
	strbuf_addc(b, '\n');
}

static void print_scheduling(struct strbuf *b, const struct plan_process *p)
{
	const struct plan_scheduler *s = &p->scheduler;

	if (s->present)
		strbuf_addf(b,
			    "scheduler %s nice=%d priority=%u flags=0x%" PRIx64
			    " runtime=%" PRIu64 " deadline=%" PRIu64 " period=%" PRIu64 "\n",
			    flag_name(flags_sched_policies, s->policy), s->nice, s->priority,
			    s->flags, s->runtime, s->deadline, s->period);
	if (p->io_priority >= 0)
		strbuf_addf(b, "io-priority 0x%x\n", (unsigned int)p->io_priority);
	print_line(b, "cpu-initial", p->cpu_initial);
	print_line(b, "cpu-final", p->cpu_final);
	if (p->memory_mode >= 0)
		strbuf_addf(b, "memory-policy 0x%x\n", (unsigned int)p->memory_mode);
	print_line(b, "memory-nodes", p->memory_nodes);
}

static void print_limits(struct strbuf *b, const struct plan_process *p)
{
	for (size_t i = 0; i < p->n_rlimits; i++)
		strbuf_addf(b, "rlimit %s %" PRIu64 " %" PRIu64 "\n",
			    flag_name(flags_rlimits, (uint64_t)p->rlimits[i].resource),
			    p->rlimits[i].soft, p->rlimits[i].hard);
	if (p->has_oom_score_adj)
		strbuf_addf(b, "oom-score-adj %d\n", p->oom_score_adj);
	if (p->has_personality)
		strbuf_addf(b, "personality %s\n",
			    flag_name(flags_personalities, p->personality));
}

static void print_process(struct strbuf *b, const struct plan_process *p)
{
	print_lines(b, "arg", p->args);
	print_lines(b, "env", p->env);
	print_line(b, "cwd", p->cwd);
	print_user(b, p);
	print_caps(b, p);
	print_limits(b, p);
	print_scheduling(b, p);
	if (p->no_new_privs)
		strbuf_adds(b, "no-new-privileges\n");
	if (p->terminal)
		strbuf_addf(b, "terminal %ux%u\n", p->columns, p->rows);
	print_line(b, "apparmor", p->apparmor);
	print_line(b, "selinux", p->selinux);
}

/* The filter. */

static const struct flag_name filter_flags[] = {
	{"log", SECCOMP_FILTER_FLAG_LOG},
	{"spec-allow", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"listener", SECCOMP_FILTER_FLAG_NEW_LISTENER},
	{"wait-killable", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	{NULL, 0},
};

static const struct flag_name seccomp_arches[] = {
	{"x86_64", SCMP_ARCH_X86_64},	{"x86", SCMP_ARCH_X86},
	{"x32", SCMP_ARCH_X32},		{"aarch64", SCMP_ARCH_AARCH64},
	{"arm", SCMP_ARCH_ARM},		{"ppc64le", SCMP_ARCH_PPC64LE},
	{"riscv64", SCMP_ARCH_RISCV64}, {NULL, 0},
};

static const struct flag_name seccomp_actions[] = {
	{"kill-process", SCMP_ACT_KILL_PROCESS},
	{"kill-thread", SCMP_ACT_KILL_THREAD},
	{"trap", SCMP_ACT_TRAP},
	{"notify", SCMP_ACT_NOTIFY},
	{"log", SCMP_ACT_LOG},
	{"allow", SCMP_ACT_ALLOW},
	{"errno", SCMP_ACT_ERRNO(0)},
	{"trace", SCMP_ACT_TRACE(0)},
	{NULL, 0},
};

static void print_action(struct strbuf *b, uint32_t action)
{
	const char *name = flag_name(seccomp_actions, action & ~(uint32_t)UINT16_MAX);

	strbuf_adds(b, name ? name : "?");
	if (action & UINT16_MAX)
		strbuf_addf(b, "(%u)", action & UINT16_MAX);
}

static void print_args(struct strbuf *b, const struct plan_seccomp_rule *r)
{
	static const char *const operators[] = {
		[SCMP_CMP_NE] = "!=", [SCMP_CMP_LT] = "<",  [SCMP_CMP_LE] = "<=",
		[SCMP_CMP_EQ] = "==", [SCMP_CMP_GE] = ">=", [SCMP_CMP_GT] = ">",
	};

	for (size_t i = 0; i < r->n_args; i++) {
		const struct plan_seccomp_arg *a = &r->args[i];

		if (a->op == SCMP_CMP_MASKED_EQ)
			strbuf_addf(b, " arg%u&0x%" PRIx64 "==0x%" PRIx64, a->index, a->value,
				    a->value_two);
		else
			strbuf_addf(b, " arg%u%s0x%" PRIx64, a->index, operators[a->op],
				    a->value);
	}
}

static bool goes_on(const struct plan_seccomp *s, size_t i)
{
	return i && !s->rules[i].n_args && !s->rules[i - 1].n_args &&
	       s->rules[i].action == s->rules[i - 1].action;
}

/* A name that could be no system call's is quoted. */
static void print_syscall(struct strbuf *b, const char *name)
{
	static const char fit[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	if (name[strspn(name, fit)])
		json_quote(b, name);
	else
		strbuf_adds(b, name);
}

/* Calls of one action in a row share lines of about this length. */
#define LINE_LEN 88

static void print_rules(struct strbuf *b, const struct plan_seccomp *s)
{
	size_t line = 0;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct plan_seccomp_rule *r = &s->rules[i];

		if (!goes_on(s, i) || b->len - line + strlen(r->syscall) > LINE_LEN) {
			strbuf_adds(b, i ? "\nsyscall " : "syscall ");
			line = b->len;
			print_action(b, r->action);
		}
		strbuf_addc(b, ' ');
		print_syscall(b, r->syscall);
		print_args(b, r);
	}
	strbuf_adds(b, s->n_rules ? "\n" : "");
}

static void print_seccomp(struct strbuf *b, const struct plan_seccomp *s)
{
	if (!s)
		return;
	strbuf_adds(b, "seccomp default=");
	print_action(b, s->default_action);
	for (size_t i = 0; i < s->n_arches; i++)
		strbuf_addf(b, "%s%s",
			    i ? "," : " arches=", flag_name(seccomp_arches, s->arches[i]));
	print_bits(b, "flags", filter_flags, s->filter_flags);
	print_word(b, "listener", s->listener_path);
	print_word(b, "metadata", s->listener_metadata);
	strbuf_adds(b, s->traps ? " traps\n" : "\n");
	print_rules(b, s);
}

void plan_print(const struct plan *p, struct strbuf *out)
{
	print_namespaces(out, p);
	print_files(out, p);
	print_pairs(out, "sysctl", p->sysctl, p->n_sysctl);
	print_line(out, "hostname", p->hostname);
	print_line(out, "domainname", p->domainname);
	print_pairs(out, "net-device", p->net_devices, p->n_net_devices);
	print_process(out, &p->process);
	print_seccomp(out, p->seccomp);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of config.json but for `linux`. The specification's word counts
 * (runtime-spec config.md); where it is silent, a configuration that runc takes is
 * taken, unless it could only fail later and less clearly, in the kernel.
 *
 * What depends on the machine is not asked here: whether a file exists, whether
 * SELinux is on, which capabilities the kernel knows.
 */
#include "src/spec-check.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/flags.h"
#include "lib/str.h"
#include "src/spec.h"

/* proc_pid_oom_score_adj(5) */
#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000
/* setpriority(2), ioprio_set(2) */
#define NICE_MIN	(-20)
#define NICE_MAX	19
#define IO_PRIORITY_MAX 7
/* __NEW_UTS_LEN of the kernel */
#define UTS_NAME_MAX 64
/* The largest CONFIG_NR_CPUS there is; memory nodes are fewer. */
#define CPU_NUMBER_MAX 8191

bool spec_check_is_word(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (str_eq(*words, word))
			return true;
	return false;
}

bool spec_check_is_one_word(const char *s)
{
	if (str_is_empty(s))
		return false;
	for (; *s; s++)
		if (isspace((unsigned char)*s) || iscntrl((unsigned char)*s))
			return false;
	return true;
}

int spec_check_max(const struct maybe_u64 *v, uint64_t max, const char *where,
		   struct error *err)
{
	if (v->present && v->value > max)
		return error_set(err, ERANGE, "%s: %llu is out of range (0 to %llu)", where,
				 (unsigned long long)v->value, (unsigned long long)max);
	return 0;
}

static bool is_absolute(const char *s)
{
	return s && *s == '/';
}

static int check_absolute(const char *path, const char *where, struct error *err)
{
	if (str_is_empty(path))
		return invalid(err, "%s: must not be empty", where);
	if (!is_absolute(path))
		return invalid(err, "%s: must be an absolute path, not \"%s\"", where, path);
	return 0;
}

/* ---- version ---- */

static const char *skip_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n < 10 ? s + n : NULL;
}

/* "1.2.0", "1.0.2-dev", "1.0.0-rc5+x": returns what follows the three numbers, or NULL. */
static const char *skip_version(const char *s)
{
	for (int i = 0; s && i < 3; i++) {
		if (i && *s++ != '.')
			return NULL;
		s = skip_number(s);
	}
	return s;
}

static int check_version(const struct spec *s, struct error *err)
{
	const char *v = s->oci_version, *rest = str_is_empty(v) ? NULL : skip_version(v);

	if (!rest || (*rest && *rest != '-' && *rest != '+'))
		return invalid(err, "ociVersion: not a version: \"%s\"", str_or_empty(v));
	if (strtoul(v, NULL, 10) != 1)
		return invalid(err, "ociVersion: %s is not supported, only 1.x is", v);
	return 0;
}

static int check_root(const struct spec *s, struct error *err)
{
	if (!s->root)
		return invalid(err, "root: is missing");
	if (str_is_empty(s->root->path))
		return invalid(err, "root.path: must not be empty");
	return 0;
}

/* ---- process ---- */

static int check_args(const struct spec_process *p, struct error *err)
{
	if (!strv_len(p->args))
		return invalid(err, "process.args: must not be empty");
	if (str_is_empty(p->args[0]))
		return invalid(err, "process.args[0]: must not be empty");
	return 0;
}

static int check_cwd(const struct spec_process *p, struct error *err)
{
	return check_absolute(p->cwd, "process.cwd", err);
}

static int check_env(const struct spec_process *p, struct error *err)
{
	for (size_t i = 0; p->env && p->env[i]; i++) {
		const char *equals = strchr(p->env[i], '=');

		/* Not the entry itself: it may well be a secret. */
		if (!equals)
			return invalid(err, "process.env[%zu]: no \"=\" in it", i);
		if (equals == p->env[i])
			return invalid(err, "process.env[%zu]: no name before \"=\"", i);
	}
	return 0;
}

static int check_user(const struct spec_process *p, struct error *err)
{
	const struct maybe_u64 *umask = &p->user.umask;

	if (umask->present && umask->value > 0777)
		return invalid(err, "process.user.umask: %llu is not a umask",
			       (unsigned long long)umask->value);
	return 0;
}

static int check_rlimits(const struct spec_process *p, struct error *err)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct spec_rlimit *l = &p->rlimits[i];

		if (str_is_empty(l->type) || !flag_find(flags_rlimits, l->type))
			return invalid(err, "process.rlimits[%zu].type: unknown limit \"%s\"",
				       i, str_or_empty(l->type));
		for (size_t j = 0; j < i; j++)
			if (str_eq(l->type, p->rlimits[j].type))
				return invalid(err, "process.rlimits[%zu].type: %s twice", i,
					       l->type);
		if (l->soft > l->hard)
			return invalid(
				err,
				"process.rlimits[%zu]: soft limit of %s above the hard one", i,
				l->type);
	}
	return 0;
}

static int check_oom_score_adj(const struct spec_process *p, struct error *err)
{
	const struct maybe_i64 *adj = &p->oom_score_adj;

	if (adj->present && (adj->value < OOM_SCORE_ADJ_MIN || adj->value > OOM_SCORE_ADJ_MAX))
		return invalid(err, "process.oomScoreAdj: %lld is not within %d to %d",
			       (long long)adj->value, OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX);
	return 0;
}

/* sched_setattr(2): which attributes go with which policy. */
static int check_scheduler(const struct spec_process *p, struct error *err)
{
	const struct spec_scheduler *sched = p->scheduler;
	bool is_nice, is_realtime, is_deadline;

	if (!sched)
		return 0;
	if (str_is_empty(sched->policy) || !flag_find(flags_sched_policies, sched->policy))
		return invalid(err, "process.scheduler.policy: unknown policy \"%s\"",
			       str_or_empty(sched->policy));
	for (size_t i = 0; sched->flags && sched->flags[i]; i++)
		if (!flag_find(flags_sched_flags, sched->flags[i]))
			return invalid(err, "process.scheduler.flags[%zu]: unknown flag \"%s\"",
				       i, sched->flags[i]);

	is_nice = str_eq(sched->policy, "SCHED_OTHER") || str_eq(sched->policy, "SCHED_BATCH");
	is_realtime = str_eq(sched->policy, "SCHED_FIFO") || str_eq(sched->policy, "SCHED_RR");
	is_deadline = str_eq(sched->policy, "SCHED_DEADLINE");
	if (is_nice && (sched->nice < NICE_MIN || sched->nice > NICE_MAX))
		return invalid(err, "process.scheduler.nice: %d is not within %d to %d",
			       sched->nice, NICE_MIN, NICE_MAX);
	if (!is_realtime && sched->priority)
		return invalid(err, "process.scheduler.priority: not with %s", sched->policy);
	if (!is_deadline && (sched->runtime || sched->deadline || sched->period))
		return invalid(err,
			       "process.scheduler: runtime, deadline and period not with %s",
			       sched->policy);
	return 0;
}

static int check_io_priority(const struct spec_process *p, struct error *err)
{
	const struct spec_io_priority *io = p->io_priority;

	if (!io)
		return 0;
	if (str_is_empty(io->class) || !flag_find(flags_io_classes, io->class))
		return invalid(err, "process.ioPriority.class: unknown class \"%s\"",
			       str_or_empty(io->class));
	if (io->priority < 0 || io->priority > IO_PRIORITY_MAX)
		return invalid(err, "process.ioPriority.priority: %d is not within 0 to %d",
			       io->priority, IO_PRIORITY_MAX);
	return 0;
}

/* "7" or "0-3"; returns what follows it, or NULL where there is no such thing. */
static const char *skip_cpu_range(const char *s)
{
	const char *rest = skip_number(s);
	unsigned long first, last;

	if (!rest)
		return NULL;
	first = last = strtoul(s, NULL, 10);
	if (*rest == '-') {
		s = rest + 1;
		rest = skip_number(s);
		if (!rest)
			return NULL;
		last = strtoul(s, NULL, 10);
	}
	return first <= last && last <= CPU_NUMBER_MAX ? rest : NULL;
}

/* runc lets blanks and superfluous commas pass. */
bool spec_check_is_number_list(const char *s)
{
	static const char filler[] = ", \t\n";

	for (s += strspn(s, filler); *s; s += strspn(s, filler)) {
		s = skip_cpu_range(s);
		if (!s || (*s && !strchr(filler, *s)))
			return false;
	}
	return true;
}

static int check_cpu_affinity(const struct spec_process *p, struct error *err)
{
	const struct spec_cpu_affinity *a = p->exec_cpu_affinity;

	if (a && a->initial && !spec_check_is_number_list(a->initial))
		return invalid(err,
			       "process.execCPUAffinity.initial: \"%s\" is not a list of CPUs",
			       a->initial);
	if (a && a->final && !spec_check_is_number_list(a->final))
		return invalid(err,
			       "process.execCPUAffinity.final: \"%s\" is not a list of CPUs",
			       a->final);
	return 0;
}

int spec_process_check(const struct spec_process *p, struct error *err)
{
	static int (*const rules[])(const struct spec_process *, struct error *) = {
		check_args,	 check_cwd,	    check_env,
		check_user,	 check_rlimits,	    check_oom_score_adj,
		check_scheduler, check_io_priority, check_cpu_affinity,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int r = rules[i](p, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The specification lets `create` do without; runc does not, and neither do engines. */
static int check_process(const struct spec *s, struct error *err)
{
	if (!s->process)
		return invalid(err, "process: is missing");
	return spec_process_check(s->process, err);
}

/* ---- the rest ---- */

static int check_name_length(const char *name, const char *where, struct error *err)
{
	if (name && strlen(name) > UTS_NAME_MAX)
		return invalid(err, "%s: longer than %d characters", where, UTS_NAME_MAX);
	return 0;
}

static int check_names(const struct spec *s, struct error *err)
{
	int r = check_name_length(s->hostname, "hostname", err);

	return r < 0 ? r : check_name_length(s->domainname, "domainname", err);
}

static bool is_bind(const struct spec_mount *m)
{
	return str_eq(m->type, "bind") || strv_contains(m->options, "bind") ||
	       strv_contains(m->options, "rbind");
}

/*
 * A bind mount shares the superblock of its source: the kernel would pass over
 * options for the file system without a word.
 */
static int check_bind(const struct spec_mount *m, size_t i, struct error *err)
{
	if (str_is_empty(m->source))
		return invalid(err, "mounts[%zu].source: a bind mount needs one", i);
	for (size_t j = 0; m->options && m->options[j]; j++)
		if (!flags_mount_option(m->options[j]))
			return invalid(err,
				       "mounts[%zu].options[%zu]: \"%s\" is not an option of a "
				       "bind mount",
				       i, j, m->options[j]);
	return 0;
}

static int check_mounts(const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];
		char where[64];
		int r;

		snprintf(where, sizeof(where), "mounts[%zu].destination", i);
		r = check_absolute(m->destination, where, err);
		if (r < 0)
			return r;
		r = is_bind(m) ? check_bind(m, i, err) : 0;
		if (r < 0)
			return r;
		snprintf(where, sizeof(where), "mounts[%zu]", i);
		r = spec_check_id_mappings(m->uid_mappings, m->n_uid_mappings, m->gid_mappings,
					   m->n_gid_mappings, where, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_hook_list(const struct spec_hook *hooks, size_t n, const char *name,
			   struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		char where[64];
		int r;

		snprintf(where, sizeof(where), "hooks.%s[%zu].path", name, i);
		r = check_absolute(hooks[i].path, where, err);
		if (r < 0)
			return r;
		if (hooks[i].timeout.present &&
		    (hooks[i].timeout.value <= 0 || hooks[i].timeout.value > INT_MAX))
			return invalid(err, "hooks.%s[%zu].timeout: %lld is not within 1 to %d",
				       name, i, (long long)hooks[i].timeout.value, INT_MAX);
	}
	return 0;
}

static int check_hooks(const struct spec *s, struct error *err)
{
	static const struct spec_hooks none;
	const struct spec_hooks *h = s->hooks ? s->hooks : &none;
	const struct {
		const char *name;
		const struct spec_hook *hooks;
		size_t n;
	} lists[] = {
		{"prestart", h->prestart, h->n_prestart},
		{"createRuntime", h->create_runtime, h->n_create_runtime},
		{"createContainer", h->create_container, h->n_create_container},
		{"startContainer", h->start_container, h->n_start_container},
		{"poststart", h->poststart, h->n_poststart},
		{"poststop", h->poststop, h->n_poststop},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		int r = check_hook_list(lists[i].hooks, lists[i].n, lists[i].name, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_annotations(const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->n_annotations; i++)
		if (str_is_empty(s->annotations[i].key))
			return invalid(err, "annotations: a key must not be empty");
	return 0;
}

int spec_check(const struct spec *s, struct error *err)
{
	static const spec_check_rule rules[] = {
		check_version, check_root,  check_process,     check_names,
		check_mounts,  check_hooks, check_annotations, spec_check_linux,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int r = rules[i](s, err);

		if (r < 0)
			return r;
	}
	return 0;
}

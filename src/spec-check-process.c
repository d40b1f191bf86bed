/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of `process` in config.json (runtime-spec config.md), which exec brings, too. */
#include <stdlib.h>
#include <string.h>

#include "lib/flags.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec-check-words.h"
#include "src/spec.h"

/* proc_pid_oom_score_adj(5) */
#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000
/* setpriority(2), ioprio_set(2) */
#define NICE_MIN	(-20)
#define NICE_MAX	19
#define IO_PRIORITY_MAX 7

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
	return spec_check_absolute(p->cwd, "process.cwd", err);
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

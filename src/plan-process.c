/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/ioprio.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/flags.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"

/* NULL for what is empty: engines write "" where they mean nothing. */
static char *copy_word(const char *s)
{
	return str_is_empty(s) ? NULL : xstrdup(s);
}

static void plan_user(struct plan_process *p, const struct spec_user *u)
{
	p->uid = u->uid;
	p->gid = u->gid;
	p->umask = u->umask.present ? (int)u->umask.value : -1;
	for (size_t i = 0; i < u->n_additional_gids; i++)
		*(uint32_t *)array_add((void **)&p->gids, &p->n_gids, sizeof(*p->gids)) =
			u->additional_gids[i];
}

/* None named is none given; a name that this kernel does not know is left out, as runc does. */
static void plan_caps(struct plan_process *p, const struct spec_caps *c)
{
	if (!c)
		return;
	p->caps.bounding = caps_bits(c->bounding);
	p->caps.effective = caps_bits(c->effective);
	p->caps.inheritable = caps_bits(c->inheritable);
	p->caps.permitted = caps_bits(c->permitted);
	p->caps.ambient = caps_bits(c->ambient);
}

static int plan_rlimits(struct plan_process *p, const struct spec_process *sp,
			struct error *err)
{
	for (size_t i = 0; i < sp->n_rlimits; i++) {
		const struct flag_name *f = flag_find(flags_rlimits, sp->rlimits[i].type);
		struct plan_rlimit *l;

		if (!f)
			return error_set(err, EINVAL, "process.rlimits: unknown type %s",
					 sp->rlimits[i].type);
		l = array_add((void **)&p->rlimits, &p->n_rlimits, sizeof(*l));
		l->resource = (int)f->value;
		l->soft = sp->rlimits[i].soft;
		l->hard = sp->rlimits[i].hard;
	}
	return 0;
}

static int plan_scheduler(struct plan_scheduler *p, const struct spec_scheduler *s,
			  struct error *err)
{
	const struct flag_name *f;

	if (!s)
		return 0;
	f = flag_find(flags_sched_policies, s->policy);
	if (!f)
		return error_set(err, EINVAL, "process.scheduler.policy: unknown policy %s",
				 s->policy);
	*p = (struct plan_scheduler){
		.present = true,
		.policy = (uint32_t)f->value,
		.nice = s->nice,
		.priority = (uint32_t)s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};
	for (size_t i = 0; s->flags && s->flags[i]; i++) {
		f = flag_find(flags_sched_flags, s->flags[i]);
		if (!f)
			return error_set(err, EINVAL,
					 "process.scheduler.flags: unknown flag %s",
					 s->flags[i]);
		p->flags |= f->value;
	}
	return 0;
}

static int plan_io_priority(struct plan_process *p, const struct spec_io_priority *io,
			    struct error *err)
{
	const struct flag_name *f;

	p->io_priority = -1;
	if (!io)
		return 0;
	f = flag_find(flags_io_classes, io->class);
	if (!f)
		return error_set(err, EINVAL, "process.ioPriority.class: unknown class %s",
				 io->class);
	p->io_priority = (int)(f->value << IOPRIO_CLASS_SHIFT) | io->priority;
	return 0;
}

static int plan_personality(struct plan_process *p, const struct spec_personality *s,
			    struct error *err)
{
	const struct flag_name *f;

	if (!s)
		return 0;
	f = flag_find(flags_personalities, s->domain);
	if (!f)
		return error_set(err, EINVAL, "linux.personality.domain: unknown domain %s",
				 s->domain);
	p->has_personality = true;
	p->personality = f->value;
	return 0;
}

static int plan_memory(struct plan_process *p, const struct spec_memory_policy *m,
		       struct error *err)
{
	const struct flag_name *f;

	p->memory_mode = -1;
	if (!m)
		return 0;
	f = flag_find(flags_memory_modes, m->mode);
	for (size_t i = 0; f && m->flags && m->flags[i]; i++)
		if (!flag_find(flags_memory_flags, m->flags[i]))
			f = NULL;
	if (!f)
		return error_set(err, EINVAL, "linux.memoryPolicy: unknown word");
	p->memory_mode = (int)f->value;
	for (size_t i = 0; m->flags && m->flags[i]; i++)
		p->memory_mode |= (int)flag_find(flags_memory_flags, m->flags[i])->value;
	p->memory_nodes = copy_word(m->nodes);
	return 0;
}

static void plan_terminal(struct plan_process *p, const struct spec_process *sp)
{
	p->terminal = sp->terminal;
	if (sp->console_size) {
		p->rows = (unsigned short)sp->console_size->height;
		p->columns = (unsigned short)sp->console_size->width;
	}
}

static void plan_words(struct plan_process *p, const struct spec_process *sp)
{
	p->args = strv_copy(sp->args);
	p->env = strv_copy(sp->env);
	strv_env_dedup(p->env);
	p->cwd = xstrdup(sp->cwd);
	p->no_new_privs = sp->no_new_privileges;
	p->has_oom_score_adj = sp->oom_score_adj.present;
	p->oom_score_adj = (int)sp->oom_score_adj.value;
	p->apparmor = copy_word(sp->apparmor_profile);
	p->selinux = copy_word(sp->selinux_label);
	if (sp->exec_cpu_affinity) {
		p->cpu_initial = copy_word(sp->exec_cpu_affinity->initial);
		p->cpu_final = copy_word(sp->exec_cpu_affinity->final);
	}
}

int plan_process(struct plan_process *p, const struct spec_process *sp,
		 const struct syscont *sc, struct error *err)
{
	const struct spec_linux *l = sc->spec->linux_;
	int r;

	plan_words(p, sp);
	plan_user(p, &sp->user);
	plan_caps(p, sp->capabilities);
	plan_terminal(p, sp);
	r = plan_rlimits(p, sp, err);
	if (r < 0)
		return r;
	r = plan_scheduler(&p->scheduler, sp->scheduler, err);
	if (r < 0)
		return r;
	r = plan_io_priority(p, sp->io_priority, err);
	if (r < 0)
		return r;
	r = plan_memory(p, l ? l->memory_policy : NULL, err);
	if (r < 0)
		return r;
	return plan_personality(p, l ? l->personality : NULL, err);
}

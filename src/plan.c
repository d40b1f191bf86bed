/* SPDX-License-Identifier: Apache-2.0 */
#include "src/plan.h"

#include <stdlib.h>

#include "lib/json.h"
#include "lib/strv.h"

void plan_process_done(struct plan_process *p)
{
	strv_free(p->args);
	strv_free(p->env);
	free(p->cwd);
	free(p->gids);
	free(p->rlimits);
	free(p->cpu_initial);
	free(p->cpu_final);
	free(p->memory_nodes);
	free(p->apparmor);
	free(p->selinux);
	*p = (struct plan_process){0};
}

struct plan_seccomp *plan_seccomp_free(struct plan_seccomp *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_rules; i++) {
		free(s->rules[i].syscall);
		free(s->rules[i].args);
	}
	free(s->rules);
	free(s->arches);
	free(s->listener_path);
	free(s->listener_metadata);
	free(s);
	return NULL;
}

static void mount_done(struct plan_mount *m)
{
	free(m->source);
	free(m->target);
	free(m->fstype);
	free(m->data);
	idmap_done(&m->idmap);
}

struct plan *plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n_joins; i++)
		free(p->joins[i].path);
	free(p->joins);
	idmap_done(&p->idmap);
	free(p->rootfs);
	for (size_t i = 0; i < p->n_mounts; i++)
		mount_done(&p->mounts[i]);
	free(p->mounts);
	for (size_t i = 0; i < p->n_devices; i++)
		free(p->devices[i].path);
	free(p->devices);
	strv_free(p->host_sysctls);
	strv_free(p->masked_paths);
	strv_free(p->readonly_paths);
	json_pairs_free(p->sysctl, p->n_sysctl);
	free(p->hostname);
	free(p->domainname);
	json_pairs_free(p->net_devices, p->n_net_devices);
	plan_process_done(&p->process);
	(void)plan_seccomp_free(p->seccomp);
	free(p);
	return NULL;
}

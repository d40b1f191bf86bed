/* SPDX-License-Identifier: Apache-2.0 */
/* The table of parts, and those of them that need no file of their own. */
#include <errno.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/flags.h"
#include "lib/json.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/plan-parts.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"

static int plan_rootfs(struct plan *p, const struct syscont *sc, struct error *err)
{
	const char *word = sc->spec->linux_->rootfs_propagation;
	const struct mount_option *o = str_is_empty(word) ? NULL : flags_mount_option(word);

	p->rootfs = xstrdup(sc->spec->root->path);
	p->rootfs_readonly = sc->spec->root->readonly;
	if (!str_is_empty(word) && (!o || o->kind != MOUNT_OPTION_PROP))
		return error_set(err, EINVAL, "linux.rootfsPropagation: unknown word %s", word);
	p->rootfs_propagation = o ? o->set : 0;
	return 0;
}

static char **unique(char *const *v)
{
	char **u = NULL;

	for (; v && *v; v++)
		if (!strv_contains(u, *v))
			strv_add(&u, *v);
	return u;
}

/* What needs no decision: the names and lists that stay as they are. */
static int plan_words(struct plan *p, const struct syscont *sc, struct error *err)
{
	const struct spec *s = sc->spec;
	const struct spec_linux *l = s->linux_;

	(void)err;
	p->emulate = sc->emulate;
	p->host_sysctls = strv_copy(sc->options.host_sysctls);
	p->hostname = xstrdup(s->hostname);
	p->domainname = xstrdup(s->domainname);
	p->masked_paths = unique(l->masked_paths);
	p->readonly_paths = unique(l->readonly_paths);
	for (size_t i = 0; i < l->n_sysctl; i++)
		json_pairs_add(&p->sysctl, &p->n_sysctl, l->sysctl[i].key, l->sysctl[i].value);
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct spec_net_device *d = &l->net_devices[i];

		json_pairs_add(&p->net_devices, &p->n_net_devices, d->name,
			       str_is_empty(d->new_name) ? d->name : d->new_name);
	}
	return 0;
}

static int plan_first_process(struct plan *p, const struct syscont *sc, struct error *err)
{
	return plan_process(&p->process, sc->spec->process, sc, err);
}

static int plan_filter(struct plan *p, const struct syscont *sc, struct error *err)
{
	int r = plan_seccomp(&p->seccomp, sc->spec->linux_->seccomp, err);

	if (r == 0 && (p->emulate & EMUL_NESTED))
		r = plan_traps(&p->seccomp, sc->options.ignore_sysfs_chown);
	return r < 0 ? r : 0;
}

int plan_make(struct plan **ret, const struct syscont *sc, struct error *err)
{
	static int (*const parts[])(struct plan *, const struct syscont *, struct error *) = {
		plan_namespaces, plan_rootfs,	     plan_mounts, plan_devices,
		plan_words,	 plan_first_process, plan_filter,
	};
	_cleanup_(plan_freep) struct plan *p = xcalloc(1, sizeof(*p));

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i](p, sc, err);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(&p);
	return 0;
}

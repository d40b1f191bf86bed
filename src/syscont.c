/* SPDX-License-Identifier: Apache-2.0 */
#include "src/syscont.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/strv.h"

void syscont_options_done(struct syscont_options *o)
{
	strv_free(o->skip_uid_shift);
	strv_free(o->store_dirs);
	strv_free(o->share_volumes);
	for (size_t i = 0; i < o->n_owners; i++)
		free(o->owners[i].target);
	free(o->owners);
	strv_free(o->host_sysctls);
	*o = (struct syscont_options)SYSCONT_OPTIONS_DEFAULT;
}

static void store_done(struct syscont_store *s)
{
	free(s->name);
	free(s->path);
	free(s->real);
}

static void lock_done(struct syscont_lock *l)
{
	free(l->source);
	free(l->target);
}

void syscont_done(struct syscont *sc)
{
	syscont_options_done(&sc->options);
	idmap_done(&sc->idmap);
	for (size_t i = 0; i < sc->n_stores; i++)
		store_done(&sc->stores[i]);
	free(sc->stores);
	for (size_t i = 0; i < sc->n_locks; i++)
		lock_done(&sc->locks[i]);
	free(sc->locks);
	strv_free(sc->warnings);
	*sc = (struct syscont)SYSCONT_EMPTY;
}

void syscont_warn(struct syscont *sc, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	strv_take(&sc->warnings, text);
}

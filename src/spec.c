/* SPDX-License-Identifier: Apache-2.0 */
#include "src/spec.h"

#include <string.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"

struct spec_namespace *spec_find_namespace(const struct spec *s, const char *type)
{
	for (size_t i = 0; s->linux_ && i < s->linux_->n_namespaces; i++)
		if (str_eq(s->linux_->namespaces[i].type, type))
			return &s->linux_->namespaces[i];
	return NULL;
}

/* The last one: it is mounted over the earlier ones. */
struct spec_mount *spec_find_mount(const struct spec *s, const char *destination)
{
	for (size_t i = s->n_mounts; i-- > 0;) {
		_cleanup_free_ char *clean = path_clean(s->mounts[i].destination);

		if (str_eq(clean, destination))
			return &s->mounts[i];
	}
	return NULL;
}

bool spec_mount_is_bind(const struct spec_mount *m)
{
	return str_eq(m->type, "bind") || strv_contains(m->options, "bind") ||
	       strv_contains(m->options, "rbind");
}

/*
 * sysctl.d(5): the first separator says which one it is, and the other one then
 * stands for a dot in a name ("net.ipv4.conf.eno2/100.rp_filter").
 */
char *spec_sysctl_path(const char *key)
{
	char *path = xstrdup(key);

	if (key[strcspn(key, "./")] != '.')
		return path;
	for (char *p = path; *p; p++)
		if (*p == '.' || *p == '/')
			*p = *p == '.' ? '/' : '.';
	return path;
}

const char *spec_sysctl_namespace(const char *path)
{
	static const struct {
		const char *prefix;
		const char *ns;
	} rows[] = {
		{"net/", "network"},   {"fs/mqueue/", "ipc"}, {"kernel/msg", "ipc"},
		{"kernel/sem", "ipc"}, {"kernel/shm", "ipc"}, {"kernel/domainname", "uts"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_has_prefix(path, rows[i].prefix))
			return rows[i].ns;
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sysctls that engines set for every container with the host's ids in mind.
 *
 * net.ipv4.ping_group_range: Docker, containerd and Podman write "0 2147483647",
 * so that ping needs no capability. The kernel takes group ids of the writer's
 * user namespace, and refuses (EINVAL) what is not mapped there: the range is cut
 * to the groups that the container has.
 */
#include <stdio.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

/* The last of the ids that are mapped without a gap from 0 on. */
static uint32_t last_mapped(const struct spec_id_mapping *m, size_t n)
{
	uint64_t end = 0;

	for (bool grown = true; grown;) {
		grown = false;
		for (size_t i = 0; i < n; i++) {
			if (m[i].size == 0 || m[i].container_id > end ||
			    (uint64_t)m[i].container_id + m[i].size <= end)
				continue;
			end = (uint64_t)m[i].container_id + m[i].size;
			grown = true;
		}
	}
	return end ? (uint32_t)(end - 1) : 0;
}

static bool is_ping_range(const char *key)
{
	return str_eq(key, "net.ipv4.ping_group_range") ||
	       str_eq(key, "net/ipv4/ping_group_range");
}

int syscont_sysctl(struct syscont *sc, struct error *err _unused_)
{
	const struct spec_linux *l = sc->spec->linux_;
	/* No maps: a joined namespace, whose size the pure stage does not know. */
	uint32_t last =
		l->n_gid_mappings ? last_mapped(l->gid_mappings, l->n_gid_mappings) : 65535;

	for (size_t i = 0; i < l->n_sysctl; i++) {
		unsigned int from, to;

		if (!is_ping_range(l->sysctl[i].key) ||
		    sscanf(l->sysctl[i].value, "%u %u", &from, &to) != 2 || to <= last ||
		    from > last)
			continue;
		free(l->sysctl[i].value);
		l->sysctl[i].value = xasprintf("%u %u", from, last);
	}
	return 0;
}

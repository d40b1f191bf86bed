/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden/host-json.h"

#include <errno.h>

#include "lib/caps.h"
#include "lib/flags.h"
#include "lib/json.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "src/host.h"

struct host_json {
	char *kernel_release;
	char *cgroup_mode;
	struct host_hierarchy *hierarchies;
	size_t n_hierarchies;
	char **v2_controllers;
	char **namespaces;
	char **capabilities;
	bool systemd;
	bool apparmor;
	bool selinux;
	bool seccomp;
	bool traps;
	bool fuse;
	bool tun;
	uint64_t max_user_namespaces;
};

static const struct json_field hierarchy_fields[] = {
	JSON_FIELD(struct host_hierarchy, "controllers", STRING, controllers,
		   JSON_REQUIRED | JSON_KEEP),
	JSON_FIELD(struct host_hierarchy, "path", STRING, path, JSON_REQUIRED),
	{0},
};
static const struct json_type hierarchy_type =
	JSON_TYPE("hierarchy", struct host_hierarchy, hierarchy_fields);

#define F(nm, kd, mb) JSON_FIELD(struct host_json, nm, kd, mb, JSON_KEEP)
static const struct json_field host_fields[] = {
	JSON_FIELD(struct host_json, "kernelRelease", STRING, kernel_release, JSON_REQUIRED),
	JSON_FIELD(struct host_json, "cgroupMode", STRING, cgroup_mode, JSON_REQUIRED),
	JSON_COUNTED(struct host_json, "hierarchies", ARRAY, hierarchies, n_hierarchies,
		     &hierarchy_type, JSON_KEEP),
	F("v2Controllers", STRV, v2_controllers),
	F("namespaces", STRV, namespaces),
	F("capabilities", STRV, capabilities),
	F("systemd", BOOL, systemd),
	F("apparmor", BOOL, apparmor),
	F("selinux", BOOL, selinux),
	F("seccomp", BOOL, seccomp),
	F("traps", BOOL, traps),
	F("fuse", BOOL, fuse),
	F("tun", BOOL, tun),
	F("maxUserNamespaces", U64, max_user_namespaces),
	{0},
};
#undef F
static const struct json_type host_type = JSON_TYPE("host", struct host_json, host_fields);

static const struct flag_name mode_names[] = {
	{"none", HOST_CGROUP_NONE},
	{"v1", HOST_CGROUP_V1},
	{"hybrid", HOST_CGROUP_HYBRID},
	{"v2", HOST_CGROUP_V2},
	{0},
};

static void host_json_done(struct host_json *j)
{
	json_done(&host_type, j);
}

static int words_from_json(struct host *h, const struct host_json *j, const char *what,
			   struct error *err)
{
	const struct flag_name *mode = flag_find(mode_names, j->cgroup_mode);

	if (!mode)
		return error_set(err, EINVAL, "%s: cgroupMode: unknown value \"%s\"", what,
				 j->cgroup_mode);
	h->cgroup_mode = (enum host_cgroup_mode)mode->value;
	for (size_t i = 0; j->namespaces && j->namespaces[i]; i++) {
		const struct flag_name *f = flag_find(flags_namespaces, j->namespaces[i]);

		if (!f)
			return error_set(err, EINVAL, "%s: namespaces: unknown value \"%s\"",
					 what, j->namespaces[i]);
		h->namespaces |= f->value;
	}
	for (size_t i = 0; j->capabilities && j->capabilities[i]; i++) {
		int cap = caps_number(j->capabilities[i]);

		if (cap < 0)
			return error_set(err, EINVAL, "%s: capabilities: unknown value \"%s\"",
					 what, j->capabilities[i]);
		h->caps |= CAPS_BIT(cap);
	}
	return 0;
}

int host_parse(struct host *ret, const char *text, size_t len, const char *what,
	       struct error *err)
{
	_cleanup_(host_json_done) struct host_json j = {0};
	struct host h = {0};
	int r;

	r = json_decode(&host_type, &j, text, len, what, err);
	if (r < 0)
		return r;
	r = words_from_json(&h, &j, what, err);
	if (r < 0)
		return r;
	h.kernel_release = take_ptr(&j.kernel_release);
	h.hierarchies = take_ptr(&j.hierarchies);
	h.n_hierarchies = j.n_hierarchies;
	j.n_hierarchies = 0;
	h.v2_controllers = take_ptr(&j.v2_controllers);
	h.has_systemd = j.systemd;
	h.has_apparmor = j.apparmor;
	h.has_selinux = j.selinux;
	h.has_seccomp = j.seccomp;
	h.has_traps = j.traps;
	h.has_fuse = j.fuse;
	h.has_tun = j.tun;
	h.max_user_namespaces = j.max_user_namespaces;
	*ret = h;
	return 0;
}

char *host_format(const struct host *h)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_EMPTY;
	_cleanup_(strv_freep) char **namespaces = NULL;
	_cleanup_(strv_freep) char **capabilities = NULL;
	struct host_json j;

	for (const struct flag_name *f = flags_namespaces; f->name; f++)
		if (h->namespaces & f->value)
			strv_add(&namespaces, f->name);
	for (int cap = 0; cap < 64; cap++)
		if ((h->caps & CAPS_BIT(cap)) && caps_name(cap))
			strv_add(&capabilities, caps_name(cap));
	/* A view of what is borrowed: nothing of it is released here. */
	j = (struct host_json){
		.kernel_release = h->kernel_release,
		.cgroup_mode = (char *)flag_name(mode_names, h->cgroup_mode),
		.hierarchies = h->hierarchies,
		.n_hierarchies = h->n_hierarchies,
		.v2_controllers = h->v2_controllers,
		.namespaces = namespaces,
		.capabilities = capabilities,
		.systemd = h->has_systemd,
		.apparmor = h->has_apparmor,
		.selinux = h->has_selinux,
		.seccomp = h->has_seccomp,
		.traps = h->has_traps,
		.fuse = h->has_fuse,
		.tun = h->has_tun,
		.max_user_namespaces = h->max_user_namespaces,
	};
	json_encode(&host_type, &j, JSON_PRETTY, &out);
	return strbuf_take(&out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of config.json but for `process` and `linux`. The specification's word counts
 * (runtime-spec config.md); where it is silent, a configuration that runc takes is
 * taken, unless it could only fail later and less clearly, in the kernel.
 *
 * What depends on the machine is not asked here: whether a file exists, whether
 * SELinux is on, which capabilities the kernel knows.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/flags.h"
#include "lib/str.h"
#include "src/spec-check-linux.h"
#include "src/spec-check-words.h"
#include "src/spec.h"

/* __NEW_UTS_LEN of the kernel */
#define UTS_NAME_MAX 64

/* "1.2.0", "1.0.2-dev", "1.0.0-rc5+x": returns what follows the three numbers, or NULL. */
static const char *skip_version(const char *s)
{
	for (int i = 0; s && i < 3; i++) {
		if (i && *s++ != '.')
			return NULL;
		s = spec_check_skip_number(s);
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

/* The specification lets `create` do without; runc does not, and neither do engines. */
static int check_process(const struct spec *s, struct error *err)
{
	if (!s->process)
		return invalid(err, "process: is missing");
	return spec_process_check(s->process, err);
}

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
		r = spec_check_absolute(m->destination, where, err);
		if (r < 0)
			return r;
		r = spec_mount_is_bind(m) ? check_bind(m, i, err) : 0;
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
		r = spec_check_absolute(hooks[i].path, where, err);
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
	static int (*const rules[])(const struct spec *, struct error *) = {
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

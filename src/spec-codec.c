/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of config.json (runtime-spec config.md) but for `linux`, and the
 * functions that read, write and release a spec. JSON_KEEP: see src/spec-codec-linux.c.
 */
#include "src/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"

/*
 * Indented, the largest document that lib/json lets in: 8 MiB of strings that stay
 * as they are, and indent and names of some 200 000 values.
 */
#define SPEC_FORMAT_MAX (128u << 20)

static const struct json_field user_fields[] = {
	JSON_FIELD(struct spec_user, "uid", U32, uid, JSON_KEEP),
	JSON_FIELD(struct spec_user, "gid", U32, gid, JSON_KEEP),
	JSON_FIELD(struct spec_user, "umask", MAYBE_U64, umask, 0),
	JSON_COUNTED(struct spec_user, "additionalGids", U32S, additional_gids,
		     n_additional_gids, NULL, 0),
	{0},
};
static const struct json_type user_type = JSON_TYPE("user", struct spec_user, user_fields);

static const struct json_field console_size_fields[] = {
	JSON_FIELD(struct spec_console_size, "height", U32, height, JSON_KEEP),
	JSON_FIELD(struct spec_console_size, "width", U32, width, JSON_KEEP),
	{0},
};
static const struct json_type console_size_type =
	JSON_TYPE("console size", struct spec_console_size, console_size_fields);

static const struct json_field caps_fields[] = {
	JSON_FIELD(struct spec_caps, "bounding", STRV, bounding, 0),
	JSON_FIELD(struct spec_caps, "effective", STRV, effective, 0),
	JSON_FIELD(struct spec_caps, "inheritable", STRV, inheritable, 0),
	JSON_FIELD(struct spec_caps, "permitted", STRV, permitted, 0),
	JSON_FIELD(struct spec_caps, "ambient", STRV, ambient, 0),
	{0},
};
static const struct json_type caps_type =
	JSON_TYPE("capabilities", struct spec_caps, caps_fields);

static const struct json_field rlimit_fields[] = {
	JSON_FIELD(struct spec_rlimit, "type", STRING, type, JSON_REQUIRED),
	JSON_FIELD(struct spec_rlimit, "hard", U64, hard, JSON_KEEP),
	JSON_FIELD(struct spec_rlimit, "soft", U64, soft, JSON_KEEP),
	{0},
};
static const struct json_type rlimit_type =
	JSON_TYPE("rlimit", struct spec_rlimit, rlimit_fields);

static const struct json_field scheduler_fields[] = {
	JSON_FIELD(struct spec_scheduler, "policy", STRING, policy, JSON_REQUIRED),
	JSON_FIELD(struct spec_scheduler, "nice", I32, nice, 0),
	JSON_FIELD(struct spec_scheduler, "priority", I32, priority, 0),
	JSON_FIELD(struct spec_scheduler, "flags", STRV, flags, 0),
	JSON_FIELD(struct spec_scheduler, "runtime", U64, runtime, 0),
	JSON_FIELD(struct spec_scheduler, "deadline", U64, deadline, 0),
	JSON_FIELD(struct spec_scheduler, "period", U64, period, 0),
	{0},
};
static const struct json_type scheduler_type =
	JSON_TYPE("scheduler", struct spec_scheduler, scheduler_fields);

static const struct json_field io_priority_fields[] = {
	JSON_FIELD(struct spec_io_priority, "class", STRING, class, JSON_REQUIRED),
	JSON_FIELD(struct spec_io_priority, "priority", I32, priority, JSON_KEEP),
	{0},
};
static const struct json_type io_priority_type =
	JSON_TYPE("I/O priority", struct spec_io_priority, io_priority_fields);

static const struct json_field cpu_affinity_fields[] = {
	JSON_FIELD(struct spec_cpu_affinity, "initial", STRING, initial, 0),
	JSON_FIELD(struct spec_cpu_affinity, "final", STRING, final, 0),
	{0},
};
static const struct json_type cpu_affinity_type =
	JSON_TYPE("CPU affinity", struct spec_cpu_affinity, cpu_affinity_fields);

static const struct json_field process_fields[] = {
	JSON_FIELD(struct spec_process, "terminal", BOOL, terminal, 0),
	JSON_SUB(struct spec_process, "consoleSize", PTR, console_size, &console_size_type, 0),
	JSON_SUB(struct spec_process, "user", STRUCT, user, &user_type, 0),
	JSON_FIELD(struct spec_process, "args", STRV, args, 0),
	JSON_FIELD(struct spec_process, "env", STRV, env, 0),
	JSON_FIELD(struct spec_process, "cwd", STRING, cwd, JSON_KEEP),
	JSON_SUB(struct spec_process, "capabilities", PTR, capabilities, &caps_type, 0),
	JSON_COUNTED(struct spec_process, "rlimits", ARRAY, rlimits, n_rlimits, &rlimit_type,
		     0),
	JSON_FIELD(struct spec_process, "noNewPrivileges", BOOL, no_new_privileges, 0),
	JSON_FIELD(struct spec_process, "apparmorProfile", STRING, apparmor_profile, 0),
	JSON_FIELD(struct spec_process, "oomScoreAdj", MAYBE_I64, oom_score_adj, 0),
	JSON_SUB(struct spec_process, "scheduler", PTR, scheduler, &scheduler_type, 0),
	JSON_FIELD(struct spec_process, "selinuxLabel", STRING, selinux_label, 0),
	JSON_SUB(struct spec_process, "ioPriority", PTR, io_priority, &io_priority_type, 0),
	JSON_SUB(struct spec_process, "execCPUAffinity", PTR, exec_cpu_affinity,
		 &cpu_affinity_type, 0),
	{0},
};
const struct json_type spec_process_type =
	JSON_TYPE("process", struct spec_process, process_fields);

static const struct json_field root_fields[] = {
	JSON_FIELD(struct spec_root, "path", STRING, path, JSON_REQUIRED),
	JSON_FIELD(struct spec_root, "readonly", BOOL, readonly, 0),
	{0},
};
static const struct json_type root_type = JSON_TYPE("root", struct spec_root, root_fields);

static const struct json_field mount_fields[] = {
	JSON_FIELD(struct spec_mount, "destination", STRING, destination, JSON_REQUIRED),
	JSON_FIELD(struct spec_mount, "type", STRING, type, 0),
	JSON_FIELD(struct spec_mount, "source", STRING, source, 0),
	JSON_FIELD(struct spec_mount, "options", STRV, options, 0),
	JSON_COUNTED(struct spec_mount, "uidMappings", ARRAY, uid_mappings, n_uid_mappings,
		     &spec_id_mapping_type, 0),
	JSON_COUNTED(struct spec_mount, "gidMappings", ARRAY, gid_mappings, n_gid_mappings,
		     &spec_id_mapping_type, 0),
	{0},
};
const struct json_type spec_mount_type = JSON_TYPE("mount", struct spec_mount, mount_fields);

static const struct json_field hook_fields[] = {
	JSON_FIELD(struct spec_hook, "path", STRING, path, JSON_REQUIRED),
	JSON_FIELD(struct spec_hook, "args", STRV, args, 0),
	JSON_FIELD(struct spec_hook, "env", STRV, env, 0),
	JSON_FIELD(struct spec_hook, "timeout", MAYBE_I64, timeout, 0),
	{0},
};
static const struct json_type hook_type = JSON_TYPE("hook", struct spec_hook, hook_fields);

#define HOOKS(name, member)                                                                    \
	JSON_COUNTED(struct spec_hooks, name, ARRAY, member, n_##member, &hook_type, 0)
static const struct json_field hooks_fields[] = {
	HOOKS("prestart", prestart),
	HOOKS("createRuntime", create_runtime),
	HOOKS("createContainer", create_container),
	HOOKS("startContainer", start_container),
	HOOKS("poststart", poststart),
	HOOKS("poststop", poststop),
	{0},
};
const struct json_type spec_hooks_type = JSON_TYPE("hooks", struct spec_hooks, hooks_fields);

static const struct json_field spec_fields[] = {
	JSON_FIELD(struct spec, "ociVersion", STRING, oci_version, JSON_REQUIRED),
	JSON_SUB(struct spec, "process", PTR, process, &spec_process_type, 0),
	JSON_SUB(struct spec, "root", PTR, root, &root_type, 0),
	JSON_FIELD(struct spec, "hostname", STRING, hostname, 0),
	JSON_FIELD(struct spec, "domainname", STRING, domainname, 0),
	JSON_COUNTED(struct spec, "mounts", ARRAY, mounts, n_mounts, &spec_mount_type, 0),
	JSON_SUB(struct spec, "hooks", PTR, hooks, &spec_hooks_type, 0),
	JSON_COUNTED(struct spec, "annotations", PAIRS, annotations, n_annotations, NULL, 0),
	JSON_SUB(struct spec, "linux", PTR, linux_, &spec_linux_type, 0),
	{0},
};
const struct json_type spec_type = JSON_TYPE("configuration", struct spec, spec_fields);

static int check_length(size_t len, const char *what, struct error *err)
{
	if (len > SPEC_TEXT_MAX)
		return error_set(err, E2BIG, "%s: more than %u bytes", what, SPEC_TEXT_MAX);
	return 0;
}

/* All three kinds of documents: a heap struct of `type`, or NULL and the error. */
static void *parse(const struct json_type *type, const char *text, size_t len, const char *what,
		   struct error *err)
{
	_cleanup_free_ void *obj = NULL;

	if (check_length(len, what, err) < 0)
		return NULL;
	obj = xcalloc(1, type->size);
	if (json_decode(type, obj, text, len, what, err) < 0)
		return NULL;
	return take_ptr(&obj);
}

/* config.md, "Mounts": a relative destination is relative to "/". */
static void make_destinations_absolute(struct spec *s)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		char *dst = s->mounts[i].destination;

		if (*dst && *dst != '/') {
			s->mounts[i].destination = path_join("/", dst);
			free(dst);
		}
	}
}

int spec_parse(struct spec **ret, const char *text, size_t len, const char *what,
	       struct error *err)
{
	struct spec *s = parse(&spec_type, text, len, what, err);

	if (!s)
		return -err->errnum;
	make_destinations_absolute(s);
	*ret = s;
	return 0;
}

int spec_process_parse(struct spec_process **ret, const char *text, size_t len,
		       const char *what, struct error *err)
{
	struct spec_process *p = parse(&spec_process_type, text, len, what, err);

	if (!p)
		return -err->errnum;
	*ret = p;
	return 0;
}

int spec_resources_parse(struct spec_resources **ret, const char *text, size_t len,
			 const char *what, struct error *err)
{
	struct spec_resources *p = parse(&spec_resources_type, text, len, what, err);

	if (!p)
		return -err->errnum;
	*ret = p;
	return 0;
}

char *spec_format(const struct spec *s)
{
	_cleanup_strbuf_ struct strbuf out = {.max = SPEC_FORMAT_MAX};

	json_encode(&spec_type, s, JSON_PRETTY, &out);
	strbuf_addc(&out, '\n');
	assert(!out.failed);
	return strbuf_take(&out);
}

static void *free_typed(const struct json_type *type, void *obj)
{
	if (obj)
		json_done(type, obj);
	free(obj);
	return NULL;
}

struct spec *spec_free(struct spec *s)
{
	return free_typed(&spec_type, s);
}

struct spec_process *spec_process_free(struct spec_process *p)
{
	return free_typed(&spec_process_type, p);
}

struct spec_resources *spec_resources_free(struct spec_resources *r)
{
	return free_typed(&spec_resources_type, r);
}

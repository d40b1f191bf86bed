/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYSBOX_* variables of the container: the only channel through which a user of
 * `docker run` can speak to the runtime. They become options and leave the
 * environment. A typo must not keep a container from starting, so what is not
 * understood becomes a warning.
 */
#include <string.h>
#include <strings.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

#define PREFIX	    "SYSBOX_"
#define OWNER_WORDS "PATH:UID:GID:UID:GID, on disk and inside, comma-separated"
#define BLANKS	    " \t\r"
#define EMULATE_WORDS                                                                          \
	"on, off, some of cpu,memory,load,disk,sysctl,neigh,identity,kmsg,nested, or -neigh"

static bool parse_bool(const char *text, bool *ret)
{
	if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0)
		return false;
	*ret = strcasecmp(text, "true") == 0;
	return true;
}

static bool set_syscont_mode(struct syscont *sc, const char *value)
{
	return parse_bool(value, &sc->options.syscont_mode);
}

static bool set_honor_caps(struct syscont *sc, const char *value)
{
	return parse_bool(value, &sc->options.honor_caps);
}

static bool set_ignore_sysfs_chown(struct syscont *sc, const char *value)
{
	return parse_bool(value, &sc->options.ignore_sysfs_chown);
}

static bool set_unified_cgroup(struct syscont *sc, const char *value)
{
	return parse_bool(value, &sc->options.unified_cgroup);
}

static bool set_alias_dns(struct syscont *sc, const char *value)
{
	return parse_bool(value, &sc->options.alias_dns);
}

static bool parse_paths(const char *value, char ***ret)
{
	_cleanup_(strv_freep) char **paths = strv_split(value, ",");
	_cleanup_(strv_freep) char **clean = NULL;

	for (size_t i = 0; i < strv_len(paths); i++) {
		if (!path_is_absolute(paths[i]))
			return false;
		strv_take(&clean, path_clean(paths[i]));
	}
	if (!clean)
		return false;
	strv_free(*ret);
	*ret = take_ptr(&clean);
	return true;
}

static bool set_skip_uid_shift(struct syscont *sc, const char *value)
{
	return parse_paths(value, &sc->options.skip_uid_shift);
}

static bool set_store_dirs(struct syscont *sc, const char *value)
{
	return parse_paths(value, &sc->options.store_dirs);
}

static bool set_share_volumes(struct syscont *sc, const char *value)
{
	return parse_paths(value, &sc->options.share_volumes);
}

/* Empty in an image that was made of a container with it. */
static bool set_map_owner(struct syscont *sc, const char *value)
{
	_cleanup_(strv_freep) char **words = strv_split(value, ",");
	struct syscont_options *o = &sc->options;

	for (char **w = words; w && *w; w++) {
		struct syscont_owner owner;

		if (!syscont_owner_parse(*w, &owner))
			return false;
		*(struct syscont_owner *)array_add((void **)&o->owners, &o->n_owners,
						   sizeof(owner)) = owner;
	}
	return words || !*value;
}

static bool change_groups(unsigned int *groups, const char *word)
{
	bool is_minus = *word == '-';
	unsigned int g = emul_group_parse(word + is_minus);

	*groups = is_minus ? *groups & ~g : *groups | g;
	return g != 0;
}

static bool parse_groups(const char *list, unsigned int *groups)
{
	_cleanup_(strv_freep) char **words = strv_split(list, ",");

	for (char **w = words; w && *w; w++)
		if (!change_groups(groups, *w))
			return false;
	return *groups != 0;
}

/* "on", "off", the groups that are wanted, or "-" and one that is not: "-neigh". */
static bool set_emulate(struct syscont *sc, const char *value)
{
	bool is_off = strcasecmp(value, "off") == 0, is_on = strcasecmp(value, "on") == 0;
	bool is_default = is_on || *value == '-';
	unsigned int groups = is_default ? EMUL_DEFAULT : 0;

	if (!is_on && !is_off && !parse_groups(value, &groups))
		return false;
	sc->options.emulate = groups;
	sc->options.auto_kmsg = is_default;
	return true;
}

/* "vm.max_map_count": only what has a row can be allowed. */
static char *path_of_sysctl(const char *name)
{
	_cleanup_free_ char *path = xasprintf("proc/sys/%s", name);

	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	for (size_t i = 0; i < n_emul_files; i++)
		if (emul_files[i].kind == EMUL_VALUE && str_eq(emul_files[i].path, path))
			return take_ptr(&path);
	return NULL;
}

static bool set_host_sysctls(struct syscont *sc, const char *value)
{
	_cleanup_(strv_freep) char **names = strv_split(value, ", \t");
	_cleanup_(strv_freep) char **paths = NULL;

	for (char **n = names; n && *n; n++) {
		char *path = path_of_sysctl(*n);

		if (!path)
			return false;
		strv_take(&paths, path);
	}
	strv_free(sc->options.host_sysctls);
	sc->options.host_sysctls = take_ptr(&paths);
	return true;
}

/* What it asked for is nothing that is trapped here. */
static bool not_needed(struct syscont *sc, const char *value)
{
	bool unused;

	(void)sc;
	return parse_bool(value, &unused);
}

struct choice {
	const char *name;
	bool (*set)(struct syscont *sc, const char *value); /* false: not understood */
	const char *expected;
	bool in_exec; /* has a meaning for one process, too */
};

static const struct choice variables[] = {
	{"SYSBOX_SYSCONT_MODE", set_syscont_mode, "TRUE or FALSE", false},
	{"SYSBOX_HONOR_CAPS", set_honor_caps, "TRUE or FALSE", true},
	{"SYSBOX_UNIFIED_CGROUP", set_unified_cgroup, "TRUE or FALSE", false},
	{"SYSBOX_SKIP_UID_SHIFT", set_skip_uid_shift, "absolute paths, comma-separated", false},
	{"SYSBOX_STORE_DIRS", set_store_dirs, "absolute paths, comma-separated", false},
	{"SYSBOX_SHARE_VOLUMES", set_share_volumes, "absolute paths, comma-separated", false},
	{"SYSBOX_MAP_OWNER", set_map_owner, OWNER_WORDS, false},
	{"SYSBOX_EMULATE", set_emulate, EMULATE_WORDS, false},
	{"SYSBOX_ALIAS_DNS", set_alias_dns, "TRUE or FALSE", false},
	{"SYSBOX_IGNORE_SYSFS_CHOWN", set_ignore_sysfs_chown, "TRUE or FALSE", false},
	{"SYSBOX_ALLOW_TRUSTED_XATTR", not_needed, "TRUE or FALSE", false},
};

enum scope {
	OF_CONTAINER,
	OF_EXEC,
};

static void read_variable(struct syscont *sc, const char *assignment, enum scope scope)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		size_t len = strlen(variables[i].name);
		const char *value = assignment + len + 1;

		if (strncmp(assignment, variables[i].name, len) != 0 || assignment[len] != '=')
			continue;
		if (scope == OF_EXEC && !variables[i].in_exec)
			return;
		if (!variables[i].set(sc, value))
			syscont_warn(sc, "%s=%s is ignored: expected %s", variables[i].name,
				     value, variables[i].expected);
		return;
	}
	syscont_warn(sc, "unknown variable %s is ignored", assignment);
}

/* In place: the rest keeps its order. */
static void read_env(struct syscont *sc, char **env, enum scope scope)
{
	size_t n = 0;

	for (size_t i = 0; env && env[i]; i++) {
		if (!str_has_prefix(env[i], PREFIX)) {
			env[n++] = env[i];
			continue;
		}
		read_variable(sc, env[i], scope);
		free(env[i]);
	}
	if (env)
		env[n] = NULL;
}

/* What a user of Kubernetes or ctr can say, too; a variable wins. */
static const struct choice annotations[] = {
	{"io.sysbox.store-dirs", set_store_dirs, "absolute paths, comma-separated", false},
	{"io.sysbox.share-volumes", set_share_volumes, "absolute paths, comma-separated",
	 false},
	{"io.sysbox.map-owner", set_map_owner, OWNER_WORDS, false},
	{"io.sysbox.emulate", set_emulate, EMULATE_WORDS, false},
};

static void read_annotations(struct syscont *sc)
{
	const struct spec *s = sc->spec;

	for (size_t i = 0; i < ARRAY_SIZE(annotations); i++) {
		const char *value =
			json_pairs_get(s->annotations, s->n_annotations, annotations[i].name);

		if (value && !annotations[i].set(sc, value))
			syscont_warn(sc, "the annotation %s=%s is ignored: expected %s",
				     annotations[i].name, value, annotations[i].expected);
	}
}

/* The administrator's file; each container may choose otherwise, but for the host's sysctls. */
static const struct choice settings[] = {
	{"unified-cgroup", set_unified_cgroup, "true or false", false},
	{"alias-dns", set_alias_dns, "true or false", false},
	{"emulate", set_emulate, EMULATE_WORDS, false},
	{"host-sysctls", set_host_sysctls, "names of sysctls that are emulated", false},
};

static void read_setting(struct syscont *sc, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (!str_eq(settings[i].name, name))
			continue;
		if (!settings[i].set(sc, value))
			syscont_warn(sc, "the setting %s = %s is ignored: expected %s", name,
				     value, settings[i].expected);
		return;
	}
	syscont_warn(sc, "the unknown setting %s is ignored", name);
}

/* "name = value" in place; blanks around both are dropped. */
static void read_line(struct syscont *sc, char *line)
{
	char *name = line + strspn(line, BLANKS), *value = strchr(line, '=');
	size_t len;

	if (!*name || *name == '#')
		return;
	if (!value) {
		syscont_warn(sc, "the setting \"%s\" is ignored: expected name = value", name);
		return;
	}
	name[strcspn(name, "=" BLANKS)] = '\0';
	value += 1 + strspn(value + 1, BLANKS);
	for (len = strlen(value); len > 0 && strchr(BLANKS, value[len - 1]); len--)
		value[len - 1] = '\0';
	read_setting(sc, name, value);
}

void syscont_settings(struct syscont *sc, const char *text)
{
	_cleanup_(strv_freep) char **lines = strv_split(text, "\n");

	for (char **l = lines; l && *l; l++)
		read_line(sc, *l);
}

void syscont_env(struct syscont *sc)
{
	read_annotations(sc);
	if (sc->spec->process)
		read_env(sc, sc->spec->process->env, OF_CONTAINER);
}

void syscont_process_env(struct syscont *sc, struct spec_process *p)
{
	read_env(sc, p->env, OF_EXEC);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"

/* Up to the next unescaped `end`, with the escaping backslashes removed. */
static void add_word(struct strbuf *word, const char **s, char end)
{
	for (; **s && **s != end; (*s)++) {
		if (**s == '\\' && (*s)[1])
			(*s)++;
		strbuf_addc(word, **s);
	}
}

static char *unescape(const char *s)
{
	struct strbuf word = STRBUF_EMPTY;

	add_word(&word, &s, '\0');
	return strbuf_take(&word);
}

/* TAKES value. */
static void set(char **into, char *value)
{
	free(*into);
	*into = value;
}

/* "a:b::data::data": two colons stand before each layer of data only. */
static void add_layers(struct layers *l, const char *list)
{
	_cleanup_strbuf_ struct strbuf word = STRBUF_EMPTY;
	size_t n_others = 0;

	for (;; list++) {
		add_word(&word, &list, ':');
		if (word.len)
			strv_add(&l->lower, strbuf_str(&word));
		else if (!n_others)
			n_others = strv_len(l->lower);
		strbuf_reset(&word);
		if (!*list)
			break;
	}
	l->n_data = n_others ? strv_len(l->lower) - n_others : 0;
}

void layers_done(struct layers *l)
{
	strv_free(l->lower);
	free(l->upper);
	free(l->work);
	free(l->options);
	*l = (struct layers){0};
}

/* Options of the engine's overlay that must hold for ours too, by their first word. */
static const char *const kept_options[] = {
	"redirect_dir", "metacopy", "xino",   "volatile", "fsync",
	"userxattr",	"context",  "verity", NULL,
};

static bool option_is_kept(const char *option)
{
	for (size_t i = 0; kept_options[i]; i++) {
		size_t n = strlen(kept_options[i]);

		if (!strncmp(option, kept_options[i], n) && (!option[n] || option[n] == '='))
			return true;
	}
	return false;
}

static bool str_cut_prefix(const char **s, const char *prefix)
{
	if (!str_has_prefix(*s, prefix))
		return false;
	*s += strlen(prefix);
	return true;
}

/*
 * The end of the option at `s`: a comma that is not escaped (overlayfs) and not in quotes
 * (SELinux: context="...:s0:c1,c2").
 */
static const char *option_end(const char *s)
{
	const char *value = s + strcspn(s, "=,");

	if (str_has_prefix(value, "=\"") && (value = strchr(value + 2, '"')))
		s = value;
	while (*s && *s != ',')
		s += s[0] == '\\' && s[1] ? 2 : 1;
	return s;
}

/*
 * As mountinfo shows them: "lowerdir=a:b::data" from mount(2), or one "lowerdir+=a" each from
 * fsconfig(2) (and "datadir+="), where nothing is escaped.
 */
static void take_option(struct layers *l, const char *option, struct strbuf *kept)
{
	const char *value = option;

	if (str_cut_prefix(&value, "lowerdir+=") || str_cut_prefix(&value, "datadir+=")) {
		l->n_data += option[0] == 'd';
		strv_add(&l->lower, value);
	} else if (str_cut_prefix(&value, "lowerdir=")) {
		add_layers(l, value);
	} else if (str_cut_prefix(&value, "upperdir=")) {
		set(&l->upper, unescape(value));
	} else if (str_cut_prefix(&value, "workdir=")) {
		set(&l->work, unescape(value));
	} else if (option_is_kept(option)) {
		strbuf_addf(kept, ",%s", option);
	}
}

static void parse(struct layers *l, const char *options)
{
	_cleanup_strbuf_ struct strbuf kept = STRBUF_EMPTY;

	for (const char *end; *options; options = *end ? end + 1 : end) {
		_cleanup_free_ char *option = NULL;

		end = option_end(options);
		option = xstrndup(options, (size_t)(end - options));
		take_option(l, option, &kept);
	}
	l->options = strbuf_take(&kept);
}

static bool all_exist_below(const char *base, char *const *relative)
{
	_cleanup_close_ int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (char *const *p = relative; fd >= 0 && *p; p++)
		if ((*p)[0] != '/' && faccessat(fd, *p, F_OK, AT_EACCESS) < 0)
			return false;
	return fd >= 0;
}

static void make_absolute(char **path, const char *base)
{
	char *abs;

	if (!*path || (*path)[0] == '/')
		return;
	abs = path_join(base, *path);
	free(*path);
	*path = abs;
}

/*
 * Engines mount with short relative names from some directory of theirs when the
 * names would not fit a page. That directory is an ancestor of the mount point
 * (Docker: overlay2/, the grandparent of ID/merged) or of the upper directory
 * (containerd: snapshots/).
 */
static int resolve(struct layers *l, const char *rootfs, struct error *err)
{
	const char *starts[] = {l->upper, rootfs};
	bool relative = (l->upper && l->upper[0] != '/') || (l->work && l->work[0] != '/');

	for (char **p = l->lower; p && *p; p++)
		relative = relative || (*p)[0] != '/';
	if (!relative)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		_cleanup_free_ char *base = NULL;

		if (!starts[i] || starts[i][0] != '/')
			continue;
		base = xstrdup(starts[i]);
		for (char *slash; (slash = strrchr(base, '/')) && slash != base;) {
			*slash = '\0';
			if (!all_exist_below(base, l->lower))
				continue;
			for (char **p = l->lower; *p; p++)
				make_absolute(p, base);
			make_absolute(&l->upper, base);
			make_absolute(&l->work, base);
			return 0;
		}
	}
	return error_set(
		err, ENOENT,
		"cannot find the overlay layers of %s: their paths are relative (%s, ...)",
		rootfs, l->lower[0]);
}

static void clean(char **path)
{
	char *c = path_clean(*path);

	free(*path);
	*path = c;
}

/* The topmost overlay: our own view for the engine may lie on it. Owned, or NULL. */
static char *options_at(const char *rootfs, int *ret_error)
{
	struct mountinfo **all = NULL;
	char *options = NULL;
	size_t n = 0;

	*ret_error = mountinfo_all(&all, &n);
	for (size_t i = n; *ret_error == 0 && !options && i-- > 0;)
		if (str_eq(all[i]->target, rootfs) && str_eq(all[i]->fstype, "overlay") &&
		    str_eq(all[i]->root, "/"))
			options = xstrdup(all[i]->fs_options);
	mountinfo_free_all(all, n);
	return options;
}

int layers_read(struct layers *ret, const char *rootfs, struct error *err)
{
	_cleanup_(layers_done) struct layers l = {0};
	int r;
	_cleanup_free_ char *options = options_at(rootfs, &r);

	if (r < 0)
		return error_errno(err, -r, "read the mount table");
	if (!options)
		return LAYERS_E_NONE;
	parse(&l, options);
	if (!l.lower)
		return error_set(err, EINVAL, "the overlay at %s has no lower layer", rootfs);
	r = resolve(&l, rootfs, err);
	if (r < 0)
		return r;
	if (l.upper)
		clean(&l.upper);
	*ret = l;
	l = (struct layers){0};
	return 0;
}

bool layers_are_reachable(const struct layers *l)
{
	for (char **p = l->lower; p && *p; p++)
		if (access(*p, F_OK) < 0)
			return false;
	return true;
}

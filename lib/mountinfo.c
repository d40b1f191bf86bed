/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Which mount holds a path is a question for the kernel, not for a comparison
 * of strings: statx(2) gives the id of the mount that a path leads to and says
 * whether it is the mount's root, with stacked, covered and moved mounts all
 * right. Only the one line of that id is then taken apart.
 *
 * The lines are parsed here, though libmount could: every call of the runtime would
 * load it and its dependencies (0.3 ms), and it allocates for every line (0.7 ms
 * for 320 mounts, against 0.15 ms here, most of it the kernel's). The format is
 * fixed, proc_pid_mountinfo(5):
 *
 *	36 35 98:0 /root /target rw,noatime master:1 shared:2 - ext4 /dev/sda rw,errors=continue
 */
#include "lib/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"

#define MOUNTINFO_FILE "/proc/self/mountinfo"

struct mountinfo *mountinfo_free(struct mountinfo *m)
{
	if (!m)
		return NULL;
	free(m->device);
	free(m->root);
	free(m->target);
	free(m->fstype);
	free(m->source);
	free(m->vfs_options);
	free(m->fs_options);
	free(m->optional);
	free(m);
	return NULL;
}

void mountinfo_free_all(struct mountinfo **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mountinfo_free(all[i]);
	free(all);
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks, tabs, newlines, backslashes and '#' stand as three octal digits. */
static char *unescape(const char *s, size_t len)
{
	char *out = xmalloc(len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 3 < len && is_octal(s[i + 1]) && is_octal(s[i + 2]) &&
		    is_octal(s[i + 3])) {
			*to++ = (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 |
				       (s[i + 3] - '0'));
			i += 3;
		} else {
			*to++ = s[i];
		}
	}
	*to = '\0';
	return out;
}

/* The next field of a line, unescaped; NULL at its end. An empty field is a field. */
static char *next_field(const char **line)
{
	size_t len;
	char *field;

	if (!*line)
		return NULL;
	len = strcspn(*line, " \n");
	field = unescape(*line, len);
	*line = (*line)[len] == ' ' ? *line + len + 1 : NULL;
	return field;
}

static int next_int(const char **line, int *ret)
{
	_cleanup_free_ char *field = next_field(line);

	return field && str_to_int(field, ret) == 0 ? 0 : -EBADMSG;
}

/* "shared:2 master:1 -": everything before the lone dash. */
static char *next_optional(const char **line)
{
	struct strbuf b = STRBUF_EMPTY;

	for (;;) {
		_cleanup_free_ char *field = next_field(line);

		if (!field) {
			strbuf_done(&b);
			return NULL;
		}
		if (strcmp(field, "-") == 0)
			return strbuf_take(&b);
		if (b.len)
			strbuf_addc(&b, ' ');
		strbuf_adds(&b, field);
	}
}

static int parse_line(const char *line, struct mountinfo **ret)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = xcalloc(1, sizeof(*m));

	if (next_int(&line, &m->id) < 0 || next_int(&line, &m->parent_id) < 0)
		return -EBADMSG;
	m->device = next_field(&line);
	m->root = next_field(&line);
	m->target = next_field(&line);
	m->vfs_options = next_field(&line);
	m->optional = next_optional(&line);
	m->fstype = next_field(&line);
	m->source = next_field(&line);
	m->fs_options = next_field(&line);
	if (!m->fs_options)
		return -EBADMSG;
	*ret = take_ptr(&m);
	return 0;
}

static int read_text(char **ret)
{
	return file_read(AT_FDCWD, MOUNTINFO_FILE, MOUNTINFO_TEXT_MAX, ret, NULL);
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static int parse_all(const char *text, struct mountinfo ***ret, size_t *ret_n)
{
	struct mountinfo **all = NULL;
	size_t n = 0;
	int r;

	for (const char *line = text; *line; line = next_line(line)) {
		struct mountinfo **slot = array_add((void **)&all, &n, sizeof(*all));

		r = parse_line(line, slot);
		if (r < 0) {
			mountinfo_free_all(all, n);
			return r;
		}
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

int mountinfo_all(struct mountinfo ***ret, size_t *ret_n)
{
	_cleanup_free_ char *text = NULL;
	int r = read_text(&text);

	return r < 0 ? r : parse_all(text, ret, ret_n);
}

int mountinfo_all_of(pid_t pid, struct mountinfo ***ret, size_t *ret_n)
{
	_cleanup_free_ char *text = NULL, *path = xasprintf("/proc/%d/mountinfo", (int)pid);
	int r = file_read(AT_FDCWD, path, MOUNTINFO_TEXT_MAX, &text, NULL);

	return r < 0 ? r : parse_all(text, ret, ret_n);
}

/* -ENOENT: not in that mount namespace, below its reader's root, or gone since. */
static int find_id(const char *text, uint64_t id, struct mountinfo **ret)
{
	for (const char *line = text; *line; line = next_line(line))
		if (strtoull(line, NULL, 10) == id)
			return parse_line(line, ret);
	return -ENOENT;
}

int mountinfo_by_id(uint64_t id, struct mountinfo **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = read_text(&text);

	return r < 0 ? r : find_id(text, id, ret);
}

int mountinfo_by_id_in(int mounts_fd, uint64_t id, size_t max, struct mountinfo **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = lseek(mounts_fd, 0, SEEK_SET) < 0 ? -errno
						  : fd_read_all(mounts_fd, max, &text, NULL);

	return r < 0 ? r : find_id(text, id, ret);
}

/* No automounts, no question to a remote server: neither changes the mount. */
static int stat_mount(const char *path, struct statx *st)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;

	if (statx(AT_FDCWD, path, flags, STATX_MNT_ID, st) < 0)
		return -errno;
	return st->stx_mask & STATX_MNT_ID ? 0 : -EOPNOTSUPP;
}

int mountinfo_at(const char *target, struct mountinfo **ret)
{
	struct statx st;
	int r = stat_mount(target, &st);

	if (r == -ENOTDIR)
		return -ENOENT;
	if (r < 0)
		return r;
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -ENOENT;
	return mountinfo_by_id(st.stx_mnt_id, ret);
}

/* What does not exist lies on the mount of the nearest directory above that does. */
int mountinfo_of(const char *path, struct mountinfo **ret)
{
	_cleanup_free_ char *current = path_clean(path);
	struct statx st;
	int r;

	while ((r = stat_mount(current, &st)) == -ENOENT || r == -ENOTDIR) {
		_cleanup_free_ char *dir = NULL, *base = NULL;

		path_split(current, &dir, &base);
		if (strcmp(dir, current) == 0)
			return r;
		free(current);
		current = take_ptr(&dir);
	}
	return r < 0 ? r : mountinfo_by_id(st.stx_mnt_id, ret);
}

/* The end of the option at `s`: a comma that is not escaped (overlayfs). */
static const char *option_end(const char *s)
{
	while (*s && *s != ',')
		s += s[0] == '\\' && s[1] ? 2 : 1;
	return s;
}

char *mountinfo_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	while (options && *options) {
		const char *end = option_end(options);

		if ((size_t)(end - options) >= len && strncmp(options, name, len) == 0) {
			const char *behind = options + len;

			if (behind == end)
				return xstrdup("");
			if (*behind == '=')
				return xstrndup(behind + 1, (size_t)(end - behind - 1));
		}
		options = *end ? end + 1 : end;
	}
	return NULL;
}

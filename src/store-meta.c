/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Inner layers have what an image of an engine cannot carry: whiteouts (in an outer
 * layer they would delete outer files, or make the next commit fail), the marks of
 * inner overlays, and all extended attributes but file capabilities. They stay out of
 * the image, and a text file at the top of the store says where they belong:
 *
 *	w PATH			a whiteout
 *	x PATH NAME VALUE	an extended attribute
 *
 * all in hexadecimal digits, so that no name can be misread. An image is anybody's
 * work: no path may leave the store or pass a symlink, and no attribute is set that
 * the container's root could not set itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"
#include "lib/xattr.h"
#include "src/store-internal.h"
#include "src/store-source.h"
#include "src/store.h"

#define META_MAX (256u << 20)

static void add_hex(struct strbuf *b, const void *data, size_t len)
{
	const unsigned char *p = data;

	strbuf_addc(b, ' ');
	for (size_t i = 0; i < len; i++)
		strbuf_addf(b, "%02x", p[i]);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Owned and NUL-terminated; NULL: no hexadecimal digits. */
static char *parse_hex(const char *text, size_t *ret_len)
{
	size_t len = strlen(text);
	char *data = xmalloc(len / 2 + 1);

	for (size_t i = 0; i + 1 < len + 1; i += 2) {
		int high = hex_digit(text[i]), low = high < 0 ? -1 : hex_digit(text[i + 1]);

		if (low < 0) {
			free(data);
			return NULL;
		}
		data[i / 2] = (char)(high << 4 | low);
	}
	data[len / 2] = '\0';
	*ret_len = len / 2;
	return data;
}

/* Those that the container's root can have set; not what overlays note for themselves. */
static bool is_kept(const char *name)
{
	static const char *const notes[] = {"origin", "impure", "uuid", "nlink", "upper"};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (str_has_prefix(name, "user.overlay.") &&
		    str_eq(name + strlen("user.overlay."), notes[i]))
			return false;
	return str_has_prefix(name, "user.") || str_eq(name, "system.posix_acl_access") ||
	       str_eq(name, "system.posix_acl_default");
}

struct adding {
	struct strbuf *meta;
	const char *file; /* where it is */
	const char *path; /* what it is called in the text */
};

static int add_xattr(const char *name, void *arg)
{
	const struct adding *a = arg;
	_cleanup_free_ char *value = NULL;
	ssize_t n;

	if (!is_kept(name))
		return 0;
	n = xattr_get(a->file, name, &value);
	if (n < 0)
		return n == -ENODATA ? 0 : (int)n;
	strbuf_addc(a->meta, 'x');
	add_hex(a->meta, a->path, strlen(a->path));
	add_hex(a->meta, name, strlen(name));
	add_hex(a->meta, value, (size_t)n);
	strbuf_addc(a->meta, '\n');
	return 0;
}

int store_meta_add(struct strbuf *meta, int dirfd, const char *name, const char *path)
{
	char buf[FD_PATH_MAX];
	_cleanup_free_ char *file = NULL;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (store_is_whiteout(&st)) {
		strbuf_addc(meta, 'w');
		add_hex(meta, path, strlen(path));
		strbuf_addc(meta, '\n');
		return 0;
	}
	/* Others can have neither (xattr(7)). */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	file = xasprintf("%s/%s", fd_path(dirfd, buf), name);
	return xattr_each(file, add_xattr, &(struct adding){meta, file, path});
}

struct scan {
	struct strbuf *meta;
	bool has_sockets;
};

static int scan_dir(struct scan *s, int dirfd, const char *path, unsigned int depth);

static int scan_entry(struct scan *s, int dirfd, const char *name, const char *path,
		      unsigned int depth)
{
	_cleanup_free_ char *full = *path ? xasprintf("%s/%s", path, name) : xstrdup(name);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	s->has_sockets = s->has_sockets || S_ISSOCK(st.st_mode);
	r = store_meta_add(s->meta, dirfd, name, full);
	if (r < 0 || !S_ISDIR(st.st_mode))
		return r;
	fd = dir_open_fd(dirfd, name);
	return fd < 0 ? fd : scan_dir(s, fd, full, depth + 1);
}

static int scan_dir(struct scan *s, int dirfd, const char *path, unsigned int depth)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = depth > STORE_SEED_MAX_DEPTH ? -ELOOP : dir_open(&dir, dirfd, ".");

	while (r == 0 && (r = dir_next(dir, &e)) > 0)
		r = scan_entry(s, dirfd, e->d_name, path, depth);
	return r;
}

int store_meta_scan(struct strbuf *meta, int dirfd)
{
	struct scan s = {.meta = meta};
	int r = store_meta_add(meta, dirfd, ".", ".");

	if (r == 0)
		r = scan_dir(&s, dirfd, "", 0);
	return r < 0 ? r : !s.has_sockets && meta->len == 0;
}

/* ------------------------------------------------------------------ parse */

static void line_done(struct store_meta_line *l)
{
	free(l->path);
	free(l->name);
	free(l->value);
}

static char *parse_name(const char *word)
{
	size_t len;
	char *name = parse_hex(word, &len);

	if (name && strlen(name) == len)
		return name;
	free(name);
	return NULL;
}

/* An empty value leaves no word. */
static bool parse_line(const char *text, struct store_meta_line *ret)
{
	_cleanup_(strv_freep) char **words = strv_split(text, " ");
	size_t n = strv_len(words);
	bool is_xattr = n >= 3 && n <= 4 && str_eq(words[0], "x");

	*ret = (struct store_meta_line){0};
	if (!is_xattr && (n != 2 || !str_eq(words[0], "w")))
		return false;
	ret->path = parse_name(words[1]);
	if (!is_xattr)
		return ret->path;
	ret->name = parse_name(words[2]);
	ret->value = parse_hex(n == 4 ? words[3] : "", &ret->value_len);
	return ret->path && ret->name && ret->value && is_kept(ret->name);
}

/* A failing file system ends it, a bad line does not. */
int store_meta_for_each(const char *text, store_meta_fn fn, void *arg)
{
	int r = 0;

	for (const char *p = text; r == 0 && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		_cleanup_free_ char *line = xstrndup(p, strcspn(p, "\n"));
		struct store_meta_line l;

		r = parse_line(line, &l) ? fn(&l, arg) : -EINVAL;
		line_done(&l);
		if (r < 0 && r != -ENOSPC && r != -EDQUOT && r != -EIO && r != -EOPNOTSUPP) {
			log_debug(STORE_META ": a line is left out: %s", strerror(-r));
			r = 0;
		}
	}
	return r;
}

/* ------------------------------------------------------------------ apply */

/* The directory keeps its times: the image has set them. */
static int make_whiteout(int to, const char *path)
{
	_cleanup_free_ char *dir = NULL, *name = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct timespec times[2];
	struct stat st;

	path_split(path, &dir, &name);
	fd = path_open_beneath(to, strchr(path, '/') ? dir : ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (str_eq(name, ".") || str_eq(name, ".."))
		return -EINVAL;
	if (mknodat(fd, name, S_IFCHR, makedev(0, 0)) < 0)
		return -errno;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	(void)futimens(fd, times);
	return 0;
}

static int set_xattr(int to, const char *path, const char *name, const char *value, size_t len)
{
	_cleanup_close_ int fd = path_open_beneath(to, path, O_PATH);
	char buf[FD_PATH_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EPERM;
	return setxattr(fd_path(fd, buf), name, value, len, 0) < 0 ? -errno : 0;
}

static int apply_line(const struct store_meta_line *l, void *arg)
{
	const int *to = arg;

	return l->name ? set_xattr(*to, l->path, l->name, l->value, l->value_len)
		       : make_whiteout(*to, l->path);
}

int store_meta_apply(const char *text, int to, struct error *err)
{
	int r = store_meta_for_each(text, apply_line, &to);

	return r < 0 ? error_errno(err, -r, "restore whiteouts and attributes") : 0;
}

int store_meta_restore(const struct store_source *from, int to, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = store_source_read(from, STORE_META, META_MAX, &text, NULL);

	if (r == -ENOENT || r == -EINVAL)
		return 0;
	return r < 0 ? error_errno(err, -r, "read " STORE_META)
		     : store_meta_apply(text, to, err);
}

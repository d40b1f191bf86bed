/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/flags.h"
#include "lib/macro.h"

/* fsconfig(2) copies keys and values by strndup_user(.., 256), the NUL included. */
#define FSCONFIG_STRING_MAX 255

int mount_clone(int dirfd, const char *path, unsigned int flags)
{
	unsigned int f = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int fd;

	if (!*path)
		f |= AT_EMPTY_PATH;
	if (flags & MOUNT_CLONE_RECURSIVE)
		f |= AT_RECURSIVE;
	fd = open_tree(dirfd, path, f);
	return fd < 0 ? -errno : fd;
}

/* Without MOVE_MOUNT_T_SYMLINKS: a destination that is a symlink is not followed. */
int mount_attach(int mount_fd, int dirfd, const char *path)
{
	unsigned int f = MOVE_MOUNT_F_EMPTY_PATH;

	if (!*path)
		f |= MOVE_MOUNT_T_EMPTY_PATH;
	return move_mount(mount_fd, "", dirfd, path, f) < 0 ? -errno : 0;
}

static int set_attr(int mount_fd, struct mount_attr *attr, unsigned int flags)
{
	unsigned int f = AT_EMPTY_PATH;

	if (flags & MOUNT_CLONE_RECURSIVE)
		f |= AT_RECURSIVE;
	return mount_setattr(mount_fd, "", f, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

int mount_set_attr(int mount_fd, uint64_t set, uint64_t clear, unsigned int flags)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear};

	/* The access time is a field: changed only whole (mount_setattr(2)). */
	if ((set | clear) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	return set_attr(mount_fd, &attr, flags);
}

int mount_set_readonly(const char *path, bool is_readonly)
{
	struct mount_attr attr = {
		.attr_set = is_readonly ? MOUNT_ATTR_RDONLY : 0,
		.attr_clr = is_readonly ? 0 : MOUNT_ATTR_RDONLY,
	};

	return mount_setattr(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, &attr,
			     sizeof(attr)) < 0
		       ? -errno
		       : 0;
}

int mount_set_propagation(int mount_fd, uint64_t propagation, unsigned int flags)
{
	struct mount_attr attr = {.propagation = propagation};

	return set_attr(mount_fd, &attr, flags);
}

/*
 * The kernel takes a map only for a mount that nobody can have reached yet:
 * detached, or not visible in any namespace, and not mapped before. The
 * namespace must not be the one of the file system's superblock.
 */
int mount_set_idmap(int mount_fd, int userns_fd, unsigned int flags)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns_fd,
	};

	return set_attr(mount_fd, &attr, flags);
}

/*
 * The length of the first option of a list: commas separate, except between
 * double quotes (SELinux: context="u:r:t:s0:c1,c2") and behind a backslash
 * (overlayfs).
 */
static size_t option_len(const char *s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; s[i]; i++) {
		if (s[i] == '\\' && s[i + 1])
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (s[i] == ',' && !quoted)
			break;
	}
	return i;
}

/* The quotes were for the list only. */
static void unquote(char *value)
{
	size_t len = strlen(value);

	if (len < 2 || value[0] != '"' || value[len - 1] != '"')
		return;
	memmove(value, value + 1, len - 2);
	value[len - 2] = '\0';
}

static int config_option(int fs, char *option)
{
	char *value = strchr(option, '=');

	if (!value)
		return fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0) < 0 ? -errno : 0;
	*value++ = '\0';
	unquote(value);
	if (strlen(value) > FSCONFIG_STRING_MAX)
		return -E2BIG;
	return fsconfig(fs, FSCONFIG_SET_STRING, option, value, 0) < 0 ? -errno : 0;
}

static int config_options(int fs, const char *options)
{
	while (options && *options) {
		size_t len = option_len(options);
		_cleanup_free_ char *option = xstrndup(options, len);
		int r = *option ? config_option(fs, option) : 0;

		if (r < 0)
			return r;
		options += len + (options[len] == ',');
	}
	return 0;
}

/*
 * What the VFS takes as options of the superblock (fs/fs_context.c); others mean nothing to it.
 */
static const struct flag_name sb_words[] = {
	{"ro", MS_RDONLY},	   {"sync", MS_SYNCHRONOUS}, {"dirsync", MS_DIRSYNC},
	{"lazytime", MS_LAZYTIME}, {"mand", MS_MANDLOCK},    {NULL, 0},
};

static int config_sb_flags(int fs, uint64_t flags)
{
	for (const struct flag_name *w = sb_words; w->name; w++)
		if ((flags & w->value) && fsconfig(fs, FSCONFIG_SET_FLAG, w->name, NULL, 0) < 0)
			return -errno;
	return 0;
}

static int config(int fs, const struct mount_new *m)
{
	int r;

	if (m->source && fsconfig(fs, FSCONFIG_SET_STRING, "source", m->source, 0) < 0)
		return -errno;
	r = config_sb_flags(fs, m->sb_flags);
	if (r == 0)
		r = config_options(fs, m->options);
	if (r < 0)
		return r;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

/*
 * Each read of the context gives one message, "e " (error), "w " or "i " in
 * front; ENODATA ends. The errors are joined, the rest is not for the user.
 */
static void read_messages(int fs, char *msg, size_t size)
{
	size_t used = 0;

	msg[0] = '\0';
	for (;;) {
		char line[512];
		ssize_t n = read(fs, line, sizeof(line) - 1);

		if (n <= 0)
			return;
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "e ", 2) != 0)
			continue;
		(void)snprintf(msg + used, size - used, "%s%s", used ? "; " : "", line + 2);
		used = strlen(msg);
	}
}

int mount_make(const struct mount_new *m, char *msg, size_t msg_size)
{
	_cleanup_close_ int fs = -EBADF;
	int fd, r;

	if (msg && msg_size)
		msg[0] = '\0';
	fs = fsopen(m->fstype, FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	r = config(fs, m);
	if (r < 0) {
		if (msg && msg_size)
			read_messages(fs, msg, msg_size);
		return r;
	}
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)m->attrs);
	return fd < 0 ? -errno : fd;
}

int mount_propagate(const char *path, unsigned long flags)
{
	return mount(NULL, path, NULL, flags, NULL) < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers on v2: a group has those that its parent hands down. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"

/* "+cpu +memory" of "cpu memory"; NULL when there is none. */
static char *enable_words(char *const *controllers)
{
	_cleanup_free_ char *joined = NULL;

	if (!controllers)
		return NULL;
	joined = strv_join(controllers, " +");
	return xasprintf("+%s", joined);
}

static int read_words(const char *dir, const char *file, char ***ret)
{
	_cleanup_free_ char *path = path_join(dir, file);
	_cleanup_free_ char *text = NULL;
	int r;

	r = file_read_line(AT_FDCWD, path, &text);
	if (r < 0)
		return r;
	*ret = strv_split(text, " ");
	return 0;
}

static int read_controllers(const char *dir, char ***ret)
{
	return read_words(dir, "cgroup.controllers", ret);
}

/*
 * All at once; where the kernel refuses one (cpu, while there are realtime
 * tasks), each on its own. What could not be enabled is missed only by a
 * limit that needs it, and that reports it.
 */
static void enable_controllers(const char *dir)
{
	_cleanup_(strv_freep) char **controllers = NULL;
	_cleanup_free_ char *words = NULL, *path = NULL;

	if (read_controllers(dir, &controllers) < 0)
		return;
	words = enable_words(controllers);
	path = path_join(dir, "cgroup.subtree_control");
	if (!words || file_write(AT_FDCWD, path, words) == 0)
		return;
	for (size_t i = 0; controllers[i]; i++) {
		_cleanup_free_ char *word = xasprintf("+%s", controllers[i]);
		int r = file_write(AT_FDCWD, path, word);

		if (r < 0)
			log_debug("cgroup: enable %s in %s: %s", controllers[i], dir,
				  strerror(-r));
	}
}

/* Enable what there is in every group from the root of the hierarchy to the parent. */
void cgroup_controllers_hand_down(const char *dir)
{
	_cleanup_(strv_freep) char **ancestors = NULL;
	_cleanup_(strv_freep) char **have = NULL;
	_cleanup_(strv_freep) char **root = NULL;
	_cleanup_free_ char *at = xstrdup(dir);
	size_t n = 0;

	if (read_controllers(dir, &have) < 0)
		return;
	for (char *slash; (slash = strrchr(at, '/')) && slash != at;) {
		char **controllers = NULL;

		*slash = '\0';
		if (read_controllers(at, &controllers) < 0)
			break;
		strv_free(root);
		root = controllers;
		strv_add(&ancestors, at);
		n++;
	}
	if (strv_len(have) == strv_len(root))
		return; /* somebody was here before */
	for (; n > 0; n--)
		enable_controllers(ancestors[n - 1]);
}

/*
 * A group that was there before, and has handed controllers down, takes no process
 * (cgroups(7), "no internal processes"). What an earlier container has left so
 * is taken back; where groups below still need it, entering reports it.
 */
void cgroup_controllers_withdraw(const char *dir)
{
	_cleanup_(strv_freep) char **enabled = NULL;
	_cleanup_free_ char *path = path_join(dir, "cgroup.subtree_control");

	if (read_words(dir, "cgroup.subtree_control", &enabled) < 0)
		return;
	for (size_t i = 0; enabled && enabled[i]; i++) {
		_cleanup_free_ char *word = xasprintf("-%s", enabled[i]);

		(void)file_write(AT_FDCWD, path, word); /* see above */
	}
}

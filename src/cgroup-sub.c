/* SPDX-License-Identifier: Apache-2.0 */
/* exec --cgroup: a cgroup that the container has made below its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/path.h"
#include "lib/strv.h"
#include "src/cgroup-internal.h"

static int descend(struct cgroup_dir *d, const char *sub, struct error *err)
{
	_cleanup_free_ char *path = path_join(d->path, sub + strspn(sub, "/"));

	if (access(path, F_OK) < 0)
		return error_errno(err, errno, "adding pid to the cgroup %s", path);
	free(d->path);
	d->path = take_ptr(&path);
	d->is_exact = true;
	return 0;
}

/* On a hybrid host the v2 tree, which has no controllers, need not have it. */
static int descend_all(struct cgroup *cg, const char *sub, struct error *err)
{
	struct error ignored = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < cg->n_dirs; i++) {
		struct cgroup_dir *d = &cg->dirs[i];

		if (cg->is_v2 || *d->controllers)
			r = descend(d, sub, err);
		else
			(void)descend(d, sub, &ignored);
	}
	return r;
}

static int descend_for(struct cgroup *cg, const char *controller, const char *sub,
		       struct error *err)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		struct cgroup_dir *d = &cg->dirs[i];

		if (!cgroup_dir_has(d, controller))
			continue;
		/* Two controllers of one hierarchy are one directory. */
		return d->is_exact ? 0 : descend(d, sub, err);
	}
	return error_set(err, EINVAL, "--cgroup: unknown controller \"%s\"", controller);
}

int cgroup_descend(struct cgroup *cg, const char *word, struct error *err)
{
	const char *colon = strchr(word, ':');
	_cleanup_free_ char *sub = path_clean(colon ? colon + 1 : word);
	_cleanup_free_ char *names = colon ? xstrndup(word, (size_t)(colon - word)) : NULL;
	_cleanup_(strv_freep) char **controllers = names ? strv_split(names, ",") : NULL;
	int r = 0;

	if (path_has_prefix(sub, ".."))
		return error_set(err, EINVAL, "--cgroup: bad sub cgroup path \"%s\"", sub);
	if (!names)
		return descend_all(cg, sub, err);
	if (cg->is_v2)
		return error_set(err, EINVAL,
				 "--cgroup: there is one hierarchy, without \"%s:\"", names);
	for (char **c = controllers; r == 0 && c && *c; c++)
		r = descend_for(cg, *c, sub, err);
	return r;
}

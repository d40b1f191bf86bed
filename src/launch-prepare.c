/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be made ready, or refused, while there is no child yet.
 */
#include "src/launch-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/alloc.h"
#include "lib/flags.h"
#include "lib/ns.h"
#include "lib/path.h"
#include "lib/userns.h"
#include "src/do.h"
#include "src/fs-client.h"
#include "src/host.h"
#include "src/init.h"
#include "src/locks.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/state.h"
#include "src/syscont.h"

int step_supervisor(struct work *w, struct error *err)
{
	return fs_client_spawn(&w->fs, err);
}

int step_seccomp(struct work *w, struct error *err)
{
	const struct plan *p = w->l->plan;

	return p->seccomp ? do_seccomp_compile(p->seccomp, &w->seccomp, err) : 0;
}

int step_fifo(struct work *w, struct error *err)
{
	const struct state_dir *d = w->l->dir;

	/* Written by the container's user, whoever that is; the directory keeps others away. */
	if (mkfifoat(d->dirfd, "exec.fifo", 0622) < 0 ||
	    fchmodat(d->dirfd, "exec.fifo", 0622, 0) < 0)
		return error_errno(err, errno, "make %s/exec.fifo", d->path);
	w->fifo_fd = openat(d->dirfd, "exec.fifo", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (w->fifo_fd < 0)
		return error_errno(err, errno, "open %s/exec.fifo", d->path);
	return 0;
}

/*
 * A range of its own has an id that can own its namespace, so that no other container, nor the
 * host's root, runs short of what this one uses up. Given ids may be somebody else's.
 */
static int make_userns(const struct work *w)
{
	if (w->l->flags & LAUNCH_GIVEN_IDS)
		return userns_open(&w->map);
	return userns_open_for(&w->map, idmap_to_outside(&w->map.uids, 0));
}

int step_userns(struct work *w, struct error *err)
{
	const struct plan *p = w->l->plan;
	int r;

	if (w->l->userns_fd >= 0) {
		r = userns_read_map(w->l->userns_fd, &w->map);
		return r < 0 ? error_errno(err, -r,
					   "read the id mapping of the joined user namespace")
			     : 0;
	}
	idmap_copy(&w->map, &p->idmap);
	w->l->userns_fd = make_userns(w);
	if (w->l->userns_fd == -ENOSPC)
		return error_set(
			err, ENOSPC,
			"no more user namespaces: raise the sysctl user.max_user_namespaces");
	if (w->l->userns_fd < 0)
		return error_errno(err, -w->l->userns_fd, "make the user namespace");
	return 0;
}

/*
 * One's own namespace is the host's. Docker leaves a host namespace out of the
 * specification; others name it by path.
 */
static int check_join(const struct plan_namespace *n, int fd, struct error *err)
{
	const char *type = flag_name(flags_namespaces, n->type);
	int own = ns_is_own(fd, n->type);

	if (ns_type(fd) != (int)n->type)
		return error_set(err, EINVAL, "%s is not a %s namespace", n->path, type);
	if (own < 0)
		return error_errno(err, -own, "compare the namespace %s", n->path);
	if (own)
		return error_set(
			err, EINVAL,
			"the %s namespace %s is the host's: a system container needs "
			"one of its own or of another container; run without --%s=host",
			type, n->path, flags_ns_file(n->type));
	return 0;
}

int step_joins(struct work *w, struct error *err)
{
	const struct plan *p = w->l->plan;

	w->join_fds = xcalloc(p->n_joins + 1, sizeof(int));
	for (size_t i = 0; i < p->n_joins; i++)
		w->join_fds[i] = -EBADF;
	for (size_t i = 0; i < p->n_joins; i++) {
		int r;

		w->join_fds[i] = open(p->joins[i].path, O_RDONLY | O_CLOEXEC);
		if (w->join_fds[i] < 0)
			return error_errno(err, errno, "open the namespace %s",
					   p->joins[i].path);
		r = check_join(&p->joins[i], w->join_fds[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int step_rootfs(struct work *w, struct error *err)
{
	struct state *s = w->l->state;
	unsigned int flags = w->l->flags & LAUNCH_GIVEN_IDS ? ROOTFS_MAYBE_SHIFTED : 0;
	int r = rootfs_prepare(&w->rootfs, w->l->plan->rootfs, w->l->userns_fd, &w->map, flags,
			       err);

	if (r < 0)
		return r;
	if (w->rootfs.kind == ROOTFS_OVERLAY && w->l->host->has_fuse)
		s->view_path = xstrdup(w->rootfs.path);
	s->work_path = xstrdup(w->rootfs.work_path);
	return 0;
}

/* Before anything is opened, let alone changed, that another container may be using. */
int step_locks(struct work *w, struct error *err)
{
	return locks_take(w->l->locks, w->l->n_locks, w->l->state->id, &w->locks, err);
}

/* What the end of its former life left to be committed. */
static int hide_stores(const struct work *w, struct error *err)
{
	const struct state *s = w->l->state;
	const struct store_flush f = {
		.dir = s->store_dir,
		.rootfs = w->rootfs.path,
		.stores = s->stores,
		.n_stores = s->n_stores,
		.init_pidfd = -EBADF,
	};

	return store_unflush(&f, err);
}

static int mount_layers(struct work *w, const struct syscont_store *s, struct error *err)
{
	struct init_mount *m;
	int fd, r = store_marks_mount(&w->l->stores, s->name, s->real, w->l->userns_fd, &fd,
				      err);

	if (r < 0 || fd < 0)
		return r;
	m = array_add((void **)&w->layers, &w->n_layers, sizeof(*m));
	*m = (struct init_mount){
		fd, xasprintf("%s/" SYSCONT_STORE_VIEWS "/" STORE_MARKED, s->path)};
	return 0;
}

/* Before the binds, whose sources they are. */
int step_stores(struct work *w, struct error *err)
{
	_cleanup_free_ char *skeleton = NULL;
	int r;

	if (!w->l->stores.n_stores)
		return 0;
	r = store_make(&w->l->stores, &skeleton, err);
	if (r == 0)
		r = hide_stores(w, err);
	for (size_t i = 0; r == 0 && i < w->l->stores.n_stores; i++)
		r = mount_layers(w, &w->l->stores.stores[i], err);
	return r < 0 ? r : rootfs_add_layer(&w->rootfs, skeleton, w->l->userns_fd, err);
}

/* The last mount at its place or above it is the one that is seen there. */
static int check_lock(const struct work *w, size_t i, struct error *err)
{
	const struct plan *p = w->l->plan;
	const char *target = w->l->locks[i].target;

	for (size_t k = p->n_mounts; k-- > 0;) {
		const char *point = p->mounts[k].target, *below;

		if (w->mount_fds[k] < 0 || !path_has_prefix(target, point))
			continue;
		below = target + strlen(point);
		return locks_check(&w->locks, w->l->locks, i, w->mount_fds[k],
				   below + strspn(below, "/"), err);
	}
	return 0;
}

int step_binds(struct work *w, struct error *err)
{
	const struct plan *p = w->l->plan;
	int r;

	w->mount_fds = xcalloc(p->n_mounts + 1, sizeof(int));
	r = do_mounts_open(p, &w->map, w->l->userns_fd, w->mount_fds, err);
	for (size_t i = 0; r == 0 && i < w->l->n_locks; i++)
		r = check_lock(w, i, err);
	return r;
}

int step_console(struct work *w, struct error *err)
{
	const struct launch *l = w->l;

	if (!l->plan->process.terminal)
		return 0;
	return do_console_open(&w->console,
			       l->flags & LAUNCH_KEEP_TERMINAL ? NULL : l->console_socket, err);
}

/* From here on `delete` knows what to look for. */
int step_record(struct work *w, struct error *err)
{
	return state_save(w->l->dir, w->l->state, err);
}

int step_work(struct work *w, struct error *err)
{
	return rootfs_make_work(&w->rootfs, err);
}

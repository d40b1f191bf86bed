/* SPDX-License-Identifier: Apache-2.0 */
#include "src/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/proc.h"
#include "src/cgroup.h"
#include "src/container-fuse.h"
#include "src/fs-client.h"
#include "src/hooks.h"
#include "src/resolver.h"
#include "src/store.h"
#include "src/subid.h"

#define KILL_WAIT_MS 10000

void container_done(struct container *c)
{
	state_done(&c->state);
	state_dir_done(&c->dir);
}

/* ------------------------------------------------------------------ open, start */

int container_open(struct container *ret, const char *root, const char *id,
		   enum state_lock lock, struct error *err)
{
	_cleanup_(container_done) struct container c = CONTAINER_EMPTY;
	int r = state_dir_open(&c.dir, root, id, lock, err);

	if (r == 0)
		r = state_load(&c.dir, &c.state, err);
	if (r < 0 && r != -ENODATA)
		return r;
	*ret = c;
	c = (struct container)CONTAINER_EMPTY;
	return r;
}

/*
 * Opening for reading lets init's open for writing return. Both sides are polled:
 * init may have died meanwhile, and then nobody will ever write.
 */
static int release_init(const struct container *c, struct error *err)
{
	/* In this order: once the FIFO is open, init may run and end at any moment. */
	_cleanup_close_ int pidfd = state_init_pidfd(&c->state, err);
	_cleanup_close_ int fifo =
		openat(c->dir.dirfd, "exec.fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd fds[2];
	char byte;

	if (pidfd < 0)
		return pidfd;
	if (fifo < 0)
		return error_errno(err, errno, "open exec.fifo");
	/* At once: whoever found it would wait for an init that has moved on. */
	if (unlinkat(c->dir.dirfd, "exec.fifo", 0) < 0)
		return error_errno(err, errno, "remove exec.fifo");
	fds[0] = (struct pollfd){.fd = fifo, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = pidfd, .events = POLLIN};
	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "wait for init");
	if (read(fifo, &byte, 1) == 1)
		return 0;
	return error_set(err, ESRCH, "the container's init ended before it could be started");
}

static int run_poststart(const struct container *c, struct error *err)
{
	_cleanup_(spec_freep) struct spec *s = NULL;
	int r = state_load_config(&c->dir, &s, err);

	if (r < 0 || !s->hooks || !s->hooks->n_poststart)
		return r;
	return hooks_run("poststart", s->hooks->poststart, s->hooks->n_poststart, &c->state,
			 STATE_RUNNING, err);
}

static int kill_init(const struct state *s, struct error *err)
{
	struct error gone = {0};
	_cleanup_close_ int pidfd = state_init_pidfd(s, &gone);

	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : error_set(err, gone.errnum, "%s", gone.text);
	if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return error_errno(err, errno, "kill init");
	if (container_await_end(s, pidfd, KILL_WAIT_MS) == 0 &&
	    proc_pidfd_wait(pidfd, KILL_WAIT_MS) == 0)
		return error_set(err, ETIMEDOUT, "container init still running");
	return 0;
}

/* A limit on depth or a threaded group above us costs the inner engines' limits, no more. */
static void settle(const struct container *c)
{
	struct error err = {0};

	if (cgroup_settle(&c->state.cgroup, &err) < 0)
		log_warn("no limits for containers inside: %s", err.text);
}

/* Without it, inner containers do not know the names of the outer network. */
static void share_resolver(const struct container *c)
{
	struct error err = {0};

	if (resolver_share(c->state.resolv_conf, c->state.init_pid, &err) < 0)
		log_warn("inner containers cannot use the engine's resolver: %s", err.text);
}

int container_start(struct container *c, struct notify *n, struct error *err)
{
	enum state_status status = state_status(&c->dir, &c->state);
	int r;

	if (status == STATE_STOPPED)
		return error_set(err, EINVAL, "cannot start a container that has stopped");
	if (status != STATE_CREATED)
		return error_set(err, EINVAL, "cannot start a container in the %s state",
				 state_status_name(status));
	if (!c->state.is_plain)
		settle(c);
	if (c->state.resolv_conf)
		share_resolver(c);
	r = notify_listen(n, &c->dir, err);
	if (r == 0)
		r = release_init(c, err);
	if (r < 0)
		return r;
	/* It runs, and a hook may want to pause or update it. */
	c->dir.lock_fd = fd_close(c->dir.lock_fd);
	r = run_poststart(c, err);
	if (r < 0) {
		struct error ignored = {0};

		(void)kill_init(&c->state, &ignored);
	}
	return r;
}

/* ------------------------------------------------------------------ pause, resume */

static struct store_flush flush_of(const struct state *s, int init_pidfd)
{
	return (struct store_flush){
		.dir = s->store_dir,
		.rootfs = s->rootfs,
		.stores = s->stores,
		.n_stores = s->n_stores,
		.init_pidfd = init_pidfd,
	};
}

/* All or nothing: the engine may be about to commit. STORE_E_NONE: nothing to be committed. */
static int show_stores(const struct state *s, int init_pidfd, struct error *err)
{
	const struct store_flush f = flush_of(s, init_pidfd);
	struct error later = {0};
	int r = store_flush(&f, err);

	if (r < 0 && store_flush_failed(&f, err->text, &later) < 0)
		log_warn("%s", later.text);
	return r;
}

int container_pause(struct container *c, struct error *err)
{
	const struct state *s = &c->state;
	_cleanup_close_ int pidfd = state_init_pidfd(s, err);
	struct error later = {0};
	int r;

	if (pidfd < 0)
		return pidfd;
	r = cgroup_freeze(&s->cgroup, err);
	if (r < 0)
		return r;
	r = show_stores(s, pidfd, err);
	if (r < 0 && cgroup_thaw(&s->cgroup, &later) < 0)
		log_warn("%s", later.text);
	return r < 0 ? r : 0;
}

int container_resume(struct container *c, struct error *err)
{
	const struct store_flush f = flush_of(&c->state, -EBADF);
	int r = store_unflush(&f, err);

	return r < 0 ? r : cgroup_thaw(&c->state.cgroup, err);
}

/* ------------------------------------------------------------------ destroy */

/*
 * Frozen tasks do not die of SIGKILL on cgroup v1; what shares our pid namespace with
 * others lives on without this.
 */
static void kill_rest(const struct state *s)
{
	struct error ignored = {0};

	(void)cgroup_thaw(&s->cgroup, &ignored);
	(void)cgroup_kill(&s->cgroup, SIGKILL, &ignored);
}

int container_leave(struct container *c, struct error *err)
{
	struct state *s = &c->state;
	int r = s->view_path ? fs_client_cleanup(s->view_path, err) : 0;

	if (r == 0)
		r = show_stores(s, -EBADF, err);
	/* The layer may become one of an image where it is: no file in it has a second name. */
	if (r == 0)
		r = store_drop(s->store_dir, err);
	if (r < 0)
		return r;
	s->left = true;
	return state_save(&c->dir, s, err);
}

/* Not of one that was left: the engine may be looking at what is there. */
static int give_back(const struct state *s, struct error *err)
{
	struct error later = {0};
	int r = s->view_path ? fs_client_cleanup(s->view_path, err) : 0;

	/*
	 * A stopped container can be committed, too; a failure of that need not keep it from
	 * being destroyed.
	 */
	if (r == 0 && s->complete && show_stores(s, -EBADF, &later) < 0)
		log_warn("a commit will be without inner images: %s", later.text);
	return r;
}

static void remove_work(const struct state *s)
{
	_cleanup_free_ char *dir = NULL, *name = NULL;
	_cleanup_close_ int dirfd = -EBADF;

	if (!s->work_path)
		return;
	path_split(s->work_path, &dir, &name);
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0 && path_remove_tree(dirfd, name) < 0)
		log_debug("%s stays behind", s->work_path);
}

static void run_poststop(const struct container *c)
{
	_cleanup_(spec_freep) struct spec *s = NULL;
	struct error err = {0};

	if (state_load_config(&c->dir, &s, &err) == 0 && s->hooks)
		hooks_run_poststop(s->hooks, &c->state);
}

/*
 * Every step is tried, whatever the others did; the first failure is reported, and
 * then the state stays, so that `delete` can be called again.
 */
int container_destroy(struct container *c, unsigned int flags, struct error *err)
{
	const struct state *s = &c->state;
	int r = 0;

	if (flags & CONTAINER_KILL) {
		if (s->cgroup.n_dirs)
			kill_rest(s);
		r = kill_init(s, err);
		if (r < 0)
			return r;
	}
	if (!s->left)
		r = give_back(s, err);
	if (s->cgroup.n_dirs) {
		int e = cgroup_destroy(&s->cgroup, err);

		r = r < 0 ? r : e;
	}
	if (r < 0)
		return r;
	remove_work(s);
	if (s->complete || s->hooked)
		run_poststop(c);
	r = subid_release(c->dir.path, err);
	return r < 0 ? r : state_dir_remove(&c->dir, err);
}

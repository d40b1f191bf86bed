/* SPDX-License-Identifier: Apache-2.0 */
#include "src/hooks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/spawn.h"
#include "lib/sys.h"

/* A list of hooks, and how they are run. */
struct hooks {
	const char *kind;
	const struct spec_hook *list;
	size_t n;
	char *const *env; /* of those that have none of their own */
	int (*prepare)(void *arg);
	void *arg;
};

/* "exit status 1", "signal: killed": as Go prints them, for users search for runc's words. */
static char *words_of(int status)
{
	const char *signal = WIFSIGNALED(status) ? sigdescr_np(WTERMSIG(status)) : NULL;
	char *words;

	if (!WIFSIGNALED(status))
		return xasprintf("exit status %d", WEXITSTATUS(status));
	if (!signal)
		return xasprintf("signal: signal %d", WTERMSIG(status));
	words = xasprintf("signal: %s", signal);
	words[strlen("signal: ")] = (char)tolower((unsigned char)*signal);
	return words;
}

static int status_check(const struct hooks *h, size_t i, int status, const char *output,
			struct error *err)
{
	_cleanup_free_ char *words = words_of(status);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, EIO, "error running %s hook #%zu: %s: %s%s%s", h->kind, i,
			 h->list[i].path, words, *output ? ": " : "", output);
}

/* A timeout of more weeks than poll(2) can count is as good as the longest that it can. */
static int timeout_of(const struct spec_hook *hook)
{
	if (!hook->timeout.present)
		return 0;
	return hook->timeout.value > INT_MAX / 1000 ? INT_MAX : (int)hook->timeout.value * 1000;
}

static int run_one(const struct hooks *h, size_t i, const char *state, struct error *err)
{
	const struct spec_hook *hook = &h->list[i];
	char *const fallback[] = {hook->path, NULL};
	const struct spawn s = {
		.path = hook->path,
		.argv = hook->args ? hook->args : fallback,
		.envp = hook->env ? hook->env : h->env,
		.input = state,
		.timeout_ms = timeout_of(hook),
		.prepare = h->prepare,
		.arg = h->arg,
	};
	char output[512] = "";
	int status = 0, r;

	log_debug("%s hook: %s", h->kind, hook->path);
	r = spawn_run(&s, &status, output, sizeof(output));
	if (r == -ETIMEDOUT)
		return error_set(err, ETIMEDOUT,
				 "error running %s hook #%zu: %s: took longer than %lld s",
				 h->kind, i, hook->path, (long long)hook->timeout.value);
	if (r < 0)
		return error_errno(err, -r, "error running %s hook #%zu: %s", h->kind, i,
				   hook->path);
	return status_check(h, i, status, output, err);
}

static int run_all(const struct hooks *h, const struct state *s, enum state_status status,
		   struct error *err)
{
	_cleanup_free_ char *state = h->n ? state_format(s, status, JSON_COMPACT) : NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->n; i++)
		r = run_one(h, i, state, err);
	return r;
}

int hooks_run(const char *kind, const struct spec_hook *list, size_t n, const struct state *s,
	      enum state_status status, struct error *err)
{
	const struct hooks h = {.kind = kind, .list = list, .n = n, .env = environ};

	return run_all(&h, s, status, err);
}

void hooks_run_poststop(const struct spec_hooks *hooks, const struct state *s)
{
	const struct hooks h = {
		.kind = "poststop",
		.list = hooks->poststop,
		.n = hooks->n_poststop,
		.env = environ,
	};
	_cleanup_free_ char *state = h.n ? state_format(s, STATE_STOPPED, JSON_COMPACT) : NULL;
	struct error err = {0};

	for (size_t i = 0; i < h.n; i++)
		if (run_one(&h, i, state, &err) < 0)
			log_warn("%s", err.text);
}

int hooks_run_start_container(const struct spec_hooks *hooks, const struct state *s,
			      char *const *env, struct error *err)
{
	const struct hooks h = {
		.kind = "startContainer",
		.list = hooks->start_container,
		.n = hooks->n_start_container,
		.env = env,
	};

	return run_all(&h, s, STATE_CREATED, err);
}

struct inside {
	int init_pidfd;
	const char *rootfs;
};

/*
 * A clone of the container's whole tree that is a peer of it: mounts made below appear
 * there.
 */
static int clone_container_tree(int init_pidfd)
{
	_cleanup_close_ int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
			    tree = -EBADF;
	int r;

	if (home < 0 || setns(init_pidfd, CLONE_NEWNS) < 0)
		return -errno;
	r = mount_propagate("/", MS_REC | MS_SHARED);
	if (r < 0)
		return r;
	tree = mount_clone(AT_FDCWD, "/", MOUNT_CLONE_RECURSIVE);
	if (tree < 0)
		return tree;
	return setns(home, CLONE_NEWNS) < 0 ? -errno : take_fd(&tree);
}

/*
 * In the hook's process, before execve. The order is the point: with the capabilities
 * of the container's user namespace, but still as the host's user 0, we make a mount
 * namespace that the container's root may mount in, and walk the host's path to its
 * rootfs, which the container's root may not.
 */
static int enter_container(void *arg)
{
	const struct inside *in = arg;
	_cleanup_close_ int tree = clone_container_tree(in->init_pidfd);
	int r;

	if (tree < 0)
		return tree;
	if (setgroups(0, NULL) < 0 ||
	    setns(in->init_pidfd, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
					  CLONE_NEWUSER) < 0 ||
	    unshare(CLONE_NEWNS) < 0)
		return -errno;
	r = mount_propagate("/", MS_REC | MS_PRIVATE);
	if (r == 0)
		r = mount_attach(tree, AT_FDCWD, in->rootfs);
	if (r < 0)
		return r;
	if (chdir(in->rootfs) < 0)
		return -errno;
	return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? -errno : 0;
}

/* The container's mounts before and after its hooks. */
struct mounts {
	struct mountinfo **all;
	size_t n;
};

static void mounts_done(struct mounts *m)
{
	mountinfo_free_all(m->all, m->n);
}

/* What it had been, or private if a hook has made it. */
static uint64_t former_propagation(const struct mounts *before, int id)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct mountinfo *m = before->all[i];

		if (m->id != id)
			continue;
		return strstr(m->optional, "shared:")	? MS_SHARED
		       : strstr(m->optional, "master:") ? MS_SLAVE
							: MS_PRIVATE;
	}
	return MS_PRIVATE;
}

/* Another mount may cover it: then nobody finds it. */
static void restore_one(const struct mountinfo *m, uint64_t propagation)
{
	_cleanup_close_ int fd = open(m->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return;
	if (st.stx_mnt_id == (uint64_t)m->id)
		(void)mount_set_propagation(fd, propagation, 0);
}

struct restore {
	int init_pidfd;
	struct mounts before;
	struct mounts now;
};

/* A slave stays what it is; what has neither peers any more nor a master is private. */
static int restore_propagation(void *arg)
{
	const struct restore *r = arg;
	int status = setns(r->init_pidfd, CLONE_NEWNS) < 0
			     ? -errno
			     : mount_propagate("/", MS_REC | MS_SLAVE);

	for (size_t i = 0; status == 0 && i < r->now.n; i++) {
		uint64_t former = former_propagation(&r->before, r->now.all[i]->id);

		if (former != MS_SLAVE)
			restore_one(r->now.all[i], former);
	}
	return status;
}

static int run_inside(const struct hooks *h, const struct state *s, struct restore *restore,
		      struct error *err)
{
	int r = mountinfo_all_of(s->init_pid, &restore->before.all, &restore->before.n);

	if (r < 0)
		return error_errno(err, -r, "read the container's mounts");
	r = run_all(h, s, STATE_CREATING, err);
	if (r < 0)
		return r;
	r = mountinfo_all_of(s->init_pid, &restore->now.all, &restore->now.n);
	if (r == 0)
		r = spawn_call(restore_propagation, restore);
	return r < 0 ? error_errno(err, -r, "restore the propagation of the container's mounts")
		     : 0;
}

int hooks_run_create_container(const struct spec_hook *list, size_t n, const struct state *s,
			       int init_pidfd, struct error *err)
{
	struct inside in = {.init_pidfd = init_pidfd, .rootfs = s->rootfs};
	struct restore restore = {.init_pidfd = init_pidfd};
	const struct hooks h = {
		.kind = "createContainer",
		.list = list,
		.n = n,
		.env = environ,
		.prepare = enter_container,
		.arg = &in,
	};
	int r = n ? run_inside(&h, s, &restore, err) : 0;

	mounts_done(&restore.before);
	mounts_done(&restore.now);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/spawn.h"
#include "lib/sys.h"

static int status_check(const char *kind, const struct spec_hook *h, int status,
			const char *output, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return error_set(err, EIO, "%s hook %s was killed by signal %d: %s", kind,
				 h->path, WTERMSIG(status), output);
	return error_set(err, EIO, "%s hook %s failed with status %d: %s", kind, h->path,
			 WEXITSTATUS(status), output);
}

static int run_one(const char *kind, const struct spec_hook *h, const char *state,
		   int (*prepare)(void *arg), void *arg, struct error *err)
{
	char *const fallback[] = {h->path, NULL};
	const struct spawn s = {
		.path = h->path,
		.argv = h->args ? h->args : fallback,
		.envp = h->env,
		.input = state,
		.timeout_ms = h->timeout.present ? (int)h->timeout.value * 1000 : 0,
		.prepare = prepare,
		.arg = arg,
	};
	char output[512] = "";
	int status = 0, r;

	log_debug("%s hook: %s", kind, h->path);
	r = spawn_run(&s, &status, output, sizeof(output));
	if (r == -ETIMEDOUT)
		return error_set(err, ETIMEDOUT, "%s hook %s took longer than %lld s", kind,
				 h->path, (long long)h->timeout.value);
	if (r < 0)
		return error_errno(err, -r, "run the %s hook %s", kind, h->path);
	return status_check(kind, h, status, output, err);
}

int hooks_run(const char *kind, const struct spec_hook *hooks, size_t n, const struct state *s,
	      enum state_status status, struct error *err)
{
	_cleanup_free_ char *state = n ? state_format(s, status) : NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = run_one(kind, &hooks[i], state, NULL, NULL, err);
	return r;
}

int hooks_run_start_container(const struct spec_hooks *hooks, const struct state *s,
			      struct error *err)
{
	return hooks_run("startContainer", hooks->start_container, hooks->n_start_container, s,
			 STATE_CREATED, err);
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

/* In the hook's process, before execve. */
static int enter_container(void *arg)
{
	const struct inside *in = arg;
	_cleanup_close_ int tree = clone_container_tree(in->init_pidfd);
	int r;

	if (tree < 0)
		return tree;
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	r = mount_propagate("/", MS_REC | MS_PRIVATE);
	if (r == 0)
		r = mount_attach(tree, AT_FDCWD, in->rootfs);
	if (r < 0)
		return r;
	/*
	 * The user namespace in the same call: it is entered last of these by the
	 * kernel's own order.
	 */
	if (setns(in->init_pidfd, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
					  CLONE_NEWCGROUP) < 0)
		return -errno;
	return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? -errno : 0;
}

static int make_private_again(void *arg)
{
	const struct inside *in = arg;

	if (setns(in->init_pidfd, CLONE_NEWNS) < 0)
		return -errno;
	return mount_propagate("/", MS_REC | MS_PRIVATE);
}

int hooks_run_create_container(const struct spec_hook *hooks, size_t n, const struct state *s,
			       int init_pidfd, struct error *err)
{
	struct inside in = {.init_pidfd = init_pidfd, .rootfs = s->rootfs};
	_cleanup_free_ char *state = n ? state_format(s, STATE_CREATING) : NULL;
	int r = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = run_one("createContainer", &hooks[i], state, enter_container, &in, err);
	if (r == 0) {
		r = spawn_call(make_private_again, &in);
		if (r < 0)
			return error_errno(err, -r, "make the container's mounts private");
	}
	return r;
}

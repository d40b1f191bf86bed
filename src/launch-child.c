/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of the handshake with the builder and init: what they cannot do, having given up
 * the host's namespaces and rights, is done here.
 */
#include "src/launch-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "src/do.h"
#include "src/fs-client.h"
#include "src/hooks.h"
#include "src/init.h"
#include "src/listener.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/spec.h"
#include "src/state.h"
#include "src/sync.h"

static int delegate(struct work *w, struct error *err)
{
	return cgroup_delegate(&w->l->state->cgroup, idmap_to_outside(&w->map.uids, 0),
			       idmap_to_outside(&w->map.gids, 0), err);
}

/*
 * Until it has forked init the builder counts, too: a container that may have one process
 * has two, until step_init().
 */
#define PROCESSES_MIN 2

static bool is_tight(const struct spec_resources *r)
{
	return r && r->pids && r->pids->limit.present && r->pids->limit.value >= 0 &&
	       r->pids->limit.value < PROCESSES_MIN;
}

static struct spec_resources with_room(const struct spec_resources *r, struct spec_pids *room)
{
	struct spec_resources roomy = r ? *r : (struct spec_resources){0};

	*room = (struct spec_pids){.limit = {true, PROCESSES_MIN}};
	if (is_tight(r))
		roomy.pids = room;
	return roomy;
}

static int take_back_room(const struct work *w, struct error *err)
{
	const struct spec_resources *r = w->l->spec->linux_->resources;

	if (!is_tight(r))
		return 0;
	return cgroup_update(&w->l->state->cgroup, &(struct spec_resources){.pids = r->pids},
			     err);
}

/* cgroupfs: the builder is born in its cgroup, see src/cgroup.h. systemd wants a pid first. */
static int make_cgroup(struct work *w, int *ret_fd, struct error *err)
{
	const struct cgroup *cg = &w->l->state->cgroup;
	struct spec_pids room;
	struct spec_resources resources = with_room(w->l->spec->linux_->resources, &room);
	int r;

	*ret_fd = -EBADF;
	if (cg->driver != CGROUP_FS)
		return 0;
	r = cgroup_make(cg, &resources, err);
	if (r == 0)
		r = delegate(w, err);
	return r < 0 ? r : cgroup_clone_fd(cg, 0, ret_fd, err);
}

int step_builder(struct work *w, struct error *err)
{
	struct launch *l = w->l;
	struct init in = {
		.host = l->host,
		.plan = l->plan,
		.rootfs = &w->rootfs,
		.map = &w->map,
		.state = l->state,
		.hooks = l->spec->hooks,
		.seccomp = l->plan->seccomp ? &w->seccomp : NULL,
		.userns_fd = l->userns_fd,
		.join_fds = w->join_fds,
		.mount_fds = w->mount_fds,
		.layers = w->layers,
		.n_layers = w->n_layers,
		.fifo_fd = w->fifo_fd,
		.console_fd = w->console.inner_fd,
		.preserve_fds = l->preserve_fds,
	};
	_cleanup_close_ int cgroup_fd = -EBADF;
	int r = make_cgroup(w, &cgroup_fd, err);

	if (r < 0)
		return r;
	w->builder = sync_clone(CLONE_NEWNS, cgroup_fd, &w->sync, err);
	if (w->builder < 0)
		return w->builder;
	if (w->builder == 0) {
		/* A lock lives as long as any descriptor of it: `start` would wait for ever. */
		fd_close(l->dir->lock_fd);
		in.sync = w->sync;
		init_build(&in);
	}
	w->console.inner_fd = fd_close(w->console.inner_fd);
	return 0;
}

/* The annotations "org.systemd.property.NAME" are properties of the unit. */
static size_t cgroup_properties(const struct spec *s, struct cgroup_property *props)
{
	static const char prefix[] = "org.systemd.property.";
	size_t n = 0;

	for (size_t i = 0; i < s->n_annotations; i++)
		if (str_has_prefix(s->annotations[i].key, prefix))
			props[n++] = (struct cgroup_property){
				.name = s->annotations[i].key + strlen(prefix),
				.value = s->annotations[i].value,
			};
	return n;
}

int step_cgroup(struct work *w, struct error *err)
{
	const struct spec *s = w->l->spec;
	const struct cgroup *cg = &w->l->state->cgroup;
	_cleanup_free_ struct cgroup_property *props =
		xcalloc(s->n_annotations + 1, sizeof(*props));
	struct spec_pids room;
	struct spec_resources resources = with_room(s->linux_->resources, &room);
	size_t n = cgroup_properties(s, props);
	int r = 0;

	if (cg->driver == CGROUP_SYSTEMD) {
		r = cgroup_create(cg, &resources, w->builder, props, n, err);
		if (r == 0)
			r = delegate(w, err);
	}
	return r < 0 ? r : sync_send(w->sync, SYNC_CGROUP, 0, NULL, 0, err);
}

int step_namespaces(struct work *w, struct error *err)
{
	return sync_recv(w->sync, SYNC_NAMESPACES, NULL, &w->root_mount, 1, err);
}

/* "-N" as procfs wants it: floor of the seconds, nanoseconds never negative. */
static void add_offset(char *text, size_t size, const char *clock, struct timespec t)
{
	size_t len = strlen(text);

	(void)snprintf(text + len, size - len, "%s %lld %ld\n", clock, (long long)t.tv_sec,
		       t.tv_nsec);
}

int step_offsets(struct work *w, struct error *err)
{
	const struct plan_timens *t = &w->l->plan->timens;
	_cleanup_free_ char *path = xasprintf("/proc/%d/timens_offsets", w->builder);
	char text[128] = "";
	int r;

	if (t->boottime_from_zero && !t->has_boottime) {
		struct timespec now;

		clock_gettime(CLOCK_BOOTTIME, &now);
		add_offset(text, sizeof(text), "boottime",
			   (struct timespec){.tv_sec = -now.tv_sec});
	}
	if (t->has_boottime)
		add_offset(text, sizeof(text), "boottime", t->boottime);
	if (t->has_monotonic)
		add_offset(text, sizeof(text), "monotonic", t->monotonic);
	r = *text && w->l->plan->unshare & CLONE_NEWTIME ? file_write(AT_FDCWD, path, text) : 0;
	if (r < 0)
		return error_errno(err, -r, "set the time offsets");
	return sync_send(w->sync, SYNC_OFFSETS, 0, NULL, 0, err);
}

int step_init(struct work *w, struct error *err)
{
	struct state *s = w->l->state;
	struct proc_stat st;
	int64_t pid;
	int r = sync_recv(w->sync, SYNC_INIT, &pid, NULL, 0, err);

	if (r < 0)
		return r;
	w->l->init_pid = (pid_t)pid;
	w->l->init_pidfd = pidfd_open((pid_t)pid, 0);
	if (w->l->init_pidfd < 0)
		return error_errno(err, errno, "open init");
	r = proc_stat_read((pid_t)pid, &st);
	if (r < 0)
		return error_errno(err, -r, "read init's start time");
	s->init_pid = (int32_t)pid;
	s->init_start = st.start_time;
	(void)spawn_wait(w->builder, NULL);
	w->builder = 0;
	return take_back_room(w, err);
}

int step_sysctl(struct work *w, struct error *err)
{
	return do_sysctl_outside(w->l->plan, w->l->init_pidfd, err);
}

int step_net_devices(struct work *w, struct error *err)
{
	return do_net_devices(w->l->plan, w->l->init_pid, err);
}

int step_supervise(struct work *w, struct error *err)
{
	const struct fs_client_start start = {
		.id = w->l->state->id,
		.state_dirfd = w->l->dir->dirfd,
		.init_pidfd = w->l->init_pidfd,
		.rootfs_fd = w->root_mount,
		.view_path = w->l->state->view_path,
		.idmap = &w->map,
		.locks_fd = w->locks.fd,
		.proc_fd = w->proc_mount,
		.emulate = w->l->plan->emulate,
		.host_sysctls = w->l->plan->host_sysctls,
	};

	return fs_client_start(&w->fs, &start, &w->emulated, err);
}

int step_emulation(struct work *w, struct error *err)
{
	const int fds[] = {w->emulated.fast_fd, w->emulated.plain_fd};
	int r = sync_send(w->sync, SYNC_EMULATION, 0, fds, fds[0] < 0 ? 0 : ARRAY_SIZE(fds),
			  err);

	if (r < 0 || fds[0] < 0 || sock_wait(w->sync, FS_CLIENT_PATIENCE_MS) != -ETIMEDOUT)
		return r;
	/* Init hangs in one of the files, where no signal would reach it. */
	r = fs_client_cut(&w->emulated);
	return error_set(err, ETIMEDOUT, "sysbox-fs does not serve /proc and /sys%s",
			 r < 0 ? ", nor could it be cut off" : "");
}

int step_hooks(struct work *w, struct error *err)
{
	const struct spec_hooks *h = w->l->spec->hooks;
	struct state *s = w->l->state;
	int r = sync_recv(w->sync, SYNC_HOOKS, NULL, NULL, 0, err);

	if (r == 0 && h) {
		s->hooked = true;
		r = state_save(w->l->dir, s, err);
	}
	if (r == 0 && h)
		r = hooks_run("prestart", h->prestart, h->n_prestart, s, STATE_CREATING, err);
	if (r == 0 && h)
		r = hooks_run("createRuntime", h->create_runtime, h->n_create_runtime, s,
			      STATE_CREATING, err);
	if (r == 0 && h)
		r = hooks_run_create_container(h->create_container, h->n_create_container, s,
					       w->l->init_pidfd, err);
	return r < 0 ? r : sync_send(w->sync, SYNC_HOOKS_DONE, 0, NULL, 0, err);
}

int step_terminal(struct work *w, struct error *err)
{
	return do_console_receive(&w->console, &w->l->master_fd, err);
}

/* The supervisor has said that it emulates, so it is listening. */
static int supervise_listener(struct work *w, int listener, struct error *err)
{
	_cleanup_close_ int sock = listener_open_supervisor(w->l->dir->dirfd);

	if (sock < 0)
		return error_errno(err, -sock, "connect to the supervisor");
	w->l->state->traps = true;
	return listener_supervise(sock, w->l->init_pidfd, listener, err);
}

static int hand_over_listener(struct work *w, int listener, struct error *err)
{
	const struct plan_seccomp *s = w->l->plan->seccomp;
	const struct listener_process p = {
		.pid = w->l->init_pid,
		.pidfd = w->l->init_pidfd,
		.listener_fd = listener,
		.status = STATE_CREATING,
	};

	if (listener >= 0 && s->traps)
		return supervise_listener(w, listener, err);
	if (w->l->plan->emulate & EMUL_NESTED)
		log_info("containers inside this one see the host's figures, not their own: %s",
			 listener >= 0 ? "the seccomp profile has a listener of its own"
				       : "no seccomp listener is to be had");
	if (listener < 0)
		return 0;
	return listener_hand_over(s->listener_path, s->listener_metadata, w->l->state, &p, err);
}

int step_ready(struct work *w, struct error *err)
{
	int64_t listener = -1;
	int r = sync_recv(w->sync, SYNC_READY, &listener, NULL, 0, err);

	if (r == 0)
		r = hand_over_listener(w, (int)listener, err);
	if (r == 0)
		r = do_late_limits(w->l->init_pid, &w->l->plan->process, err);
	return r;
}

int step_save(struct work *w, struct error *err)
{
	w->l->state->complete = true;
	return state_save(w->l->dir, w->l->state, err);
}

int step_go(struct work *w, struct error *err)
{
	return sync_send(w->sync, SYNC_GO, 0, NULL, 0, err);
}

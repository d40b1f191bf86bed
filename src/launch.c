/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	runtime (here)		builder, then init (src/init.c)
 *	--------------		-------------------------------
 *	supervisor: fork+exec
 *	seccomp: compile
 *	user namespace, layers, binds: open as descriptors
 *	state.json ("creating")
 *	clone ---------------->	private mount namespace: root, /dev, pivot
 *	cgroup: make, enter
 *	CGROUP --------------->	enter the user namespace, unshare
 *	<-- NAMESPACES (root)
 *	time offsets
 *	OFFSETS -------------->	fork init
 *	<-- INIT (pid)
 *	procfs, sysfs -------->	mounts
 *	supervisor: START
 *	emulated files ------>	over the kernel's
 *	<-- HOOKS
 *	hooks ---------------->	masks, identity, seccomp
 *	<-- READY
 *	state.json ("created")
 *	GO ------------------->	waits for `start`
 *
 * Whatever could outlive a killed runtime is in state.json before it is made.
 * Processes die with the runtime (PR_SET_PDEATHSIG) until GO.
 */
#include "src/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/flags.h"
#include "lib/log.h"
#include "lib/mount.h"
#include "lib/ns.h"
#include "lib/proc.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "lib/userns.h"
#include "src/do.h"
#include "src/fs-client.h"
#include "src/hooks.h"
#include "src/host.h"
#include "src/init.h"
#include "src/listener.h"
#include "src/locks.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/spec.h"
#include "src/state.h"
#include "src/sync.h"
#include "src/syscont.h"

/* What the steps hand to each other; all owned. */
struct work {
	struct launch *l;
	struct idmap map;
	struct rootfs rootfs;
	struct seccomp_program seccomp;
	struct fs_client fs;
	int *join_fds;
	int *mount_fds;
	struct init_mount *layers; /* of inner images */
	size_t n_layers;
	int fifo_fd;
	int console_fd;	 /* child's end */
	int terminal_fd; /* our end of a pair in its place */
	int sync;
	int child_sync;
	int root_mount;
	int locks_fd;
	int proc_mount; /* a procfs of the container, for the supervisor */
	struct fs_client_mounts emulated;
	pid_t builder;
};

/* ------------------------------------------------------------------ before the child */

static int step_supervisor(struct work *w, struct error *err)
{
	return fs_client_spawn(&w->fs, err);
}

static int step_seccomp(struct work *w, struct error *err)
{
	const struct plan *p = w->l->plan;

	return p->seccomp ? do_seccomp_compile(p->seccomp, &w->seccomp, err) : 0;
}

static int step_fifo(struct work *w, struct error *err)
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

static int step_userns(struct work *w, struct error *err)
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
	w->l->userns_fd = userns_open(&w->map);
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
		return error_set(err, EINVAL,
				 "the %s namespace %s is the host's: a system container needs "
				 "one of its own (or of another container)",
				 type, n->path);
	return 0;
}

static int step_joins(struct work *w, struct error *err)
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

static int step_rootfs(struct work *w, struct error *err)
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
static int step_locks(struct work *w, struct error *err)
{
	return locks_take(w->l->locks, w->l->n_locks, w->l->state->id, &w->locks_fd, err);
}

/* What the end of its former life has left for a commit. */
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
static int step_stores(struct work *w, struct error *err)
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

static int step_binds(struct work *w, struct error *err)
{
	const struct plan *p = w->l->plan;

	w->mount_fds = xcalloc(p->n_mounts + 1, sizeof(int));
	return do_mounts_open(p, &w->map, w->l->userns_fd, w->mount_fds, err);
}

static int step_console(struct work *w, struct error *err)
{
	int pair[2];

	if (!w->l->plan->process.terminal)
		return 0;
	if (w->l->flags & LAUNCH_KEEP_TERMINAL) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return error_errno(err, errno, "make a socket for the terminal");
		w->terminal_fd = pair[0];
		w->console_fd = pair[1];
		return 0;
	}
	w->console_fd = sock_connect_stream(w->l->console_socket);
	if (w->console_fd < 0)
		return error_errno(err, -w->console_fd, "connect to the console socket %s",
				   w->l->console_socket);
	return 0;
}

/* From here on `delete` knows what to look for. */
static int step_record(struct work *w, struct error *err)
{
	return state_save(w->l->dir, w->l->state, err);
}

/* ------------------------------------------------------------------ the child */

static int delegate(struct work *w, struct error *err)
{
	return cgroup_delegate(&w->l->state->cgroup, idmap_to_outside(&w->map.uids, 0),
			       idmap_to_outside(&w->map.gids, 0), err);
}

/* cgroupfs: the builder is born in its cgroup, see src/cgroup.h. systemd wants a pid first. */
static int make_cgroup(struct work *w, int *ret_fd, struct error *err)
{
	const struct cgroup *cg = &w->l->state->cgroup;
	int r;

	*ret_fd = -EBADF;
	if (cg->driver != CGROUP_FS)
		return 0;
	r = cgroup_make(cg, w->l->spec->linux_->resources, err);
	if (r == 0)
		r = delegate(w, err);
	return r < 0 ? r : cgroup_clone_fd(cg, 0, ret_fd, err);
}

static int step_builder(struct work *w, struct error *err)
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
		.console_fd = w->console_fd,
		.preserve_fds = l->preserve_fds,
		.new_keyring = l->flags & LAUNCH_NEW_KEYRING,
	};
	struct clone_args args = {.flags = CLONE_NEWNS, .exit_signal = SIGCHLD};
	_cleanup_close_ int cgroup_fd = -EBADF;
	int pair[2], r = make_cgroup(w, &cgroup_fd, err);

	if (r < 0)
		return r;
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	r = sock_pair(pair);
	if (r < 0)
		return error_errno(err, -r, "make the socket of the handshake");
	w->sync = pair[0];
	w->child_sync = in.sync = pair[1];
	w->builder = sys_clone3(&args);
	if (w->builder < 0)
		return error_errno(err, errno, "fork the builder");
	if (w->builder == 0) {
		/* A lock lives as long as any descriptor of it: `start` would wait for ever. */
		fd_close(l->dir->lock_fd);
		fd_close(w->sync);
		init_build(&in);
	}
	w->child_sync = fd_close(w->child_sync);
	w->console_fd = fd_close(w->console_fd);
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

static int step_cgroup(struct work *w, struct error *err)
{
	const struct spec *s = w->l->spec;
	const struct cgroup *cg = &w->l->state->cgroup;
	_cleanup_free_ struct cgroup_property *props =
		xcalloc(s->n_annotations + 1, sizeof(*props));
	size_t n = cgroup_properties(s, props);
	int r = 0;

	if (cg->driver == CGROUP_SYSTEMD) {
		r = cgroup_create(cg, s->linux_->resources, w->builder, props, n, err);
		if (r == 0)
			r = delegate(w, err);
	}
	return r < 0 ? r : sync_send(w->sync, SYNC_CGROUP, 0, NULL, 0, err);
}

static int step_namespaces(struct work *w, struct error *err)
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

static int step_offsets(struct work *w, struct error *err)
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

static int step_init(struct work *w, struct error *err)
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
	return 0;
}

struct kernel_fs {
	const struct work *w;
	struct error *err; /* shared memory: three processes */
	int back;	   /* a socket to the first of them */
};

/*
 * One more, which the supervisor counts tasks in: a mount of the container's leads into
 * the container.
 */
static int supervisors_procfs(const struct kernel_fs *k)
{
	const struct mount_new proc = {.fstype = "proc", .source = "proc"};
	_cleanup_close_ int fd = mount_make(&proc, NULL, 0);
	int r = fd < 0 ? fd : sock_send_fd(k->back, fd, "proc");

	return r < 0 ? error_errno(k->err, -r, "make a procfs for the supervisor") : 0;
}

/* In the container's pid and network namespace, in the host's mount and user namespace. */
static int kernel_fs_make(void *arg)
{
	const struct kernel_fs *k = arg;
	int fds[2], r = do_mounts_kernel_fs(k->w->l->plan, &fds[0], &fds[1], k->err);

	if (r == 0)
		r = sync_send(k->w->sync, SYNC_KERNEL_FS, 0, fds, 2, k->err);
	return r < 0 ? r : supervisors_procfs(k);
}

/* procfs belongs to the pid namespace of its mounter: a child of who entered it. */
static int kernel_fs_enter(void *arg)
{
	const struct kernel_fs *k = arg;

	if (setns(k->w->l->init_pidfd, CLONE_NEWPID | CLONE_NEWNET) < 0)
		return error_errno(k->err, errno,
				   "enter the container's pid and network namespace");
	return spawn_call(kernel_fs_make, arg);
}

static int receive_procfs(struct work *w, int sock, struct error *err)
{
	char text[16];
	size_t n = 0;
	ssize_t len = sock_recv(sock, text, sizeof(text), &w->proc_mount, 1, &n);

	if (len < 0 || n != 1)
		return error_set(err, EIO, "the supervisor's procfs did not arrive");
	return 0;
}

/*
 * procfs and sysfs are made by a helper that sees the host's mounts: "mount too
 * revealing" asks the caller's mount namespace. They belong to the container all
 * the same, by the namespaces that the helper is in.
 */
static int step_kernel_fs(struct work *w, struct error *err)
{
	struct error *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	struct kernel_fs k = {.w = w, .err = shared};
	int pair[2], r;

	if (shared == MAP_FAILED)
		return error_errno(err, errno, "map memory for the helper");
	r = sock_pair(pair);
	if (r < 0)
		return error_errno(err, -r, "make a socket for the helper");
	ours = pair[0];
	k.back = theirs = pair[1];
	r = spawn_call(kernel_fs_enter, &k);
	if (r < 0 && shared->errnum)
		*err = *shared;
	else if (r < 0)
		r = error_errno(err, -r, "run the helper that makes procfs and sysfs");
	else
		r = receive_procfs(w, ours, err);
	munmap(shared, sizeof(*shared));
	return r;
}

static int step_sysctl(struct work *w, struct error *err)
{
	return do_sysctl_outside(w->l->plan, w->l->init_pidfd, err);
}

static int step_supervise(struct work *w, struct error *err)
{
	const struct fs_client_start start = {
		.id = w->l->state->id,
		.state_dirfd = w->l->dir->dirfd,
		.init_pidfd = w->l->init_pidfd,
		.rootfs_fd = w->root_mount,
		.view_path = w->l->state->view_path,
		.idmap = &w->map,
		.locks_fd = w->locks_fd,
		.proc_fd = w->proc_mount,
		.emulate = w->l->plan->emulate,
	};

	return fs_client_start(&w->fs, &start, &w->emulated, err);
}

static int step_emulation(struct work *w, struct error *err)
{
	const int fds[] = {w->emulated.fast_fd, w->emulated.plain_fd};

	return sync_send(w->sync, SYNC_EMULATION, 0, fds, fds[0] < 0 ? 0 : ARRAY_SIZE(fds),
			 err);
}

static int step_hooks(struct work *w, struct error *err)
{
	const struct spec_hooks *h = w->l->spec->hooks;
	struct state *s = w->l->state;
	int r = sync_recv(w->sync, SYNC_HOOKS, NULL, NULL, 0, err);

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

static int step_terminal(struct work *w, struct error *err)
{
	char text[64];
	size_t n = 0;
	ssize_t len;

	if (w->terminal_fd < 0)
		return 0;
	len = sock_recv(w->terminal_fd, text, sizeof(text), &w->l->master_fd, 1, &n);
	if (len < 0 || n != 1)
		return error_set(err, EIO, "the terminal did not arrive");
	do_terminal_adopt(w->l->master_fd);
	return 0;
}

static int step_ready(struct work *w, struct error *err)
{
	const struct plan_seccomp *s = w->l->plan->seccomp;
	int64_t listener = -1;
	int r = sync_recv(w->sync, SYNC_READY, &listener, NULL, 0, err);

	if (r == 0 && listener >= 0)
		r = listener_hand_over(s->listener_path, s->listener_metadata, w->l->state,
				       w->l->init_pidfd, (int)listener, err);
	if (r == 0)
		r = do_late_limits(w->l->init_pid, &w->l->plan->process, err);
	return r;
}

static int step_save(struct work *w, struct error *err)
{
	w->l->state->complete = true;
	return state_save(w->l->dir, w->l->state, err);
}

/*
 * Wait until init has closed its end: then it is no longer bound to our life. Before,
 * our exit would kill it.
 */
static int step_go(struct work *w, struct error *err)
{
	char c;
	ssize_t n;
	int r = sync_send(w->sync, SYNC_GO, 0, NULL, 0, err);

	if (r < 0)
		return r;
	do {
		n = read(w->sync, &c, 1);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return 0;
}

static const struct step {
	const char *name;
	int (*run)(struct work *w, struct error *err);
} steps[] = {
	{"start the supervisor", step_supervisor},
	{"compile the seccomp profile", step_seccomp},
	{"make the start FIFO", step_fifo},
	{"user namespace", step_userns},
	{"namespaces to join", step_joins},
	{"root file system", step_rootfs},
	{"locks", step_locks},
	{"stores", step_stores},
	{"binds", step_binds},
	{"console", step_console},
	{"record the state", step_record},
	{"fork", step_builder},
	{"cgroup", step_cgroup},
	{"namespaces", step_namespaces},
	{"time offsets", step_offsets},
	{"init", step_init},
	{"kernel file systems", step_kernel_fs},
	{"sysctls", step_sysctl},
	{"supervise", step_supervise},
	{"emulation", step_emulation},
	{"hooks", step_hooks},
	{"terminal", step_terminal},
	{"ready", step_ready},
	{"save the state", step_save},
	{"go", step_go},
};

static int run_steps(struct work *w, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r;

		log_debug("create: %s", steps[i].name);
		r = steps[i].run(w, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void kill_and_reap(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)spawn_wait(pid, NULL);
}

/*
 * A child that failed says why, but we may have noticed its end in another way
 * (EPIPE on a send): its words are the better ones.
 */
static void prefer_childs_words(struct work *w, struct error *err)
{
	struct error said = {0};

	if (err->errnum != EPIPE || w->sync < 0)
		return;
	(void)sync_recv(w->sync, SYNC_ERROR, NULL, NULL, 0, &said);
	if (said.errnum && said.errnum != EPIPE)
		*err = said;
}

static void abort_launch(struct work *w, struct error *err)
{
	prefer_childs_words(w, err);
	kill_and_reap(w->builder);
	kill_and_reap(w->l->init_pid);
	w->l->init_pid = 0;
	w->l->init_pidfd = fd_close(w->l->init_pidfd);
	w->l->master_fd = fd_close(w->l->master_fd);
	fs_client_abort(&w->fs);
}

static void work_done(struct work *w)
{
	const struct plan *p = w->l->plan;

	for (size_t i = 0; w->join_fds && i < p->n_joins; i++)
		fd_close(w->join_fds[i]);
	for (size_t i = 0; w->mount_fds && i < p->n_mounts; i++)
		fd_close(w->mount_fds[i]);
	free(w->join_fds);
	free(w->mount_fds);
	for (size_t i = 0; i < w->n_layers; i++) {
		fd_close(w->layers[i].fd);
		free(w->layers[i].target);
	}
	free(w->layers);
	fd_close(w->fifo_fd);
	fd_close(w->console_fd);
	fd_close(w->terminal_fd);
	fd_close(w->sync);
	fd_close(w->child_sync);
	fd_close(w->root_mount);
	fd_close(w->locks_fd);
	fd_close(w->proc_mount);
	fd_close(w->emulated.fast_fd);
	fd_close(w->emulated.plain_fd);
	fd_close(w->fs.sock);
	seccomp_program_done(&w->seccomp);
	rootfs_done(&w->rootfs);
	idmap_done(&w->map);
}

int launch(struct launch *l, struct error *err)
{
	struct work w = {
		.l = l,
		.rootfs = ROOTFS_EMPTY,
		.fs = {.sock = -EBADF},
		.fifo_fd = -EBADF,
		.console_fd = -EBADF,
		.terminal_fd = -EBADF,
		.sync = -EBADF,
		.child_sync = -EBADF,
		.root_mount = -EBADF,
		.locks_fd = -EBADF,
		.proc_mount = -EBADF,
		.emulated = FS_CLIENT_MOUNTS_EMPTY,
	};
	int r = run_steps(&w, err);

	if (r < 0)
		abort_launch(&w, err);
	work_done(&w);
	return r;
}

void launch_done(struct launch *l)
{
	l->userns_fd = fd_close(l->userns_fd);
	l->init_pidfd = fd_close(l->init_pidfd);
	l->master_fd = fd_close(l->master_fd);
}

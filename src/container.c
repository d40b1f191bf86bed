/* SPDX-License-Identifier: Apache-2.0 */
#include "src/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/proc.h"
#include "lib/str.h"
#include "src/cgroup.h"
#include "src/cmd.h"
#include "src/fs-client.h"
#include "src/hooks.h"
#include "src/host.h"
#include "src/ids.h"
#include "src/image.h"
#include "src/pidfile.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/store.h"
#include "src/subid.h"
#include "src/syscont.h"

#define KILL_WAIT_MS 10000

void container_done(struct container *c)
{
	state_done(&c->state);
	state_dir_done(&c->dir);
}

/* ------------------------------------------------------------------ create */

/* What container_create() gathers on its way. */
struct making {
	const struct options *options;
	const struct container_create *args;
	const char *id;
	char *bundle;
	struct spec *spec;
	struct host host;
	struct image image;
	struct ids ids;
	struct syscont syscont;
	char *store_dir;
	struct syscont_view *views;
	size_t n_views;
	struct plan *plan;
	struct container c;
};

static void making_done(struct making *m)
{
	free(m->bundle);
	spec_free(m->spec);
	host_done(&m->host);
	ids_done(&m->ids);
	image_done(&m->image);
	syscont_done(&m->syscont);
	free(m->store_dir);
	store_views_free(m->views, m->n_views);
	plan_free(m->plan);
	container_done(&m->c);
}

static int load_bundle(struct making *m, struct error *err)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	size_t len;
	int r;

	m->bundle = realpath(m->args->bundle ? m->args->bundle : ".", NULL);
	if (!m->bundle)
		return error_errno(err, errno, "the bundle %s", m->args->bundle);
	path = path_join(m->bundle, "config.json");
	r = file_read(AT_FDCWD, path, SPEC_TEXT_MAX, &text, &len);
	if (r == -ENOENT)
		return error_set(err, ENOENT, "JSON specification file %s not found", path);
	if (r < 0)
		return error_errno(err, -r, "read %s", path);
	r = spec_parse(&m->spec, text, len, "config.json", err);
	if (r == 0)
		r = spec_check(m->spec, err);
	if (r == 0 && !m->spec->linux_)
		m->spec->linux_ = xcalloc(1, sizeof(*m->spec->linux_));
	return r;
}

static int check_terminal(const struct making *m, struct error *err)
{
	bool has_socket = m->args->console_socket && *m->args->console_socket;

	if (m->spec->process->terminal && !has_socket && !m->args->keep_terminal)
		return error_set(err, EINVAL,
				 "cannot allocate tty if sysbox-runc will detach without "
				 "setting console socket");
	if (!m->spec->process->terminal && has_socket)
		return error_set(err, EINVAL,
				 "cannot use console socket if sysbox-runc will not detach or "
				 "allocate tty");
	return 0;
}

static char *rootfs_path(const struct making *m)
{
	const char *path = m->spec->root->path;

	return path_is_absolute(path) ? path_clean(path) : path_join(m->bundle, path);
}

/*
 * A container of this id that was never complete, and whose runtime is gone (its
 * lock is free), is in the way of nobody: clean up and go on.
 */
static int clear_remains(const struct making *m, struct error *err)
{
	_cleanup_(container_done) struct container old = CONTAINER_EMPTY;
	struct error ignored = {0};

	if (container_open(&old, m->options->root, m->id, STATE_SHARED, &ignored) < 0)
		return 0;
	if (old.state.complete)
		return 0;
	old.dir.lock_fd = lockfile_open(old.dir.dirfd, "lock", LOCK_TRY);
	if (old.dir.lock_fd < 0)
		return 0;
	log_info("removing what an interrupted creation of %s left", m->id);
	return container_destroy(&old, CONTAINER_KILL, err);
}

static int make_dir(struct making *m, struct error *err)
{
	int r = state_check_id(m->id, err);

	if (r == 0)
		r = clear_remains(m, err);
	return r < 0 ? r : state_dir_make(&m->c.dir, m->options->root, m->id, err);
}

static void now_rfc3339(char *text, size_t size)
{
	struct timespec t;
	struct tm tm;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text, size, "%s.%09ldZ", date, t.tv_nsec);
}

static void copy_mappings(struct spec_id_mapping **ret, size_t *ret_n,
			  const struct idmap_list *l)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		struct spec_id_mapping *m = array_add((void **)ret, ret_n, sizeof(*m));

		*m = (struct spec_id_mapping){
			.container_id = l->extents[i].inside,
			.host_id = l->extents[i].outside,
			.size = l->extents[i].size,
		};
	}
}

static void copy_annotations(struct state *s, const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_annotations; i++) {
		struct json_pair *p =
			array_add((void **)&s->annotations, &s->n_annotations, sizeof(*p));

		p->key = xstrdup(spec->annotations[i].key);
		p->value = xstrdup(spec->annotations[i].value);
	}
}

static void copy_stores(struct state *s, const struct syscont *sc)
{
	s->store_dir = sc->n_stores ? xstrdup(sc->store_dir) : NULL;
	for (size_t i = 0; i < sc->n_stores; i++) {
		struct json_pair *p = array_add((void **)&s->stores, &s->n_stores, sizeof(*p));

		p->key = xstrdup(sc->stores[i].name);
		p->value = xstrdup(sc->stores[i].real);
	}
}

static void copy_locks(struct state *s, const struct syscont *sc)
{
	for (size_t i = 0; i < sc->n_locks; i++) {
		struct json_pair *p = array_add((void **)&s->locks, &s->n_locks, sizeof(*p));

		p->key = xstrdup(sc->locks[i].target);
		p->value = xstrdup(sc->locks[i].source);
	}
}

static int fill_state(struct making *m, struct error *err)
{
	struct state *s = &m->c.state;
	const struct passwd *pw = getpwuid(getuid());
	char created[64], boot_id[37];
	int r = proc_boot_id(boot_id);

	if (r < 0)
		return error_errno(err, -r, "read the boot id");
	now_rfc3339(created, sizeof(created));
	s->version = STATE_VERSION;
	s->id = xstrdup(m->id);
	s->oci_version = xstrdup(m->spec->oci_version);
	s->bundle = xstrdup(m->bundle);
	s->rootfs = rootfs_path(m);
	s->created = xstrdup(created);
	s->owner = xstrdup(pw ? pw->pw_name : "");
	s->boot_id = xstrdup(boot_id);
	s->is_plain = !m->syscont.options.syscont_mode;
	s->honor_caps = m->syscont.options.honor_caps;
	copy_mappings(&s->uid_mappings, &s->n_uid_mappings, &m->ids.map.uids);
	copy_mappings(&s->gid_mappings, &s->n_gid_mappings, &m->ids.map.gids);
	copy_annotations(s, m->spec);
	copy_stores(s, &m->syscont);
	copy_locks(s, &m->syscont);
	return cgroup_plan(&s->cgroup, &m->host,
			   m->options->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_FS,
			   m->spec->linux_->cgroups_path, m->id, err);
}

static void log_warnings(const struct syscont *sc)
{
	for (char **w = sc->warnings; w && *w; w++)
		log_warn("%s", *w);
}

/* What the image has of inner engines already. */
static int find_views(struct making *m, const char *rootfs, struct error *err)
{
	struct syscont *sc = &m->syscont;
	_cleanup_(strv_freep) char **dirs = syscont_store_dirs(sc), **real = NULL;
	int r;

	for (char **d = dirs; *d; d++) {
		const char *link = json_pairs_get(m->image.links, m->image.n_links, *d);

		strv_add(&real, link ? link : *d);
	}
	r = store_views_find(rootfs, real, &m->views, &m->n_views, err);
	sc->views = m->views;
	sc->n_views = m->n_views;
	return r;
}

/* Where inner engines may keep their data, and how ids are on disk there. */
static int find_stores(struct making *m, const char *rootfs, struct error *err)
{
	struct syscont *sc = &m->syscont;
	int r = store_locate(&m->store_dir, rootfs, err);

	if (r < 0 || r == STORE_E_NONE)
		return r < 0 ? r : 0;
	sc->store_dir = m->store_dir;
	r = m->ids.given ? rootfs_is_shifted(rootfs, &m->ids.map, err) : 0;
	sc->stores_shifted = r > 0;
	return r < 0 ? r : find_views(m, rootfs, err);
}

static int read_image(struct making *m, const char *rootfs, struct error *err)
{
	_cleanup_(strv_freep) char **dirs = syscont_store_dirs(&m->syscont);

	return image_read(&m->image, rootfs, dirs, err);
}

/* From the engine's words to a plan. */
static int make_plan(struct making *m, struct error *err)
{
	struct syscont *sc = &m->syscont;
	_cleanup_free_ char *rootfs = rootfs_path(m);
	int r;

	sc->spec = m->spec;
	sc->host = &m->host;
	r = syscont_env(sc, err);
	if (r == 0)
		r = notify_prepare(&m->c.dir, sc, err);
	if (r == 0)
		r = ids_decide(&m->ids, m->spec, m->c.dir.path, err);
	if (r == 0)
		r = read_image(m, rootfs, err);
	sc->image = &m->image;
	if (r == 0)
		r = find_stores(m, rootfs, err);
	if (r < 0)
		return r;
	idmap_copy(&sc->idmap, &m->ids.map);
	free(m->spec->root->path);
	m->spec->root->path = take_ptr(&rootfs);
	r = syscont_rewrite(sc, err);
	log_warnings(sc);
	return r < 0 ? r : plan_make(&m->plan, sc, err);
}

static unsigned int launch_flags_of(const struct making *m)
{
	return (m->args->no_new_keyring ? 0 : LAUNCH_NEW_KEYRING) |
	       (m->ids.given ? LAUNCH_GIVEN_IDS : 0) |
	       (m->args->keep_terminal ? LAUNCH_KEEP_TERMINAL : 0);
}

static int do_launch(struct making *m, struct launch *ret, struct error *err)
{
	struct launch l = LAUNCH_EMPTY;
	int r;

	l.host = &m->host;
	l.spec = m->spec;
	l.plan = m->plan;
	l.stores = (struct store_make){
		.dir = m->syscont.store_dir,
		.rootfs = m->plan->rootfs,
		.stores = m->syscont.stores,
		.n_stores = m->syscont.n_stores,
		.views = m->views,
		.n_views = m->n_views,
		.shift = m->syscont.stores_shifted ? &m->ids.map : NULL,
	};
	l.locks = m->syscont.locks;
	l.n_locks = m->syscont.n_locks;
	l.dir = &m->c.dir;
	l.state = &m->c.state;
	l.console_socket = m->args->console_socket;
	l.preserve_fds = (unsigned int)m->args->preserve_fds;
	l.flags = launch_flags_of(m);
	l.userns_fd = take_fd(&m->ids.userns_fd);
	r = launch(&l, err);
	if (r == 0) {
		r = pidfile_write(m->args->pid_file, l.init_pid, err);
		if (r == 0)
			r = pidfile_send(m->args->pidfd_socket, l.init_pidfd, err);
		/* Not to be used after us: they point into what making_done() frees. */
		l.host = NULL;
		l.spec = NULL;
		l.plan = NULL;
		l.stores = (struct store_make){0};
		l.locks = NULL;
	}
	if (r < 0) {
		launch_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

static int make(struct making *m, struct launch *ret, struct error *err)
{
	int r = load_bundle(m, err);

	if (r == 0)
		r = check_terminal(m, err);
	if (r == 0)
		r = host_probe(&m->host, err);
	if (r == 0)
		r = host_check(&m->host, err);
	if (r == 0)
		r = make_dir(m, err);
	if (r < 0)
		return r;
	r = make_plan(m, err);
	if (r == 0)
		r = fill_state(m, err);
	if (r == 0)
		r = state_save_config(&m->c.dir, m->spec, err);
	if (r == 0)
		r = do_launch(m, ret, err);
	if (r < 0) {
		struct error later = {0};

		if (container_destroy(&m->c, CONTAINER_KILL, &later) < 0)
			log_warn("after the failed creation: %s", later.text);
	}
	return r;
}

int container_create(struct container *ret, struct launch *ret_launch, const struct options *o,
		     const char *id, const struct container_create *c, struct error *err)
{
	_cleanup_(making_done) struct making m = {
		.options = o,
		.args = c,
		.id = id,
		.ids = IDS_EMPTY,
		.syscont = SYSCONT_EMPTY,
		.c = CONTAINER_EMPTY,
	};
	int r = make(&m, ret_launch, err);

	if (r < 0)
		return r;
	*ret = m.c;
	m.c = (struct container)CONTAINER_EMPTY;
	ret_launch->dir = NULL;
	ret_launch->state = NULL;
	return 0;
}

/* ------------------------------------------------------------------ open, start */

int container_open(struct container *ret, const char *root, const char *id,
		   enum state_lock lock, struct error *err)
{
	_cleanup_(container_done) struct container c = CONTAINER_EMPTY;
	int r = state_dir_open(&c.dir, root, id, lock, err);

	if (r == 0)
		r = state_load(&c.dir, &c.state, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct container)CONTAINER_EMPTY;
	return 0;
}

/*
 * Opening for reading lets init's open for writing return. Both sides are polled:
 * init may have died meanwhile, and then nobody will ever write.
 */
static int release_init(const struct container *c, struct error *err)
{
	/* In this order: once the FIFO is open, init may run, and end, at any moment. */
	_cleanup_close_ int pidfd = state_init_pidfd(&c->state, err);
	_cleanup_close_ int fifo =
		openat(c->dir.dirfd, "exec.fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd fds[2];
	char byte;

	if (pidfd < 0)
		return pidfd;
	if (fifo < 0)
		return error_errno(err, errno, "open exec.fifo");
	/* At once: whoever finds it waits for an init that has gone on. */
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
	if (proc_pidfd_wait(pidfd, KILL_WAIT_MS) == 0)
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
	r = notify_listen(n, &c->dir, err);
	if (r == 0)
		r = release_init(c, err);
	if (r < 0)
		return r;
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

/* Not half of it: the engine may be about to commit. */
static int show_stores(const struct state *s, int init_pidfd, struct error *err)
{
	const struct store_flush f = flush_of(s, init_pidfd);
	struct error later = {0};
	int r = store_flush(&f, err);

	if (r < 0 && store_unflush(&f, &later) < 0)
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
	return r;
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
	struct error later = {0};
	int r = 0;

	if (flags & CONTAINER_KILL) {
		if (s->cgroup.n_dirs)
			kill_rest(s);
		r = kill_init(s, err);
		if (r < 0)
			return r;
	}
	if (s->view_path)
		r = fs_client_cleanup(s->view_path, err);
	/* A stopped container can be committed, too; that it cannot need not stop the end. */
	if (r == 0 && s->complete && show_stores(s, -EBADF, &later) < 0)
		log_warn("a commit will be without inner images: %s", later.text);
	if (s->cgroup.n_dirs) {
		int e = cgroup_destroy(&s->cgroup, err);

		r = r < 0 ? r : e;
	}
	if (r < 0)
		return r;
	remove_work(s);
	if (s->complete)
		run_poststop(c);
	r = subid_release(c->dir.path, err);
	return r < 0 ? r : state_dir_remove(&c->dir, err);
}

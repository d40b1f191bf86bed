/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bundle to a created container: read, judge, rewrite (src/syscont.h), plan
 * (src/plan.h), launch (src/launch.h). Nothing has an effect before the state directory exists;
 * from then on container_destroy() can undo everything.
 */
#include "src/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/cgroup.h"
#include "src/cmd.h"
#include "src/host.h"
#include "src/ids.h"
#include "src/image.h"
#include "src/passed-fds.h"
#include "src/pidfile.h"
#include "src/plan.h"
#include "src/rootfs.h"
#include "src/store.h"
#include "src/syscont.h"

#define SETTINGS_MAX (64u << 10)

/* What container_create() gathers on its way. */
struct making {
	const struct options *options;
	const struct container_create *args;
	const char *id;
	char *bundle;
	struct spec *spec;
	int n_fds; /* that the caller passes on */
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

/* A FIFO in its place must not stop us. */
static int read_config(const char *path, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_read_all(fd, SPEC_TEXT_MAX, ret, ret_len) : -EINVAL;
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
	r = read_config(path, &text, &len);
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
	bool has_socket = !str_is_empty(m->args->console_socket);

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

static int take_fds(struct making *m, struct error *err)
{
	int n = m->args->preserve_fds, r = passed_fds_check(n, err);

	if (r < 0)
		return r;
	m->n_fds = n + passed_fds_activate(m->spec->process);
	return passed_fds_check(m->n_fds, err);
}

static char *rootfs_path(const struct making *m)
{
	const char *path = m->spec->root->path;

	return path_is_absolute(path) ? path_clean(path) : path_join(m->bundle, path);
}

/*
 * A container of this id that was never completed, and whose runtime is gone (its
 * lock is free), is nobody's: clean up and go on.
 */
static int clear_remains(const struct making *m, struct error *err)
{
	_cleanup_(container_done) struct container old = CONTAINER_EMPTY;
	struct error ignored = {0};
	int r = container_open(&old, m->options->root, m->id, STATE_TRY, &ignored);

	if ((r < 0 && r != -ENODATA) || old.state.complete)
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

/* What a killed runtime leaves is found by this: saved before anything is made. */
static int fill_state(struct making *m, struct error *err)
{
	int r = state_fill(&m->c.state, m->id, m->bundle, &m->syscont, err);

	if (r < 0)
		return r;
	m->c.state.no_new_keyring = m->args->no_new_keyring;
	r = cgroup_plan(&m->c.state.cgroup, &m->host,
			m->options->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_FS,
			m->spec->linux_->cgroups_path, m->id, err);
	if (r == 0)
		cgroup_withhold(&m->c.state.cgroup, m->spec->linux_->resources);
	return r;
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

	return image_read(&m->image, rootfs, dirs, m->syscont.spec->process, err);
}

/* A missing file is as good as an empty one; one that cannot be read is an error. */
static int read_settings(struct making *m, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(AT_FDCWD, m->options->config, SETTINGS_MAX, &text, NULL);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return error_errno(err, -r, "read %s", m->options->config);
	if (text)
		syscont_settings(&m->syscont, text);
	return 0;
}

/* From the engine's configuration to a plan. */
static int make_plan(struct making *m, struct error *err)
{
	struct syscont *sc = &m->syscont;
	_cleanup_free_ char *rootfs = rootfs_path(m);
	int r;

	sc->spec = m->spec;
	sc->host = &m->host;
	r = read_settings(m, err);
	if (r < 0)
		return r;
	syscont_env(sc);
	r = notify_prepare(&m->c.dir, sc, err);
	if (r == 0)
		r = ids_decide(&m->ids, m->spec, m->c.dir.path, err);
	if (r == 0)
		r = read_image(m, rootfs, err);
	sc->image = &m->image;
	sc->ids_given = m->ids.given;
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
	return (m->ids.given ? LAUNCH_GIVEN_IDS : 0) |
	       (m->args->keep_terminal ? LAUNCH_KEEP_TERMINAL : 0);
}

static struct launch launch_of(struct making *m)
{
	struct launch l = LAUNCH_EMPTY;

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
	l.preserve_fds = (unsigned int)m->n_fds;
	l.flags = launch_flags_of(m);
	l.userns_fd = take_fd(&m->ids.userns_fd);
	return l;
}

static int do_launch(struct making *m, struct launch *ret, struct error *err)
{
	struct launch l = launch_of(m);
	int r = launch(&l, err);

	if (r == 0)
		r = pidfile_write(m->args->pid_file, l.init_pid, err);
	if (r == 0)
		r = pidfile_send(m->args->pidfd_socket, l.init_pidfd, err);
	if (r < 0) {
		launch_done(&l);
		return r;
	}
	/* Not to be used after this: they point into what making_done() frees. */
	l.host = NULL;
	l.spec = NULL;
	l.plan = NULL;
	l.stores = (struct store_make){0};
	l.locks = NULL;
	*ret = l;
	return 0;
}

static int make(struct making *m, struct launch *ret, struct error *err)
{
	int r = load_bundle(m, err);

	if (r == 0)
		r = check_terminal(m, err);
	if (r == 0)
		r = take_fds(m, err);
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

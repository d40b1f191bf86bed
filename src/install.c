/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Docker reads its settings file at its start and at SIGHUP, which reloads the runtimes without
 * touching a container. A file that dockerd cannot parse does no harm at SIGHUP, where it is
 * only logged, but keeps dockerd from starting next time: so the file is parsed strictly,
 * changed in one member, and replaced by rename. "runtimes" both there and on dockerd's command
 * line is such an error, and refused.
 */
#include "src/install.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/json-edit.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/docker.h"

#define CONFIG_MAX	  (4u << 20)
#define RELOAD_TRIES	  100
#define RELOAD_PAUSE_USEC 50000
#define PODMAN_DIR	  "/etc/containers/containers.conf.d"
#define PODMAN_FILE	  INSTALL_NAME ".conf"

static const char *const path_program[] = {"runtimes", INSTALL_NAME, "path", NULL};
static const char *const path_runtime[] = {"runtimes", INSTALL_NAME, NULL};
static const char *const path_default[] = {"default-runtime", NULL};

static void report(struct install_report *r, const char *fmt, ...) _printf_(2, 3);
static void report(struct install_report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
}

/* The settings file. */

static int config_read(const char *path, struct json_doc **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read(AT_FDCWD, path, CONFIG_MAX, &text, &len);

	if (r == -ENOENT)
		text = xstrdup("");
	else if (r < 0)
		return error_errno(err, -r, "read %s", path);
	r = json_doc_parse(text, len, path, ret, err);
	return r < 0 ? error_wrap(err, r, "Docker's settings are not sound, fix them first")
		     : 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0644;
}

/* Settings that say nothing any more are removed: that is how Docker comes from its package. */
static int config_write(const char *path, const struct json_doc *doc, struct error *err)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_EMPTY;
	_cleanup_close_ int dirfd = -EBADF;
	int r;

	path_split(path, &dir, &base);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make %s", dir);
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_errno(err, errno, "open %s", dir);
	if (json_doc_is_empty(doc)) {
		if (unlinkat(dirfd, base, 0) < 0 && errno != ENOENT)
			return error_errno(err, errno, "remove %s", path);
		return 0;
	}
	json_doc_print(doc, &text);
	r = atomicfile_write(dirfd, base, strbuf_str(&text), text.len, mode_of(path),
			     ATOMICFILE_DURABLE);
	return r < 0 ? error_errno(err, -r, "write %s", path) : 0;
}

/* The running daemon. */

static bool shows(const struct docker_daemon *d, const char *program)
{
	_cleanup_(docker_info_done) struct docker_info info = {0};
	struct error err = {0};

	if (docker_info_get(&info, d->socket, &err) < 0)
		return false;
	return str_eq(docker_info_runtime(&info, INSTALL_NAME), program);
}

/* Until the engine knows the runtime as `program`; NULL: until it no longer knows it. */
static int reload(const struct docker_daemon *d, const char *program, struct error *err)
{
	if (kill(d->pid, SIGHUP) < 0)
		return error_errno(err, errno, "tell dockerd (pid %d) to reload", d->pid);
	for (int i = 0; i < RELOAD_TRIES; i++) {
		if (shows(d, program))
			return 0;
		clock_sleep_usec(RELOAD_PAUSE_USEC);
	}
	return error_set(
		err, ETIMEDOUT,
		"%s is written, but dockerd (pid %d) does not show the change; its log "
		"says why, and a restart of dockerd takes it up",
		d->config, d->pid);
}

int install_docker(const char *program, struct install_report *ret, struct error *err)
{
	_cleanup_(docker_daemon_done) struct docker_daemon d = {0};
	_cleanup_(json_doc_freep) struct json_doc *doc = NULL;
	bool is_new;
	int r = docker_daemon_find(&d, err);

	if (r < 0)
		return r;
	if (d.has_runtimes)
		return error_set(
			err, EBUSY,
			"dockerd (pid %d) has --add-runtime on its command line, which "
			"bars runtimes in %s; add --add-runtime " INSTALL_NAME "=%s there",
			d.pid, d.config, program);
	r = config_read(d.config, &doc, err);
	if (r < 0)
		return r;
	is_new = !str_eq(json_doc_get(doc, path_program), program);
	if (is_new) {
		r = json_doc_set(doc, path_program, program, err);
		if (r == 0)
			r = config_write(d.config, doc, err);
		if (r < 0)
			return r;
	}
	if (d.pid > 0 && !shows(&d, program)) {
		r = reload(&d, program, err);
		if (r < 0)
			return r;
	}
	report(ret, "Docker: %s %s in %s%s", program,
	       is_new ? "is now registered as " INSTALL_NAME
		      : "was already registered as " INSTALL_NAME,
	       d.config,
	       d.pid > 0 ? "; the running engine knows it" : "; no engine runs at the moment");
	return 0;
}

/*
 * What a running engine must be told to forget: a setting that is merely absent changes
 * nothing.
 */
static int forget(const struct docker_daemon *d, bool was_default, struct error *err)
{
	_cleanup_(json_doc_freep) struct json_doc *doc = NULL;
	int r = config_read(d->config, &doc, err);

	if (r < 0)
		return r;
	json_doc_remove(doc, path_runtime, 0);
	if (was_default)
		r = json_doc_set(doc, path_default, "runc", err);
	if (r == 0)
		r = config_write(d->config, doc, err);
	return r < 0 ? r : reload(d, NULL, err);
}

int uninstall_docker(struct install_report *ret, struct error *err)
{
	_cleanup_(docker_daemon_done) struct docker_daemon d = {0};
	_cleanup_(json_doc_freep) struct json_doc *doc = NULL;
	bool was_default;
	int r = docker_daemon_find(&d, err);

	if (r == 0)
		r = config_read(d.config, &doc, err);
	if (r < 0)
		return r;
	/* A default that is not registered would keep dockerd from starting. */
	was_default = str_eq(json_doc_get(doc, path_default), INSTALL_NAME);
	if (was_default)
		json_doc_remove(doc, path_default, 0);
	if (!json_doc_remove(doc, path_runtime, JSON_DOC_PRUNE) && !was_default) {
		report(ret, "Docker: " INSTALL_NAME " is not registered in %s", d.config);
		return 0;
	}
	r = d.pid > 0 ? forget(&d, was_default, err) : 0;
	if (r == 0)
		r = config_write(d.config, doc, err);
	if (r < 0)
		return r;
	report(ret, "Docker: " INSTALL_NAME " is no longer registered in %s%s", d.config,
	       was_default ? ", nor the default runtime" : "");
	return 0;
}

/* Podman reads every file of this directory at each call: nothing to reload. */

int install_podman(const char *program, struct install_report *ret, struct error *err)
{
	_cleanup_free_ char *text =
		xasprintf("# Written by " INSTALL_NAME " install.\n"
			  "[engine.runtimes]\n" INSTALL_NAME " = [\"%s\"]\n",
			  program);
	_cleanup_close_ int dirfd = -EBADF;
	int r;

	if ((mkdir("/etc/containers", 0755) < 0 && errno != EEXIST) ||
	    (mkdir(PODMAN_DIR, 0755) < 0 && errno != EEXIST))
		return error_errno(err, errno, "make " PODMAN_DIR);
	dirfd = open(PODMAN_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_errno(err, errno, "open " PODMAN_DIR);
	r = atomicfile_write(dirfd, PODMAN_FILE, text, strlen(text), 0644, ATOMICFILE_DURABLE);
	if (r < 0)
		return error_errno(err, -r, "write " PODMAN_DIR "/" PODMAN_FILE);
	report(ret,
	       "Podman: %s is registered as " INSTALL_NAME " in " PODMAN_DIR "/" PODMAN_FILE,
	       program);
	return 0;
}

int uninstall_podman(struct install_report *ret, struct error *err)
{
	if (unlink(PODMAN_DIR "/" PODMAN_FILE) < 0) {
		if (errno != ENOENT)
			return error_errno(err, errno, "remove " PODMAN_DIR "/" PODMAN_FILE);
		report(ret, "Podman: " INSTALL_NAME " is not registered");
		return 0;
	}
	report(ret, "Podman: removed " PODMAN_DIR "/" PODMAN_FILE);
	return 0;
}

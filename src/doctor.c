/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: areas of probes, each of which fills one row. Versions are printed and
 * not compared. A probe that another one makes pointless is still run: a user fixes everything
 * in one go.
 */
#include "src/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/strbuf.h"
#include "src/doctor-internal.h"
#include "src/subid.h"

static const struct doctor_area *const areas[] = {
	&doctor_kernel, &doctor_devices, &doctor_rootfs, &doctor_limits, &doctor_engine,
};

void doctor_found(struct doctor_row *row, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(row->text, sizeof(row->text), fmt, ap);
	va_end(ap);
}

void doctor_mend(struct doctor_row *row, enum doctor_level level, const char *fmt, ...)
{
	va_list ap;

	row->level = level;
	va_start(ap, fmt);
	(void)vsnprintf(row->fix, sizeof(row->fix), fmt, ap);
	va_end(ap);
}

void doctor_trial_map(struct idmap *m)
{
	idmap_add(&m->uids, 0, DOCTOR_TRIAL_ID, SUBID_RANGE);
	idmap_add(&m->gids, 0, DOCTOR_TRIAL_ID, SUBID_RANGE);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *find_data_root(const struct doctor *d)
{
	static const char *const usual[] = {"/var/lib/docker", "/var/lib/containers",
					    "/var/lib/containerd", "/var/lib"};

	if (d->has_docker && d->docker.root_dir && is_directory(d->docker.root_dir))
		return xstrdup(d->docker.root_dir);
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (is_directory(usual[i]))
			return xstrdup(usual[i]);
	return xstrdup("/");
}

static void doctor_done(struct doctor *d)
{
	host_done(&d->host);
	docker_daemon_done(&d->daemon);
	docker_info_done(&d->docker);
	free(d->data_root);
}

static void doctor_init(struct doctor *d, const char *data_root)
{
	struct error ignored = {0};
	ssize_t n = readlink("/proc/self/exe", d->program, sizeof(d->program) - 1);

	d->program[n > 0 ? n : 0] = '\0';
	if (host_probe(&d->host, &ignored) < 0)
		d->host.kernel_release = xstrdup("?");
	/* No daemon and no answer are findings of a probe. */
	if (docker_daemon_find(&d->daemon, &ignored) == 0)
		d->has_docker = docker_info_get(&d->docker, d->daemon.socket, &ignored) == 0;
	d->data_root = data_root ? xstrdup(data_root) : find_data_root(d);
}

static void run_area(const struct doctor_area *area, const struct doctor *d,
		     struct doctor_report *r)
{
	for (size_t i = 0; i < area->n_probes; i++) {
		struct doctor_row *row = &r->rows[r->n_rows++];

		row->name = area->probes[i].name;
		area->probes[i].run(d, row);
		if (row->level == DOCTOR_FAIL)
			r->ok = false;
	}
}

void doctor_run(const char *data_root, struct doctor_report *ret)
{
	_cleanup_(doctor_done) struct doctor d = {0};
	size_t n = 0;

	doctor_init(&d, data_root);
	for (size_t i = 0; i < ARRAY_SIZE(areas); i++)
		n += areas[i]->n_probes;
	*ret = (struct doctor_report){.rows = xcalloc(n, sizeof(*ret->rows)), .ok = true};
	for (size_t i = 0; i < ARRAY_SIZE(areas); i++)
		run_area(areas[i], &d, ret);
}

void doctor_report_done(struct doctor_report *r)
{
	free(r->rows);
	*r = (struct doctor_report){0};
}

const char *doctor_level_name(enum doctor_level l)
{
	switch (l) {
	case DOCTOR_OK:
		return "ok";
	case DOCTOR_WARN:
		return "warn";
	case DOCTOR_FAIL:
		return "fail";
	}
	return "?";
}

char *doctor_format(const struct doctor_report *r)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_EMPTY;

	strbuf_addf(&out, "{\"ok\":%s,\"rows\":[", r->ok ? "true" : "false");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct doctor_row *row = &r->rows[i];
		const char *const members[][2] = {
			{"name", row->name},
			{"level", doctor_level_name(row->level)},
			{"text", row->text},
			{"fix", row->fix},
		};

		strbuf_adds(&out, i ? ",{" : "{");
		for (size_t k = 0; k < ARRAY_SIZE(members); k++) {
			strbuf_addf(&out, "%s\"%s\":", k ? "," : "", members[k][0]);
			json_quote(&out, members[k][1]);
		}
		strbuf_adds(&out, "}");
	}
	strbuf_adds(&out, "]}");
	return strbuf_take(&out);
}

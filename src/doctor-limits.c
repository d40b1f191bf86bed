/* SPDX-License-Identifier: Apache-2.0 */
/* What all containers share, and may run out of. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "src/doctor-internal.h"
#include "src/subid.h"

/* Below this an image of ordinary size does not fit. */
#define SPACE_LOW (2ull << 30)
/* The kernel's default, enough for a dozen of systemd machines inside of one container. */
#define INOTIFY_LOW 128

static void probe_space(const struct doctor *d, struct doctor_row *row)
{
	struct statvfs st;
	unsigned long long space;

	if (statvfs(d->data_root, &st) < 0) {
		doctor_found(row, "%s: %s", d->data_root, strerror(errno));
		doctor_mend(row, DOCTOR_WARN, "name the engine's own: --data-root DIR");
		return;
	}
	space = (unsigned long long)st.f_bavail * st.f_frsize;
	doctor_found(row, "%llu MiB free at %s", space >> 20, d->data_root);
	if (space < SPACE_LOW)
		doctor_mend(row, DOCTOR_WARN, "docker system prune, or a larger disk");
}

static void probe_ids(const struct doctor *d _unused_, struct doctor_row *row)
{
	/* Owners are directories that exist; this one stands for us while we try. */
	_cleanup_free_ char *owner = xasprintf("/proc/%d/task", getpid());
	struct error err = {0};
	uint32_t base;

	if (subid_reserve(owner, SUBID_RANGE, &base, &err) < 0) {
		doctor_found(row, "%s", err.text);
		doctor_mend(row, DOCTOR_FAIL,
			    "usermod --add-subuids 1000000000-1099999999 --add-subgids "
			    "1000000000-1099999999 sysbox");
		return;
	}
	(void)subid_release(owner, &err);
	doctor_found(row, "the next container gets %u to %u", base, base + SUBID_RANGE - 1);
}

static void probe_inotify(const struct doctor *d _unused_, struct doctor_row *row)
{
	_cleanup_free_ char *text = NULL;
	uint64_t n;

	if (file_read_line(AT_FDCWD, "/proc/sys/fs/inotify/max_user_instances", &text) < 0 ||
	    str_to_u64(text, &n) < 0) {
		doctor_found(row, "unknown");
		return;
	}
	doctor_found(row, "%llu instances for a container with all that is in it",
		     (unsigned long long)n);
	if (n < INOTIFY_LOW)
		doctor_mend(row, DOCTOR_WARN,
			    "a systemd takes some ten: sysctl -w "
			    "fs.inotify.max_user_instances=8192");
}

static const struct doctor_probe probes[] = {
	{"disk space", probe_space},
	{"id ranges", probe_ids},
	{"inotify", probe_inotify},
};
const struct doctor_area doctor_limits = {probes, ARRAY_SIZE(probes)};

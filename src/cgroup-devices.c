/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the specification's list of device rules is processed in order, and the
 * last rule that matches decides. A rule for everything ("a" without numbers) therefore makes
 * all that stands before it void. What follows the last such rule, or the whole list where
 * there is none, begins with the nodes that every container has (those of runc), so that an
 * explicit rule still overrides them.
 *
 * On v2 this is exactly what the program of src/cgroup-bpf.c computes. The v1 files
 * are weaker: a group is a default with exceptions, and an exception is removed
 * only by its own numbers. So v1 cannot exclude a device from a wider rule; where
 * that was asked for and matters, it is an error rather than a silent hole.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"
#include "src/spec.h"

#define ANY	   (-1)
#define ACCESS_RW  (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define ACCESS_ALL (ACCESS_RW | BPF_DEVCG_ACC_MKNOD)

static const struct cgroup_device_rule default_rules[] = {
	{true, 'c', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
	{true, 'b', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 3, ACCESS_ALL},	   /* null */
	{true, 'c', 1, 5, ACCESS_ALL},	   /* zero */
	{true, 'c', 1, 7, ACCESS_ALL},	   /* full */
	{true, 'c', 1, 8, ACCESS_ALL},	   /* random */
	{true, 'c', 1, 9, ACCESS_ALL},	   /* urandom */
	{true, 'c', 5, 0, ACCESS_ALL},	   /* tty */
	{true, 'c', 5, 2, ACCESS_ALL},	   /* ptmx */
	{true, 'c', 136, ANY, ACCESS_ALL}, /* pts */
	{true, 'c', 10, 200, ACCESS_ALL},  /* tun: runc keeps it for old engines */
};

void cgroup_devices_done(struct cgroup_devices *d)
{
	free(d->rules);
	*d = (struct cgroup_devices){0};
}

static int parse_access(const struct spec_device_rule *s, size_t i, unsigned int *ret,
			struct error *err)
{
	unsigned int access = 0;

	if (str_is_empty(s->access))
		return error_set(err, EINVAL,
				 "linux.resources.devices[%zu].access: cannot be empty", i);
	for (const char *p = s->access; *p; p++) {
		if (*p == 'r')
			access |= BPF_DEVCG_ACC_READ;
		else if (*p == 'w')
			access |= BPF_DEVCG_ACC_WRITE;
		else if (*p == 'm')
			access |= BPF_DEVCG_ACC_MKNOD;
		else
			return error_set(
				err, EINVAL,
				"linux.resources.devices[%zu].access: \"%s\" is not made "
				"of r, w and m",
				i, s->access);
	}
	*ret = access;
	return 0;
}

static int parse_number(struct maybe_i64 v, size_t i, const char *what, int64_t *ret,
			struct error *err)
{
	*ret = v.present ? v.value : ANY;
	if (*ret >= ANY && *ret <= UINT32_MAX)
		return 0;
	return error_set(err, EINVAL,
			 "linux.resources.devices[%zu].%s: %" PRId64 " is no device number", i,
			 what, v.value);
}

static void rule_add(struct cgroup_devices *d, const struct cgroup_device_rule *r)
{
	*(struct cgroup_device_rule *)array_add((void **)&d->rules, &d->n_rules, sizeof(*r)) =
		*r;
}

static void begin_anew(struct cgroup_devices *d, bool allow_all)
{
	d->n_rules = 0;
	d->allow_all = allow_all;
	if (allow_all)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(default_rules); i++)
		rule_add(d, &default_rules[i]);
}

static int rule_resolve(struct cgroup_devices *d, const struct spec_device_rule *s, size_t i,
			struct error *err)
{
	struct cgroup_device_rule rule = {.allow = s->allow};
	char type = str_is_empty(s->type) ? 'a' : *s->type;
	int r;

	if (s->type && strlen(s->type) > 1)
		type = '?';
	r = parse_access(s, i, &rule.access, err);
	if (r == 0)
		r = parse_number(s->major, i, "major", &rule.major, err);
	if (r == 0)
		r = parse_number(s->minor, i, "minor", &rule.minor, err);
	if (r < 0)
		return r;
	switch (type) {
	case 'a':
		if (rule.major == ANY && rule.minor == ANY && rule.access == ACCESS_ALL) {
			begin_anew(d, rule.allow);
			return 0;
		}
		rule.type = 'b';
		rule_add(d, &rule);
		rule.type = 'c';
		rule_add(d, &rule);
		return 0;
	case 'b':
	case 'c':
	case 'u': /* an unbuffered character device, as mknod(1) spells it */
		rule.type = type == 'b' ? 'b' : 'c';
		rule_add(d, &rule);
		return 0;
	default:
		return error_set(
			err, EINVAL,
			"linux.resources.devices[%zu].type: invalid cgroup device type "
			"\"%s\"",
			i, s->type);
	}
}

int cgroup_devices_resolve(struct cgroup_devices *ret, const struct spec_resources *r,
			   struct error *err)
{
	_cleanup_(cgroup_devices_done) struct cgroup_devices d = {0};

	begin_anew(&d, false);
	for (size_t i = 0; i < r->n_devices; i++) {
		int status = rule_resolve(&d, &r->devices[i], i, err);

		if (status < 0)
			return status;
	}
	*ret = d;
	d = (struct cgroup_devices){0};
	return 0;
}

/* v1 */

/* Does `a` cover every device that `b` covers? */
static bool rule_covers(const struct cgroup_device_rule *a, const struct cgroup_device_rule *b)
{
	return a->type == b->type && (a->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || a->minor == b->minor);
}

static bool rule_same_numbers(const struct cgroup_device_rule *a,
			      const struct cgroup_device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static bool rule_overlaps(const struct cgroup_device_rule *a,
			  const struct cgroup_device_rule *b)
{
	return a->type == b->type &&
	       (a->major == b->major || a->major == ANY || b->major == ANY) &&
	       (a->minor == b->minor || a->minor == ANY || b->minor == ANY);
}

/* Access that rule i denies, that no later rule gives back, and that an earlier one gives. */
static unsigned int hole(const struct cgroup_devices *d, size_t i)
{
	const struct cgroup_device_rule *deny = &d->rules[i];
	unsigned int given = 0, back = 0;

	for (size_t k = 0; k < i; k++)
		if (d->rules[k].allow && rule_overlaps(&d->rules[k], deny) &&
		    !rule_same_numbers(&d->rules[k], deny))
			given |= d->rules[k].access;
	for (size_t k = i + 1; k < d->n_rules; k++)
		if (d->rules[k].allow && rule_covers(&d->rules[k], deny))
			back |= d->rules[k].access;
	/*
	 * Making a node gives access to nothing, and cannot be done in a user
	 * namespace: the usual "any mknod" is not worth an error.
	 */
	return given & deny->access & ~back & ACCESS_RW;
}

static void rule_format(const struct cgroup_device_rule *r, char *buf, size_t size)
{
	char major[16] = "*", minor[16] = "*";

	if (r->major != ANY)
		snprintf(major, sizeof(major), "%" PRId64, r->major);
	if (r->minor != ANY)
		snprintf(minor, sizeof(minor), "%" PRId64, r->minor);
	snprintf(buf, size, "%c %s:%s %s%s%s", r->type, major, minor,
		 r->access & BPF_DEVCG_ACC_READ ? "r" : "",
		 r->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
		 r->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
}

static int check_holes(const struct cgroup_devices *d, struct error *err)
{
	for (size_t i = 0; !d->allow_all && i < d->n_rules; i++) {
		char text[64];

		if (d->rules[i].allow || hole(d, i) == 0)
			continue;
		rule_format(&d->rules[i], text, sizeof(text));
		return error_set(err, EINVAL,
				 "linux.resources.devices: cgroup v1 cannot deny \"%s\", as a "
				 "wider rule allows it",
				 text);
	}
	return 0;
}

static int write_rule(int fd, const char *text, const char *file, struct error *err)
{
	if (write(fd, text, strlen(text)) < 0)
		return error_errno(err, errno, "failed to write \"%s\" to %s", text, file);
	return 0;
}

int cgroup_devices_apply_v1(int dirfd, const struct cgroup_devices *d, struct error *err)
{
	_cleanup_close_ int allow_fd = -EBADF;
	_cleanup_close_ int deny_fd = -EBADF;
	int r;

	r = check_holes(d, err);
	if (r < 0)
		return r;
	allow_fd = openat(dirfd, "devices.allow", O_WRONLY | O_CLOEXEC);
	if (allow_fd < 0)
		return error_errno(err, errno, "open devices.allow");
	deny_fd = openat(dirfd, "devices.deny", O_WRONLY | O_CLOEXEC);
	if (deny_fd < 0)
		return error_errno(err, errno, "open devices.deny");
	r = d->allow_all ? write_rule(allow_fd, "a", "devices.allow", err)
			 : write_rule(deny_fd, "a", "devices.deny", err);
	for (size_t i = 0; r == 0 && i < d->n_rules; i++) {
		const struct cgroup_device_rule *rule = &d->rules[i];
		char text[64];

		rule_format(rule, text, sizeof(text));
		r = rule->allow ? write_rule(allow_fd, text, "devices.allow", err)
				: write_rule(deny_fd, text, "devices.deny", err);
	}
	return r;
}

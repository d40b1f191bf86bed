/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "src/plan-parts.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont.h"

static const struct {
	const char *type;
	mode_t mode;
} types[] = {
	{"c", S_IFCHR},
	{"u", S_IFCHR}, /* "unbuffered", as mknod(1) has it */
	{"b", S_IFBLK},
	{"p", S_IFIFO},
};

/* Links and the terminal, made by init: a node there would be in their way. */
static const char *const made_elsewhere[] = {"/dev/ptmx", "/dev/console"};

static mode_t type_of(const struct spec_device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(types[i].type, d->type))
			return types[i].mode;
	return 0;
}

static bool is_made_elsewhere(const struct spec_device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(made_elsewhere); i++)
		if (str_eq(made_elsewhere[i], d->path))
			return true;
	return false;
}

int plan_devices(struct plan *p, const struct syscont *sc, struct error *err)
{
	const struct spec_linux *l = sc->spec->linux_;

	for (size_t i = 0; i < l->n_devices; i++) {
		const struct spec_device *d = &l->devices[i];
		mode_t type = type_of(d);
		struct plan_device *n;

		if (!type)
			return error_set(err, EINVAL,
					 "linux.devices: %s has the unknown type %s", d->path,
					 d->type);
		if (is_made_elsewhere(d))
			continue;
		n = array_add((void **)&p->devices, &p->n_devices, sizeof(*n));
		n->path = xstrdup(d->path);
		/* Some engines have the file type in the mode, too. */
		n->mode = type |
			  (d->file_mode.present ? (mode_t)d->file_mode.value & 07777 : 0666);
		n->major = (unsigned int)d->major;
		n->minor = (unsigned int)d->minor;
		n->uid = d->uid.present ? (uint32_t)d->uid.value : 0;
		n->gid = d->gid.present ? (uint32_t)d->gid.value : 0;
		n->optional = d->optional;
	}
	return 0;
}

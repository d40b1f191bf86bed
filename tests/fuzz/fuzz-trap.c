/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of trapped calls, and what procfs says of their callers, as they may be. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Some parsers are static. */
#include "fs/tracee.c"
#include "fs/trap-mount.h"
#include "fs/trap.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/proc.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_mount(const char *text, uint64_t flags)
{
	_cleanup_free_ struct trap_mount_args *a = xcalloc(1, sizeof(*a));
	struct mount_new m = {0};

	a->flags = flags;
	a->has_source = flags & 1;
	strncpy(a->fstype, text, sizeof(a->fstype) - 1);
	strncpy(a->source, text, sizeof(a->source) - 1);
	strncpy(a->options, text, sizeof(a->options) - 1);
	(void)overmount_kind_of_type(a->fstype);
	if (trap_mount_decode(a, &m) < 0)
		return;
	must(m.options == a->options && m.fstype == a->fstype);
	must((m.source != NULL) == a->has_source);
	/* Nothing that mount(2) does not mean by these. */
	must((m.sb_flags &
	      ~(uint64_t)(MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME)) == 0);
	must((m.attrs & MOUNT_ATTR_IDMAP) == 0);
}

static void try_flags(uint64_t flags)
{
	const struct trap_attrs a = trap_mount_attrs(flags);
	const uint64_t known = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
			       MOUNT_ATTR_NODIRATIME | MOUNT_ATTR__ATIME;

	must(((a.set | a.clear) & ~known) == 0);
	/* The kernel refuses one without the other. */
	must(!(a.set & MOUNT_ATTR__ATIME) ||
	     (a.clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
	must((a.set & a.clear & ~(uint64_t)MOUNT_ATTR__ATIME) == 0);
}

static void try_texts(const char *text)
{
	struct tracee_creds c;
	struct proc_stat stat;
	const char *name = text;
	uint64_t number;

	if (tracee_creds_parse(&c, text) == 0)
		must(c.n_groups <= TRACEE_GROUPS_MAX);
	must(tracee_path_fd(text) >= -1);
	(void)last_number_is(text, "NSpid", 1);
	if (parse_stat(text, &stat) == 0)
		must(strchr(text, ')') != NULL);
	if (views_parse(&name, &number))
		must(name >= text && name <= text + strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	uint64_t flags = 0;

	if (size < sizeof(flags))
		return 0;
	memcpy(&flags, data, sizeof(flags));
	(void)trap_find((uint32_t)(flags >> 32), (uint32_t)flags);
	text = xstrndup((const char *)data + sizeof(flags), size - sizeof(flags));
	try_mount(text, flags);
	try_flags(flags);
	try_texts(text);
	return 0;
}

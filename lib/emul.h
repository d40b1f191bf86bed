/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a container sees in place of the kernel's: what both programs
 * must agree on. sysbox-fs serves each under its name, sysbox-runc mounts it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A container, or the administrator, may switch off each group. */
enum emul_group {
	EMUL_CPU = 1u << 0,
	EMUL_MEMORY = 1u << 1,
	EMUL_LOAD = 1u << 2,
	EMUL_DISK = 1u << 3,
	EMUL_SYSCTL = 1u << 4,
	EMUL_IDENTITY = 1u << 5, /* what tells one machine from another */
	EMUL_KMSG = 1u << 6,
	EMUL_NESTED = 1u << 7, /* no files: the others for containers within, too */
	EMUL_NEIGH = 1u << 8,  /* sysctls in a directory that hides the interfaces' */
};
#define EMUL_ALL ((1u << 9) - 1)
/*
 * What "on" means. /dev/kmsg as a file is only for images that need it: an inner engine could
 * not pass it on as a device.
 */
#define EMUL_DEFAULT (EMUL_ALL & ~(unsigned int)EMUL_KMSG)

/* Two FUSE connections, because "no open" is a property of a whole connection. */
enum emul_conn {
	EMUL_FAST,  /* no open: at the speed of the page cache, read-only, short */
	EMUL_PLAIN, /* with open: long texts, each read as one; or writable */
	EMUL_BOTH,  /* fast has it while it is short, plain always */
};

enum emul_kind {
	EMUL_TEXT,  /* made of the container's resources */
	EMUL_VALUE, /* the container's own: it begins as the host's, then what was written */
	EMUL_FIXED, /* the text that stands in the row */
	EMUL_LOG, /* what is written is taken and goes nowhere, and there is nothing to read */
	EMUL_PRESSURE,	/* no pressure; where the cgroup has a file of its own, that one */
	EMUL_DIRECTORY, /* of the rows below it alone; of sysctls, where the kernel has none */
	EMUL_MIRROR,	/* the host's, filtered, to be read only; and the rows below it */
};

/* What a value may be: as the kernel's handlers of this name take it, errno for errno. */
enum emul_check {
	EMUL_INT,    /* proc_dointvec_minmax */
	EMUL_UINT,   /* proc_douintvec_minmax */
	EMUL_ULONG,  /* proc_doulongvec_minmax; a negative number is passed over */
	EMUL_STRING, /* proc_dostring; max is the greatest length */
	EMUL_WORD,   /* one of `words` */
};

/* Once the greatest value is written, no other is taken (kernel.yama.ptrace_scope = 3). */
#define EMUL_STAYS_AT_MAX 1u

struct emul_value {
	enum emul_check check;
	unsigned int count; /* of numbers */
	int64_t min, max;
	unsigned int flags;
	const char *const *words; /* NULL-terminated */
	const char *host;	  /* where the host has it, below /proc/sys; NULL: the same */
};

struct emul_file {
	const char *path; /* without the leading slash */
	enum emul_group group;
	enum emul_conn conn;
	enum emul_kind kind;
	unsigned int mode;
	struct emul_value value; /* EMUL_VALUE */
	const char *text;	 /* EMUL_FIXED; EMUL_PRESSURE: the file of a v2 cgroup */
};
extern const struct emul_file emul_files[];
extern const size_t n_emul_files;

/*
 * The directory row that serves this one: it needs no mount of its own once that is in
 * place. NULL: none.
 */
const struct emul_file *emul_parent(const struct emul_file *f);
/* The row of this connection with this name in that directory: its number, or -ENOENT. */
int emul_child(const struct emul_file *dir, const char *name);

/* Is there a row of either connection with this name in that directory? */
bool emul_has_child(const struct emul_file *dir, const char *name);

/*
 * Files of the host that are covered by an empty one, wherever there are such; "*": any
 * name. NULL-terminated.
 */
extern const char *const emul_hidden[];
/* The row of that empty file, which has no place of its own. */
#define EMUL_NOWHERE "hidden"

/* Has this one, fast or plain, the file? */
bool emul_is_on(const struct emul_file *f, enum emul_conn conn);
/* The name in the connection's only directory: the path with '!' for '/'. */
#define EMUL_NAME_MAX 128
void emul_name(const struct emul_file *f, char ret[EMUL_NAME_MAX]);

/* Words for groups: "cpu", ...; 0: no such group. */
unsigned int emul_group_parse(const char *word);
const char *emul_group_name(enum emul_group g);

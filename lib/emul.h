/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a container sees in place of the kernel's: what both programs
 * must agree on. sysbox-fs serves each under its name, sysbox-runc mounts it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A container, or the administrator, may switch off each group. */
enum emul_group {
	EMUL_CPU = 1u << 0,
	EMUL_MEMORY = 1u << 1,
	EMUL_LOAD = 1u << 2,
	EMUL_DISK = 1u << 3,
	EMUL_SYSCTL = 1u << 4,
};
#define EMUL_ALL (EMUL_CPU | EMUL_MEMORY | EMUL_LOAD | EMUL_DISK | EMUL_SYSCTL)

/* Two FUSE connections, because "no open" is a property of a whole one. */
enum emul_conn {
	EMUL_FAST,  /* no open: at the speed of the page cache, read-only, short */
	EMUL_PLAIN, /* with open: long texts, each read as one; or writable */
};

enum emul_kind {
	EMUL_TEXT,  /* made of the container's resources */
	EMUL_VALUE, /* the container's own: it begins as the host's, then what was written */
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
};
extern const struct emul_file emul_files[];
extern const size_t n_emul_files;

/* The name in the connection's only directory: the path with '!' for '/'. */
#define EMUL_NAME_MAX 128
void emul_name(const struct emul_file *f, char ret[EMUL_NAME_MAX]);

/* Words for groups: "cpu", ...; 0: no such group. */
unsigned int emul_group_parse(const char *word);
const char *emul_group_name(enum emul_group g);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system container is: the choices of its user, facts about its image, and the
 * rewriting of the engine's specification by these. Pure: no system calls; facts come in as
 * arguments.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/emul.h"
#include "lib/error.h"
#include "lib/idmap.h"
#include "lib/json.h"
#include "lib/macro.h"

struct host;
struct spec;
struct spec_mount;
struct spec_process;

/* Files of one owner on disk belong to the other inside, below one mount (SYSBOX_MAP_OWNER). */
struct syscont_owner {
	char *target;
	uint32_t disk_uid, disk_gid;
	uint32_t uid, gid;
};

/*
 * Choices of the user and the administrator, in rising precedence: built-in,
 * /etc/sysbox/sysbox.conf, command line, SYSBOX_* variables of the container.
 */
struct syscont_options {
	/* SYSBOX_SYSCONT_MODE; false: an ordinary container in a user namespace */
	bool syscont_mode;
	/* SYSBOX_HONOR_CAPS; keep the specification's capabilities */
	bool honor_caps;
	/* with a read-only rootfs, /sys and the like stay writable */
	bool relaxed_read_only;
	bool ignore_sysfs_chown; /* SYSBOX_IGNORE_SYSFS_CHOWN */
	bool unified_cgroup;	 /* SYSBOX_UNIFIED_CGROUP: v2 alone, on a hybrid host */
	/* SYSBOX_ALIAS_DNS: lead the engine's resolver to inner networks (src/resolver.h) */
	bool alias_dns;
	/* SYSBOX_SKIP_UID_SHIFT: destinations mounted without id mapping */
	char **skip_uid_shift;
	unsigned int emulate; /* SYSBOX_EMULATE: enum emul_group */
	bool auto_kmsg;	      /* ... and EMUL_KMSG where the image needs it */
	/* Paths of emul_files whose values a container may raise on the host, too. */
	char **host_sysctls;
	/* SYSBOX_STORE_DIRS: further directories where inner engines keep their data */
	char **store_dirs;
	/* SYSBOX_SHARE_VOLUMES: destinations whose sources others may use, too */
	char **share_volumes;
	struct syscont_owner *owners; /* SYSBOX_MAP_OWNER */
	size_t n_owners;
};
#define SYSCONT_OPTIONS_DEFAULT                                                                \
	{                                                                                      \
		.syscont_mode = true, .alias_dns = true, .emulate = EMUL_DEFAULT,              \
		.auto_kmsg = true                                                              \
	}
void syscont_options_done(struct syscont_options *o);

/* Facts about the image that the pure passes need; read by src/image.c. */
struct image {
	int systemd_version; /* of its libsystemd-shared, 0: no systemd found */
	bool has_var_lib;
	char *script; /* text of process 1's program, if that is one; sought beside systemd */
	/* Data directories that the configuration of its engines names; absolute. */
	char **data_roots;
	/*
	 * Of the directories asked about, those that are not what they seem: the path that
	 * a symlink leads to, or "" when it is no directory.
	 */
	struct json_pair *links;
	size_t n_links;
};

/* A directory of an inner engine that is backed by one of the host: src/store.h. */
struct syscont_store {
	char *name; /* a file name; unique in the container */
	char *path; /* in the container */
	char *real; /* without the image's symlinks */
	mode_t mode;
};

/*
 * A layer of the image that has something at a store's place: mounted read-only in the
 * store, at SYSCONT_STORE_VIEWS/NUMBER.
 */
struct syscont_view {
	char *path;   /* of the store, without the image's symlinks */
	char *source; /* on the host */
	int number;   /* of the layer; 0 is the topmost */
};
#define SYSCONT_STORE_VIEWS ".sysbox"

/* Of the host, and not to be used by two inner engines: src/locks.h. */
struct syscont_lock {
	char *source;
	char *target; /* in the container */
	bool shared;  /* read-only, or on purpose */
};

struct syscont {
	struct spec *spec; /* rewritten in place; borrowed */
	const struct host *host;
	const struct image *image;
	struct syscont_options options;
	/* The range reserved for this container; used when the specification gives none. */
	struct idmap idmap;
	/* Where the stores are; NULL: this rootfs needs none. Borrowed. */
	const char *store_dir;
	/* The engine keeps files with the container's ids on disk. */
	bool stores_shifted;
	const struct syscont_view *views; /* of the image; borrowed */
	size_t n_views;
	bool ids_given;		      /* by the engine, which may have shifted files itself */
	struct syscont_store *stores; /* what the mounts added here lead to */
	size_t n_stores;
	struct syscont_lock *locks; /* what the user has mounted at such places */
	size_t n_locks;
	unsigned int emulate; /* enum emul_group; 0: every file is the kernel's */
	char **warnings;      /* for the log: an unknown SYSBOX_* variable and the like */
	bool is_systemd;      /* the entry point is systemd */
	bool time_is_ours;    /* the time namespace is not the specification's */
};
#define SYSCONT_EMPTY                                                                          \
	{                                                                                      \
		.options = SYSCONT_OPTIONS_DEFAULT                                             \
	}
void syscont_done(struct syscont *sc);

/*
 * The options, before the range is reserved: first the administrator's settings, then what the
 * container brings: annotations, and SYSBOX_* variables, which win and leave the environment.
 * What is not understood becomes a warning.
 */
void syscont_settings(struct syscont *sc, const char *text);
void syscont_env(struct syscont *sc);
/* All passes, in their order: src/syscont-passes.c */
int syscont_rewrite(struct syscont *sc, struct error *err);
/* The same policy for a process of `exec`: capabilities, environment, labels. */
void syscont_rewrite_process(struct syscont *sc, struct spec_process *p);

/* Every directory that may get a store, for image_read(); owned. After syscont_env(). */
char **syscont_store_dirs(const struct syscont *sc);
/* A sentence for the log. */
void syscont_warn(struct syscont *sc, const char *fmt, ...) _printf_(2, 3);
/*
 * A new mount in its place: after the mounts that `destination` lies below, before
 * those that lie below it; else last. The caller fills in the rest. Borrowed, until
 * the next change of the list.
 */
struct spec_mount *syscont_mount_add(struct spec *s, const char *destination, const char *type,
				     const char *source, const char *options);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated files mounted over the kernel's, on one instance of procfs or sysfs: each a
 * mount of a single file, not locked.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/emul-place.h"
#include "lib/macro.h"

/* Where they are taken from. */
struct overmount_source {
	struct emul_mounts mounts;
	unsigned int groups; /* enum emul_group */
	uint64_t view;	     /* fs/views.h */
};

enum overmount_kind {
	OVERMOUNT_NONE,
	OVERMOUNT_PROC,
	OVERMOUNT_SYS,
	OVERMOUNT_N_KINDS,
};
/* The inode of the root of procfs (PROC_ROOT_INO); that of sysfs is 1, too. */
#define OVERMOUNT_ROOT_INO 1
/*
 * On the root of which kind of file system is an O_PATH descriptor? May query the file
 * system.
 */
enum overmount_kind overmount_kind_of(int fd);
/* By its name. */
enum overmount_kind overmount_kind_of_type(const char *fstype);

struct overmount {
	const struct emul_file *file;
	char *path; /* relative to the instance; owned */
	int fd;	    /* the mount, detached; owned; -EBADF: none */
	bool is_left_out;
};
/*
 * In memory that two processes share, where they have the clones' descriptors in common: those
 * that have been attached.
 */
#define OVERMOUNT_RECORD_MAX 1000
struct overmount_record {
	size_t n;
	int fds[OVERMOUNT_RECORD_MAX];
};
struct overmount_record *overmount_record_map(void); /* NULL: no memory */
/* Close those descriptors, so that none of the mounts is busy, and unmap it; NULL is fine. */
void overmount_record_close(struct overmount_record *r);

struct overmounts {
	struct overmount *v;
	size_t n;
	struct overmount_record *record; /* borrowed; NULL: nobody wants to know */
};
#define OVERMOUNTS_EMPTY                                                                       \
	{                                                                                      \
		0                                                                              \
	}
void overmounts_done(struct overmounts *o);
#define _cleanup_overmounts_ _cleanup_(overmounts_done)

/*
 * What belongs on such an instance; without a source, what may be on any. With one: called on
 * the stage (fs/stage.h), as what the host does not have is left out.
 */
void overmounts_list(struct overmounts *ret, const struct overmount_source *s,
		     enum overmount_kind kind);
/* Clone what is not left out. To be called where the source is mounted. */
void overmounts_clone(struct overmounts *o, const struct overmount_source *s, bool is_readonly);
/* Have the names of a view known to the kernel before they are cloned. */
void overmounts_look_up(const struct overmount_source *s, uint64_t view);
/*
 * With the rights and in the namespaces of the instance's user, before or after they are
 * cloned: leave out what the kernel keeps per namespace, and serves better.
 */
void overmounts_drop_namespaced(struct overmounts *o, int instance_fd);
/* Attach each over the kernel's file. Returns how many; those that fail are skipped. */
size_t overmounts_attach(struct overmounts *o, int instance_fd, const uint64_t devs[2]);

/*
 * To detach those that are there so that they can be attached again: clone them, then detach
 * what has been cloned. `devs` are the device numbers of the connections. In the instance's
 * mount namespace; changes the working directory. Returns how many, or -errno.
 */
int overmounts_clone_attached(struct overmounts *o, int instance_fd, const uint64_t devs[2]);
int overmounts_detach(struct overmounts *o, int instance_fd, const uint64_t devs[2]);
/*
 * Of an instance or a bind of a part of one: `root` is what its descriptor is in the file
 * system, "/" or, for /proc/sys, "/sys". With the rights and in the namespaces of its user.
 *
 * Make those that are there read-only, or writable again; changes the working directory.
 */
void overmounts_set_readonly(int fd, const char *root, enum overmount_kind kind,
			     const uint64_t devs[2], bool is_readonly);
/* Copy them from one to another of the same root; changes the working directory. */
void overmounts_copy(int from_fd, int to_fd, const char *root, enum overmount_kind kind,
		     const uint64_t devs[2]);
/* The device number of a connection's mount, for the above; queries no file system. */
uint64_t overmount_dev(int fd);
/* Is it the root of a mount of these two? O_PATH will do. */
bool overmount_is_ours(int fd, const uint64_t devs[2]);

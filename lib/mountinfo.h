/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the mount table of this process. Read-only; no mounting. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/macro.h"

/* 100000 mounts, the kernel's default limit (fs.mount-max), of ample length. */
#define MOUNTINFO_TEXT_MAX (100000u * 512)

/* One line of /proc/PID/mountinfo, unescaped. */
struct mountinfo {
	int id;
	int parent_id;
	char *device; /* "254:0": of the file system */
	char *root;   /* path inside it */
	char *target;
	char *fstype;
	char *source;
	char *vfs_options; /* "rw,relatime" */
	char *fs_options;  /* "lowerdir=...,upperdir=..." */
	char *optional;	   /* "shared:1 master:2" */
};
struct mountinfo *mountinfo_free(struct mountinfo *m);
DEFINE_CLEANUP(struct mountinfo *, mountinfo_free)

/* The topmost mount at exactly this path (cleaned, no symlinks), or -ENOENT. */
int mountinfo_at(const char *target, struct mountinfo **ret);
/* The mount that holds the path, or would hold it once it is made. */
int mountinfo_of(const char *path, struct mountinfo **ret);
/* The mount with this id (STATX_MNT_ID). -ENOENT: none in our mount namespace. */
int mountinfo_by_id(uint64_t id, struct mountinfo **ret);
/*
 * The same in a mount table that was opened by somebody else; read from its beginning. -EFBIG:
 * it is longer than `max` bytes.
 */
int mountinfo_by_id_in(int mounts_fd, uint64_t id, size_t max, struct mountinfo **ret);
/* Every mount of /proc/self/mountinfo in its order; counted array, each owned. */
int mountinfo_all(struct mountinfo ***ret, size_t *ret_n);
/* The same of another process: what lies below its root. */
int mountinfo_all_of(pid_t pid, struct mountinfo ***ret, size_t *ret_n);
void mountinfo_free_all(struct mountinfo **all, size_t n);
/*
 * The value of "name=value" in an option string (owned, backslash escapes of
 * overlayfs kept), or NULL; "" for a bare word.
 */
char *mountinfo_option(const char *options, const char *name);

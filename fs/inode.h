/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel knows about a pass-through: node ids, each standing for one O_PATH
 * descriptor until the kernel forgets it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* More than this at a time are refused with ENFILE: the kernel drops what nobody uses. */
#define INODES_MAX 65536u
/* From this many on, the kernel is asked now and then to drop what nobody uses. */
#define INODES_TRIM 1024u
/* FUSE_ROOT_ID */
#define INODE_ROOT 1u

struct inode {
	uint64_t id;
	uint64_t n_lookups; /* the kernel's references; the root has none and stays */
	int fd;		    /* O_PATH, owned */
	mode_t type;	    /* S_IFMT part */
	dev_t dev;
	ino_t ino;
	/* Where it was looked up; name NULL: no longer there, but still in use. */
	uint64_t parent;
	char *name;
	struct inode *next_by_id;
	struct inode *next_by_name;
};

struct inodes {
	struct inode **by_id;
	struct inode **by_name;
	size_t n_buckets; /* a power of two, for each table */
	size_t n;
	size_t trim_at; /* the next count at which to ask */
	uint64_t last_id;
	uint64_t seed; /* for the hash: names come from the container */
};
#define INODES_EMPTY                                                                           \
	{                                                                                      \
		0                                                                              \
	}

/*
 * `generation` distinguishes this process's ids from those of its predecessors, which the
 * kernel may still hold; no id ever stands for two files. TAKES root_fd.
 */
void inodes_init(struct inodes *t, unsigned int generation, int root_fd,
		 const struct stat *root);
void inodes_done(struct inodes *t);

/* NULL: not from this process, or forgotten. */
struct inode *inodes_find(const struct inodes *t, uint64_t id);
/*
 * `fd` is what a lookup of parent/name has just opened, `st` its attributes. Returns the
 * inode known under this name if it is the same file, otherwise a new one. Counts one
 * reference. TAKES fd, also on failure. -ENFILE: too many.
 */
int inodes_enter(struct inodes *t, uint64_t parent, const char *name, int fd,
		 const struct stat *st, struct inode **ret);
/* The kernel drops n references. */
void inodes_forget(struct inodes *t, uint64_t id, uint64_t n);
/* True once, whenever the table has grown a lot since the last time. */
bool inodes_want_trim(struct inodes *t);
/* The name no longer exists. */
void inodes_unlinked(struct inodes *t, uint64_t parent, const char *name);
/* What was known under the old name is now under the new one. */
void inodes_renamed(struct inodes *t, uint64_t parent, const char *name, uint64_t new_parent,
		    const char *new_name);

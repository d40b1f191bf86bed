/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the locks (src/locks*.c) share. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

struct stat;
struct syscont_lock;

/* src/locks-claim.c */

/* One byte of the table. */
struct locks_key {
	off_t at;
	short type; /* F_RDLCK, F_WRLCK; F_UNLCK: must be free of others */
};

/* All bytes that one directory takes. */
struct locks_claim {
	const struct syscont_lock *lock;
	char *path;		/* from the file system's root as far as it is in sight */
	struct locks_key *keys; /* the directory's own place is the first */
	size_t n_keys;
};
/* 1: the directory is there; 0: it is not. */
int locks_claim_find(struct locks_claim *ret, const struct syscont_lock *l);
void locks_claim_done(struct locks_claim *c);
/* The path leads elsewhere by now. */
bool locks_claim_has_moved(const struct locks_claim *c);

/* The first of a directory's bytes. */
off_t locks_place(const struct stat *st);

/* src/locks-table.c */

struct locks_table {
	int dirfd;
	int fd; /* the description that holds */
};
#define LOCKS_TABLE_EMPTY                                                                      \
	{                                                                                      \
		.dirfd = -EBADF, .fd = -EBADF                                                  \
	}
int locks_table_open(struct locks_table *ret, struct error *err);
void locks_table_done(struct locks_table *t);
/* Held while somebody looks and takes; owned. */
int locks_table_mutex(const struct locks_table *t, struct error *err);

/* -EAGAIN, -EACCES: another has it. */
int locks_table_try(const struct locks_table *t, const struct locks_key *k);
void locks_table_release(const struct locks_table *t);
/* By another. */
bool locks_table_is_held(const struct locks_table *t, off_t at);

/* For people: who holds what. */
struct locks_holder {
	char *id;
	char *target; /* in the container */
	char *since;
	char *path; /* of the claim */
};
void locks_holder_done(struct locks_holder *h);
bool locks_holder_read(const struct locks_table *t, off_t at, struct locks_holder *ret);
void locks_holder_write(const struct locks_table *t, const struct locks_claim *c,
			const char *id);
/*
 * Who holds the place of `c`, or one above or below it. Files of holders that hold nothing any
 * more are removed; `c` may be NULL.
 */
bool locks_holder_find(const struct locks_table *t, const struct locks_claim *c,
		       struct locks_holder *ret);

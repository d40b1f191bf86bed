/* SPDX-License-Identifier: Apache-2.0 */
/* What fs/trapper*.c share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/loop.h"
#include "fs/rest.h"
#include "fs/trap.h"
#include "fs/trapper.h"

struct trapper;

/* The process working on a slot. */
struct owner_watch {
	struct trapper *trapper;
	size_t slot;
	pid_t pid;
	int pidfd; /* -EBADF: no process to watch */
};

struct trapper {
	const struct trapper_start *start;
	struct trap_context context;
	uint64_t self;	/* fs/owner.h */
	uint64_t pidns; /* the container's */
	struct loop loop;
	struct owner_watch watches[TRAPPER_JOBS];
	loop_fn slot_freed; /* a slot may be free again; argument the trapper */
	int timer_fd;	    /* one shot, while any slot is worked on: is one overdue? */
	bool is_ticking;
	bool is_listening;
	struct rest rest;
	int rest_fd;	 /* one shot: a rest is over */
	bool is_resting; /* nothing is received */
};

/* fs/trapper-jobs.c */

struct trap_job *trapper_job(const struct trapper *t, size_t slot);

/* The timer, before everything else. */
int jobs_init(struct trapper *t, struct error *err);
/* Take over slots left by a predecessor. */
int jobs_take_over(struct trapper *t, struct error *err);
/* Returns TRAPPER_JOBS when all are busy. */
size_t jobs_free_slot(const struct trapper *t);
/* Is every slot held by an overdue process? Then waiting for one makes no sense. */
bool jobs_are_stuck(const struct trapper *t);
/* Answer what has just been received into this slot, at once or by forking an actor. */
int jobs_begin(struct trapper *t, size_t slot, struct error *err);
/* The same without examining it: the kernel makes the call. */
void jobs_pass(struct trapper *t, size_t slot);

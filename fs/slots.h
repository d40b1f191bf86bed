/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in memory that outlives the process working on them.
 *
 * A request that was read from the kernel but not answered is never delivered again: its
 * caller would hang forever. So it is received into memory shared by keeper and worker, where
 * the next worker finds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct slot_head {
	uint32_t busy;
	uint32_t attempts; /* how often work on it has begun */
	uint32_t received; /* requests so far, modulo 2^32 */
};

struct slots {
	struct slot_head *heads; /* shared */
	char *mem;		 /* shared; slot i begins at i * size */
	size_t n;
	size_t size; /* of one slot, in whole pages */
};
#define SLOTS_EMPTY                                                                            \
	{                                                                                      \
		0                                                                              \
	}

/* Mapped once, before the first fork; never unmapped. */
int slots_map(struct slots *ret, size_t n, size_t size, struct error *err);

/* The slot's memory. The first 8 bytes of a request are never all zero. */
void *slots_mem(const struct slots *s, size_t i);
/*
 * Receive into the slot: `receive` is called with its memory and size. Returns what `receive`
 * returns; unless that is positive, the slot is free again.
 */
typedef ssize_t (*slots_receive_fn)(void *mem, size_t size, void *arg);
ssize_t slots_receive(struct slots *s, size_t i, slots_receive_fn receive, void *arg);
/* The request is answered: free the slot. */
void slots_release(struct slots *s, size_t i);

/* The number of requests received so far, to see whether anything has happened. */
uint32_t slots_received(const struct slots *s);
/* Does the slot hold a request that a dead process left unanswered? */
bool slots_is_pending(const struct slots *s, size_t i);
/*
 * To be called before working on a pending request: how many have begun it, this one
 * included.
 */
uint32_t slots_retry(struct slots *s, size_t i);

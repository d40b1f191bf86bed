/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp notifications (seccomp_unotify(2)): receive one, is it still wanted, answer it. */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A caller sleeps while it is answered: wake who answers where the caller was, and the caller
 * where the answer came from (Linux 6.6). Before, another processor is woken, which costs more
 * than most answers.
 */
void notify_stay_here(int listener_fd);

/*
 * Into `mem`, as a struct seccomp_notif, for slots_receive(): `arg` points to the listener's
 * fd. -ENOENT: the caller has died meanwhile. Waits when nothing is queued: poll before.
 */
ssize_t notify_receive(void *mem, size_t size, void *arg);

/*
 * Does the caller still wait? What was learned about it by its thread id before this
 * says yes was learned about it, and about nobody who got the id later.
 */
bool notify_is_valid(int listener_fd, uint64_t id);

/* The call is made as if nobody had asked. Never a decision about what is allowed. */
void notify_continue(int listener_fd, uint64_t id);
/* The call returns this: a value >= 0, or -errno. */
void notify_answer(int listener_fd, uint64_t id, int result);

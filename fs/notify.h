/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp notifications (seccomp_unotify(2)): receive one, check whether it still counts,
 * answer.
 */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A caller sleeps until it is answered: wake the answering process on the caller's processor,
 * and the caller on that of the answer (Linux 6.6). Otherwise another processor is woken,
 * which costs more than most answers.
 */
void notify_set_sync_wakeup(int listener_fd);

/*
 * Receive into `mem`, as a struct seccomp_notif, for slots_receive(): `arg` points to the
 * listener's fd. -ENOENT: the caller has died meanwhile. Waits when nothing is queued: poll
 * first.
 */
ssize_t notify_receive(void *mem, size_t size, void *arg);

/*
 * Is the caller still waiting? Whatever was learned by its thread id before this returns true
 * was learned about the caller, and not about a later owner of the id.
 */
bool notify_is_valid(int listener_fd, uint64_t id);

/*
 * The kernel makes the call as if there were no trap. Never a decision about what is allowed.
 */
void notify_continue(int listener_fd, uint64_t id);
/* The call returns this: a value >= 0, or -errno. */
void notify_answer(int listener_fd, uint64_t id, int result);
/*
 * The caller makes the call anew; only while it has a signal to look at, or its cgroup is being
 * frozen: otherwise it sees a strange error.
 */
void notify_restart(int listener_fd, uint64_t id);

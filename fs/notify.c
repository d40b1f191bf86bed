/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* Linux 6.6 */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* The argument is the flags themselves. */
void notify_set_sync_wakeup(int listener_fd)
{
	(void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

/* The kernel requires the memory to be zero. */
ssize_t notify_receive(void *mem, size_t size, void *arg)
{
	const int *listener_fd = arg;

	if (size < sizeof(struct seccomp_notif))
		return -EINVAL;
	memset(mem, 0, sizeof(struct seccomp_notif));
	if (ioctl(*listener_fd, SECCOMP_IOCTL_NOTIF_RECV, mem) < 0)
		return -errno;
	return sizeof(struct seccomp_notif);
}

bool notify_is_valid(int listener_fd, uint64_t id)
{
	return ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* ENOENT: the caller is dead, or a predecessor has already answered. */
static void send_answer(int listener_fd, const struct seccomp_notif_resp *resp)
{
	(void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, resp);
}

void notify_continue(int listener_fd, uint64_t id)
{
	const struct seccomp_notif_resp resp = {
		.id = id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	send_answer(listener_fd, &resp);
}

void notify_answer(int listener_fd, uint64_t id, int result)
{
	const struct seccomp_notif_resp resp = {
		.id = id,
		.val = result < 0 ? 0 : result,
		.error = result < 0 ? result : 0,
	};

	send_answer(listener_fd, &resp);
}

/*
 * What the kernel itself returns from a wait that a signal has ended, as it does here for a
 * filter without SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. On its way back to the program the
 * caller looks at its signals, is frozen there, and then goes back to before the call.
 */
#define ERESTARTNOINTR 513 /* linux/errno.h, not for programs */
void notify_restart(int listener_fd, uint64_t id)
{
	notify_answer(listener_fd, id, -ERESTARTNOINTR);
}

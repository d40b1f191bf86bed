/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's own descriptors, which its children must not hold. */
#include "fs/keeper-internal.h"

#include <errno.h>

#include "lib/fd.h"

void keeper_close_own(struct keeper *k)
{
	loop_done(&k->loop);
	k->signal_fd = fd_close(k->signal_fd);
	k->mounts_fd = fd_close(k->mounts_fd);
	k->timer_fd = fd_close(k->timer_fd);
	k->worker_pidfd = fd_close(k->worker_pidfd);
	k->worker_sock = fd_close(k->worker_sock);
	for (size_t i = 0; i < KEEPER_N_ERRANDS; i++)
		k->errands[i].pidfd = fd_close(k->errands[i].pidfd);
	k->container.init_pidfd = fd_close(k->container.init_pidfd);
	k->container.state_dirfd = fd_close(k->container.state_dirfd);
	k->container.locks_fd = fd_close(k->container.locks_fd);
}

void keeper_close_traps(struct keeper *k)
{
	struct keeper_traps *t = &k->traps;

	fdset_done(&t->clients);
	fdset_done(&t->listeners);
	t->socket_fd = fd_close(t->socket_fd);
	fdset_done(&t->lost);
	t->timer_fd = fd_close(t->timer_fd);
	t->watchdog_fd = fd_close(t->watchdog_fd);
	t->pidfd = fd_close(t->pidfd);
	t->sock = fd_close(t->sock);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's own descriptors, which its children must not hold. */
#include "fs/keeper-internal.h"

#include <errno.h>

#include "lib/fd.h"

static void close_traps(struct keeper_traps *t)
{
	fdset_done(&t->clients);
	fdset_done(&t->listeners);
	t->socket_fd = fd_close(t->socket_fd);
	t->watchdog_fd = fd_close(t->watchdog_fd);
	child_done(&t->trapper);
}

void keeper_close_own(struct keeper *k)
{
	loop_done(&k->loop);
	k->runtime_sock = fd_close(k->runtime_sock);
	k->signal_fd = fd_close(k->signal_fd);
	k->mounts_fd = fd_close(k->mounts_fd);
	k->timer_fd = fd_close(k->timer_fd);
	for (size_t i = 0; i < n_services; i++)
		child_done(&k->workers[i]);
	for (size_t i = 0; i < KEEPER_N_ERRANDS; i++)
		k->errands[i].pidfd = fd_close(k->errands[i].pidfd);
	close_traps(&k->traps);
	children_done(&k->children);
	k->container.init_pidfd = fd_close(k->container.init_pidfd);
	k->container.state_dirfd = fd_close(k->container.state_dirfd);
	k->container.locks_fd = fd_close(k->container.locks_fd);
}

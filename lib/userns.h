/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces as file descriptors. Runs in the initial (or our own parent) user namespace. */
#pragma once

#include <sys/types.h>

struct idmap;

/*
 * A new user namespace with these maps, held only by the returned fd (owned):
 * a throw-away child makes it, the parent writes the maps. Also usable as
 * userns_fd of mount_setattr(2). -errno; -ENOSPC: user.max_user_namespaces.
 */
int userns_open(const struct idmap *map);
/* The same with setgroups(2) allowed; maps of an existing namespace, read by a child that joins it. */
int userns_read_map(int userns_fd, struct idmap *ret);
/* The user namespace that owns namespace `ns_fd` (ioctl_ns(2), NS_GET_USERNS): owned fd. -EPERM: outside of ours. */
int userns_of(int ns_fd);

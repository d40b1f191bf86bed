/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces as descriptors. Runs in the initial (or our own parent) user namespace. */
#pragma once

#include <sys/types.h>

struct idmap;

/*
 * A new user namespace with these maps, held only by the returned fd (owned):
 * a throw-away child makes it, the parent writes the maps; setgroups(2) stays
 * allowed. Also usable as userns_fd of mount_setattr(2). -ENOSPC:
 * user.max_user_namespaces.
 */
int userns_open(const struct idmap *map);
/*
 * The same, and what the kernel counts for each user (inotify instances, namespaces, pending
 * signals, locked memory) counts for `owner`, not for the caller, whatever happens within. A
 * process of ours with that effective id has all capabilities over the namespace: let it be an
 * id that nobody else has.
 */
int userns_open_for(const struct idmap *map, uid_t owner);
/* The maps of an existing namespace, read of a child that joins it. */
int userns_read_map(int userns_fd, struct idmap *ret);
/* The user namespace that owns namespace `ns_fd`: owned fd. -EPERM: outside of ours. */
int userns_of(int ns_fd);

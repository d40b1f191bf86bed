/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A session keyring goes through fork, execve and setns(2), and who possesses it may read its
 * keys whatever their owner (keyrings(7)): the one of the engine, a service of systemd with a
 * keyring of its own, must not get into a container.
 *
 * The container's has a name, so that all who come later join the same one. But it counts for
 * a user of the container's, whose quota may be used up, by himself or by others with the same
 * ids. So there are two steps: first, as the host's root, away from the engine's to an
 * empty one; then, where that is possible, to the container's.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/sys.h"
#include "src/do.h"

/*
 * Possessors may all, as is the default; the owner may see, read and link it, and also find it:
 * else nobody joins it who has it not already.
 */
#define PERMISSIONS 0x3f1b0000u

int do_keyring_leave(struct error *err)
{
	if (sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return error_errno(err, errno, "leave the session keyring");
	return 0;
}

void do_keyring_join(const char *id)
{
	_cleanup_free_ char *name = xasprintf("_ses.%s", id);

	long key = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, name);

	if (key < 0 || sys_keyctl_setperm(key, PERMISSIONS) < 0)
		log_debug("no session keyring: %s", strerror(errno));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * overlayfs stores new files under the file-system ids of their creator, mapped back by the
 * id-mapped layers; so these ids decide the owner on disk. Changing the fsuid away from 0
 * would drop the capabilities over files, and they would have to be raised again for each
 * request: SECBIT_NO_SETUID_FIXUP (capabilities(7)) turns that off. Capabilities then have to
 * change only when the caller is not root.
 *
 * These capabilities are checked against the initial user namespace, so they apply to every
 * id, including files whose owner is outside the range.
 */
#include "fs/actor.h"

#include <errno.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "lib/caps.h"
#include "lib/idmap.h"

/* Each call returns the previous id; -1 changes nothing, so it returns the current one. */
static int set_fsuid(struct actor *a, uid_t uid)
{
	if (uid == a->fsuid)
		return 0;
	(void)setfsuid(uid);
	a->fsuid = (uid_t)setfsuid((uid_t)-1);
	return a->fsuid == uid ? 0 : -EPERM;
}

static int set_fsgid(struct actor *a, gid_t gid)
{
	if (gid == a->fsgid)
		return 0;
	(void)setfsgid(gid);
	a->fsgid = (gid_t)setfsgid((gid_t)-1);
	return a->fsgid == gid ? 0 : -EPERM;
}

static int set_root(struct actor *a, bool is_root)
{
	int r;

	if (is_root == a->is_root)
		return 0;
	r = caps_set_effective(is_root ? ACTOR_CAPS : ACTOR_ID_CAPS);
	if (r == 0)
		a->is_root = is_root;
	return r;
}

int actor_become(struct actor *a, uid_t uid, gid_t gid)
{
	uid_t fsuid = idmap_to_outside(&a->map->uids, uid);
	gid_t fsgid = idmap_to_outside(&a->map->gids, gid);
	int r;

	if (fsuid == IDMAP_NONE || fsgid == IDMAP_NONE)
		return -EOVERFLOW;
	r = set_fsgid(a, fsgid);
	if (r == 0)
		r = set_fsuid(a, fsuid);
	return r < 0 ? r : set_root(a, uid == 0);
}

int actor_init(struct actor *ret, const struct idmap *map, struct error *err)
{
	int r;

	*ret = (struct actor){.map = map, .is_root = true};
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return error_errno(err, errno, "set the securebits");
	r = actor_become(ret, 0, 0);
	return r < 0 ? error_errno(err, -r, "become the container's root") : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * File capabilities (capabilities(7), "Namespaced file capabilities") come as version 2,
 * valid in every user namespace, or as version 3 with the uid of the root that they are valid
 * for. An image's files have version 2, or version 3 with root 0. Through the id-mapped
 * layers of the container's overlay the kernel shows them to the initial user namespace as
 * version 3 with the range's root, and would refuse to store a version 2 there: root 0 has no
 * counterpart in the map. So:
 *
 *	inside	version 2		<->	version 3, the range's root
 *	inside	version 3 of root R	<->	version 3 of R's outside id
 *
 * Access control lists carry one id per entry. The kernel shows them on an overlay as outside
 * ids, since the overlay itself is not id-mapped. Linux 6.1 is asymmetric: it takes outside
 * ids, but shows those on disk, which are the inside ones. These are recognised by not being
 * outside ids.
 */
#include "fs/shift.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/idmap.h"
#include "lib/macro.h"

/* /proc/sys/kernel/overflowuid: "nobody". */
#define OVERFLOW_ID 65534u

typedef ssize_t (*xattr_fn)(const struct idmap *map, enum shift_direction dir, void *buf,
			    size_t len);

static uint32_t shift_id(const struct idmap_list *l, enum shift_direction dir, uint32_t id)
{
	uint32_t to;

	if (dir == SHIFT_TO_OUTSIDE)
		return idmap_to_outside(l, id);
	to = idmap_to_inside(l, id);
	return to == IDMAP_NONE ? OVERFLOW_ID : to;
}

void shift_stat(const struct idmap *map, struct stat *st)
{
	st->st_uid = shift_id(&map->uids, SHIFT_TO_INSIDE, st->st_uid);
	st->st_gid = shift_id(&map->gids, SHIFT_TO_INSIDE, st->st_gid);
}

static_assert(sizeof(struct vfs_ns_cap_data) == XATTR_CAPS_SZ_3, "the version 3 layout");

static void set_revision(struct vfs_ns_cap_data *c, uint32_t revision)
{
	uint32_t magic = le32toh(c->magic_etc);

	c->magic_etc = htole32((magic & ~(uint32_t)VFS_CAP_REVISION_MASK) | revision);
}

static ssize_t shift_caps(const struct idmap *map, enum shift_direction dir, void *buf,
			  size_t len)
{
	struct vfs_ns_cap_data c = {0};
	uint32_t root = 0;

	/* Other versions are for the kernel to judge. */
	if (len != XATTR_CAPS_SZ_2 && len != XATTR_CAPS_SZ_3)
		return (ssize_t)len;
	memcpy(&c, buf, len);
	if (len == XATTR_CAPS_SZ_3)
		root = le32toh(c.rootid);
	else if (dir == SHIFT_TO_INSIDE)
		return (ssize_t)len;
	root = shift_id(&map->uids, dir, root);
	if (root == IDMAP_NONE)
		return -EOVERFLOW;
	if (dir == SHIFT_TO_INSIDE && root == 0) {
		set_revision(&c, VFS_CAP_REVISION_2);
		len = XATTR_CAPS_SZ_2;
	} else {
		set_revision(&c, VFS_CAP_REVISION_3);
		c.rootid = htole32(root);
		len = XATTR_CAPS_SZ_3;
	}
	memcpy(buf, &c, len);
	return (ssize_t)len;
}

static uint32_t shift_acl_id(const struct idmap_list *l, enum shift_direction dir, uint32_t id)
{
	bool is_as_on_disk = dir == SHIFT_TO_INSIDE && idmap_to_inside(l, id) == IDMAP_NONE &&
			     idmap_to_outside(l, id) != IDMAP_NONE;

	return is_as_on_disk ? id : shift_id(l, dir, id);
}

static const struct idmap_list *acl_list(const struct idmap *map, uint16_t tag)
{
	if (tag == ACL_USER)
		return &map->uids;
	return tag == ACL_GROUP ? &map->gids : NULL;
}

static ssize_t shift_acl(const struct idmap *map, enum shift_direction dir, void *buf,
			 size_t len)
{
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry e;

	/* An empty value removes the list. */
	if (len == 0)
		return 0;
	if (len < sizeof(head) || (len - sizeof(head)) % sizeof(e) != 0)
		return -EINVAL;
	for (char *p = (char *)buf + sizeof(head); p < (char *)buf + len; p += sizeof(e)) {
		const struct idmap_list *l;
		uint32_t id;

		memcpy(&e, p, sizeof(e));
		l = acl_list(map, le16toh(e.e_tag));
		if (!l)
			continue;
		id = shift_acl_id(l, dir, le32toh(e.e_id));
		if (id == IDMAP_NONE)
			return -EOVERFLOW;
		e.e_id = htole32(id);
		memcpy(p, &e, sizeof(e));
	}
	return (ssize_t)len;
}

static const struct {
	const char *name;
	xattr_fn shift;
} xattrs[] = {
	{XATTR_NAME_CAPS, shift_caps},
	{XATTR_NAME_POSIX_ACL_ACCESS, shift_acl},
	{XATTR_NAME_POSIX_ACL_DEFAULT, shift_acl},
};

ssize_t shift_xattr(const struct idmap *map, enum shift_direction dir, const char *name,
		    void *buf, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(xattrs); i++)
		if (strcmp(name, xattrs[i].name) == 0)
			return xattrs[i].shift(map, dir, buf, len);
	return (ssize_t)len;
}

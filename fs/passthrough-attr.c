/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of a pass-through's inodes. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fs/passthrough.h"
#include "lib/idmap.h"

static void reply_attr(fuse_req_t req, const struct inode *i)
{
	struct stat st;
	int r = passthrough_stat(i->fd, &st);

	if (r < 0) {
		passthrough_reply(req, r);
		return;
	}
	passthrough_present(passthrough_of(req), &st);
	(void)fuse_reply_attr(req, &st, 0);
}

void passthrough_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct inode *i = passthrough_begin(req, ino);

	(void)fi;
	if (i)
		reply_attr(req, i);
}

static int set_owner(const struct passthrough *p, const struct inode *i,
		     const struct stat *attr, int to_set)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (to_set & FUSE_SET_ATTR_UID) {
		uid = idmap_to_outside(&p->map->uids, attr->st_uid);
		if (uid == IDMAP_NONE)
			return -EOVERFLOW;
	}
	if (to_set & FUSE_SET_ATTR_GID) {
		gid = idmap_to_outside(&p->map->gids, attr->st_gid);
		if (gid == IDMAP_NONE)
			return -EOVERFLOW;
	}
	return fchownat(i->fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int set_mode(const struct inode *i, mode_t mode)
{
	return fchmodat(AT_FDCWD, magic_of(i->fd).path, mode & ALLPERMS, 0) < 0 ? -errno : 0;
}

static int set_size(const struct passthrough *p, const struct inode *i, off_t size,
		    const struct fuse_file_info *fi)
{
	int r;

	if (fi && fi->fh >> 32 != p->generation)
		return -ESTALE;
	if (fi)
		r = ftruncate((int)(uint32_t)fi->fh, size);
	else
		r = truncate(magic_of(i->fd).path, size);
	return r < 0 ? -errno : 0;
}

static struct timespec time_to_set(int to_set, int set, int now, struct timespec t)
{
	if (to_set & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	return to_set & set ? t : (struct timespec){.tv_nsec = UTIME_OMIT};
}

static int set_times(const struct inode *i, const struct stat *attr, int to_set)
{
	const struct timespec times[2] = {
		time_to_set(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW,
			    attr->st_atim),
		time_to_set(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW,
			    attr->st_mtim),
	};

	return utimensat(i->fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

#define SET_OWNER (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
#define SET_TIMES                                                                              \
	(FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |                 \
	 FUSE_SET_ATTR_MTIME_NOW)

/* The owner first: chown(2) clears set-id bits, which the mode may then set. The times last. */
static int set_attr(const struct passthrough *p, const struct inode *i, const struct stat *attr,
		    int to_set, const struct fuse_file_info *fi)
{
	int r = 0;

	if (to_set & SET_OWNER)
		r = set_owner(p, i, attr, to_set);
	if (r == 0 && (to_set & FUSE_SET_ATTR_MODE))
		r = set_mode(i, attr->st_mode);
	if (r == 0 && (to_set & FUSE_SET_ATTR_SIZE))
		r = set_size(p, i, attr->st_size, fi);
	if (r == 0 && (to_set & SET_TIMES))
		r = set_times(i, attr, to_set);
	return r;
}

/*
 * As root, whoever asks: the kernel has applied the owner's rules (setattr_prepare()), and it
 * also asks on behalf of a user who has no right to it, when that user's write must clear the
 * set-id bits.
 */
void passthrough_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
			 struct fuse_file_info *fi)
{
	const struct inode *i = passthrough_find(req, ino);
	int r;

	if (!i)
		return;
	r = actor_become(&passthrough_of(req)->actor, 0, 0);
	if (r == 0)
		r = set_attr(passthrough_of(req), i, attr, to_set, fi);
	if (r < 0)
		passthrough_reply(req, r);
	else
		reply_attr(req, i);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes of a pass-through. There are no calls for O_PATH descriptors before
 * setxattrat(2) of Linux 6.13; the magic link in the current directory leads to the very same
 * inode, even if it is a symlink.
 *
 * trusted.* is out of reach: it takes CAP_SYS_ADMIN, which the worker has given up.
 */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "fs/passthrough.h"
#include "fs/shift.h"

static_assert(SHIFT_XATTR_MAX <= PASSTHROUGH_IO_MAX, "an attribute fits in the buffer");

/* Size 0 asks for the length; otherwise the value must fit. */
static void reply_value(fuse_req_t req, const char *buf, ssize_t n, size_t size)
{
	if (n < 0)
		passthrough_reply(req, (int)n);
	else if (size == 0)
		(void)fuse_reply_xattr(req, (size_t)n);
	else if ((size_t)n > size)
		passthrough_reply(req, -ERANGE);
	else
		(void)fuse_reply_buf(req, buf, (size_t)n);
}

/* Always read whole: a translated value may have another length. */
void passthrough_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	const struct inode *i = passthrough_begin(req, ino);
	struct passthrough *p = passthrough_of(req);
	ssize_t n;

	if (!i)
		return;
	n = getxattr(magic_of(i->fd).path, name, p->buf, SHIFT_XATTR_MAX);
	if (n < 0)
		n = -errno;
	else
		n = shift_xattr(p->map, SHIFT_TO_INSIDE, name, p->buf, (size_t)n);
	reply_value(req, p->buf, n, size);
}

void passthrough_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			  size_t size, int flags)
{
	const struct inode *i = passthrough_begin(req, ino);
	struct passthrough *p = passthrough_of(req);
	ssize_t n;

	if (!i)
		return;
	if (size > SHIFT_XATTR_MAX) {
		passthrough_reply(req, -E2BIG);
		return;
	}
	memcpy(p->buf, value, size);
	n = shift_xattr(p->map, SHIFT_TO_OUTSIDE, name, p->buf, size);
	if (n >= 0 && setxattr(magic_of(i->fd).path, name, p->buf, (size_t)n, flags) < 0)
		n = -errno;
	passthrough_reply(req, n < 0 ? (int)n : 0);
}

void passthrough_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	const struct inode *i = passthrough_begin(req, ino);
	struct passthrough *p = passthrough_of(req);
	ssize_t n;

	if (!i)
		return;
	n = listxattr(magic_of(i->fd).path, p->buf, SHIFT_XATTR_MAX);
	reply_value(req, p->buf, n < 0 ? -errno : n, size);
}

void passthrough_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	const struct inode *i = passthrough_begin(req, ino);

	if (i)
		passthrough_reply(req,
				  removexattr(magic_of(i->fd).path, name) < 0 ? -errno : 0);
}

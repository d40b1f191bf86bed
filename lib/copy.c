/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/error.h"
#include "lib/fd.h"

#define CHUNK (1u << 20)

static int copy_by_hand(int in, int out, off_t at, off_t end)
{
	_cleanup_free_ char *buf = xmalloc(CHUNK);

	while (at < end) {
		size_t want = (size_t)(end - at) < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t n = pread(in, buf, want, at), written;

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		written = pwrite(out, buf, (size_t)n, at);
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		at += written;
	}
	return 0;
}

static int copy_extent(int in, int out, off_t at, off_t end)
{
	off_t to = at;

	while (at < end) {
		ssize_t n = copy_file_range(in, &at, out, &to, (size_t)(end - at), 0);

		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno_is_unsupported(errno)))
			return copy_by_hand(in, out, at, end);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_data(int in, int out, off_t size)
{
	off_t at = 0;

	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	if (ftruncate(out, size) < 0)
		return -errno;
	while (at < size) {
		off_t data = lseek(in, at, SEEK_DATA), end;
		int r;

		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(in, data, SEEK_HOLE);
		if (end < 0)
			return -errno;
		r = copy_extent(in, out, data, end < size ? end : size);
		if (r < 0)
			return r;
		at = end;
	}
	return 0;
}

int copy_new(int from_dirfd, int to_dirfd, const char *name)
{
	_cleanup_close_ int in = openat(from_dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int out = -EBADF;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	out = openat(to_dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = copy_data(in, out, st.st_size);
	return r < 0 ? r : take_fd(&out);
}

int copy_symlink(int from_dirfd, int to_dirfd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to_dirfd, name) < 0 ? -errno : 0;
}

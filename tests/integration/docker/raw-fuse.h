/* SPDX-License-Identifier: Apache-2.0 */
/* A FUSE server by the protocol alone, for tests: static, and no library inside is needed. */
#pragma once

#include <linux/fuse.h>
#include <string.h>
#include <unistd.h>

static inline void answer(int fd, uint64_t unique, int error, const void *data, size_t len)
{
	static char buf[4096];
	const struct fuse_out_header h = {
		.len = (uint32_t)(sizeof(h) + len), .error = error, .unique = unique};

	memcpy(buf, &h, sizeof(h));
	if (len)
		memcpy(buf + sizeof(h), data, len);
	(void)!write(fd, buf, h.len);
}

static inline void answer_init(int fd, const struct fuse_in_header *h)
{
	static const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096};

	answer(fd, h->unique, 0, &init, sizeof(init));
}

/* For ever. */
static inline void serve_all(int fd, void (*serve)(int fd, const struct fuse_in_header *h))
{
	static char buf[FUSE_MIN_READ_BUFFER + 4096];

	for (;;)
		if (read(fd, buf, sizeof(buf)) > 0)
			serve(fd, (const struct fuse_in_header *)buf);
}

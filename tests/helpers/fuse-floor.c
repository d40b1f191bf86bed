/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file of a FUSE file system costs at least: a text of fixed length out of memory, by a
 * program that does nothing else. For benchmarks, in a mount namespace of its own.
 *
 *	fuse-floor DIR fast	DIR/file: no open; its attributes are good for 10 ms, and then
 *				it has changed
 *	fuse-floor DIR plain	DIR/file: opened, read to its end, closed
 *
 * Runs until it is unmounted or killed; prints "ready" first.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NODE 2
#define TEXT_SIZE 1500
#define VALID_NS  10000000
#define FOREVER	  3600

static int fuse_fd;
static bool is_fast;

static void reply(const struct fuse_in_header *in, int error, const void *data, size_t size)
{
	struct {
		struct fuse_out_header head;
		char data[TEXT_SIZE];
	} out;

	out.head = (struct fuse_out_header){
		.len = (uint32_t)(sizeof(out.head) + size),
		.error = -error,
		.unique = in->unique,
	};
	if (size)
		memcpy(out.data, data, size);
	if (write(fuse_fd, &out, out.head.len) < 0 && errno != ENOENT)
		err(1, "write");
}

static struct fuse_attr attr_of(uint64_t node)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct fuse_attr){
		.ino = node,
		.size = is_fast ? TEXT_SIZE : 4096,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0444,
		.nlink = 1,
		.mtime = (uint64_t)now.tv_sec,
		.mtimensec = (uint32_t)now.tv_nsec,
	};
}

static void lookup(const struct fuse_in_header *in)
{
	const struct fuse_entry_out out = {
		.nodeid = FILE_NODE,
		.entry_valid = FOREVER,
		.attr = attr_of(FILE_NODE),
	};

	reply(in, 0, &out, sizeof(out));
}

static void getattr(const struct fuse_in_header *in)
{
	const struct fuse_attr_out out = {
		.attr_valid_nsec = VALID_NS,
		.attr = attr_of(in->nodeid),
	};

	reply(in, 0, &out, sizeof(out));
}

static void open_file(const struct fuse_in_header *in)
{
	const struct fuse_open_out out = {
		.open_flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH,
	};

	if (is_fast)
		reply(in, ENOSYS, NULL, 0);
	else
		reply(in, 0, &out, sizeof(out));
}

static void read_file(const struct fuse_in_header *in, const struct fuse_read_in *arg)
{
	static const char text[TEXT_SIZE];
	size_t rest = arg->offset < TEXT_SIZE ? TEXT_SIZE - (size_t)arg->offset : 0;

	reply(in, 0, text, arg->size < rest ? arg->size : rest);
}

static void serve(const struct fuse_in_header *in)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.flags = FUSE_AUTO_INVAL_DATA | FUSE_ASYNC_READ,
		.max_readahead = 65536,
		.max_write = 4096,
	};

	switch (in->opcode) {
	case FUSE_INIT:
		reply(in, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		lookup(in);
		break;
	case FUSE_GETATTR:
		getattr(in);
		break;
	case FUSE_OPEN:
		open_file(in);
		break;
	case FUSE_READ:
		read_file(in, (const struct fuse_read_in *)(in + 1));
		break;
	case FUSE_RELEASE:
		reply(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char buf[65536];
	char options[64];

	fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (argc != 3 || fuse_fd < 0)
		errx(2, "usage: fuse-floor DIR fast|plain");
	is_fast = strcmp(argv[2], "fast") == 0;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0",
		 fuse_fd);
	if (mount("floor", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		err(1, "mount");
	printf("ready\n");
	fflush(stdout);
	while (read(fuse_fd, buf, sizeof(buf)) > 0 || errno == EINTR || errno == ENOENT)
		serve((const struct fuse_in_header *)buf);
	return 0;
}

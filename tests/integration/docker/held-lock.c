/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held-lock DIR FILE: holds the kernel's lock of DIR. A listing of it waits for the memory that
 * it is to be put into, a page of FILE, which is a FUSE file system that never answers a read;
 * and since something else waits to change DIR, no other reader gets the lock either.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "raw-fuse.h"

#define SIZE 4096

static void serve(int fd, const struct fuse_in_header *h)
{
	static const struct fuse_attr_out attr = {
		.attr = {.ino = 1, .mode = S_IFREG | 0666, .nlink = 1, .size = SIZE}};
	static const struct fuse_open_out open = {0};

	switch (h->opcode) {
	case FUSE_INIT:
		answer_init(fd, h);
		return;
	case FUSE_GETATTR:
		answer(fd, h->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_OPEN:
		answer(fd, h->unique, 0, &open, sizeof(open));
		return;
	case FUSE_READ:
		return;
	default:
		answer(fd, h->unique, -ENOSYS, NULL, 0);
	}
}

static void list(const char *dir, const char *file)
{
	int to = open(file, O_RDWR), fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct stat st;
	void *page;

	/* Until it has been asked, the kernel takes the file for empty. */
	if (fstat(to, &st) < 0)
		return;
	page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	(void)syscall(SYS_getdents64, fd, page, SIZE);
}

static void change(const char *dir)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/changed", dir);
	sleep(1);
	(void)mkdir(path, 0755);
}

int main(int argc, char **argv)
{
	int fd = open("/dev/fuse", O_RDWR);
	char options[128];

	(void)snprintf(options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0",
		       fd);
	if (argc != 3 || mount("none", argv[2], "fuse", 0, options) < 0) {
		perror("mount");
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		if (fork() != 0)
			continue;
		close(fd);
		if (i == 0)
			list(argv[1], argv[2]);
		else
			change(argv[1]);
		return 0;
	}
	serve_all(fd, serve);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The kernel sends INIT once, when the file system is mounted; a library session refuses
 * every request before it. So the keeper records INIT, and each worker feeds it to its own
 * session; every answer after the first finds no request in the kernel (ENOENT) and is
 * ignored. The negotiation is a function of the record, hence the same for all.
 *
 * A worker handles one request at a time, so one slot per connection is enough. The successor
 * looks at it first. A request that can safely be repeated is repeated. One that may have
 * taken effect already is answered with EIO: its caller learns that the outcome is unknown. A
 * request that has been begun too often may be what killed the workers, and must not kill all
 * later ones.
 */
#include "fs/conn.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/mount.h"

#define DEVICE "/dev/fuse"
/* As it appears after "fuse." in the mount table; src/fs-client.c looks for it. */
#define SUBTYPE "sysbox-fs"
/* Header and arguments in addition to a request's data: read(2) demands room for them. */
#define HEADER_ROOM 4096u
/* INIT is about a hundred bytes; FUSE_MIN_READ_BUFFER is the least that read(2) accepts. */
#define INIT_ROOM 8192u
#define THE_SLOT  0
/* How often a request is begun; a worker may also die often for other reasons. */
#define ATTEMPTS_MAX 4

/* An interrupted read has taken nothing. ENOENT: the caller withdrew the request. */
static ssize_t read_request(void *mem, size_t size, void *arg)
{
	const struct conn *c = arg;
	ssize_t n;

	do
		n = read(c->fuse_fd, mem, size);
	while (n < 0 && (errno == EINTR || errno == ENOENT));
	return n < 0 ? -errno : n;
}

/* The mount itself queues INIT, so there is no wait; later readers do wait. */
static int receive_init(struct conn *c, struct error *err)
{
	_cleanup_free_ void *mem = xmalloc(INIT_ROOM);
	const struct fuse_in_header *h = mem;
	ssize_t n = read_request(mem, INIT_ROOM, c);

	if (n < 0)
		return error_errno(err, (int)-n, "read from " DEVICE);
	if ((size_t)n < sizeof(*h) || h->opcode != FUSE_INIT)
		return error_set(err, EPROTO, DEVICE ": a first request that is not INIT");
	c->init_size = (size_t)n;
	c->init = xrealloc(take_ptr(&mem), c->init_size, 1);
	return fcntl(c->fuse_fd, F_SETFL, 0) < 0 ? error_errno(err, errno, "fcntl") : 0;
}

/* A descriptor that already has a superblock gives the same one again (5.15). */
int conn_mount(const struct conn *c, const struct conn_options *o, struct error *err)
{
	_cleanup_free_ char *options = xasprintf(
		"fd=%d,rootmode=%o,user_id=0,group_id=0,subtype=" SUBTYPE "%s%s", c->fuse_fd,
		S_IFDIR, o->options ? "," : "", o->options ? o->options : "");
	const struct mount_new m = {
		.fstype = "fuse",
		.source = o->source,
		.options = options,
		.attrs = o->attrs,
	};
	char msg[256];
	int fd = mount_make(&m, msg, sizeof(msg));

	if (fd < 0)
		return error_errno(err, -fd, "make a FUSE mount%s%s", *msg ? ": " : "", msg);
	return fd;
}

int conn_open(struct conn *ret, const struct conn_options *o, struct error *err)
{
	_cleanup_(conn_done) struct conn c = CONN_EMPTY;
	int r;

	c.fuse_fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (c.fuse_fd < 0)
		return error_errno(err, errno, "open " DEVICE);
	c.mount_fd = conn_mount(&c, o, err);
	r = c.mount_fd < 0 ? c.mount_fd : receive_init(&c, err);
	if (r == 0)
		r = slots_map(&c.slots, 1, o->max_write + HEADER_ROOM, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct conn)CONN_EMPTY;
	return 0;
}

/* reconfigure_super() does it as a side effect: shrink_dcache_sb(). */
int conn_refresh(int mount_fd)
{
	_cleanup_close_ int fs = fspick(mount_fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return -errno;
	return 0;
}

void conn_close_mounts(struct conn *c)
{
	c->mount_fd = fd_close(c->mount_fd);
	c->again_fd = fd_close(c->again_fd);
	c->cover_fd = fd_close(c->cover_fd);
}

void conn_done(struct conn *c)
{
	conn_close_mounts(c);
	c->fuse_fd = fd_close(c->fuse_fd);
	c->guard_fd = fd_close(c->guard_fd);
	free(take_ptr(&c->init));
}

static _printf_(2, 0) void library_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char text[512];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	log_write(level <= FUSE_LOG_ERR ? LOG_ERROR : LOG_DEBUG, "%s", text);
}

static void process(struct conn *c, void *mem, size_t size)
{
	const struct fuse_buf buf = {.mem = mem, .size = size};

	if (c->guard_fd >= 0)
		clock_set_timer(c->guard_fd, CONN_STALL_MS);
	fuse_session_process_buf(c->session, &buf);
	if (c->guard_fd >= 0)
		clock_set_timer(c->guard_fd, 0);
}

/* These can be repeated. All others change something, or a state that died with the worker. */
static bool is_repeatable(uint32_t opcode)
{
	static const uint32_t repeatable[] = {
		FUSE_LOOKUP,	FUSE_GETATTR,	 FUSE_READLINK,	   FUSE_OPEN,
		FUSE_READ,	FUSE_STATFS,	 FUSE_GETXATTR,	   FUSE_LISTXATTR,
		FUSE_OPENDIR,	FUSE_READDIR,	 FUSE_READDIRPLUS, FUSE_ACCESS,
		FUSE_RELEASE,	FUSE_RELEASEDIR, FUSE_FORGET,	   FUSE_BATCH_FORGET,
		FUSE_INTERRUPT, FUSE_LSEEK,	 FUSE_FSYNC,	   FUSE_FSYNCDIR,
	};

	for (size_t i = 0; i < ARRAY_SIZE(repeatable); i++)
		if (repeatable[i] == opcode)
			return true;
	return false;
}

/* Nobody waits for an answer to these. */
static bool is_one_way(uint32_t opcode)
{
	return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT;
}

static void refuse(const struct conn *c, const struct fuse_in_header *in)
{
	struct fuse_out_header out = {
		.len = sizeof(out),
		.error = -EIO,
		.unique = in->unique,
	};

	if (is_one_way(in->opcode))
		return;
	/* ENOENT: it had already been answered. */
	(void)!write(c->fuse_fd, &out, sizeof(out));
}

static void serve_leftover(struct conn *c)
{
	struct fuse_in_header *in = slots_mem(&c->slots, THE_SLOT);

	if (!slots_is_pending(&c->slots, THE_SLOT))
		return;
	log_warn("a worker died in request %u", in->opcode);
	if (is_repeatable(in->opcode) && slots_retry(&c->slots, THE_SLOT) <= ATTEMPTS_MAX)
		process(c, in, in->len);
	else
		refuse(c, in);
	slots_release(&c->slots, THE_SLOT);
}

void conn_give_up(struct conn *c)
{
	if (c->fuse_fd < 0 || !slots_is_pending(&c->slots, THE_SLOT))
		return;
	refuse(c, slots_mem(&c->slots, THE_SLOT));
	slots_release(&c->slots, THE_SLOT);
}

/*
 * "Mounting" at /dev/fd/N mounts nothing: the session takes over the descriptor. The library
 * may be built without fuse_session_custom_io(), which would do the same.
 */
int conn_session(struct conn *c, const struct fuse_lowlevel_ops *ops, size_t ops_size,
		 void *userdata, struct error *err)
{
	char *argv[] = {(char *)SUBTYPE, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char fd_path[32];

	fuse_set_log_func(library_log);
	c->session = fuse_session_new(&args, ops, ops_size, userdata);
	fuse_opt_free_args(&args);
	if (!c->session)
		return error_set(err, ENOMEM, "new FUSE session");
	(void)snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", c->fuse_fd);
	if (fuse_session_mount(c->session, fd_path) != 0)
		return error_set(err, EPROTO, "prepare the FUSE session");
	return 0;
}

int conn_start(struct conn *c, struct error *err)
{
	process(c, c->init, c->init_size);
	if (fuse_session_exited(c->session))
		return error_set(err, EPROTO,
				 "the kernel's FUSE lacks a feature that is needed");
	serve_leftover(c);
	return 0;
}

/*
 * Not in read(2): who is killed while it waits there may still take a request off the queue,
 * and where the kernel must then look for the pages of the buffer, it gives up because of the
 * signal, and the request fails (EIO). User Mode Linux always looks for them.
 */
static void wait_for_request(const struct conn *c)
{
	struct pollfd p = {.fd = c->fuse_fd, .events = POLLIN};

	(void)ppoll(&p, 1, NULL, NULL);
}

int conn_serve(struct conn *c, struct error *err)
{
	ssize_t n;

	wait_for_request(c);
	n = slots_receive(&c->slots, THE_SLOT, read_request, c);

	if (n == -ENODEV || n == -ECONNABORTED)
		return CONN_E_GONE;
	if (n <= 0)
		return error_errno(err, (int)-n, "read from " DEVICE);
	if (c->refuses)
		refuse(c, slots_mem(&c->slots, THE_SLOT));
	else
		process(c, slots_mem(&c->slots, THE_SLOT), (size_t)n);
	slots_release(&c->slots, THE_SLOT);
	return 0;
}

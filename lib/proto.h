/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sysbox-runc and sysbox-fs say to each other: one datagram of a SEQPACKET
 * socket is one message, a fixed header and the fixed body of its kind, with
 * descriptors beside it. Whatever does not have exactly the length and the
 * number of descriptors of its kind is refused, and nothing of it is kept.
 */
#pragma once

#include <linux/limits.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/macro.h"

struct idmap;

/* sysbox-fs finds its end of the socket here. */
#define PROTO_SOCKET_FD 3

/* Beside the container's state: those who come later with PROTO_LISTENER connect to it. */
#define PROTO_SOCKET_NAME "fs.sock"

#define PROTO_MAGIC   0x78627379u /* "ysbx" as bytes */
#define PROTO_VERSION 3
#define PROTO_ID_MAX  1024 /* of a container id, as runc's */

enum proto_kind {
	PROTO_START = 1, /* runtime to supervisor: struct proto_start, enum proto_start_fd */
	PROTO_READY,	 /* back: it serves; no body */
	PROTO_FAILED,	 /* back: struct error; the sender ends */
	PROTO_EMULATING, /* back, in place of READY; enum proto_emulating_fd */
	/* Runtime to supervisor: a process's seccomp listener; answered READY or FAILED. */
	PROTO_LISTENER,
};

/* The descriptors of PROTO_START, in this order. */
enum proto_start_fd {
	PROTO_START_INIT_PIDFD,
	PROTO_START_ROOTFS,
	PROTO_START_STATE_DIR,
	/* Held open for the container's life, for the locks of its description. */
	PROTO_START_LOCKS,
	PROTO_START_PROC, /* a procfs of the container's pid namespace, detached */
	PROTO_START_N_FDS,
};

/*
 * The descriptors of PROTO_EMULATING: the mounts of the emulated files (lib/emul.h),
 * detached.
 */
enum proto_emulating_fd {
	PROTO_EMULATING_FAST,
	PROTO_EMULATING_PLAIN,
	PROTO_EMULATING_N_FDS,
};

struct proto_header {
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
};

struct proto_extent {
	uint32_t inside;
	uint32_t outside;
	uint32_t size;
};

#define PROTO_MAX_EXTENTS 340 /* IDMAP_MAX_EXTENTS */

#define PROTO_SYSCTLS_MAX 4096

struct proto_start {
	char id[PROTO_ID_MAX + 4];
	char view_path[PATH_MAX]; /* "": no engine's view */
	uint32_t emulate;	  /* enum emul_group; 0: nothing */
	/* Paths with commas: of emul_files, those whose values go to the host, too. */
	char host_sysctls[PROTO_SYSCTLS_MAX];
	uint32_t n_uids;
	uint32_t n_gids;
	struct proto_extent uids[PROTO_MAX_EXTENTS];
	struct proto_extent gids[PROTO_MAX_EXTENTS];
};

/* One message in memory; on the heap for its size. */
struct proto_message {
	struct proto_header header;
	union {
		struct proto_start start;
		struct error failed;
	} body;
	/* Not part of the datagram. */
	int fds[PROTO_START_N_FDS];
	size_t n_fds;
};
/* An empty message of this kind; proto_message_free() closes descriptors still in it. */
struct proto_message *proto_message_new(enum proto_kind kind);
struct proto_message *proto_message_free(struct proto_message *m);
DEFINE_CLEANUP(struct proto_message *, proto_message_free)

/*
 * Fill the body of PROTO_START, but for `emulate`; view_path may be NULL. -ENAMETOOLONG,
 * -E2BIG.
 */
int proto_start_set(struct proto_start *s, const char *id, const char *view_path,
		    const struct idmap *map);
int proto_start_set_sysctls(struct proto_start *s, char *const *paths);
/* The maps of a received (and therefore checked) body, appended to an empty idmap. */
void proto_start_idmap(const struct proto_start *s, struct idmap *ret);

/* Send one message with these descriptors, which stay the caller's. */
int proto_send(int sock, const struct proto_message *m, const int *fds, size_t n_fds);
/*
 * Wait for one message. -ECONNRESET: the peer closed its end. -EPROTO: malformed.
 * -EPROTONOSUPPORT: another version. A returned body is safe to use: its strings
 * end, its counts are in range.
 */
int proto_recv(int sock, struct proto_message **ret);

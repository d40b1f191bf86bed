/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram from the runtime: refused, or safe to use as it is. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/proto.h"
#include "lib/sock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void use_start(const struct proto_start *s)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;

	must(strlen(s->id) > 0 && strlen(s->id) < sizeof(s->id));
	must(strlen(s->view_path) < PATH_MAX);
	proto_start_idmap(s, &map);
	must(map.uids.n_extents == s->n_uids && map.gids.n_extents == s->n_gids);
	for (size_t i = 0; i < map.uids.n_extents; i++)
		(void)idmap_to_outside(&map.uids, map.uids.extents[i].inside);
}

/* As many descriptors as START has: the number is checked by unit tests. */
static int send(int sock, const uint8_t *data, size_t size)
{
	const struct proto_header *h = (const void *)data;
	const int fds[PROTO_START_N_FDS] = {sock, sock, sock};
	bool is_start = size >= sizeof(*h) && h->kind == PROTO_START;

	return sock_send(sock, data, size, fds, is_start ? PROTO_START_N_FDS : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(proto_message_freep) struct proto_message *m = NULL;
	int pair[2];

	if (size > 65536 || sock_pair(pair) < 0)
		return 0;
	if (send(pair[0], data, size) == 0 && proto_recv(pair[1], &m) == 0) {
		if (m->header.kind == PROTO_START)
			use_start(&m->body.start);
		if (m->header.kind == PROTO_FAILED)
			must(m->body.failed.errnum > 0 &&
			     memchr(m->body.failed.text, 0, sizeof(m->body.failed.text)));
	}
	fd_close(pair[0]);
	fd_close(pair[1]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/proto.h"

#include <errno.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/sock.h"
#include "lib/strv.h"

static_assert(PROTO_MAX_EXTENTS == IDMAP_MAX_EXTENTS, "what the kernel takes can be said");
static_assert(PROTO_START_N_FDS <= SOCK_FDS_MAX, "one message carries them");

/* -EPROTO where a body of this kind is not what its sender could have made. */
typedef int (*proto_check_fn)(const struct proto_message *m);

static int check_list(const struct proto_extent *e, uint32_t n)
{
	if (n > PROTO_MAX_EXTENTS)
		return -EPROTO;
	for (uint32_t i = 0; i < n; i++)
		if (e[i].size == 0 || e[i].inside > UINT32_MAX - e[i].size ||
		    e[i].outside > UINT32_MAX - e[i].size)
			return -EPROTO;
	return 0;
}

static int check_start(const struct proto_message *m)
{
	const struct proto_start *s = &m->body.start;
	int r;

	if (!memchr(s->id, '\0', sizeof(s->id)) || s->id[0] == '\0')
		return -EPROTO;
	if (!memchr(s->view_path, '\0', sizeof(s->view_path)))
		return -EPROTO;
	if (s->view_path[0] != '\0' && s->view_path[0] != '/')
		return -EPROTO;
	if (s->emulate & ~(uint32_t)EMUL_ALL ||
	    !memchr(s->host_sysctls, '\0', sizeof(s->host_sysctls)))
		return -EPROTO;
	r = check_list(s->uids, s->n_uids);
	return r < 0 ? r : check_list(s->gids, s->n_gids);
}

static int check_failed(const struct proto_message *m)
{
	const struct error *e = &m->body.failed;

	if (e->errnum <= 0 || e->errnum > 4095 /* the kernel's MAX_ERRNO */)
		return -EPROTO;
	return memchr(e->text, '\0', sizeof(e->text)) ? 0 : -EPROTO;
}

static const struct proto_kind_info {
	size_t body_size;
	size_t n_fds;
	proto_check_fn check; /* NULL: nothing to check */
} kinds[] = {
	[PROTO_START] = {sizeof(struct proto_start), PROTO_START_N_FDS, check_start},
	[PROTO_READY] = {0, 0, NULL},
	[PROTO_EMULATING] = {0, PROTO_EMULATING_N_FDS, NULL},
	[PROTO_LISTENER] = {0, 1, NULL},
	[PROTO_FAILED] = {sizeof(struct error), 0, check_failed},
};

static const struct proto_kind_info *kind_info(unsigned int kind)
{
	return kind >= PROTO_START && kind < ARRAY_SIZE(kinds) ? &kinds[kind] : NULL;
}

/* Header and body lie in the message as on the wire. */
static_assert(offsetof(struct proto_message, body) == sizeof(struct proto_header),
	      "no padding between header and body");

static size_t wire_size(const struct proto_kind_info *k)
{
	return sizeof(struct proto_header) + k->body_size;
}

struct proto_message *proto_message_new(enum proto_kind kind)
{
	struct proto_message *m = xcalloc(1, sizeof(*m));

	m->header = (struct proto_header){PROTO_MAGIC, PROTO_VERSION, (uint16_t)kind};
	for (size_t i = 0; i < ARRAY_SIZE(m->fds); i++)
		m->fds[i] = -EBADF;
	return m;
}

struct proto_message *proto_message_free(struct proto_message *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(m->fds); i++)
		fd_close(m->fds[i]);
	free(m);
	return NULL;
}

static int set_string(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(dst, src, len + 1);
	return 0;
}

static int set_list(struct proto_extent *dst, uint32_t *ret_n, const struct idmap_list *l)
{
	if (l->n_extents > PROTO_MAX_EXTENTS)
		return -E2BIG;
	for (size_t i = 0; i < l->n_extents; i++)
		dst[i] = (struct proto_extent){l->extents[i].inside, l->extents[i].outside,
					       l->extents[i].size};
	*ret_n = (uint32_t)l->n_extents;
	return 0;
}

int proto_start_set(struct proto_start *s, const char *id, const char *view_path,
		    const struct idmap *map)
{
	int r = set_string(s->id, sizeof(s->id), id);

	if (r == 0 && view_path)
		r = set_string(s->view_path, sizeof(s->view_path), view_path);
	if (r == 0)
		r = set_list(s->uids, &s->n_uids, &map->uids);
	if (r == 0)
		r = set_list(s->gids, &s->n_gids, &map->gids);
	return r;
}

int proto_start_set_sysctls(struct proto_start *s, char *const *paths)
{
	_cleanup_free_ char *joined = strv_join(paths, ",");

	return set_string(s->host_sysctls, sizeof(s->host_sysctls), joined ? joined : "");
}

void proto_start_idmap(const struct proto_start *s, struct idmap *ret)
{
	for (uint32_t i = 0; i < s->n_uids; i++)
		idmap_add(&ret->uids, s->uids[i].inside, s->uids[i].outside, s->uids[i].size);
	for (uint32_t i = 0; i < s->n_gids; i++)
		idmap_add(&ret->gids, s->gids[i].inside, s->gids[i].outside, s->gids[i].size);
}

int proto_send(int sock, const struct proto_message *m, const int *fds, size_t n_fds)
{
	const struct proto_kind_info *k = kind_info(m->header.kind);

	if (!k || n_fds != k->n_fds)
		return -EINVAL;
	return sock_send(sock, m, wire_size(k), fds, n_fds);
}

static int check_message(const struct proto_message *m, size_t len)
{
	const struct proto_kind_info *k = kind_info(m->header.kind);

	if (len < sizeof(m->header) || m->header.magic != PROTO_MAGIC)
		return -EPROTO;
	if (m->header.version != PROTO_VERSION)
		return -EPROTONOSUPPORT;
	if (!k || len != wire_size(k) || m->n_fds != k->n_fds)
		return -EPROTO;
	return k->check ? k->check(m) : 0;
}

int proto_recv(int sock, struct proto_message **ret)
{
	_cleanup_(proto_message_freep) struct proto_message *m = proto_message_new(0);
	ssize_t n = sock_recv(sock, m, offsetof(struct proto_message, fds), m->fds,
			      ARRAY_SIZE(m->fds), &m->n_fds);
	int r;

	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return n == -EMSGSIZE ? -EPROTO : (int)n;
	r = check_message(m, (size_t)n);
	if (r < 0)
		return r;
	*ret = take_ptr(&m);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/flags.h"
#include "lib/log.h"
#include "lib/ns.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "lib/userns.h"
#include "src/spec.h"
#include "src/subid.h"

void ids_done(struct ids *ids)
{
	idmap_done(&ids->map);
	ids->userns_fd = fd_close(ids->userns_fd);
}

static void take_mappings(struct idmap_list *l, const struct spec_id_mapping *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		idmap_add(l, m[i].container_id, m[i].host_id, m[i].size);
}

/* The user namespace that owns the one at `path`; -EBADF when that is the host's. */
static int foreign_owner(const struct spec_namespace *n, struct error *err)
{
	_cleanup_close_ int fd = open(n->path, O_RDONLY | O_CLOEXEC), owner = -EBADF;
	int own;

	if (fd < 0)
		return error_errno(err, errno, "open the %s namespace %s", n->type, n->path);
	owner = userns_of(fd);
	if (owner < 0)
		return error_errno(err, -owner, "find the owner of the %s namespace %s",
				   n->type, n->path);
	own = ns_is_own(owner, CLONE_NEWUSER);
	if (own < 0)
		return error_errno(err, -own, "compare the owner of %s", n->path);
	return own ? -EBADF : take_fd(&owner);
}

/* Namespaces of two different owners cannot both be ours. */
static int same_owner(int a, int b, const struct spec_namespace *n, struct error *err)
{
	int same = ns_same(a, b);

	if (same > 0)
		return 0;
	return error_set(err, EINVAL,
			 "the %s namespace %s belongs to another container than the other "
			 "shared namespaces",
			 n->type, n->path);
}

static int find_shared(struct ids *ids, const struct spec *s, struct error *err)
{
	for (size_t i = 0; i < s->linux_->n_namespaces; i++) {
		const struct spec_namespace *n = &s->linux_->namespaces[i];
		int owner, r;

		if (str_is_empty(n->path) || str_eq(n->type, "user") ||
		    str_eq(n->type, "mount"))
			continue;
		owner = foreign_owner(n, err);
		if (owner == -EBADF)
			continue;
		if (owner < 0)
			return owner;
		if (ids->userns_fd < 0) {
			ids->userns_fd = owner;
			continue;
		}
		r = same_owner(ids->userns_fd, owner, n, err);
		fd_close(owner);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_given(struct ids *ids, const struct spec_namespace *n, struct error *err)
{
	int own;

	ids->userns_fd = open(n->path, O_RDONLY | O_CLOEXEC);
	if (ids->userns_fd < 0)
		return error_errno(err, errno, "open the user namespace %s", n->path);
	own = ns_is_own(ids->userns_fd, CLONE_NEWUSER);
	if (own < 0)
		return error_errno(err, -own, "%s is not a user namespace", n->path);
	if (own)
		return error_set(
			err, EINVAL,
			"the user namespace %s is the host's: a system container always has "
			"one of its own; leave it out (--userns=host has no meaning here)",
			n->path);
	return 0;
}

/* A system container has 65536 ids, and none to give away but of these. */
static int check_range(uint32_t base, struct error *err)
{
	struct idmap own = {0};
	int r = idmap_read(&own, getpid());

	if (r == 0 && (idmap_to_outside(&own.uids, base) == IDMAP_NONE ||
		       idmap_to_outside(&own.uids, base + SUBID_RANGE - 1) == IDMAP_NONE))
		r = error_set(
			err, ERANGE,
			"the ids %u to %u do not exist here: in a system container the "
			"engine must give ids out of its own 65536 (Docker: userns-remap)",
			base, base + SUBID_RANGE - 1);
	else if (r < 0)
		r = error_errno(err, -r, "read the own ids");
	idmap_done(&own);
	return r;
}

static int reserve(struct ids *ids, const char *owner, struct error *err)
{
	uint32_t base;
	int r = subid_reserve(owner, SUBID_RANGE, &base, err);

	if (r == 0)
		r = check_range(base, err);
	if (r < 0)
		return r;
	idmap_add(&ids->map.uids, 0, base, SUBID_RANGE);
	idmap_add(&ids->map.gids, 0, base, SUBID_RANGE);
	ids->given = false;
	return 0;
}

static int decide(struct ids *ids, const struct spec *s, const char *owner, struct error *err)
{
	const struct spec_namespace *user = spec_find_namespace(s, "user");
	int r = 0;

	ids->given = true;
	take_mappings(&ids->map.uids, s->linux_->uid_mappings, s->linux_->n_uid_mappings);
	take_mappings(&ids->map.gids, s->linux_->gid_mappings, s->linux_->n_gid_mappings);
	if (user && !str_is_empty(user->path))
		r = open_given(ids, user, err);
	else if (idmap_is_empty(&ids->map))
		r = find_shared(ids, s, err);
	if (r < 0)
		return r;
	if (ids->userns_fd < 0)
		return idmap_is_empty(&ids->map) ? reserve(ids, owner, err) : 0;
	idmap_done(&ids->map);
	r = userns_read_map(ids->userns_fd, &ids->map);
	return r < 0 ? error_errno(err, -r, "read the mapping of the joined user namespace")
		     : 0;
}

int ids_decide(struct ids *ret, const struct spec *s, const char *owner, struct error *err)
{
	_cleanup_(ids_done) struct ids ids = IDS_EMPTY;
	int r = decide(&ids, s, owner, err);

	if (r < 0)
		return r;
	*ret = ids;
	ids = (struct ids)IDS_EMPTY;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/inspect.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/dir.h"
#include "lib/json.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/locks.h"
#include "src/syscont.h"

#define DEPTH_MAX 256

struct inspect_store {
	char *path; /* in the container, without symlinks */
	char *source;
	uint64_t bytes; /* on the disk; what the image holds is not counted */
	uint64_t entries;
	uint64_t from_image; /* layers and blobs that are only linked */
};

struct inspect_lock {
	char *path;
	char *source;
	bool held;
	char *since;
};

struct inspect {
	char *id;
	char *status;
	int32_t pid;
	char *rootfs;
	char *store_dir;
	struct inspect_store *stores;
	size_t n_stores;
	struct inspect_lock *locks;
	size_t n_locks;
	struct spec_id_mapping *uids, *gids; /* borrowed */
	size_t n_uids, n_gids;
};

#define F(nm, kd, mb) JSON_FIELD(struct inspect_store, nm, kd, mb, JSON_KEEP)
static const struct json_field store_fields[] = {
	F("path", STRING, path),
	F("source", STRING, source),
	F("bytes", U64, bytes),
	F("entries", U64, entries),
	F("linkedFromImage", U64, from_image),
	{0},
};
#undef F
static const struct json_type store_type =
	JSON_TYPE("store", struct inspect_store, store_fields);

static const struct json_field lock_fields[] = {
	JSON_FIELD(struct inspect_lock, "path", STRING, path, 0),
	JSON_FIELD(struct inspect_lock, "source", STRING, source, 0),
	JSON_FIELD(struct inspect_lock, "held", BOOL, held, JSON_KEEP),
	JSON_FIELD(struct inspect_lock, "since", STRING, since, 0),
	{0},
};
static const struct json_type lock_type = JSON_TYPE("lock", struct inspect_lock, lock_fields);

static const struct json_field mapping_fields[] = {
	JSON_FIELD(struct spec_id_mapping, "containerID", U32, container_id, JSON_KEEP),
	JSON_FIELD(struct spec_id_mapping, "hostID", U32, host_id, JSON_KEEP),
	JSON_FIELD(struct spec_id_mapping, "size", U32, size, JSON_KEEP),
	{0},
};
static const struct json_type mapping_type =
	JSON_TYPE("mapping", struct spec_id_mapping, mapping_fields);

#define C(nm, mb, nmb, ty) JSON_COUNTED(struct inspect, nm, ARRAY, mb, nmb, ty, JSON_KEEP)
static const struct json_field inspect_fields[] = {
	JSON_FIELD(struct inspect, "id", STRING, id, 0),
	JSON_FIELD(struct inspect, "status", STRING, status, 0),
	JSON_FIELD(struct inspect, "pid", I32, pid, JSON_KEEP),
	JSON_FIELD(struct inspect, "rootfs", STRING, rootfs, 0),
	JSON_FIELD(struct inspect, "storeDir", STRING, store_dir, 0),
	C("stores", stores, n_stores, &store_type),
	C("locks", locks, n_locks, &lock_type),
	C("uidMappings", uids, n_uids, &mapping_type),
	C("gidMappings", gids, n_gids, &mapping_type),
	{0},
};
#undef C
static const struct json_type inspect_type =
	JSON_TYPE("container", struct inspect, inspect_fields);

/* ------------------------------------------------------------------ sizes */

static bool is_view_link(int dirfd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
	const char *p = target;

	if (n < 0)
		return false;
	target[n] = '\0';
	while (str_has_prefix(p, "../"))
		p += 3;
	return str_has_prefix(p, SYSCONT_STORE_VIEWS "/");
}

/* A file with several names is divided among them; one that was just removed has none. */
static uint64_t bytes_of(const struct stat *st)
{
	const nlink_t n = S_ISDIR(st->st_mode) || !st->st_nlink ? 1 : st->st_nlink;

	return (uint64_t)st->st_blocks * 512 / n;
}

static void count_dir(struct inspect_store *s, int at, const char *name, unsigned int depth);

static void count_entry(struct inspect_store *s, int dirfd, const char *name,
			unsigned int depth)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	s->entries++;
	s->bytes += bytes_of(&st);
	if (S_ISLNK(st.st_mode) && is_view_link(dirfd, name))
		s->from_image++;
	if (S_ISDIR(st.st_mode))
		count_dir(s, dirfd, name, depth + 1);
}

static void count_dir(struct inspect_store *s, int at, const char *name, unsigned int depth)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;

	if (depth > DEPTH_MAX || dir_open(&dir, at, name) < 0)
		return;
	while (dir_next(dir, &e) > 0)
		count_entry(s, dirfd(dir), e->d_name, depth);
}

/* ------------------------------------------------------------------ all */

static void add_store(struct inspect *in, const struct state *s, const struct json_pair *p)
{
	struct inspect_store *st = array_add((void **)&in->stores, &in->n_stores, sizeof(*st));

	st->path = xstrdup(p->value);
	st->source = path_join(s->store_dir, p->key);
	count_dir(st, AT_FDCWD, st->source, 0);
}

static void add_lock(struct inspect *in, const struct json_pair *p)
{
	struct inspect_lock *l = array_add((void **)&in->locks, &in->n_locks, sizeof(*l));

	l->path = xstrdup(p->key);
	l->source = xstrdup(p->value);
	l->held = locks_is_held(p->value, &l->since);
}

static void inspect_done(struct inspect *in)
{
	for (size_t i = 0; i < in->n_stores; i++) {
		free(in->stores[i].path);
		free(in->stores[i].source);
	}
	for (size_t i = 0; i < in->n_locks; i++) {
		free(in->locks[i].path);
		free(in->locks[i].source);
		free(in->locks[i].since);
	}
	free(in->stores);
	free(in->locks);
}

char *inspect_format(const struct state_dir *d, const struct state *s)
{
	const enum state_status status = state_status(d, s);
	_cleanup_strbuf_ struct strbuf text = STRBUF_EMPTY;
	struct inspect in = {
		.id = s->id,
		.status = (char *)state_status_name(status),
		.pid = status == STATE_STOPPED ? 0 : s->init_pid,
		.rootfs = s->rootfs,
		.store_dir = s->store_dir,
		.uids = s->uid_mappings,
		.n_uids = s->n_uid_mappings,
		.gids = s->gid_mappings,
		.n_gids = s->n_gid_mappings,
	};

	for (size_t i = 0; i < s->n_stores; i++)
		add_store(&in, s, &s->stores[i]);
	for (size_t i = 0; i < s->n_locks; i++)
		add_lock(&in, &s->locks[i]);
	json_encode(&inspect_type, &in, JSON_PRETTY, &text);
	inspect_done(&in);
	return strbuf_take(&text);
}

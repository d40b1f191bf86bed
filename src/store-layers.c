/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	engine			a layer is immutable when
 *	Docker, overlay2	image/overlay2/layerdb/sha256/X/cache-id names it, or it
 *				has a file "committed"
 *	containerd, BuildKit	its snapshot is of kind 3 in the snapshotter's metadata.db
 *	Podman, CRI-O		overlay-layers/layers.json has it, and no container
 *
 * The names come from an image: only those that cannot lead anywhere else are
 * taken.
 */
#include "src/store-layers.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/alloc.h"
#include "lib/bolt.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "src/store-source.h"

#define RECORDS_MAX   (64u << 20)
#define ID_MAX	      4096
#define KIND_COMMITED 3
#define SNAPSHOTTER   "io.containerd.snapshotter.v1.overlayfs"
#define CONTENT	      "io.containerd.content.v1.content/blobs/sha256"

struct find {
	struct store_layers *found;
	const struct store_source *store;
	const char *root; /* of the engine, from the top of the store */
};

static bool is_plain_name(const char *s)
{
	if (!*s || *s == '.')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return false;
	return true;
}

/* ROOT/DIR/ID/LEAF; whether it is there is seen later. */
static void add_layer(struct find *f, const char *dir, const char *id, const char *leaf)
{
	if (!is_plain_name(id))
		return;
	strlist_take(&f->found->dirs, *f->root
					      ? xasprintf("%s/%s/%s/%s", f->root, dir, id, leaf)
					      : xasprintf("%s/%s/%s", dir, id, leaf));
}

static char *below_root(const struct find *f, const char *path)
{
	return *f->root ? path_join(f->root, path) : xstrdup(path);
}

static char **list_dir(const struct find *f, const char *path)
{
	_cleanup_(store_source_done) struct store_source in = STORE_SOURCE_EMPTY;
	_cleanup_free_ char *full = below_root(f, path);
	char **list = NULL;

	if (store_source_enter(f->store, full, &in) < 0 || store_source_list(&in, &list) < 0)
		return NULL;
	return list;
}

static char *read_record(const struct find *f, const char *path, size_t max, size_t *ret_len)
{
	_cleanup_free_ char *full = below_root(f, path);
	char *text = NULL;

	return store_source_read(f->store, full, max, &text, ret_len) < 0 ? NULL : text;
}

/* ------------------------------------------------------------------ Docker */

static void add_of_layerdb(struct find *f)
{
	_cleanup_(strv_freep) char **ids = list_dir(f, "image/overlay2/layerdb/sha256");

	for (char **i = ids; i && *i; i++) {
		_cleanup_free_ char *path =
			xasprintf("image/overlay2/layerdb/sha256/%s/cache-id", *i);
		_cleanup_free_ char *id = read_record(f, path, ID_MAX, NULL);

		if (id)
			add_layer(f, "overlay2", id, "diff");
	}
}

static void add_of_builds(struct find *f)
{
	_cleanup_(strv_freep) char **ids = list_dir(f, "overlay2");

	for (char **i = ids; i && *i; i++) {
		_cleanup_free_ char *path = xasprintf("overlay2/%s/committed", *i);
		_cleanup_free_ char *text = read_record(f, path, ID_MAX, NULL);

		if (text)
			add_layer(f, "overlay2", *i, "diff");
	}
}

static void find_docker(struct find *f)
{
	add_of_layerdb(f);
	add_of_builds(f);
}

/* ------------------------------------------------------------------ containerd */

/* encoding/binary's unsigned varint. */
static bool read_varint(const struct bolt_item *item, uint64_t *ret)
{
	const unsigned char *p = item->value;

	*ret = 0;
	for (size_t i = 0; i < item->value_len && i < 9; i++) {
		*ret |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if (!(p[i] & 0x80))
			return true;
	}
	return false;
}

struct snapshots {
	struct find *f;
	struct bolt *db;
};

static int add_snapshot(const struct bolt_item *item, void *arg)
{
	struct snapshots *s = arg;
	_cleanup_free_ char *id = NULL;
	struct bolt_bucket bucket;
	struct bolt_item kind, number;
	uint64_t n;

	if (bolt_bucket_of(item, &bucket) < 0 || bolt_find(s->db, bucket, "kind", &kind) < 0 ||
	    kind.value_len != 1 || *(const unsigned char *)kind.value != KIND_COMMITED ||
	    bolt_find(s->db, bucket, "id", &number) < 0 || !read_varint(&number, &n))
		return 0;
	id = xasprintf("%llu", (unsigned long long)n);
	add_layer(s->f, "snapshots", id, "fs");
	return 0;
}

static int find_in_bolt(struct find *f, const char *data, size_t len)
{
	struct snapshots s = {.f = f};
	struct bolt_bucket bucket;
	struct bolt_item item;
	struct bolt db;
	int r = bolt_open(&db, data, len);

	s.db = &db;
	if (r == 0)
		r = bolt_find(&db, bolt_root(&db), "v1", &item);
	if (r == 0)
		r = bolt_bucket_of(&item, &bucket);
	if (r == 0)
		r = bolt_find(&db, bucket, "snapshots", &item);
	if (r == 0)
		r = bolt_bucket_of(&item, &bucket);
	return r < 0 ? r : bolt_for_each(&db, bucket, add_snapshot, &s);
}

static void find_snapshots(struct find *f)
{
	size_t len = 0;
	_cleanup_free_ char *data = read_record(f, "metadata.db", RECORDS_MAX, &len);
	int r = data ? find_in_bolt(f, data, len) : 0;

	if (r < 0 && r != -ENOENT)
		log_debug("%s/metadata.db: %s", f->root, strerror(-r));
}

static void find_blobs(struct find *f)
{
	strv_add(&f->found->blob_dirs, f->root);
}

/* ------------------------------------------------------------------ Podman */

struct podman_record {
	char *id;
	char *layer; /* of a container */
};

struct podman_list {
	struct podman_record *records;
	size_t n_records;
};

static const struct json_field record_fields[] = {
	JSON_FIELD(struct podman_record, "id", STRING, id, 0),
	JSON_FIELD(struct podman_record, "layer", STRING, layer, 0),
	{0},
};
static const struct json_type record_type =
	JSON_TYPE("record", struct podman_record, record_fields);
static const struct json_field list_fields[] = {
	JSON_COUNTED(struct podman_list, "list", ARRAY, records, n_records, &record_type, 0),
	{0},
};
static const struct json_type list_type = JSON_TYPE("list", struct podman_list, list_fields);

/* The files are arrays; the codec knows objects. */
static bool read_list(const struct find *f, const char *path, struct podman_list *ret)
{
	_cleanup_free_ char *array = read_record(f, path, JSON_TEXT_MAX, NULL);
	_cleanup_free_ char *text = array ? xasprintf("{\"list\":%s}", array) : NULL;
	struct error ignored = {0};

	*ret = (struct podman_list){0};
	return text && json_decode(&list_type, ret, text, strlen(text), path, &ignored) == 0;
}

static bool is_of_container(const struct podman_list *containers, const char *id)
{
	for (size_t i = 0; i < containers->n_records; i++)
		if (str_eq(containers->records[i].layer, id))
			return true;
	return false;
}

/* No container was ever made, or the list of them can be read. */
static bool read_containers(const struct find *f, struct podman_list *ret)
{
	_cleanup_(strv_freep) char **names = list_dir(f, "overlay-containers");

	*ret = (struct podman_list){0};
	return !strv_contains(names, "containers.json") ||
	       read_list(f, "overlay-containers/containers.json", ret);
}

static void find_podman(struct find *f)
{
	struct podman_list layers, containers;

	if (!read_list(f, "overlay-layers/layers.json", &layers))
		return;
	if (read_containers(f, &containers))
		for (size_t i = 0; i < layers.n_records; i++)
			if (layers.records[i].id &&
			    !is_of_container(&containers, layers.records[i].id))
				add_layer(f, "overlay", layers.records[i].id, "diff");
	json_done(&list_type, &layers);
	json_done(&list_type, &containers);
}

/* ------------------------------------------------------------------ all */

static const struct {
	const char *root;
	void (*find)(struct find *f);
} places[] = {
	{"", find_docker},
	{"", find_podman}, /* graphroot */
	{"storage", find_podman},
	/* containerd's own, in Docker's, k0s', k3s' and rke2's data */
	{SNAPSHOTTER, find_snapshots},
	{CONTENT, find_blobs},
	{"containerd/daemon/" SNAPSHOTTER, find_snapshots},
	{"containerd/daemon/" CONTENT, find_blobs},
	{"containerd/" SNAPSHOTTER, find_snapshots},
	{"containerd/" CONTENT, find_blobs},
	{"agent/containerd/" SNAPSHOTTER, find_snapshots},
	{"agent/containerd/" CONTENT, find_blobs},
	{"runc-overlayfs/snapshots", find_snapshots}, /* buildkitd */
	{"runc-overlayfs/content/blobs/sha256", find_blobs},
};

void store_layers_find(struct store_layers *ret, const struct store_source *store)
{
	*ret = (struct store_layers){0};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct find f = {ret, store, places[i].root};

		places[i].find(&f);
	}
	strlist_sort(&ret->dirs);
}

void store_layers_done(struct store_layers *l)
{
	strlist_done(&l->dirs);
	strv_free(l->blob_dirs);
	*l = (struct store_layers){0};
}

bool store_layers_has(const struct store_layers *l, const char *path)
{
	return strlist_has(&l->dirs, path);
}

bool store_layers_has_blobs(const struct store_layers *l, const char *dir)
{
	return strv_contains(l->blob_dirs, dir);
}

bool store_layers_in(const struct store_layers *l, const char *dir)
{
	_cleanup_free_ char *diff = path_join(dir, "diff");
	_cleanup_free_ char *fs = path_join(dir, "fs");

	return store_layers_has(l, diff) || store_layers_has(l, fs);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"

/* A line is at most "4294967295 4294967295 4294967295\n"; procfs pads it with blanks. */
#define MAP_TEXT_MAX (IDMAP_MAX_EXTENTS * 64)

void idmap_done(struct idmap *m)
{
	free(m->uids.extents);
	free(m->gids.extents);
	*m = (struct idmap)IDMAP_EMPTY;
}

void idmap_add(struct idmap_list *l, uint32_t inside, uint32_t outside, uint32_t size)
{
	struct idmap_extent *e =
		array_add((void **)&l->extents, &l->n_extents, sizeof(*l->extents));

	*e = (struct idmap_extent){.inside = inside, .outside = outside, .size = size};
}

static void copy_list(struct idmap_list *dst, const struct idmap_list *src)
{
	for (size_t i = 0; i < src->n_extents; i++) {
		const struct idmap_extent *e = &src->extents[i];

		idmap_add(dst, e->inside, e->outside, e->size);
	}
}

void idmap_copy(struct idmap *dst, const struct idmap *src)
{
	*dst = (struct idmap)IDMAP_EMPTY;
	copy_list(&dst->uids, &src->uids);
	copy_list(&dst->gids, &src->gids);
}

bool idmap_is_empty(const struct idmap *m)
{
	return m->uids.n_extents == 0 && m->gids.n_extents == 0;
}

static bool contains(const struct idmap_list *l, const struct idmap_extent *e)
{
	for (size_t i = 0; i < l->n_extents; i++)
		if (memcmp(&l->extents[i], e, sizeof(*e)) == 0)
			return true;
	return false;
}

/* Without regard to order: the kernel sorts long maps before it shows them. */
static bool equal_lists(const struct idmap_list *a, const struct idmap_list *b)
{
	if (a->n_extents != b->n_extents)
		return false;
	for (size_t i = 0; i < a->n_extents; i++)
		if (!contains(b, &a->extents[i]))
			return false;
	return true;
}

bool idmap_equal(const struct idmap *a, const struct idmap *b)
{
	return equal_lists(&a->uids, &b->uids) && equal_lists(&a->gids, &b->gids);
}

uint32_t idmap_to_outside(const struct idmap_list *l, uint32_t inside)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		const struct idmap_extent *e = &l->extents[i];

		if (inside >= e->inside && inside - e->inside < e->size)
			return e->outside + (inside - e->inside);
	}
	return IDMAP_NONE;
}

uint32_t idmap_to_inside(const struct idmap_list *l, uint32_t outside)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		const struct idmap_extent *e = &l->extents[i];

		if (outside >= e->outside && outside - e->outside < e->size)
			return e->inside + (outside - e->outside);
	}
	return IDMAP_NONE;
}

/* The last id of an extent must stay below (uid_t)-1, which is no id. */
static bool overflows(uint32_t first, uint32_t size)
{
	return (uint64_t)first + size > UINT32_MAX;
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static int check_extent(const struct idmap_list *l, size_t i, const char *what,
			struct error *err)
{
	const struct idmap_extent *e = &l->extents[i];

	if (e->size == 0)
		return error_set(err, EINVAL, "%s[%zu]: size is 0", what, i);
	if (overflows(e->inside, e->size) || overflows(e->outside, e->size))
		return error_set(err, EINVAL,
				 "%s[%zu]: %" PRIu32 " %" PRIu32 " %" PRIu32
				 " goes beyond the largest id",
				 what, i, e->inside, e->outside, e->size);
	for (size_t k = 0; k < i; k++) {
		const struct idmap_extent *o = &l->extents[k];

		if (overlap(e->inside, e->size, o->inside, o->size) ||
		    overlap(e->outside, e->size, o->outside, o->size))
			return error_set(err, EINVAL, "%s[%zu] overlaps %s[%zu]", what, i, what,
					 k);
	}
	return 0;
}

int idmap_check(const struct idmap_list *l, const char *what, struct error *err)
{
	_cleanup_free_ char *text = NULL;

	if (l->n_extents > IDMAP_MAX_EXTENTS)
		return error_set(err, E2BIG, "%s: %zu entries, the kernel takes %d", what,
				 l->n_extents, IDMAP_MAX_EXTENTS);
	for (size_t i = 0; i < l->n_extents; i++) {
		int r = check_extent(l, i, what, err);

		if (r < 0)
			return r;
	}
	/* A map is written by one write(2), which must be shorter than a page. */
	text = idmap_format(l);
	if (strlen(text) >= (size_t)sysconf(_SC_PAGESIZE))
		return error_set(err, E2BIG, "%s: the text of the map exceeds one page", what);
	return 0;
}

char *idmap_format(const struct idmap_list *l)
{
	struct strbuf b = STRBUF_EMPTY;

	for (size_t i = 0; i < l->n_extents; i++) {
		const struct idmap_extent *e = &l->extents[i];

		strbuf_addf(&b, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", e->inside, e->outside,
			    e->size);
	}
	return strbuf_take(&b);
}

static int parse_line(struct idmap_list *l, const char *line)
{
	_cleanup_(strv_freep) char **words = strv_split(line, " \t");
	uint32_t v[3];

	if (strv_len(words) != ARRAY_SIZE(v) || l->n_extents == IDMAP_MAX_EXTENTS)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		int r = str_to_u32(words[i], &v[i]);

		if (r < 0)
			return r;
	}
	idmap_add(l, v[0], v[1], v[2]);
	return 0;
}

int idmap_parse(struct idmap_list *ret, const char *text)
{
	_cleanup_(strv_freep) char **lines = strv_split(text, "\n");
	struct idmap_list l = {0};

	for (char **line = lines; line && *line; line++) {
		int r = parse_line(&l, *line);

		if (r < 0) {
			free(l.extents);
			return r;
		}
	}
	*ret = l;
	return 0;
}

static int read_list(struct idmap_list *ret, pid_t pid, const char *name)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	r = file_read(AT_FDCWD, path, MAP_TEXT_MAX, &text, NULL);
	return r < 0 ? r : idmap_parse(ret, text);
}

int idmap_read(struct idmap *ret, pid_t pid)
{
	struct idmap m = IDMAP_EMPTY;
	int r = read_list(&m.uids, pid, "uid_map");

	if (r == 0)
		r = read_list(&m.gids, pid, "gid_map");
	if (r < 0) {
		idmap_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

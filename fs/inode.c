/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A pass-through usually finds its inodes by (device, inode number). On overlayfs with
 * index=off that is wrong: two hard links in a lower layer have the same number, but are two
 * files, since a write to one copies up only that one. If they were found by number, a write
 * to the second would change the first. So an inode is found by (parent, name) as the kernel
 * looked it up, and number and device only show whether the name still leads to the same
 * file. If so, it keeps its id and takes over the new descriptor, which is right by
 * definition: a dentry of the kernel stays valid over repeated lookups, together with what is
 * mounted on it and the processes that work in it.
 *
 * FUSE allows two names of one file to be two nodes; each sees changes made through the
 * other, because neither attributes nor entries are cached.
 *
 * Ids count up and are never reused. The upper bits are the generation of the worker: after a
 * crash the kernel still sends ids of the dead one, and they must be unknown, not another
 * file.
 */
#include "fs/inode.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/alloc.h"
#include "lib/fd.h"

#define GENERATION_SHIFT 40
#define BUCKETS_MIN	 64u

static size_t bucket_of_id(const struct inodes *t, uint64_t id)
{
	return (size_t)id & (t->n_buckets - 1);
}

/* FNV-1a, seeded with a secret, so that names cannot be chosen to collide. */
static size_t bucket_of_name(const struct inodes *t, uint64_t parent, const char *name)
{
	uint64_t h = 0xcbf29ce484222325u ^ t->seed ^ parent * 0x9e3779b97f4a7c15u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32) & (t->n_buckets - 1);
}

static void link_by_id(struct inodes *t, struct inode *i)
{
	struct inode **head = &t->by_id[bucket_of_id(t, i->id)];

	i->next_by_id = *head;
	*head = i;
}

static void link_by_name(struct inodes *t, struct inode *i)
{
	struct inode **head = &t->by_name[bucket_of_name(t, i->parent, i->name)];

	i->next_by_name = *head;
	*head = i;
}

static void unlink_by_id(struct inodes *t, struct inode *i)
{
	struct inode **p = &t->by_id[bucket_of_id(t, i->id)];

	while (*p != i)
		p = &(*p)->next_by_id;
	*p = i->next_by_id;
}

static void unlink_by_name(struct inodes *t, struct inode *i)
{
	struct inode **p;

	if (!i->name)
		return;
	p = &t->by_name[bucket_of_name(t, i->parent, i->name)];
	while (*p != i)
		p = &(*p)->next_by_name;
	*p = i->next_by_name;
	free(i->name);
	i->name = NULL;
}

static void grow(struct inodes *t)
{
	struct inode **old_id = t->by_id, **old_name = t->by_name;
	size_t n_old = t->n_buckets;

	t->n_buckets = n_old ? n_old * 2 : BUCKETS_MIN;
	t->by_id = xcalloc(t->n_buckets, sizeof(*t->by_id));
	t->by_name = xcalloc(t->n_buckets, sizeof(*t->by_name));
	for (size_t b = 0; b < n_old; b++) {
		for (struct inode *next, *i = old_id[b]; i; i = next) {
			next = i->next_by_id;
			link_by_id(t, i);
		}
		for (struct inode *next, *i = old_name[b]; i; i = next) {
			next = i->next_by_name;
			link_by_name(t, i);
		}
	}
	free(old_id);
	free(old_name);
}

static struct inode *add(struct inodes *t, uint64_t id, int fd, const struct stat *st)
{
	struct inode *i = xcalloc(1, sizeof(*i));

	if (t->n >= t->n_buckets)
		grow(t);
	i->id = id;
	i->fd = fd;
	i->type = st->st_mode & S_IFMT;
	i->dev = st->st_dev;
	i->ino = st->st_ino;
	link_by_id(t, i);
	t->n++;
	return i;
}

static void drop(struct inodes *t, struct inode *i)
{
	unlink_by_name(t, i);
	unlink_by_id(t, i);
	fd_close(i->fd);
	free(i);
	t->n--;
}

void inodes_init(struct inodes *t, unsigned int generation, int root_fd,
		 const struct stat *root)
{
	*t = (struct inodes)INODES_EMPTY;
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0)
		t->seed = (uint64_t)(uintptr_t)t; /* the address is random as well */
	t->trim_at = INODES_TRIM;
	t->last_id = (uint64_t)generation << GENERATION_SHIFT;
	if (t->last_id < INODE_ROOT)
		t->last_id = INODE_ROOT;
	(void)add(t, INODE_ROOT, root_fd, root);
}

void inodes_done(struct inodes *t)
{
	for (size_t b = 0; b < t->n_buckets; b++)
		while (t->by_id[b])
			drop(t, t->by_id[b]);
	free(t->by_id);
	free(t->by_name);
	*t = (struct inodes)INODES_EMPTY;
}

struct inode *inodes_find(const struct inodes *t, uint64_t id)
{
	struct inode *i = t->by_id[bucket_of_id(t, id)];

	while (i && i->id != id)
		i = i->next_by_id;
	return i;
}

static struct inode *find_name(const struct inodes *t, uint64_t parent, const char *name)
{
	struct inode *i = t->by_name[bucket_of_name(t, parent, name)];

	while (i && (i->parent != parent || strcmp(i->name, name) != 0))
		i = i->next_by_name;
	return i;
}

static bool same_file(const struct inode *i, const struct stat *st)
{
	return i->dev == st->st_dev && i->ino == st->st_ino &&
	       i->type == (st->st_mode & S_IFMT);
}

static void set_name(struct inodes *t, struct inode *i, uint64_t parent, const char *name)
{
	unlink_by_name(t, i);
	i->parent = parent;
	i->name = xstrdup(name);
	link_by_name(t, i);
}

int inodes_enter(struct inodes *t, uint64_t parent, const char *name, int fd,
		 const struct stat *st, struct inode **ret)
{
	struct inode *i = find_name(t, parent, name);

	if (i && same_file(i, st)) {
		fd_close(i->fd);
		i->fd = fd;
	} else if (t->n >= INODES_MAX) {
		fd_close(fd);
		return -ENFILE;
	} else {
		if (i)
			unlink_by_name(t, i);
		i = add(t, ++t->last_id, fd, st);
		set_name(t, i, parent, name);
	}
	i->n_lookups++;
	*ret = i;
	return 0;
}

void inodes_forget(struct inodes *t, uint64_t id, uint64_t n)
{
	struct inode *i = id == INODE_ROOT ? NULL : inodes_find(t, id);

	if (!i)
		return;
	i->n_lookups -= n < i->n_lookups ? n : i->n_lookups;
	if (i->n_lookups == 0)
		drop(t, i);
}

/*
 * The kernel keeps an inode while it has memory to spare, and here each costs a descriptor.
 * What is left after a trim is in use: ask again once as many more have been added.
 */
bool inodes_want_trim(struct inodes *t)
{
	if (t->n < t->trim_at / 4)
		t->trim_at = INODES_TRIM;
	if (t->n < t->trim_at)
		return false;
	t->trim_at = t->n + (t->n > 2 * INODES_TRIM ? t->n / 2 : INODES_TRIM);
	return true;
}

void inodes_unlinked(struct inodes *t, uint64_t parent, const char *name)
{
	struct inode *i = find_name(t, parent, name);

	if (i)
		unlink_by_name(t, i);
}

void inodes_renamed(struct inodes *t, uint64_t parent, const char *name, uint64_t new_parent,
		    const char *new_name)
{
	struct inode *i = find_name(t, parent, name);

	inodes_unlinked(t, new_parent, new_name);
	if (i && i->name)
		set_name(t, i, new_parent, new_name);
}

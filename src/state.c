/* SPDX-License-Identifier: Apache-2.0 */
#include "src/state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomicfile.h"
#include "lib/dir.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/path.h"
#include "lib/proc.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strlist.h"

#define STATE_TEXT_MAX (4u << 20)
#define STATE_ID_MAX   1024

#define F(nm, kd, mb)	  JSON_FIELD(struct state, nm, kd, mb, 0)
#define C(nm, kd, mb, ty) JSON_COUNTED(struct state, nm, kd, mb, n_##mb, ty, 0)
static const struct json_field state_fields[] = {
	F("version", U32, version),
	F("id", STRING, id),
	F("ociVersion", STRING, oci_version),
	F("bundle", STRING, bundle),
	F("rootfs", STRING, rootfs),
	F("created", STRING, created),
	F("owner", STRING, owner),
	F("bootId", STRING, boot_id),
	F("initPid", I32, init_pid),
	F("initStartTime", U64, init_start),
	F("complete", BOOL, complete),
	F("hooked", BOOL, hooked),
	F("viewPath", STRING, view_path),
	F("workPath", STRING, work_path),
	F("left", BOOL, left),
	F("plain", BOOL, is_plain),
	F("resolvConf", STRING, resolv_conf),
	F("storeDir", STRING, store_dir),
	C("stores", PAIRS, stores, NULL),
	C("locks", PAIRS, locks, NULL),
	F("noNewKeyring", BOOL, no_new_keyring),
	F("honorCaps", BOOL, honor_caps),
	F("ignoreSysfsChown", BOOL, ignore_sysfs_chown),
	F("traps", BOOL, traps),
	JSON_SUB(struct state, "cgroup", STRUCT, cgroup, &cgroup_type, 0),
	C("uidMappings", ARRAY, uid_mappings, &spec_id_mapping_type),
	C("gidMappings", ARRAY, gid_mappings, &spec_id_mapping_type),
	C("annotations", PAIRS, annotations, NULL),
	{0},
};
static const struct json_type state_type = JSON_TYPE("state", struct state, state_fields);

void state_done(struct state *s)
{
	json_done(&state_type, s);
}

static const char *const status_names[] = {
	[STATE_CREATING] = "creating", [STATE_CREATED] = "created", [STATE_RUNNING] = "running",
	[STATE_PAUSED] = "paused",     [STATE_STOPPED] = "stopped",
};

const char *state_status_name(enum state_status s)
{
	return status_names[s];
}

int state_check_id(const char *id, struct error *err)
{
	size_t len = strlen(id);

	if (len == 0)
		return error_set(err, EINVAL, "container id cannot be empty");
	if (len > STATE_ID_MAX)
		return error_set(err, EINVAL, "container id is longer than %d characters",
				 STATE_ID_MAX);
	if (str_eq(id, ".") || str_eq(id, ".."))
		return error_set(err, EINVAL, "invalid container id format: \"%s\"", id);
	for (const char *p = id; *p; p++)
		if (!isascii(*p) || (!isalnum((unsigned char)*p) && !strchr("_+-.", *p)))
			return error_set(err, EINVAL,
					 "invalid container id format: \"%s\" (letters, digits "
					 "and _+-. only)",
					 id);
	return 0;
}

void state_dir_done(struct state_dir *d)
{
	free(d->path);
	d->path = NULL;
	d->dirfd = fd_close(d->dirfd);
	d->lock_fd = fd_close(d->lock_fd);
}

/* mkdir -p of the state root: 0711, so that a path below it can be passed but not listed. */
static int root_make(const char *root, struct error *err)
{
	_cleanup_free_ char *dir = path_clean(root);

	for (char *p = dir + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return error_errno(err, errno, "make the state directory %s", dir);
		*p = '/';
	}
	if (mkdir(dir, 0711) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make the state directory %s", dir);
	return 0;
}

static int open_dir(struct state_dir *d, const char *root, const char *id)
{
	d->path = path_join(root, id);
	d->dirfd = open(d->path, O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return d->dirfd < 0 ? -errno : 0;
}

/* -ENOENT: it was removed while we waited; the path may be that of another one by now. */
static int lock_dir(struct state_dir *d, enum lock_mode mode)
{
	struct stat own, there;

	d->lock_fd = lockdir_open(d->dirfd, mode);
	if (d->lock_fd < 0)
		return d->lock_fd;
	if (fstat(d->dirfd, &own) < 0 || lstat(d->path, &there) < 0)
		return -errno;
	return own.st_dev == there.st_dev && own.st_ino == there.st_ino ? 0 : -ENOENT;
}

/* Before it is locked another command may see a creation that was interrupted, and clean up. */
static int make_and_lock(struct state_dir *d, const char *root, const char *id)
{
	_cleanup_free_ char *path = path_join(root, id);
	int r;

	do {
		state_dir_done(d);
		if (mkdir(path, 0700) < 0)
			return -errno;
		r = open_dir(d, root, id);
		if (r == 0)
			r = lock_dir(d, LOCK_WAIT);
	} while (r == -ENOENT);
	return r;
}

int state_dir_make(struct state_dir *ret, const char *root, const char *id, struct error *err)
{
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
	int r = root_make(root, err);

	if (r < 0)
		return r;
	r = make_and_lock(&d, root, id);
	if (r == -EEXIST)
		return error_set(err, EEXIST, "container with given ID already exists: %s", id);
	if (r < 0)
		return error_errno(err, -r, "make the state directory %s/%s", root, id);
	*ret = d;
	d = (struct state_dir)STATE_DIR_EMPTY;
	return 0;
}

/* Until it is the current one, or there is none: -ENOENT. */
static int open_and_lock(struct state_dir *d, const char *root, const char *id,
			 enum state_lock lock)
{
	int r;

	do {
		state_dir_done(d);
		r = open_dir(d, root, id);
		if (r < 0 || lock == STATE_SHARED)
			return r;
		r = lock_dir(d, lock == STATE_TRY ? LOCK_TRY : LOCK_WAIT);
	} while (r == -ENOENT);
	return r;
}

int state_dir_open(struct state_dir *ret, const char *root, const char *id,
		   enum state_lock lock, struct error *err)
{
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
	int r;

	r = state_check_id(id, err);
	if (r < 0)
		return r;
	r = open_and_lock(&d, root, id, lock);
	if (r == -ENOENT || r == -ENOTDIR)
		return error_set(err, ENOENT, "container does not exist: %s", id);
	if (r < 0)
		return error_errno(err, -r, "open the state directory of %s", id);
	*ret = d;
	d = (struct state_dir)STATE_DIR_EMPTY;
	return 0;
}

int state_dir_remove(struct state_dir *d, struct error *err)
{
	_cleanup_free_ char *parent = NULL, *name = NULL;
	_cleanup_close_ int dirfd = -EBADF;
	int r;

	path_split(d->path, &parent, &name);
	dirfd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = dirfd < 0 ? -errno : path_remove_tree(dirfd, name);
	return r < 0 ? error_errno(err, -r, "remove %s", d->path) : 0;
}

int state_save(const struct state_dir *d, const struct state *s, struct error *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_EMPTY;
	int r;

	json_encode(&state_type, s, JSON_COMPACT, &text);
	r = atomicfile_write(d->dirfd, "state.json", strbuf_str(&text), text.len, 0600, 0);
	return r < 0 ? error_errno(err, -r, "write %s/state.json", d->path) : 0;
}

int state_load(const struct state_dir *d, struct state *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = file_read(d->dirfd, "state.json", STATE_TEXT_MAX, &text, &len);
	if (r == -ENOENT)
		return error_set(err, ENODATA,
				 "container does not exist: %s is not that of a complete one",
				 d->path);
	if (r < 0)
		return error_errno(err, -r, "read %s/state.json", d->path);
	/* Not synced, since a reboot makes it void: a power cut may leave it empty. */
	r = json_decode(&state_type, ret, text, len, "state.json", err);
	if (r < 0) {
		(void)error_wrap(err, r, "%s", d->path);
		err->errnum = ENODATA;
		return -ENODATA;
	}
	if (ret->version > STATE_VERSION) {
		r = error_set(err, EPROTO, "%s was written by a newer sysbox-runc (version %u)",
			      d->path, ret->version);
		state_done(ret);
	}
	return r;
}

int state_save_config(const struct state_dir *d, const struct spec *s, struct error *err)
{
	_cleanup_free_ char *text = spec_format(s);
	int r = atomicfile_write(d->dirfd, "config.json", text, strlen(text), 0600, 0);

	return r < 0 ? error_errno(err, -r, "write %s/config.json", d->path) : 0;
}

int state_load_config(const struct state_dir *d, struct spec **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = file_read(d->dirfd, "config.json", SPEC_TEXT_MAX, &text, &len);
	if (r < 0)
		return error_errno(err, -r, "read %s/config.json", d->path);
	return spec_parse(ret, text, len, "config.json", err);
}

static bool init_is_alive(const struct state *s)
{
	char boot_id[PROC_BOOT_ID_SIZE];

	if (s->init_pid <= 0 || proc_boot_id(boot_id) < 0 || !str_eq(boot_id, s->boot_id))
		return false;
	return proc_is_alive(s->init_pid, s->init_start);
}

enum state_status state_status(const struct state_dir *d, const struct state *s)
{
	if (!init_is_alive(s))
		return STATE_STOPPED;
	if (!s->complete)
		return STATE_CREATING;
	if (cgroup_is_frozen(&s->cgroup) > 0)
		return STATE_PAUSED;
	if (faccessat(d->dirfd, "exec.fifo", F_OK, 0) == 0)
		return STATE_CREATED;
	return STATE_RUNNING;
}

/* The state of runtime-spec, and what runc shows beside it. */
struct oci_state {
	char *oci_version;
	char *id;
	char *status;
	int32_t pid;
	char *bundle;
	char *rootfs;
	char *created;
	char *owner;
	struct json_pair *annotations;
	size_t n_annotations;
};

#define O(nm, kd, mb, fl) JSON_FIELD(struct oci_state, nm, kd, mb, fl)
static const struct json_field oci_state_fields[] = {
	O("ociVersion", STRING, oci_version, JSON_KEEP),
	O("id", STRING, id, JSON_KEEP),
	O("pid", I32, pid, JSON_KEEP),
	O("status", STRING, status, JSON_KEEP),
	O("bundle", STRING, bundle, JSON_KEEP),
	O("rootfs", STRING, rootfs, 0),
	O("created", STRING, created, 0),
	JSON_COUNTED(struct oci_state, "annotations", PAIRS, annotations, n_annotations, NULL,
		     0),
	O("owner", STRING, owner, JSON_KEEP),
	{0},
};
static const struct json_type oci_state_type =
	JSON_TYPE("state", struct oci_state, oci_state_fields);

char *state_format(const struct state *s, enum state_status status, enum json_style style)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_EMPTY;
	/* A borrowed view, never released. */
	const struct oci_state o = {
		.oci_version = s->oci_version,
		.id = s->id,
		.status = (char *)state_status_name(status),
		.pid = status == STATE_STOPPED ? 0 : s->init_pid,
		.bundle = s->bundle,
		.rootfs = s->rootfs,
		.created = s->created,
		.owner = s->owner,
		.annotations = s->annotations,
		.n_annotations = s->n_annotations,
	};

	json_encode(&oci_state_type, &o, style, &text);
	return strbuf_take(&text);
}

int state_init_pidfd(const struct state *s, struct error *err)
{
	int fd = init_is_alive(s) ? proc_pidfd_open(s->init_pid, s->init_start) : -ESRCH;

	if (fd == -ESRCH)
		return error_set(err, ESRCH, "container %s is not running", s->id);
	return fd < 0 ? error_errno(err, -fd, "open init of %s", s->id) : fd;
}

int state_list(const char *root, char ***ret, struct error *err)
{
	_cleanup_strlist_ struct strlist ids = {0};
	_cleanup_close_ int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *e;
	int r = fd < 0 ? -errno : dir_open(&dir, fd, ".");

	while (r >= 0 && (r = dir_next(dir, &e)) > 0)
		if (e->d_name[0] != '.' && e->d_type == DT_DIR)
			strlist_take(&ids, xstrdup(e->d_name));
	if (r < 0)
		return error_errno(err, -r, "read %s", root);
	strlist_sort(&ids);
	*ret = strlist_steal(&ids);
	return 0;
}

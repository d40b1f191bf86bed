/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a table of probes, each of which fills one row. A probe does
 * what a container's start does, with the same functions, and reports what the
 * kernel said. Versions are printed and not compared. A probe that another one
 * makes pointless is still run: a user mends everything in one go.
 */
#include "src/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/json.h"
#include "lib/mount.h"
#include "lib/mountinfo.h"
#include "lib/path.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/sys.h"
#include "lib/userns.h"
#include "src/docker.h"
#include "src/fs-client.h"
#include "src/host.h"
#include "src/install.h"
#include "src/rootfs.h"
#include "src/subid.h"

/* Ids for trials that no container has: the last range of subid.c's pool. */
#define TRIAL_ID 2147352576u
/* Below this an image of ordinary size does not fit. */
#define SPACE_LOW (2ull << 30)
/* Every booted systemd takes some ten; all containers together share the host's limit. */
#define INOTIFY_LOW 1024

/* What the probes look at. */
struct doctor {
	struct host host;
	struct docker_daemon daemon;
	struct docker_info docker;
	bool has_docker;
	char *data_root;
	char program[PATH_MAX];
};

static void found(struct doctor_row *row, const char *fmt, ...) _printf_(2, 3);
static void found(struct doctor_row *row, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(row->text, sizeof(row->text), fmt, ap);
	va_end(ap);
}

static void mend(struct doctor_row *row, enum doctor_level level, const char *fmt, ...)
	_printf_(3, 4);
static void mend(struct doctor_row *row, enum doctor_level level, const char *fmt, ...)
{
	va_list ap;

	row->level = level;
	va_start(ap, fmt);
	(void)vsnprintf(row->mend, sizeof(row->mend), fmt, ap);
	va_end(ap);
}

/* The kernel. */

static void probe_kernel(const struct doctor *d, struct doctor_row *row)
{
	struct error err = {0};

	if (host_check(&d->host, &err) < 0) {
		found(row, "Linux %s", d->host.kernel_release);
		mend(row, DOCTOR_FAIL, "%s", err.text);
		return;
	}
	found(row, "Linux %s", d->host.kernel_release);
}

static void probe_caps(const struct doctor *d, struct doctor_row *row)
{
	uint64_t missing = caps_all() & ~d->host.caps;
	_cleanup_strbuf_ struct strbuf names = STRBUF_EMPTY;

	for (int cap = 0; cap < 64; cap++)
		if (missing & CAPS_BIT(cap) && caps_name(cap))
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", caps_name(cap));
	if (!missing) {
		found(row, "all of them");
		return;
	}
	found(row, "this process lacks %s", strbuf_str(&names));
	mend(row, DOCTOR_WARN,
	     "containers go without them too; start the engine with all capabilities if they "
	     "are needed");
}

/* A trial map: the container's ids are host ids that nothing else uses. */
static void trial_map(struct idmap *m)
{
	idmap_add(&m->uids, 0, TRIAL_ID, SUBID_RANGE);
	idmap_add(&m->gids, 0, TRIAL_ID, SUBID_RANGE);
}

static void probe_userns(const struct doctor *d _unused_, struct doctor_row *row)
{
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_close_ int fd = -EBADF;

	trial_map(&map);
	fd = userns_open(&map);
	if (fd >= 0) {
		found(row, "made one; the limit is %llu",
		      (unsigned long long)d->host.max_user_namespaces);
		return;
	}
	found(row, "cannot make one: %s", strerror(-fd));
	if (fd == -ENOSPC)
		mend(row, DOCTOR_FAIL, "sysctl -w user.max_user_namespaces=65536");
	else
		mend(row, DOCTOR_FAIL,
		     "the kernel needs CONFIG_USER_NS, and this process all rights to use it");
}

static void probe_time(const struct doctor *d, struct doctor_row *row)
{
	if (d->host.namespaces & CLONE_NEWTIME) {
		found(row, "there: each container has its own uptime");
		return;
	}
	found(row, "the kernel has none");
	mend(row, DOCTOR_WARN, "containers see the host's uptime; CONFIG_TIME_NS changes that");
}

static const char *cgroup_mode_name(enum host_cgroup_mode m)
{
	switch (m) {
	case HOST_CGROUP_NONE:
		return "none";
	case HOST_CGROUP_V1:
		return "v1";
	case HOST_CGROUP_HYBRID:
		return "hybrid (v1 controllers)";
	case HOST_CGROUP_V2:
		return "v2";
	}
	return "?";
}

static char *controllers(const struct host *h)
{
	_cleanup_(strv_freep) char **names = NULL;

	if (h->cgroup_mode == HOST_CGROUP_V2)
		return h->v2_controllers ? strv_join(h->v2_controllers, " ") : xstrdup("");
	for (size_t i = 0; i < h->n_hierarchies; i++)
		if (*h->hierarchies[i].controllers)
			strv_add(&names, h->hierarchies[i].controllers);
	return names ? strv_join(names, " ") : xstrdup("");
}

static void probe_cgroup(const struct doctor *d, struct doctor_row *row)
{
	static const char *const wanted[] = {"cpu", "memory", "pids"};
	_cleanup_free_ char *all = controllers(&d->host);
	_cleanup_(strv_freep) char **names = strv_split(all, " ,");
	_cleanup_strbuf_ struct strbuf missing = STRBUF_EMPTY;

	found(row, "%s: %s", cgroup_mode_name(d->host.cgroup_mode), all);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strv_contains(names, wanted[i]))
			strbuf_addf(&missing, " %s", wanted[i]);
	if (d->host.cgroup_mode == HOST_CGROUP_NONE)
		mend(row, DOCTOR_FAIL, "mount -t cgroup2 none /sys/fs/cgroup");
	else if (missing.len)
		mend(row, DOCTOR_WARN,
		     "no limits for:%s; boot without cgroup_disable= and with "
		     "systemd.unified_cgroup_hierarchy=1",
		     strbuf_str(&missing));
}

static bool filter_flag_is_known(unsigned int flag)
{
	/* A bad pointer is looked at after good flags only (seccomp(2)). */
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | flag,
			   NULL) < 0 &&
	       errno == EFAULT;
}

static void probe_seccomp(const struct doctor *d, struct doctor_row *row)
{
	if (!d->host.has_seccomp) {
		found(row, "no filters with notification");
		mend(row, DOCTOR_WARN,
		     "containers run without a system call filter; the kernel needs "
		     "CONFIG_SECCOMP_FILTER");
		return;
	}
	found(row, "filters, notification%s",
	      filter_flag_is_known(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) ? ", killable wait"
									   : "");
}

static void probe_lsm(const struct doctor *d, struct doctor_row *row)
{
	if (d->host.has_apparmor)
		found(row, "AppArmor: profiles that engines generate are not applied to system "
			   "containers, named ones are");
	else if (d->host.has_selinux)
		found(row, "SELinux: labels are kept");
	else
		found(row, "none active");
}

/* FUSE. */

static int try_fuse(void)
{
	_cleanup_close_ int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC), mnt = -EBADF;
	_cleanup_free_ char *options = NULL;

	if (dev < 0)
		return -errno;
	options = xasprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	mnt = mount_make(&(struct mount_new){.fstype = "fuse", .options = options}, NULL, 0);
	return mnt < 0 ? mnt : 0;
}

static void probe_fuse(const struct doctor *d _unused_, struct doctor_row *row)
{
	int r = try_fuse();

	if (r == 0) {
		found(row, "/dev/fuse opens and mounts");
		return;
	}
	found(row, "/dev/fuse: %s", strerror(-r));
	if (r == -ENOENT)
		mend(row, DOCTOR_FAIL,
		     "modprobe fuse; where /dev is bare: mknod -m 666 /dev/fuse c 10 229");
	else if (r == -ENXIO || r == -ENODEV)
		mend(row, DOCTOR_FAIL, "modprobe fuse; the kernel needs CONFIG_FUSE_FS");
	else
		mend(row, DOCTOR_FAIL,
		     "let this process use the device 10:229 (device cgroup of an outer "
		     "container?)");
}

static void probe_tun(const struct doctor *d, struct doctor_row *row)
{
	if (d->host.has_tun) {
		found(row, "there");
		return;
	}
	found(row, "the kernel has no tun");
	mend(row, DOCTOR_WARN, "VPNs and slirp4netns do not work inside; modprobe tun");
}

static void probe_supervisor(const struct doctor *d _unused_, struct doctor_row *row)
{
	struct fs_client c = FS_CLIENT_EMPTY;
	struct error err = {0};

	if (fs_client_spawn(&c, &err) < 0) {
		found(row, "%s", err.text);
		mend(row, DOCTOR_FAIL,
		     "install sysbox-fs beside sysbox-runc (make install does)");
		return;
	}
	fs_client_abort(&c);
	found(row, "sysbox-fs starts");
}

/* The file system of the images: a whole rootfs, made as `create` makes it. */

/* Shared with the child that tries: it says what it did last, or what failed. */
struct trial {
	const char *dir;
	struct error err;
};

static int enter_private_mounts(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_errno(err, errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, errno, "make mounts private");
	return 0;
}

/* The engine's part: two layers, a file of the image's user 1000, the merged mount. */
static int make_layers(const char *dir, struct error *err)
{
	static const char *const dirs[] = {"l", "u", "w", "m", "s"};
	_cleanup_close_ int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), file = -EBADF;
	_cleanup_free_ char *options =
		xasprintf("lowerdir=%s/l,upperdir=%s/u,workdir=%s/w", dir, dir, dir);
	_cleanup_free_ char *merged = path_join(dir, "m");

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dirfd, dirs[i], 0755) < 0)
			return error_errno(err, errno, "make directories");
	file = openat(dirfd, "l/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (file < 0 || fchown(file, 1000, 1000) < 0)
		return error_errno(err, errno, "make a file");
	if (mount("overlay", merged, "overlay", 0, options) < 0)
		return error_errno(err, errno, "mount an overlay");
	return 0;
}

/*
 * Seen from the host through the container's own mount: what the image calls 1000
 * must be the range's 1000. And what the container's root makes must be stored as 0.
 */
static int check_ids(int root_fd, const char *dir, struct error *err)
{
	_cleanup_free_ char *stored = path_join(dir, "u/new");
	struct stat st;

	if (fstatat(root_fd, "file", &st, 0) < 0)
		return error_errno(err, errno, "look at a file of the image");
	if (st.st_uid != TRIAL_ID + 1000)
		return error_set(err, EPROTO, "uid 1000 of the image appears as %u", st.st_uid);
	/* It is the owner of its root directory: no capability is needed. */
	setfsgid(TRIAL_ID);
	setfsuid(TRIAL_ID);
	if (mkdirat(root_fd, "new", 0755) < 0)
		return error_errno(err, errno, "write to it");
	setfsuid(0);
	setfsgid(0);
	if (stat(stored, &st) < 0)
		return error_errno(err, errno, "find what was written");
	if (st.st_uid != 0)
		return error_set(err, EPROTO, "root's files are stored with uid %u", st.st_uid);
	return 0;
}

static int mount_scratch(const char *dir, struct error *err)
{
	_cleanup_free_ char *path = path_join(dir, "s");
	int fd;

	if (mount("none", path, "tmpfs", 0, "mode=755") < 0)
		return error_errno(err, errno, "mount a tmpfs");
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, errno, "open a tmpfs") : fd;
}

static int try_rootfs(void *arg)
{
	struct trial *t = arg;
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_(rootfs_done) struct rootfs rootfs = ROOTFS_EMPTY;
	_cleanup_free_ char *merged = path_join(t->dir, "m");
	_cleanup_close_ int userns = -EBADF, scratch = -EBADF, root = -EBADF;
	struct error *err = &t->err;
	int r;

	trial_map(&map);
	r = enter_private_mounts(err);
	if (r == 0)
		r = make_layers(t->dir, err);
	if (r < 0)
		return r;
	userns = userns_open(&map);
	if (userns < 0)
		return error_errno(err, -userns, "make a user namespace");
	r = rootfs_prepare(&rootfs, merged, userns, &map, 0, err);
	if (r == 0)
		r = rootfs_make_work(&rootfs, err);
	if (r < 0)
		return r;
	scratch = mount_scratch(t->dir, err);
	if (scratch < 0)
		return scratch;
	r = rootfs_mount(&rootfs, scratch, &map, err);
	if (r < 0)
		return r;
	root = openat(scratch, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? error_errno(err, errno, "open the root file system")
			: check_ids(root, t->dir, err);
}

static int try_volume(void *arg)
{
	struct trial *t = arg;
	_cleanup_(idmap_done) struct idmap map = IDMAP_EMPTY;
	_cleanup_close_ int userns = -EBADF, mnt = -EBADF;
	int r;

	trial_map(&map);
	userns = userns_open(&map);
	if (userns < 0)
		return error_errno(&t->err, -userns, "make a user namespace");
	mnt = mount_clone(AT_FDCWD, t->dir, MOUNT_CLONE_ONE);
	if (mnt < 0)
		return error_errno(&t->err, -mnt, "clone the mount");
	r = mount_set_idmap(mnt, userns, 0);
	return r < 0 ? error_errno(&t->err, -r, "id-map the mount") : 0;
}

/* Run in a child with a scratch directory below the data root; 0, or the error. */
static int try_in(const char *data_root, int (*fn)(void *arg), struct error *err)
{
	_cleanup_free_ char *dir = path_join(data_root, ".sysbox-doctor.XXXXXX"),
			    *parent = NULL, *base = NULL;
	_cleanup_close_ int dirfd = -EBADF;
	struct trial *t;
	int r;

	if (!mkdtemp(dir))
		return error_errno(err, errno, "make a directory below %s", data_root);
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		return error_errno(err, errno, "share memory");
	t->dir = dir;
	r = spawn_call(fn, t);
	if (r < 0)
		*err = t->err;
	(void)munmap(t, sizeof(*t));
	path_split(dir, &parent, &base);
	dirfd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)path_remove_tree(dirfd, base);
	return r;
}

static char *fstype_of(const char *path)
{
	_cleanup_(mountinfo_freep) struct mountinfo *m = NULL;

	return mountinfo_of(path, &m) < 0 ? xstrdup("?") : xstrdup(m->fstype);
}

static void probe_rootfs(const struct doctor *d, struct doctor_row *row)
{
	_cleanup_free_ char *fstype = fstype_of(d->data_root);
	struct error err = {0};

	if (try_in(d->data_root, try_rootfs, &err) == 0) {
		found(row, "overlay of id-mapped layers on %s (%s): ids right both ways",
		      fstype, d->data_root);
		return;
	}
	found(row, "on %s (%s): %s", fstype, d->data_root, err.text);
	if (str_eq(fstype, "overlay"))
		mend(row, DOCTOR_FAIL,
		     "an overlay cannot hold another one's upper layer: give the engine a "
		     "volume or disk as its data root (dockerd --data-root)");
	else
		mend(row, DOCTOR_FAIL,
		     "the engine's data root must lie on a file system that can be id-mapped "
		     "and hold an overlay's upper layer (ext4, xfs, btrfs), with a kernel of "
		     "5.19 or newer that has overlayfs (modprobe overlay)");
}

static void probe_volume(const struct doctor *d, struct doctor_row *row)
{
	_cleanup_free_ char *fstype = fstype_of(d->data_root);
	struct error err = {0};

	if (try_in(d->data_root, try_volume, &err) == 0) {
		found(row, "%s can be id-mapped", fstype);
		return;
	}
	found(row, "%s (%s): %s", fstype, d->data_root, err.text);
	mend(row, DOCTOR_FAIL,
	     "volumes must lie on a file system that can be id-mapped (ext4, xfs, btrfs, "
	     "tmpfs on newer kernels)");
}

static void probe_space(const struct doctor *d, struct doctor_row *row)
{
	struct statvfs st;
	unsigned long long space;

	if (statvfs(d->data_root, &st) < 0) {
		found(row, "%s: %s", d->data_root, strerror(errno));
		row->level = DOCTOR_WARN;
		return;
	}
	space = (unsigned long long)st.f_bavail * st.f_frsize;
	found(row, "%llu MiB free at %s", space >> 20, d->data_root);
	if (space < SPACE_LOW)
		mend(row, DOCTOR_WARN, "docker system prune, or a larger disk");
}

/* Shared limits. */

static void probe_ids(const struct doctor *d _unused_, struct doctor_row *row)
{
	/* Owners are directories that exist; this one stands for us while we try. */
	_cleanup_free_ char *owner = xasprintf("/proc/%d/task", getpid());
	struct error err = {0};
	uint32_t base;

	if (subid_reserve(owner, SUBID_RANGE, &base, &err) < 0) {
		found(row, "%s", err.text);
		mend(row, DOCTOR_FAIL,
		     "usermod --add-subuids 1000000000-1099999999 "
		     "--add-subgids 1000000000-1099999999 sysbox");
		return;
	}
	(void)subid_release(owner, &err);
	found(row, "the next container gets %u to %u", base, base + SUBID_RANGE - 1);
}

static void probe_inotify(const struct doctor *d _unused_, struct doctor_row *row)
{
	_cleanup_free_ char *text = NULL;
	uint64_t n;

	if (file_read_line(AT_FDCWD, "/proc/sys/fs/inotify/max_user_instances", &text) < 0 ||
	    str_to_u64(text, &n) < 0) {
		found(row, "unknown");
		return;
	}
	found(row, "%llu instances, shared by all containers", (unsigned long long)n);
	if (n < INOTIFY_LOW)
		mend(row, DOCTOR_WARN,
		     "enough for a few; for many systemd containers: sysctl -w "
		     "fs.inotify.max_user_instances=8192");
}

/* The engine. */

static void probe_docker(const struct doctor *d, struct doctor_row *row)
{
	const char *path;

	if (d->daemon.pid == 0 && !d->has_docker) {
		found(row, "no Docker engine runs here");
		mend(row, DOCTOR_WARN,
		     "systemctl start docker (apt-get install docker.io); not needed for "
		     "Podman and containerd");
		return;
	}
	if (!d->has_docker) {
		found(row, "dockerd (pid %d) does not answer at %s", d->daemon.pid,
		      d->daemon.socket);
		mend(row, DOCTOR_FAIL, "look into dockerd's log: journalctl -u docker");
		return;
	}
	path = docker_info_runtime(&d->docker, INSTALL_NAME);
	if (!path) {
		found(row, "Docker %s runs and does not know " INSTALL_NAME, d->docker.version);
		mend(row, DOCTOR_FAIL, INSTALL_NAME " install");
		return;
	}
	found(row, "Docker %s, %s, cgroup driver %s; " INSTALL_NAME " is %s", d->docker.version,
	      d->docker.driver, d->docker.cgroup_driver, path);
	if (*path == '/' && access(path, X_OK) < 0)
		mend(row, DOCTOR_FAIL, "that program is not there: " INSTALL_NAME " install");
	else if (*path == '/' && !str_eq(path, d->program))
		mend(row, DOCTOR_WARN,
		     "this program is %s; to use it: " INSTALL_NAME " install", d->program);
}

static const struct probe {
	const char *name;
	void (*run)(const struct doctor *d, struct doctor_row *row);
} probes[] = {
	{"kernel", probe_kernel},
	{"capabilities", probe_caps},
	{"user namespaces", probe_userns},
	{"time namespaces", probe_time},
	{"cgroups", probe_cgroup},
	{"seccomp", probe_seccomp},
	{"security module", probe_lsm},
	{"fuse", probe_fuse},
	{"tun", probe_tun},
	{"supervisor", probe_supervisor},
	{"root file system", probe_rootfs},
	{"volumes", probe_volume},
	{"disk space", probe_space},
	{"id ranges", probe_ids},
	{"inotify", probe_inotify},
	{"docker", probe_docker},
};

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *find_data_root(const struct doctor *d)
{
	static const char *const usual[] = {"/var/lib/docker", "/var/lib/containers",
					    "/var/lib/containerd", "/var/lib"};

	if (d->has_docker && d->docker.root_dir && is_directory(d->docker.root_dir))
		return xstrdup(d->docker.root_dir);
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (is_directory(usual[i]))
			return xstrdup(usual[i]);
	return xstrdup("/");
}

static void doctor_done(struct doctor *d)
{
	host_done(&d->host);
	docker_daemon_done(&d->daemon);
	docker_info_done(&d->docker);
	free(d->data_root);
}

static void doctor_init(struct doctor *d, const char *data_root)
{
	struct error ignored = {0};
	ssize_t n = readlink("/proc/self/exe", d->program, sizeof(d->program) - 1);

	d->program[n > 0 ? n : 0] = '\0';
	if (host_probe(&d->host, &ignored) < 0)
		d->host.kernel_release = xstrdup("?");
	/* No daemon and no answer are findings of a probe. */
	if (docker_daemon_find(&d->daemon, &ignored) == 0)
		d->has_docker = docker_info_get(&d->docker, d->daemon.socket, &ignored) == 0;
	d->data_root = data_root ? xstrdup(data_root) : find_data_root(d);
}

void doctor_run(const char *data_root, struct doctor_report *ret)
{
	_cleanup_(doctor_done) struct doctor d = {0};

	doctor_init(&d, data_root);
	*ret = (struct doctor_report){
		.rows = xcalloc(ARRAY_SIZE(probes), sizeof(*ret->rows)),
		.n_rows = ARRAY_SIZE(probes),
		.ok = true,
	};
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		ret->rows[i].name = probes[i].name;
		probes[i].run(&d, &ret->rows[i]);
		if (ret->rows[i].level == DOCTOR_FAIL)
			ret->ok = false;
	}
}

void doctor_report_done(struct doctor_report *r)
{
	free(r->rows);
	*r = (struct doctor_report){0};
}

const char *doctor_level_name(enum doctor_level l)
{
	switch (l) {
	case DOCTOR_OK:
		return "ok";
	case DOCTOR_WARN:
		return "warn";
	case DOCTOR_FAIL:
		return "fail";
	}
	return "?";
}

char *doctor_format(const struct doctor_report *r)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_EMPTY;

	strbuf_addf(&out, "{\"ok\":%s,\"rows\":[", r->ok ? "true" : "false");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct doctor_row *row = &r->rows[i];
		const char *const members[][2] = {
			{"name", row->name},
			{"level", doctor_level_name(row->level)},
			{"text", row->text},
			{"mend", row->mend},
		};

		strbuf_adds(&out, i ? ",{" : "{");
		for (size_t k = 0; k < ARRAY_SIZE(members); k++) {
			strbuf_addf(&out, "%s\"%s\":", k ? "," : "", members[k][0]);
			json_quote(&out, members[k][1]);
		}
		strbuf_adds(&out, "}");
	}
	strbuf_adds(&out, "]}");
	return strbuf_take(&out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * An agent makes the file system as the caller would, detached; mounts the emulated files
 * over it; and attaches the whole as one tree, so that nobody sees it half done and it
 * propagates as one. Kernels before 6.15 cannot attach to a detached mount: there the files
 * follow afterwards.
 *
 * Some clones turn out not to be needed. The kernel waits for a grace period when one is closed
 * (dissolve_on_fput()); as we have them open, too, that is after the call has been answered.
 * Those that are attached are closed before, or umount(2) would find them busy.
 *
 * The mount's id is recorded before it is attached. If the agent dies, its successor checks
 * whether that mount is there.
 */
#include "fs/trap-mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/container.h"
#include "fs/tracee.h"
#include "fs/trap.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/flags.h"

#define NO_NEW_MOUNT                                                                           \
	(MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

static uint64_t basic_attrs(uint64_t flags)
{
	static const struct {
		uint64_t flag, attr;
	} rows[] = {
		{MS_RDONLY, MOUNT_ATTR_RDONLY},
		{MS_NOSUID, MOUNT_ATTR_NOSUID},
		{MS_NODEV, MOUNT_ATTR_NODEV},
		{MS_NOEXEC, MOUNT_ATTR_NOEXEC},
		{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
		{MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	};
	uint64_t attrs = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (flags & rows[i].flag)
			attrs |= rows[i].attr;
	return attrs;
}

/* path_mount() in the kernel: "relatime" unless another is asked for; "strictatime" wins. */
static uint64_t attrs_of(uint64_t flags)
{
	uint64_t attrs = basic_attrs(flags);

	if (flags & MS_STRICTATIME)
		return attrs | MOUNT_ATTR_STRICTATIME;
	return flags & MS_NOATIME ? attrs | MOUNT_ATTR_NOATIME : attrs;
}

struct trap_attrs trap_mount_attrs(uint64_t flags)
{
	const uint64_t atimes = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
	struct trap_attrs a = {
		.set = attrs_of(flags),
		.clear = basic_attrs(~UINT64_C(0)) | MOUNT_ATTR__ATIME,
	};

	/* Unless one of them is named, they stay. */
	if (!(flags & atimes))
		a.clear &= ~(uint64_t)(MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME);
	a.clear &= ~a.set | MOUNT_ATTR__ATIME;
	return a;
}

int trap_mount_decode(const struct trap_mount_args *a, struct mount_new *ret)
{
	uint64_t flags = a->flags;

	/* "Discard magic" (path_mount()). */
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(uint64_t)MS_MGC_MSK;
	if (flags & (NO_NEW_MOUNT | (uint32_t)MS_NOUSER))
		return -EOPNOTSUPP;
	/* mount(2) splits at every comma; lib/mount.h spares quoted ones. */
	if (strpbrk(a->options, "\"\\"))
		return -EOPNOTSUPP;
	*ret = (struct mount_new){
		.fstype = a->fstype,
		.source = a->has_source ? a->source : NULL,
		.options = a->options,
		.sb_flags = flags & (MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME),
		.attrs = attrs_of(flags),
	};
	return 0;
}

/* ------------------------------------------------------------------ the caller's side */

static bool is_wanted(const struct seccomp_notif *n)
{
	char fstype[8];
	ssize_t len = tracee_string((pid_t)n->pid, n->data.args[TRAP_MOUNT_FSTYPE], fstype,
				    sizeof(fstype));

	return len > 0 && overmount_kind_of_type(fstype) != OVERMOUNT_NONE;
}

static int read_args(struct trap_mount_args *a, const struct seccomp_notif *n)
{
	const __u64 *args = n->data.args;
	pid_t tid = (pid_t)n->pid;

	a->flags = args[TRAP_MOUNT_FLAGS];
	a->has_source = args[TRAP_MOUNT_SOURCE] != 0;
	if (tracee_string(tid, args[TRAP_MOUNT_FSTYPE], a->fstype, sizeof(a->fstype)) < 0 ||
	    trap_target_read(&a->target, tid, args[TRAP_MOUNT_TARGET]) < 0)
		return -EFAULT;
	if (a->has_source &&
	    tracee_string(tid, args[TRAP_MOUNT_SOURCE], a->source, sizeof(a->source)) < 0)
		return -EFAULT;
	if (args[TRAP_MOUNT_DATA] &&
	    tracee_string(tid, args[TRAP_MOUNT_DATA], a->options, sizeof(a->options)) < 0)
		return -EFAULT;
	return 0;
}

/* ------------------------------------------------------------------ the agent's side */

struct work {
	const struct trap_target *target;
	struct mount_new mount;
	enum overmount_kind kind;
	bool is_readonly;
	struct overmounts overmounts; /* the agent's */
	struct overmount_record *record;
	const struct trap_context *context;
	struct trap_job *job;
};

static int stat_fd(int fd, struct statx *ret)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		     STATX_TYPE | STATX_INO | STATX_MNT_ID, ret) < 0
		       ? -errno
		       : 0;
}

/* Refuse what do_add_mount() in the kernel refuses and move_mount(2) does not. */
static int check_target(int target_fd, const struct statx *instance)
{
	struct statx st;
	int r = stat_fd(target_fd, &st);

	if (r < 0)
		return r;
	if (!S_ISDIR(st.stx_mode))
		return -ENOTDIR;
	if (st.stx_dev_major == instance->stx_dev_major &&
	    st.stx_dev_minor == instance->stx_dev_minor && st.stx_ino == instance->stx_ino &&
	    (st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -EBUSY;
	return 0;
}

static int attach(struct work *w, int instance_fd, int target_fd)
{
	size_t n;
	int r;

	overmounts_drop_namespaced(&w->overmounts, instance_fd);
	n = overmounts_attach(&w->overmounts, instance_fd, w->context->devs);
	r = mount_attach(instance_fd, target_fd, "");
	if (r < 0)
		w->job->mount_id = 0;
	else if (n == 0)
		(void)overmounts_attach(&w->overmounts, instance_fd, w->context->devs);
	return r;
}

/* As host, which reaches them; by the agent, since they are to be the caller's memory. */
static int clone_overmounts(void *arg)
{
	struct work *w = arg;

	overmounts_list(&w->overmounts, &w->context->source, w->kind);
	w->overmounts.record = w->record;
	overmounts_clone(&w->overmounts, &w->context->source, w->is_readonly);
	return 0;
}

static int inside(void *arg)
{
	struct work *w = arg;
	_cleanup_close_ int target_fd = trap_target_open(w->target);
	_cleanup_close_ int instance_fd = -EBADF;
	struct statx st;
	int r;

	if (target_fd < 0)
		return target_fd;
	instance_fd = mount_make(&w->mount, NULL, 0);
	if (instance_fd < 0)
		return instance_fd;
	r = stat_fd(instance_fd, &st);
	if (r == 0)
		r = check_target(target_fd, &st);
	if (r < 0)
		return r;
	w->job->mount_id = st.stx_mnt_id;
	return attach(w, instance_fd, target_fd);
}

/* ------------------------------------------------------------------ its end */

struct taking_back {
	const struct trap_target *target;
	uint64_t mount_id;
};

/* Only that one, whatever has been mounted on it meanwhile. */
static int take_back(void *arg)
{
	const struct taking_back *b = arg;
	_cleanup_close_ int fd = trap_target_open(b->target);
	struct statx st;
	int r = fd < 0 ? fd : stat_fd(fd, &st);

	if (r < 0)
		return r;
	if (st.stx_mnt_id != b->mount_id)
		return -EBUSY;
	return fchdir(fd) < 0 || umount2(".", MNT_DETACH) < 0 ? -errno : 0;
}

enum trap_verdict trap_mount_verdict(const struct tracee *t, const struct trap_job *job,
				     const struct trap_target *target, int r)
{
	struct taking_back b = {target, job->mount_id};
	const struct agent_work work = {.act = take_back, .arg = &b};

	if ((r != -EINTR && r != AGENT_FROZEN) || !tracee_has_mount(t->tid, job->mount_id))
		return trap_verdict_of(r);
	if (r == AGENT_FROZEN && agent_call(t, AGENT_OUTSIDE, &work) == 0)
		return TRAP_AGAIN;
	return TRAP_DONE;
}

static enum trap_verdict make_mount(const struct trap_context *c, struct trap_job *job,
				    const struct tracee *t, const struct trap_mount_args *a)
{
	struct work w = {
		.target = &a->target,
		.kind = overmount_kind_of_type(a->fstype),
		.is_readonly = a->flags & MS_RDONLY,
		.context = c,
		.job = job,
	};
	const struct agent_work work = {clone_overmounts, inside, &w};
	int r;

	if (w.kind == OVERMOUNT_NONE || trap_mount_decode(a, &w.mount) < 0)
		return TRAP_NATIVE;
	if (!trap_is_valid(c, job))
		return TRAP_NATIVE;
	w.record = overmount_record_map();
	if (!w.record)
		return TRAP_NATIVE;
	r = agent_call(t, AGENT_SHARE_PREPARED, &work);
	overmount_record_close(w.record);
	return trap_mount_verdict(t, job, &a->target, r);
}

static enum trap_verdict act(const struct trap_context *c, struct trap_job *job,
			     const struct tracee *t)
{
	_cleanup_free_ struct trap_mount_args *a = xcalloc(1, sizeof(*a));
	enum trap_verdict v = TRAP_NATIVE;

	a->target = (struct trap_target)TRAP_TARGET_EMPTY;
	if (read_args(a, &job->notif) == 0)
		v = make_mount(c, job, t, a);
	trap_target_done(&a->target);
	return v;
}

/*
 * Each name of a new view costs a question to a worker, which all together take as long as
 * everything else. So they are asked for the view that comes next, while nobody waits.
 */
static void look_ahead(const struct trap_context *c)
{
	uint64_t next = views_next(c->container->views);

	if (c->source.view != VIEWS_OWN && c->source.view + 1 == next)
		overmounts_look_up(&c->source, next);
}

const struct trap trap_mount = {
	.name = "mount",
	.is_wanted = is_wanted,
	.act = act,
	.after = look_ahead,
};

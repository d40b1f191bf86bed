/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trapper process: what it gives up, and what it receives. The rest is in
 * fs/trapper-jobs.c.
 */
#include "fs/trapper.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/calls.h"
#include "fs/container.h"
#include "fs/notify.h"
#include "fs/stage.h"
#include "fs/trapper-internal.h"
#include "lib/caps.h"
#include "lib/clock.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/sock.h"

/* ------------------------------------------------------------------ receiving */

struct receiving {
	uint64_t listener;
	int fd;
};

static ssize_t receive(void *mem, size_t size, void *arg)
{
	const struct receiving *r = arg;
	struct trap_job *job = mem;
	int fd = r->fd;

	job->listener = r->listener;
	job->owner = 0;
	job->is_overdue = false;
	job->is_answered = false;
	job->mount_id = 0;
	job->result = 0;
	return notify_receive(mem, size, &fd);
}

/*
 * Nothing is taken off the kernel's queue until a process at work has ended, or the rest is
 * over.
 */
static void pause_listening(struct trapper *t)
{
	loop_remove(&t->loop, t->start->listeners->epoll_fd);
	t->is_listening = false;
}

static int receive_into(struct trapper *t, size_t slot, uint64_t listener, struct error *err)
{
	struct receiving r = {listener, fdset_find(t->start->listeners, listener)};

	if (slots_receive(t->start->jobs, slot, receive, &r) <= 0)
		return 0;
	if (slot < TRAPPER_JOBS)
		return jobs_begin(t, slot, err);
	jobs_pass(t, slot);
	return 0;
}

static void begin_rest_if_due(struct trapper *t)
{
	int ms = rest_due_ms(&t->rest);

	t->is_resting = ms > 0;
	if (t->is_resting)
		clock_set_timer(t->rest_fd, ms);
}

static int on_listeners(void *arg, struct error *err)
{
	struct trapper *t = arg;
	size_t slot = jobs_free_slot(t);
	uint64_t listener;
	uint32_t events;

	begin_rest_if_due(t);
	if ((slot == TRAPPER_JOBS && !jobs_are_stuck(t)) || t->is_resting) {
		pause_listening(t);
		return 0;
	}
	if (!fdset_next(t->start->listeners, &listener, &events))
		return 0;
	if (events & EPOLLIN)
		return receive_into(t, slot, listener, err);
	fdset_remove(t->start->listeners, listener);
	return 0;
}

static int listen_again(void *arg, struct error *err)
{
	struct trapper *t = arg;

	if (t->is_listening || t->is_resting)
		return 0;
	t->is_listening = true;
	return loop_add(&t->loop, t->start->listeners->epoll_fd, on_listeners, t, err);
}

static int on_rested(void *arg, struct error *err)
{
	struct trapper *t = arg;
	uint64_t n;

	if (read(t->rest_fd, &n, sizeof(n)) < 0)
		return 0;
	t->is_resting = false;
	return listen_again(t, err);
}

static int init_rest(struct trapper *t, struct error *err)
{
	rest_init(&t->rest, t->start->container->view);
	t->rest_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->rest_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return loop_add(&t->loop, t->rest_fd, on_rested, t, err);
}

static int on_keeper(void *arg, struct error *err)
{
	struct trapper *t = arg;
	struct trapper_listener l;
	int fd = -EBADF;
	size_t n = 0;
	ssize_t len = sock_recv(t->start->keeper_sock, &l, sizeof(l), &fd, 1, &n);

	if (len == (ssize_t)sizeof(l) && n == 1)
		return fdset_add(t->start->listeners, l.number, fd, err);
	fd_close(fd);
	loop_end(&t->loop);
	return 0;
}

/* ------------------------------------------------------------------ the process */

static int enter_stage(struct trapper *t, struct error *err)
{
	const struct trapper_start *s = t->start;

	t->context.container = s->container;
	t->context.source = (struct overmount_source){
		.mounts = {s->fast_mount, s->plain_mount},
		.groups = s->container->emulate,
	};
	t->context.watchdog_fd = s->watchdog_fd;
	t->context.devs[0] = overmount_dev(s->fast_mount);
	t->context.devs[1] = overmount_dev(s->plain_mount);
	return stage_enter(s->fast_mount, s->plain_mount, err);
}

/*
 * Most of these are for processes that act in place of a caller. None of them makes a socket,
 * runs a program, traces, loads code into the kernel or changes a file.
 */
static const uint32_t calls[] = {
	/* The loop, the listeners, the keeper. */
	SYS_recvmsg,
	SYS_ioctl,
	SYS_epoll_create1,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_getrusage,
	/* Actors and agents. */
	SYS_clone,
	SYS_clone3,
	SYS_set_robust_list,
#ifdef SYS_rseq
	SYS_rseq,
#endif
	SYS_wait4,
	SYS_kill,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_pidfd_open,
	SYS_pidfd_send_signal,
	SYS_setpgid,
	SYS_prctl,
	/* Callers: their memory, their processors. */
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_sched_getaffinity,
	/* Becoming like them. */
	SYS_setns,
	SYS_unshare,
	SYS_chroot,
	SYS_fchdir,
	SYS_setgroups,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_capget,
	SYS_capset,
	/* Mounts. */
	SYS_fsopen,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_open_tree,
	SYS_move_mount,
	SYS_mount_setattr,
	SYS_umount2,
	/* Looking at files. */
	SYS_openat,
	SYS_openat2,
#ifdef SYS_dup2
	SYS_dup2,
#endif
	SYS_newfstatat,
	SYS_fstat,
	SYS_statx,
	SYS_fstatfs,
	SYS_readlinkat,
	SYS_faccessat2,
	SYS_faccessat, /* before 5.8 */
	SYS_getdents64,
	SYS_pread64,
	SYS_lseek,
	SYS_dup3,
	SYS_fcntl,
};

/*
 * To enter namespaces, to read other processes, to take on their identity, and to kill
 * actors.
 */
static int drop_rights(struct error *err)
{
	const uint64_t keep = CAPS_BIT(CAP_SYS_ADMIN) | CAPS_BIT(CAP_SYS_PTRACE) |
			      CAPS_BIT(CAP_SYS_CHROOT) | CAPS_BIT(CAP_SETUID) |
			      CAPS_BIT(CAP_SETGID) | CAPS_BIT(CAP_SETPCAP) |
			      CAPS_BIT(CAP_DAC_READ_SEARCH) | CAPS_BIT(CAP_KILL);
	const struct caps sets = {
		.effective = keep,
		.permitted = keep | CAPS_BIT(CAP_DAC_OVERRIDE), /* fs/place.h */
	};
	int r = agent_prepare();

	if (r == 0)
		r = caps_apply(&sets);
	if (r < 0)
		return error_errno(err, -r, "give up rights");
	return calls_limit(calls, ARRAY_SIZE(calls), err);
}

static int set_up(struct trapper *t, struct error *err)
{
	int r = enter_stage(t, err);

	if (r == 0)
		r = drop_rights(err);
	if (r == 0)
		r = loop_init(&t->loop, err);
	if (r == 0)
		r = jobs_init(t, err);
	if (r == 0)
		r = init_rest(t, err);
	if (r == 0)
		r = fdset_watch(t->start->listeners, EPOLLIN, err);
	if (r == 0)
		r = loop_add(&t->loop, t->start->keeper_sock, on_keeper, t, err);
	if (r == 0)
		r = jobs_take_over(t, err);
	return r < 0 ? r : listen_again(t, err);
}

int trapper_run(const struct trapper_start *s, struct error *err)
{
	struct trapper t = {
		.start = s,
		.loop = LOOP_EMPTY,
		.slot_freed = listen_again,
		.timer_fd = -EBADF,
		.rest_fd = -EBADF,
	};
	int r;

	(void)prctl(PR_SET_NAME, "sysbox-fs-trap");
	t.pidns = s->container->pidns;
	r = set_up(&t, err);
	return r < 0 ? r : loop_run(&t.loop, err);
}

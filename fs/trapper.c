/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	listener --> slot --> is it one of ours? --no--> continue
 *	                        |
 *	                       yes: answer at once, or fork --> act, answer, release the slot
 *
 * Who acts is a process of its own, since it may wait for file systems of the container's
 * making. It claims the slot by writing its pid there, answers by itself, and does not
 * mind when we die meanwhile.
 *
 * We may find slots busy at our start, or when an actor has ended: then who has claimed the
 * slot is still at work (and is watched), or is dead, or nobody has: then it is begun again.
 */
#include "fs/trapper.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/agent.h"
#include "fs/container.h"
#include "fs/loop.h"
#include "fs/notify.h"
#include "fs/stage.h"
#include "fs/tracee.h"
#include "fs/trap.h"
#include "fs/view.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/sock.h"
#include "lib/spawn.h"

/* Begun once by one who died, and once more: then the kernel makes the call. */
#define ATTEMPTS_MAX 2

struct trapper;

/* Who works on a slot. */
struct actor_watch {
	struct trapper *trapper;
	size_t slot;
	pid_t pid;
	int pidfd; /* -EBADF: nobody, the slot is free for a new call */
};

struct trapper {
	const struct trapper_start *start;
	struct trap_context context;
	uint64_t pidns; /* the container's */
	struct loop loop;
	struct actor_watch watches[TRAPPER_JOBS];
	bool is_listening;
};

static struct trap_job *job_of(const struct trapper *t, size_t slot)
{
	return slots_mem(t->start->jobs, slot);
}

/* ------------------------------------------------------------------ the actor */

/* False: somebody else has taken it since it was looked at. */
static bool claim(struct trap_job *job, pid_t before)
{
	int32_t expected = before;

	return __atomic_compare_exchange_n(&job->agent, &expected, getpid(), false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static enum trap_verdict act(const struct trapper *t, struct trap_job *job)
{
	const struct trap *trap = trap_find(job->notif.data.arch, (uint32_t)job->notif.data.nr);
	struct tracee tracee;
	enum trap_verdict v = TRAP_NATIVE;

	/* By one who died. */
	if (tracee_has_mount((pid_t)job->notif.pid, job->mount_id))
		return TRAP_DONE;
	if (!trap || !trap->act || tracee_open(&tracee, (pid_t)job->notif.pid) < 0)
		return TRAP_NATIVE;
	if (trap_is_valid(&t->context, job))
		v = trap->act(&t->context, job, &tracee);
	tracee_done(&tracee);
	return v;
}

static void answer(const struct trapper *t, struct trap_job *job, enum trap_verdict v)
{
	if (v == TRAP_DONE)
		notify_answer(t->context.listener_fd, job->notif.id, job->result);
	else
		notify_continue(t->context.listener_fd, job->notif.id);
}

_noreturn_ static void actor_main(struct trapper *t, size_t slot, pid_t before)
{
	struct trap_job *job = job_of(t, slot);

	if (!claim(job, before))
		_exit(EXIT_SUCCESS);
	(void)prctl(PR_SET_NAME, "sysbox-fs-act");
	answer(t, job, act(t, job));
	slots_release(t->start->jobs, slot);
	_exit(EXIT_SUCCESS);
}

/* ------------------------------------------------------------------ sending actors */

/* The figures that the caller's new procfs is to show. One process registers: this one. */
static void set_context(struct trapper *t, const struct trap_job *job)
{
	const struct container *c = t->start->container;
	pid_t tid = (pid_t)job->notif.pid;
	_cleanup_free_ char *cgroup = NULL;

	t->context.listener_fd = fdset_find(t->start->listeners, job->listener);
	t->context.is_nested = tracee_pidns(tid) != t->pidns;
	t->context.source.view = VIEWS_OWN;
	if (t->context.is_nested && tracee_cgroup(tid, &cgroup) == 0)
		t->context.source.view = views_register(c->views, c->view, cgroup);
}

static int on_actor_end(void *arg, struct error *err);

static int watch(struct trapper *t, size_t slot, pid_t pid, struct error *err)
{
	struct actor_watch *w = &t->watches[slot];

	w->pidfd = pidfd_open(pid, 0);
	if (w->pidfd < 0)
		return -ESRCH;
	w->pid = pid;
	return loop_add(&t->loop, w->pidfd, on_actor_end, w, err);
}

/* No process to be had: the call is the kernel's. */
static int send_actor(struct trapper *t, size_t slot, pid_t before, struct error *err)
{
	struct trap_job *job = job_of(t, slot);
	pid_t pid;

	set_context(t, job);
	pid = fork();
	if (pid < 0) {
		log_warn("fork: errno %d", errno);
		answer(t, job, TRAP_NATIVE);
		slots_release(t->start->jobs, slot);
		return 0;
	}
	if (pid == 0)
		actor_main(t, slot, before);
	return watch(t, slot, pid, err);
}

/* Where the answer needs no actor, giving it twice does no harm. `before` as for claim(). */
static int work_on(struct trapper *t, size_t slot, pid_t before, struct error *err)
{
	struct trap_job *job = job_of(t, slot);
	const struct trap *trap = trap_find(job->notif.data.arch, (uint32_t)job->notif.data.nr);

	if (!trap || !trap->answer)
		return send_actor(t, slot, before, err);
	set_context(t, job);
	answer(t, job, trap->answer(&t->context, job, (pid_t)job->notif.pid));
	slots_release(t->start->jobs, slot);
	return 0;
}

/*
 * See to a slot that may be busy; `dead` is who has certainly ended. A pid that is in use
 * again would only be waited for.
 */
static int tend(struct trapper *t, size_t slot, pid_t dead, struct error *err)
{
	struct slots *jobs = t->start->jobs;
	pid_t pid;
	int r;

	if (!slots_is_pending(jobs, slot))
		return 0;
	pid = __atomic_load_n(&job_of(t, slot)->agent, __ATOMIC_SEQ_CST);
	if (pid && pid != dead) {
		r = watch(t, slot, pid, err);
		if (r != -ESRCH)
			return r;
	}
	log_warn("somebody died in system call %d", job_of(t, slot)->notif.data.nr);
	if (slots_retry(jobs, slot) <= ATTEMPTS_MAX)
		return work_on(t, slot, pid, err);
	set_context(t, job_of(t, slot));
	answer(t, job_of(t, slot), TRAP_NATIVE);
	slots_release(jobs, slot);
	return 0;
}

static int listen_again(struct trapper *t, struct error *err);

static int on_actor_end(void *arg, struct error *err)
{
	struct actor_watch *w = arg;
	struct trapper *t = w->trapper;
	pid_t pid = w->pid;
	int r;

	loop_remove(&t->loop, w->pidfd);
	w->pidfd = fd_close(w->pidfd);
	/* Not ours to wait for, if a predecessor has sent it. */
	(void)spawn_wait(pid, &(int){0});
	r = tend(t, w->slot, pid, err);
	return r < 0 ? r : listen_again(t, err);
}

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
	job->agent = 0;
	job->mount_id = 0;
	job->result = 0;
	return notify_receive(mem, size, &fd);
}

static int begin(struct trapper *t, size_t slot, struct error *err)
{
	struct trap_job *job = job_of(t, slot);
	const struct trap *trap = trap_find(job->notif.data.arch, (uint32_t)job->notif.data.nr);

	if (trap && (trap->answer || trap->is_wanted(&job->notif)))
		return work_on(t, slot, 0, err);
	notify_continue(fdset_find(t->start->listeners, job->listener), job->notif.id);
	slots_release(t->start->jobs, slot);
	return 0;
}

static struct actor_watch *free_slot(struct trapper *t)
{
	for (size_t i = 0; i < TRAPPER_JOBS; i++)
		if (t->watches[i].pidfd < 0)
			return &t->watches[i];
	return NULL;
}

/* All are at work: nothing is taken off the kernel's queue until one has ended. */
static void pause_listening(struct trapper *t)
{
	loop_remove(&t->loop, t->start->listeners->epoll_fd);
	t->is_listening = false;
}

static int on_listeners(void *arg, struct error *err)
{
	struct trapper *t = arg;
	struct actor_watch *w = free_slot(t);
	struct receiving r;
	uint32_t events;

	if (!w) {
		pause_listening(t);
		return 0;
	}
	if (!fdset_next(t->start->listeners, &r.listener, &events))
		return 0;
	if (!(events & EPOLLIN)) {
		fdset_remove(t->start->listeners, r.listener);
		return 0;
	}
	r.fd = fdset_find(t->start->listeners, r.listener);
	if (slots_receive(t->start->jobs, w->slot, receive, &r) <= 0)
		return 0;
	return begin(t, w->slot, err);
}

static int listen_again(struct trapper *t, struct error *err)
{
	if (t->is_listening)
		return 0;
	t->is_listening = true;
	return loop_add(&t->loop, t->start->listeners->epoll_fd, on_listeners, t, err);
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
	t->context.devs[0] = overmount_dev(s->fast_mount);
	t->context.devs[1] = overmount_dev(s->plain_mount);
	return stage_enter(s->fast_mount, s->plain_mount, err);
}

/* To enter namespaces, to read other processes, and to become others. */
static int drop_rights(struct error *err)
{
	const uint64_t keep = CAPS_BIT(CAP_SYS_ADMIN) | CAPS_BIT(CAP_SYS_PTRACE) |
			      CAPS_BIT(CAP_SYS_CHROOT) | CAPS_BIT(CAP_SETUID) |
			      CAPS_BIT(CAP_SETGID) | CAPS_BIT(CAP_SETPCAP) |
			      CAPS_BIT(CAP_DAC_READ_SEARCH);
	const struct caps sets = {.effective = keep, .permitted = keep};
	int r = agent_prepare();

	if (r == 0)
		r = caps_apply(&sets);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, -r, "give up rights") : 0;
}

static int set_up(struct trapper *t, struct error *err)
{
	int r = enter_stage(t, err);

	for (size_t i = 0; i < TRAPPER_JOBS; i++)
		t->watches[i] = (struct actor_watch){.trapper = t, .slot = i, .pidfd = -EBADF};
	if (r == 0)
		r = drop_rights(err);
	if (r == 0)
		r = loop_init(&t->loop, err);
	if (r == 0)
		r = fdset_watch(t->start->listeners, EPOLLIN, err);
	if (r == 0)
		r = loop_add(&t->loop, t->start->keeper_sock, on_keeper, t, err);
	for (size_t i = 0; r == 0 && i < TRAPPER_JOBS; i++)
		r = tend(t, i, 0, err);
	return r < 0 ? r : listen_again(t, err);
}

int trapper_run(const struct trapper_start *s, struct error *err)
{
	struct trapper t = {.start = s, .loop = LOOP_EMPTY};
	int r;

	(void)prctl(PR_SET_NAME, "sysbox-fs-trap");
	t.pidns = s->container->pidns;
	r = set_up(&t, err);
	return r < 0 ? r : loop_run(&t.loop, err);
}

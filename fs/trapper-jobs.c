/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 *	slot --> is it one of ours? --no--> continue
 *	           |
 *	          yes: answer at once, or fork --> act, answer, release the slot, go on after it
 *
 * An actor is a process of its own, since it may wait for file systems that the container
 * controls. It claims the slot by entering itself there, answers by itself, and carries on if
 * we die meanwhile. What it does after the answer touches no job, and waits for the workers
 * alone; we give the slot to nobody before it has ended, but a successor of ours does.
 *
 * We may find slots busy when we start, or when an owner has ended. Then either the process
 * that claimed the slot is still at work (and is watched), or it is dead, or nobody has
 * claimed it: in these two cases the call is begun again.
 *
 * The container's own file systems, and its memory where it maps a file of one, may keep us
 * waiting forever; and a request that a FUSE daemon has taken and does not answer cannot be
 * ended even by SIGKILL. Then:
 *
 *	an actor	is killed when it is overdue. One tick later the kernel makes the call,
 *			in which the caller then waits for its own daemon. The slot stays busy
 *			until the actor has really ended, so there are never more of them than
 *			slots; when all slots are held like this, calls are simply passed on.
 *	the receiver	is killed by the keeper (trap_guard()). Its successor is careful: it
 *			accesses nobody's memory, and forks for all calls.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fs/container.h"
#include "fs/notify.h"
#include "fs/owner.h"
#include "fs/tracee.h"
#include "fs/trapper-internal.h"
#include "fs/view.h"
#include "fs/views.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/spawn.h"

/*
 * If this many died while working on it, the call may be the cause: then the kernel makes it.
 */
#define ATTEMPTS_MAX 6
/* A mount takes milliseconds; with 200 processes competing for a processor, ten seconds. */
#define ACTOR_MAX_MS 30000
#define TICK_MS	     1000

struct trap_job *trapper_job(const struct trapper *t, size_t slot)
{
	return slots_mem(t->start->jobs, slot);
}

static void answer(const struct trapper *t, struct trap_job *job, enum trap_verdict v)
{
	int fd = fdset_find(t->start->listeners, job->listener);

	switch (v) {
	case TRAP_NATIVE:
		notify_continue(fd, job->notif.id);
		break;
	case TRAP_DONE:
		notify_answer(fd, job->notif.id, job->result);
		break;
	case TRAP_AGAIN:
		notify_restart(fd, job->notif.id);
		break;
	}
}

static void finish(const struct trapper *t, size_t slot, enum trap_verdict v)
{
	answer(t, trapper_job(t, slot), v);
	slots_release(t->start->jobs, slot);
}

/* The figures that the caller's new procfs is to show. Only one process registers: this one. */
static void set_context(struct trapper *t, const struct trap_job *job)
{
	const struct container *c = t->start->container;
	pid_t tid = (pid_t)job->notif.pid;
	_cleanup_free_ char *cgroup = NULL;

	t->context.listener_fd = fdset_find(t->start->listeners, job->listener);
	t->context.source.view = VIEWS_OWN;
	if (tracee_pidns(tid) != t->pidns && tracee_cgroup(tid, &cgroup) == 0)
		t->context.source.view = views_register(c->views, c->view, cgroup);
}

/* ------------------------------------------------------------------ the actor */

/* False: another process has taken it since it was looked at. */
static bool claim(struct trap_job *job, uint64_t before)
{
	uint64_t self = owner_self();

	return self != OWNER_NONE &&
	       __atomic_compare_exchange_n(&job->owner, &before, self, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static enum trap_verdict act_for(const struct trapper *t, struct trap_job *job,
				 const struct trap *trap)
{
	struct tracee tracee;
	enum trap_verdict v = TRAP_NATIVE;

	if (!trap->is_wanted(&job->notif) || tracee_open(&tracee, (pid_t)job->notif.pid) < 0)
		return TRAP_NATIVE;
	tracee_find_place(&tracee, t->start->container->view->cgroup);
	if (trap_is_valid(&t->context, job))
		v = trap->act(&t->context, job, &tracee);
	tracee_done(&tracee);
	return v;
}

static enum trap_verdict act(const struct trapper *t, struct trap_job *job)
{
	const struct trap *trap = trap_of(&job->notif.data);

	/* By a process that died. */
	if (tracee_has_mount((pid_t)job->notif.pid, job->mount_id))
		return TRAP_DONE;
	if (trap->answer)
		return trap->answer(&t->context, job, (pid_t)job->notif.pid);
	return act_for(t, job, trap);
}

/*
 * The kernel's memory for mounts is charged to whoever makes them. On v1 one thread may move
 * itself without delaying others, and is not frozen by it: the freezer is another hierarchy.
 * On v2 the agents alone are in the container: fs/place.h.
 */
static void join_memory(const struct container *c)
{
	if (c->memory_tasks_fd >= 0 && write(c->memory_tasks_fd, "0", 1) < 0)
		log_debug("memory is charged to the supervisor: errno %d", errno);
}

_noreturn_ static void actor_main(struct trapper *t, size_t slot, uint64_t before)
{
	struct trap_job *job = trapper_job(t, slot);
	const struct trap *trap = trap_of(&job->notif.data);

	if (!claim(job, before))
		_exit(EXIT_SUCCESS);
	(void)prctl(PR_SET_NAME, "sysbox-fs-act");
	join_memory(t->start->container);
	t->context.watchdog_fd = -EBADF;
	finish(t, slot, act(t, job));
	if (trap->after)
		trap->after(&t->context);
	_exit(EXIT_SUCCESS);
}

/* ------------------------------------------------------------------ watching */

static void set_timer(struct trapper *t)
{
	if (!t->is_ticking)
		clock_set_timer(t->timer_fd, TICK_MS);
	t->is_ticking = true;
}

static int on_owner_end(void *arg, struct error *err);

/* -ESRCH: it has ended. */
static int watch(struct trapper *t, size_t slot, int pidfd, pid_t pid, struct error *err)
{
	struct owner_watch *w = &t->watches[slot];

	if (pidfd < 0)
		return -ESRCH;
	w->pidfd = pidfd;
	w->pid = pid;
	set_timer(t);
	return loop_add(&t->loop, pidfd, on_owner_end, w, err);
}

/* If no process can be created, the call is left to the kernel. */
static int send_actor(struct trapper *t, size_t slot, uint64_t before, struct error *err)
{
	struct trap_job *job = trapper_job(t, slot);
	pid_t pid;

	set_context(t, job);
	job->due_ms = clock_msec() + ACTOR_MAX_MS;
	pid = fork();
	if (pid < 0) {
		log_warn("fork: errno %d", errno);
		finish(t, slot, TRAP_NATIVE);
		return 0;
	}
	if (pid == 0)
		actor_main(t, slot, before);
	return watch(t, slot, pidfd_open(pid, 0), pid, err);
}

/* ------------------------------------------------------------------ ourselves */

static void own(const struct trapper *t, struct trap_job *job)
{
	job->due_ms = clock_msec() + TRAP_STALL_MS;
	__atomic_store_n(&job->owner, t->self, __ATOMIC_SEQ_CST);
}

static bool is_wanted(const struct trapper *t, struct trap_job *job, const struct trap *trap)
{
	bool is;

	own(t, job);
	trap_guard(&t->context);
	is = trap->is_wanted(&job->notif);
	trap_unguard(&t->context);
	__atomic_store_n(&job->owner, OWNER_NONE, __ATOMIC_SEQ_CST);
	return is;
}

/* Where the answer needs no actor, giving it twice does no harm. `before` as in claim(). */
static int work_on(struct trapper *t, size_t slot, uint64_t before, struct error *err)
{
	struct trap_job *job = trapper_job(t, slot);
	const struct trap *trap = trap_of(&job->notif.data);

	if (!trap->answer || t->start->is_careful)
		return send_actor(t, slot, before, err);
	set_context(t, job);
	own(t, job);
	finish(t, slot, trap->answer(&t->context, job, (pid_t)job->notif.pid));
	return 0;
}

int jobs_begin(struct trapper *t, size_t slot, struct error *err)
{
	struct trap_job *job = trapper_job(t, slot);
	const struct trap *trap = trap_of(&job->notif.data);

	if (trap && (trap->answer || t->start->is_careful || is_wanted(t, job, trap)))
		return work_on(t, slot, OWNER_NONE, err);
	jobs_pass(t, slot);
	return 0;
}

void jobs_pass(struct trapper *t, size_t slot)
{
	finish(t, slot, TRAP_NATIVE);
}

/* ------------------------------------------------------------------ ends */

/*
 * Give up a call whose actor has been killed for it. What the actor has already attached
 * stays.
 */
static void give_up(struct trapper *t, size_t slot)
{
	struct trap_job *job = trapper_job(t, slot);
	bool is_done = tracee_has_mount((pid_t)job->notif.pid, job->mount_id);

	if (!job->is_answered) {
		log_warn("system call %d of process %u is waiting for its caller's own files",
			 job->notif.data.nr, job->notif.pid);
		answer(t, job, is_done ? TRAP_DONE : TRAP_NATIVE);
		job->is_answered = true;
	}
	if (t->watches[slot].pidfd < 0 && !owner_has_group(job->owner))
		slots_release(t->start->jobs, slot);
}

/*
 * Look after a slot that may be busy; `dead` is a process that has certainly ended. One that
 * was killed because it was overdue may have left others behind.
 */
static int tend(struct trapper *t, size_t slot, pid_t dead, struct error *err)
{
	struct slots *jobs = t->start->jobs;
	struct trap_job *job = trapper_job(t, slot);
	uint64_t owner;

	if (!slots_is_pending(jobs, slot))
		return 0;
	owner = __atomic_load_n(&job->owner, __ATOMIC_SEQ_CST);
	if (owner != OWNER_NONE && owner_pid(owner) != dead) {
		int r = watch(t, slot, owner_pidfd(owner), owner_pid(owner), err);

		if (r != -ESRCH)
			return r;
	}
	if (job->is_overdue) {
		give_up(t, slot);
		set_timer(t);
		return 0;
	}
	log_warn("a process died handling system call %d", job->notif.data.nr);
	if (slots_retry(jobs, slot) <= ATTEMPTS_MAX)
		return work_on(t, slot, owner, err);
	finish(t, slot, TRAP_NATIVE);
	return 0;
}

static int on_owner_end(void *arg, struct error *err)
{
	struct owner_watch *w = arg;
	struct trapper *t = w->trapper;
	pid_t pid = w->pid;
	int r;

	loop_remove(&t->loop, w->pidfd);
	w->pidfd = fd_close(w->pidfd);
	/* Not our child if a predecessor forked it. */
	(void)spawn_wait(pid, &(int){0});
	r = tend(t, w->slot, pid, err);
	return r < 0 ? r : t->slot_freed(t, err);
}

/* Killed at one tick, given up at the next. */
static void look_at(struct trapper *t, size_t slot)
{
	struct trap_job *job = trapper_job(t, slot);

	if (job->is_overdue) {
		give_up(t, slot);
	} else if (clock_msec() >= job->due_ms) {
		owner_kill(__atomic_load_n(&job->owner, __ATOMIC_SEQ_CST));
		/* An actor that has not claimed it yet. */
		(void)pidfd_send_signal(t->watches[slot].pidfd, SIGKILL, NULL, 0);
		job->is_overdue = true;
	}
}

static int on_tick(void *arg, struct error *err)
{
	struct trapper *t = arg;
	uint64_t n;

	if (read(t->timer_fd, &n, sizeof(n)) < 0)
		return 0;
	t->is_ticking = false;
	for (size_t i = 0; i < TRAPPER_JOBS; i++) {
		if (!slots_is_pending(t->start->jobs, i))
			continue;
		look_at(t, i);
		set_timer(t);
	}
	return t->slot_freed(t, err);
}

/* ------------------------------------------------------------------ the slots */

size_t jobs_free_slot(const struct trapper *t)
{
	size_t i = 0;

	while (i < TRAPPER_JOBS &&
	       (t->watches[i].pidfd >= 0 || slots_is_pending(t->start->jobs, i)))
		i++;
	return i;
}

bool jobs_are_stuck(const struct trapper *t)
{
	for (size_t i = 0; i < TRAPPER_JOBS; i++)
		if (!slots_is_pending(t->start->jobs, i) || !trapper_job(t, i)->is_answered)
			return false;
	return true;
}

int jobs_init(struct trapper *t, struct error *err)
{
	for (size_t i = 0; i < TRAPPER_JOBS; i++)
		t->watches[i] = (struct owner_watch){.trapper = t, .slot = i, .pidfd = -EBADF};
	t->self = owner_self();
	t->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->timer_fd < 0)
		return error_errno(err, errno, "timerfd_create");
	return loop_add(&t->loop, t->timer_fd, on_tick, t, err);
}

int jobs_take_over(struct trapper *t, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < TRAPPER_JOBS; i++)
		r = tend(t, i, 0, err);
	/* The last slot is for calls that are passed on. */
	if (r == 0 && slots_is_pending(t->start->jobs, TRAPPER_JOBS))
		jobs_pass(t, TRAPPER_JOBS);
	return r;
}

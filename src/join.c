/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Two forks, as in create: the first enters the namespaces (all in one setns(2)
 * on init's pidfd, so that no half-entered state exists), the second is in the
 * pid namespace and executes. CLONE_PARENT makes the runtime its parent.
 *
 * A process that has entered is visible inside, with the container's root as its
 * user. Its memory and descriptors are the host's until execve. The kernel
 * protects it: the change of ids makes it non-dumpable, and its memory belongs to
 * the user namespace in which the runtime was executed (ptrace(2), "Ptrace access
 * mode checking"), so nobody inside may attach (CVE-2016-9962), and the
 * runtime's binary is not writable through /proc/PID/exe, being owned by an id
 * that the container does not have (CVE-2019-5736).
 */
#include "src/join.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/idmap.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/spawn.h"
#include "lib/sys.h"
#include "src/cgroup.h"
#include "src/do.h"
#include "src/host.h"
#include "src/listener.h"
#include "src/monitor.h"
#include "src/plan.h"
#include "src/state.h"
#include "src/sync.h"

/*
 * Root inside can stop, freeze or starve a process that enters until it is a program of his
 * own, and an engine may be able to do nothing else with the container meanwhile.
 */
#define ENTER_MAX_S 30

struct work {
	struct join *j;
	struct seccomp_program seccomp;
	struct idmap map;
	int init_pidfd;
	struct do_console console;
	int supervisor; /* socket; -EBADF where nothing is trapped */
	int sync;
	pid_t first;
	struct program program;
};

/* ------------------------------------------------------------------ children */

_noreturn_ static void fail(const struct work *w, const struct error *err)
{
	sync_send_error(w->sync, err);
	_exit(1);
}

static int open_terminal(const struct work *w, struct error *err)
{
	const struct plan_process *p = w->j->process;
	_cleanup_close_ int root_fd = -EBADF, master = -EBADF, slave = -EBADF;
	int r;

	if (setsid() < 0)
		return error_errno(err, errno, "start a session");
	if (!p->terminal)
		return 0;
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	master = do_terminal_open(p, root_fd, &slave, err);
	if (master < 0)
		return master;
	r = sock_send_fd(w->console.inner_fd, master, "/dev/ptmx");
	if (r < 0)
		return error_errno(err, -r, "send the terminal to the console socket");
	return do_terminal_attach(slave, err);
}

static int become(struct work *w, struct error *err)
{
	const struct plan_process *p = w->j->process;
	int listener, keep[] = {w->sync}, r = open_terminal(w, err);
	bool entered;

	/* Paths within may lead over what we have open: /proc/self/fd/7/.. (CVE-2024-21626). */
	if (r == 0)
		r = do_exec_close_all(w->j->preserve_fds, keep, ARRAY_SIZE(keep), err);
	if (r < 0)
		return r;
	if (!w->j->state->no_new_keyring)
		do_keyring_join(w->j->state->id);
	/* As root of the container too: a directory that only root may enter is a valid cwd. */
	entered = chdir(p->cwd) == 0;
	r = do_identity(p, err);
	if (r == 0)
		r = do_exec_prepare(p, entered ? DO_EXEC_IN_CWD : DO_EXEC_CHDIR, &w->program,
				    err);
	if (r == 0)
		r = do_exec_close(w->j->preserve_fds, err);
	/* From here on we end by ourselves when the runtime does, without its word. */
	(void)prctl(PR_SET_PDEATHSIG, 0);
	if (r == 0)
		r = do_confine(p, w->j->seccomp ? &w->seccomp : NULL, &listener, err);
	if (r < 0)
		return r;
	r = sync_send_ready(w->sync, listener, err);
	if (r == 0)
		r = sync_recv_go(w->sync, err);
	if (listener >= 0)
		fd_close(listener);
	return r;
}

/*
 * The handshake's socket is close-on-exec: its end tells the parent that execve succeeded.
 * The first process speaks on it, too, and may be overtaken: so wait until it was heard.
 */
_noreturn_ static void second_main(struct work *w)
{
	struct error err = {0};
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = sync_recv(w->sync, SYNC_MET, NULL, NULL, 0, &err);
	if (r == 0)
		r = become(w, &err);
	if (r == 0)
		r = do_exec(w->j->process, &w->program, &err);
	(void)r;
	fail(w, &err);
}

/*
 * The fast way into the cgroup, see src/cgroup.h. Not where the specification wants
 * an affinity before the cgroup is entered: by then it has been.
 */
static bool joins_by_itself(const struct work *w)
{
	return w->j->state->cgroup.driver == CGROUP_FS && !w->j->process->cpu_initial;
}

static int enter(struct work *w, struct error *err)
{
	const struct plan_process *p = w->j->process;
	uint64_t all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
		       CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME;
	int r;

	r = joins_by_itself(w) ? cgroup_join(&w->j->state->cgroup, err) : 0;
	if (r < 0)
		return r;
	do_stdio_chown(idmap_to_outside(&w->map.uids, p->uid),
		       idmap_to_outside(&w->map.gids, p->gid));
	r = w->j->state->no_new_keyring ? 0 : do_keyring_leave(err);
	if (r == 0)
		r = do_limits(p, err);
	if (r == 0 && p->cpu_initial)
		r = do_affinity(p->cpu_initial, err);
	if (r == 0)
		r = sync_recv(w->sync, SYNC_CGROUP, NULL, NULL, 0, err);
	if (r == 0)
		r = do_affinity(p->cpu_final, err);
	if (r < 0)
		return r;
	if (setns(w->init_pidfd, (int)(all & w->j->host->namespaces)) < 0)
		return error_errno(err, errno, "enter the container's namespaces");
	return do_root_ids(err);
}

_noreturn_ static void first_main(struct work *w)
{
	struct clone_args args = {.flags = CLONE_PARENT};
	struct error err = {0};
	pid_t pid;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = enter(w, &err);
	if (r < 0)
		fail(w, &err);
	pid = sys_clone3(&args);
	if (pid < 0) {
		(void)!error_errno(&err, errno, "fork in the container");
		fail(w, &err);
	}
	if (pid == 0)
		second_main(w);
	_exit(sync_send(w->sync, SYNC_INIT, pid, NULL, 0, &err) < 0);
}

/* ------------------------------------------------------------------ parent */

/* A dead supervisor's container can still be looked into. */
static void reach_supervisor(struct work *w)
{
	if (!w->seccomp.traps)
		return;
	w->supervisor = listener_open_supervisor(w->j->state_dirfd);
	if (w->supervisor >= 0)
		return;
	log_info("exec: nothing is trapped, the supervisor is gone");
	do_seccomp_untrap(&w->seccomp);
}

static int prepare(struct work *w, struct error *err)
{
	const struct join *j = w->j;
	int r = j->seccomp ? do_seccomp_compile(j->seccomp, &w->seccomp, err) : 0;

	if (r < 0)
		return r;
	reach_supervisor(w);
	w->init_pidfd = state_init_pidfd(j->state, err);
	if (w->init_pidfd < 0)
		return w->init_pidfd;
	r = idmap_read(&w->map, j->state->init_pid);
	return r < 0 ? error_errno(err, -r, "read the container's id mapping") : 0;
}

static int prepare_console(struct work *w, struct error *err)
{
	const struct join *j = w->j;

	if (!j->process->terminal)
		return 0;
	return do_console_open(&w->console, j->keep_terminal ? NULL : j->console_socket, err);
}

static int start_first(struct work *w, struct error *err)
{
	const struct state *s = w->j->state;
	_cleanup_close_ int cgroup_fd = -EBADF;
	int r = 0;

	if (joins_by_itself(w))
		r = cgroup_clone_fd(&s->cgroup, s->init_pid, &cgroup_fd, err);
	if (r < 0)
		return r;
	w->first = sync_clone(0, cgroup_fd, &w->sync, err);
	if (w->first < 0)
		return w->first;
	if (w->first == 0)
		first_main(w);
	/* Who is told to ignore a pause waits for its end. */
	if (cgroup_is_frozen(&s->cgroup) != 1)
		sync_limit(w->sync, ENTER_MAX_S);
	w->console.inner_fd = fd_close(w->console.inner_fd);
	return 0;
}

static int hand_over_listener(struct work *w, int64_t listener, struct error *err)
{
	const struct plan_seccomp *s = w->j->seccomp;
	_cleanup_close_ int pidfd = -EBADF;
	struct listener_process p;

	if (listener < 0)
		return 0;
	pidfd = pidfd_open(w->j->pid, 0);
	if (pidfd < 0)
		return error_errno(err, errno, "open the new process");
	if (w->supervisor >= 0)
		return listener_supervise(w->supervisor, pidfd, (int)listener, err);
	p = (struct listener_process){w->j->pid, pidfd, (int)listener, STATE_RUNNING};
	return listener_hand_over(s->listener_path, s->listener_metadata, w->j->state, &p, err);
}

/* The end of the handshake is the success of execve; an error, its failure. */
static int wait_for_exec(struct work *w, struct error *err)
{
	struct error said = {0};
	int r = sync_recv(w->sync, SYNC_READY, NULL, NULL, 0, &said);

	if (r == -EPIPE && said.errnum == EPIPE)
		return 0;
	*err = said;
	return r < 0 ? r : error_set(err, EPROTO, "handshake out of step");
}

static int enter_cgroup(struct work *w, struct error *err)
{
	const struct state *s = w->j->state;
	int r = joins_by_itself(w) ? 0 : cgroup_enter(&s->cgroup, w->first, s->init_pid, err);

	return r < 0 ? r : sync_send(w->sync, SYNC_CGROUP, 0, NULL, 0, err);
}

static int meet_second(struct work *w, struct error *err)
{
	int64_t pid;
	int r = sync_recv(w->sync, SYNC_INIT, &pid, NULL, 0, err);

	if (r < 0)
		return r;
	w->j->pid = (pid_t)pid;
	(void)spawn_wait(w->first, NULL);
	w->first = 0;
	return sync_send(w->sync, SYNC_MET, 0, NULL, 0, err);
}

static int let_go(struct work *w, struct error *err)
{
	int64_t listener;
	int r = sync_recv(w->sync, SYNC_READY, &listener, NULL, 0, err);

	if (r == 0)
		r = do_console_receive(&w->console, &w->j->master_fd, err);
	if (r == 0)
		r = hand_over_listener(w, listener, err);
	if (r == 0)
		r = do_late_limits(w->j->pid, w->j->process, err);
	if (r == 0 && w->j->hold_signals)
		r = monitor_hold(err);
	return r < 0 ? r : sync_send(w->sync, SYNC_GO, 0, NULL, 0, err);
}

static const struct step {
	const char *name;
	int (*run)(struct work *w, struct error *err);
} steps[] = {
	{"prepare", prepare},
	{"console", prepare_console},
	{"fork", start_first},
	{"enter the cgroup", enter_cgroup},
	{"enter the namespaces", meet_second},
	{"identity", let_go},
	{"execute", wait_for_exec},
};

static int run(struct work *w, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++) {
		log_debug("exec: %s", steps[i].name);
		r = steps[i].run(w, err);
	}
	return r;
}

int join(struct join *j, struct error *err)
{
	struct work w = {
		.j = j,
		.init_pidfd = -EBADF,
		.console = DO_CONSOLE_EMPTY,
		.supervisor = -EBADF,
		.sync = -EBADF,
	};
	int r = run(&w, err);

	if (r < 0) {
		spawn_kill(w.first);
		spawn_kill(j->pid);
		j->pid = 0;
		j->master_fd = fd_close(j->master_fd);
	}
	fd_close(w.init_pidfd);
	do_console_done(&w.console);
	fd_close(w.supervisor);
	fd_close(w.sync);
	seccomp_program_done(&w.seccomp);
	idmap_done(&w.map);
	program_done(&w.program);
	return r;
}

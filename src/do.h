/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container's own process does, and what its parent does for it. Each
 * function says in which process and namespaces it runs.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/macro.h"

struct cgroup;
struct host;
struct plan_process;
struct plan_seccomp;

/* src/do-seccomp.c */

/* A filter ready to be loaded: BPF instructions, owned. */
struct seccomp_program {
	void *insns; /* struct sock_filter[] */
	size_t n_insns;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
	bool traps;	    /* the supervisor's, and not the profile's own */
};
void seccomp_program_done(struct seccomp_program *p);
/* Anywhere, no effect. Names that this libseccomp does not know are skipped, as runc does. */
int do_seccomp_compile(const struct plan_seccomp *s, struct seccomp_program *ret,
		       struct error *err);
/* Let the trapped calls pass: nobody is there to answer them. */
void do_seccomp_untrap(struct seccomp_program *p);
/*
 * Load into the calling process: 0, or the listener's fd (owned) when the flags ask for one.
 * Where the kernel gives none for the supervisor's traps (one is in force already), 0 and no
 * traps.
 */
int do_seccomp_load(struct seccomp_program *p, struct error *err);

/* src/do-mounts-open.c */

struct idmap;
struct plan;

/*
 * Parent, host namespaces, host root: open the source of every bind as a
 * detached, id-mapped clone. fds[] is parallel to plan->mounts; the others get
 * -EBADF. Each source is id-mapped by trying; what refuses falls back, in order,
 * to: owned by the range already; a node, socket or FIFO as it is; a shifted
 * copy of a small file; an error that names the file system and the way out.
 */
int do_mounts_open(const struct plan *p, const struct idmap *map, int userns_fd, int *fds,
		   struct error *err);
/*
 * Helper, host mount and user namespace, inside the container's pid and network
 * namespace: procfs and sysfs with the options that the plan gives. Owned fds.
 */
int do_mounts_kernel_fs(const struct plan *p, int *ret_proc, int *ret_sys, struct error *err);

/* src/do-mounts.c */

/*
 * Builder, private mount namespace, host root, working directory in the base:
 * attach the binds that carry restrictions (read-only, nosuid, nodev, noexec)
 * below "m/", so that the copy of the mount namespace into the container's user
 * namespace locks these (mount_namespaces(7), "Restrictions on mount namespaces").
 */
int do_mounts_lock(const struct plan *p, const int *fds, struct error *err);

struct do_mounts {
	const struct plan *plan;
	const int *fds;	 /* as opened */
	int root_fd;	 /* O_PATH of the container's "/" */
	int writable_fd; /* the same tree while "/" is read-only: for mount points; -EBADF */
	int proc_fd;	 /* fresh procfs and sysfs of the container's namespaces */
	int sys_fd;
	int dev_fd; /* from do_dev_make() */
	const struct host *host;
	const struct cgroup *cgroup; /* a directory for each hierarchy of the host */
};
/*
 * Init, all namespaces, working directory in the base: attach everything in the plan's
 * order.
 */
int do_mounts_attach(const struct do_mounts *m, struct error *err);
/* The mount point of a target, made if missing; owned O_PATH fd or -errno. */
int do_mounts_target(const struct do_mounts *m, const char *target, mode_t type);

/* src/do-mounts-mask.c */

/* A directory in the base. The builder makes it; the masks mount something empty there. */
#define DO_MOUNTS_EMPTY "empty"
/* Init: over-mount what is masked, and make read-only what is to be. */
int do_mounts_mask(const struct do_mounts *m, struct error *err);

/* src/do-emul.c */

/* Directories in the base, made by the builder, for the mounts of the emulated files. */
#define DO_EMUL_FAST  "fast"
#define DO_EMUL_PLAIN "plain"
/*
 * Init, all namespaces, working directory in the base, after do_mounts_attach(): put
 * the emulated files over the kernel's. The fds (fs_client_mounts) are borrowed. What cannot be
 * done is left as the kernel has it, with a debug line; an error only where the supervisor
 * does not answer.
 */
int do_emul_attach(const struct do_mounts *m, int fast_fd, int plain_fd, struct error *err);

/* src/do-devices.c */

/*
 * Builder, host root: a detached tmpfs for /dev with real nodes and links, owned by the
 * range.
 */
int do_dev_make(const struct plan *p, const struct idmap *map, struct error *err);
/* Init: nodes outside of /dev, and /dev/console. */
int do_dev_console(int root_fd, int pts_fd, struct error *err);

/* src/do-affinity.c */

/*
 * The calling process's CPUs; NULL: all that its cpuset has, whatever the runtime was
 * started with. Where the caller is in its cgroup.
 */
int do_affinity(const char *list, struct error *err);

/* The memory of the calling process, and of what it executes. */
int do_memory_policy(const struct plan_process *p, struct error *err);

/* src/do-netdev.c */

/*
 * Parent, host root, the runtime's network namespace: move linux.netDevices into the
 * container's and set them up there.
 */
int do_net_devices(const struct plan *p, pid_t init, struct error *err);

/* src/do-identity.c */

/*
 * Before the user namespace is entered, as host root: the oom score, which only the host may
 * lower. What the host withholds (CAP_SYS_RESOURCE) is left out with a debug line.
 */
int do_limits(const struct plan_process *p, struct error *err);
/*
 * Parent: rlimits, scheduling and io priority of a process that has nothing left to do
 * but execve.
 */
int do_late_limits(pid_t pid, const struct plan_process *p, struct error *err);
/* Become root of the user namespace that was just entered. */
int do_root_ids(struct error *err);
/*
 * Init and exec, inside: ids and capabilities. CAP_SYS_ADMIN stays permitted, not
 * effective, until do_confine().
 */
int do_identity(const struct plan_process *p, struct error *err);
/* The last act before execve: no_new_privs, seccomp; *ret_listener is -EBADF without one. */
int do_confine(const struct plan_process *p, struct seccomp_program *seccomp, int *ret_listener,
	       struct error *err);

/* src/do-exec.c */

/* What execve(2) is to get, found inside. */
struct program {
	char *path;
	char **env;
};
#define PROGRAM_EMPTY                                                                          \
	{                                                                                      \
		.path = NULL                                                                   \
	}
void program_done(struct program *p);

enum do_exec_cwd {
	DO_EXEC_CHDIR,
	/* Entered already, with more rights; only look where we are. */
	DO_EXEC_IN_CWD,
};

/*
 * Before container root looks up the first path of the image: close everything but the standard
 * fds, preserve_fds more, and those in `keep` (which this sorts). Nothing is logged from here
 * on.
 */
int do_exec_close_all(unsigned int preserve_fds, int *keep, size_t n, struct error *err);
/*
 * As the process's user: the working directory; args[0] searched in PATH of the
 * process's environment; HOME of /etc/passwd where the environment has none. Where
 * we are must lie below our root (CVE-2024-21626).
 */
int do_exec_prepare(const struct plan_process *p, enum do_exec_cwd cwd, struct program *ret,
		    struct error *err);
/*
 * Before the filter, which may not know the call: execve closes all above the standard fds
 * and preserve_fds (CVE-2024-21626: not one descriptor of the host crosses).
 */
int do_exec_close(unsigned int preserve_fds, struct error *err);
/* execve; only returns on failure. */
int do_exec(const struct plan_process *p, const struct program *program, struct error *err);

/* src/do-keyring.c */

/* Host root: to an empty session keyring, away from the caller's. */
int do_keyring_leave(struct error *err);
/* Inside, after that: to the container's own, if its quota allows. */
void do_keyring_join(const char *id);

/* src/do-sysctl.c */

/* Init: those of a network namespace of its own; proc_fd is its own procfs. */
int do_sysctl_inside(const struct plan *p, int proc_fd, struct error *err);
/* Parent, host root: those of its ipc and uts namespaces, and of a network that it joins. */
int do_sysctl_outside(const struct plan *p, int init_pidfd, struct error *err);

/* src/do-terminal.c */

/*
 * Inside: a new pty of the container's devpts as stdio and controlling terminal; owned
 * master.
 */
int do_terminal_open(const struct plan_process *p, int root_fd, int *ret_slave,
		     struct error *err);
int do_terminal_attach(int slave_fd, struct error *err);
/*
 * Parent, which will copy to its own stdout, before the program runs: the size is that of
 * our terminal, and "\n" stays "\n". Our terminal, if there is one, makes "\r\n" of it; a
 * pipe or a file gets what the program wrote.
 */
void do_terminal_adopt(int master_fd);

/* Parent: the way of the terminal's master from inside to whoever will use it. Owned. */
struct do_console {
	int inner_fd; /* the child sends on it; -EBADF: no terminal */
	int outer_fd; /* our end of a pair, when the master comes to us */
};
#define DO_CONSOLE_EMPTY                                                                       \
	{                                                                                      \
		.inner_fd = -EBADF, .outer_fd = -EBADF                                         \
	}
void do_console_done(struct do_console *c);
/* Before the child: to the engine's socket, or to us where that is NULL. */
int do_console_open(struct do_console *ret, const char *socket, struct error *err);
/*
 * After it has sent, before the program runs: the master, owned and adopted; untouched where
 * it goes to the engine.
 */
int do_console_receive(const struct do_console *c, int *ret_master, struct error *err);

/* Host root: let the process open its own stdio (pipes of the engine) by /dev/stdout. */
void do_stdio_chown(uid_t uid, gid_t gid);

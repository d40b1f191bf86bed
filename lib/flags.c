/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flags.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mount.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "lib/str.h"
#include "lib/sys.h"

#define NAME(x)                                                                                \
	{                                                                                      \
#x, x                                                                          \
	}

const struct flag_name *flag_find(const struct flag_name *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

const char *flag_name(const struct flag_name *table, uint64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

const struct flag_name flags_namespaces[] = {
	{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mount", CLONE_NEWNS},
	{"network", CLONE_NEWNET},   {"pid", CLONE_NEWPID}, {"time", CLONE_NEWTIME},
	{"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}, {NULL, 0},
};

static const struct flag_name ns_files[] = {
	{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS},
	{"net", CLONE_NEWNET},	     {"pid", CLONE_NEWPID}, {"time", CLONE_NEWTIME},
	{"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}, {NULL, 0},
};

const char *flags_ns_file(uint64_t clone_flag)
{
	return flag_name(ns_files, clone_flag);
}

const struct flag_name flags_rlimits[] = {
	NAME(RLIMIT_AS),
	NAME(RLIMIT_CORE),
	NAME(RLIMIT_CPU),
	NAME(RLIMIT_DATA),
	NAME(RLIMIT_FSIZE),
	{"RLIMIT_LOCKS", __RLIMIT_LOCKS},
	NAME(RLIMIT_MEMLOCK),
	{"RLIMIT_MSGQUEUE", __RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", __RLIMIT_NICE},
	NAME(RLIMIT_NOFILE),
	{"RLIMIT_NPROC", __RLIMIT_NPROC},
	{"RLIMIT_RSS", __RLIMIT_RSS},
	{"RLIMIT_RTPRIO", __RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", __RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", __RLIMIT_SIGPENDING},
	NAME(RLIMIT_STACK),
	{NULL, 0},
};

const struct flag_name flags_signals[] = {
	NAME(SIGABRT),	 NAME(SIGALRM),	 NAME(SIGBUS),	NAME(SIGCHLD), NAME(SIGCLD),
	NAME(SIGCONT),	 NAME(SIGFPE),	 NAME(SIGHUP),	NAME(SIGILL),  NAME(SIGINT),
	NAME(SIGIO),	 NAME(SIGIOT),	 NAME(SIGKILL), NAME(SIGPIPE), NAME(SIGPOLL),
	NAME(SIGPROF),	 NAME(SIGPWR),	 NAME(SIGQUIT), NAME(SIGSEGV), NAME(SIGSTKFLT),
	NAME(SIGSTOP),	 NAME(SIGSYS),	 NAME(SIGTERM), NAME(SIGTRAP), NAME(SIGTSTP),
	NAME(SIGTTIN),	 NAME(SIGTTOU),	 NAME(SIGURG),	NAME(SIGUSR1), NAME(SIGUSR2),
	NAME(SIGVTALRM), NAME(SIGWINCH), NAME(SIGXCPU), NAME(SIGXFSZ), {NULL, 0},
};

/*
 * The kernel's numbers, not glibc's: SIGRTMIN of glibc is 34, as it keeps 32 and
 * 33, and that is also what "RTMIN" means to users of kill(1) and docker stop.
 */
#define RT_FIRST 34
#define RT_LAST	 64

static int realtime_signal(const char *name)
{
	int from_end = str_has_prefix(name, "RTMAX") ? 1 : 0, offset = 0;
	const char *rest = name + strlen("RTMIN");

	if (!from_end && !str_has_prefix(name, "RTMIN"))
		return -EINVAL;
	if (*rest) {
		if (*rest != (from_end ? '-' : '+') || str_to_int(rest + 1, &offset) < 0)
			return -EINVAL;
		if (offset < 0 || offset > RT_LAST - RT_FIRST)
			return -EINVAL;
	}
	return from_end ? RT_LAST - offset : RT_FIRST + offset;
}

int flags_signal(const char *text)
{
	char name[16] = "";
	int number;

	if (str_to_int(text, &number) == 0)
		return number >= 0 && number <= RT_LAST ? number : -EINVAL;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	if (strlen(text) >= sizeof(name))
		return -EINVAL;
	for (size_t i = 0; text[i]; i++)
		name[i] = text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i];
	for (const struct flag_name *s = flags_signals; s->name; s++)
		if (strcmp(s->name + 3, name) == 0)
			return (int)s->value;
	return realtime_signal(name);
}

/* SCHED_ISO is reserved by the kernel and named by the specification. */
const struct flag_name flags_sched_policies[] = {
	{"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},	      {"SCHED_BATCH", 3},
	{"SCHED_ISO", 4},   {"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6}, {NULL, 0},
};

const struct flag_name flags_sched_flags[] = {
	NAME(SCHED_FLAG_RESET_ON_FORK),	 NAME(SCHED_FLAG_RECLAIM),
	NAME(SCHED_FLAG_DL_OVERRUN),	 NAME(SCHED_FLAG_KEEP_POLICY),
	NAME(SCHED_FLAG_KEEP_PARAMS),	 NAME(SCHED_FLAG_UTIL_CLAMP_MIN),
	NAME(SCHED_FLAG_UTIL_CLAMP_MAX), {NULL, 0},
};

const struct flag_name flags_io_classes[] = {
	NAME(IOPRIO_CLASS_RT),
	NAME(IOPRIO_CLASS_BE),
	NAME(IOPRIO_CLASS_IDLE),
	{NULL, 0},
};

/* Not all of them in Debian 12's <linux/mempolicy.h>. */
const struct flag_name flags_memory_modes[] = {
	{"MPOL_DEFAULT", 0},
	{"MPOL_PREFERRED", 1},
	{"MPOL_BIND", 2},
	{"MPOL_INTERLEAVE", 3},
	{"MPOL_LOCAL", 4},
	{"MPOL_PREFERRED_MANY", 5},
	{"MPOL_WEIGHTED_INTERLEAVE", 6},
	{NULL, 0},
};
const struct flag_name flags_memory_flags[] = {
	{"MPOL_F_STATIC_NODES", 1 << 15},
	{"MPOL_F_RELATIVE_NODES", 1 << 14},
	{"MPOL_F_NUMA_BALANCING", 1 << 13},
	{NULL, 0},
};

const struct flag_name flags_personalities[] = {
	{"LINUX", PER_LINUX},
	{"LINUX32", PER_LINUX32},
	{NULL, 0},
};

/*
 * Access times are no bits but one value in the field MOUNT_ATTR__ATIME
 * (relatime is 0), and mount_setattr(2) takes a new value only together with
 * the whole field to clear. A word that sets a value therefore clears the field. A
 * word that takes one back ("atime" takes back "noatime") names just that value,
 * so that it leaves another value alone; what remains is relatime, the kernel's
 * default. mount_set_attr() widens such a clear to the field.
 */
#define ATTR(nm, bit)                                                                          \
	{                                                                                      \
		nm, MOUNT_OPTION_ATTR, bit, 0                                                  \
	}
#define NO_ATTR(nm, bit)                                                                       \
	{                                                                                      \
		nm, MOUNT_OPTION_ATTR, 0, bit                                                  \
	}
#define ATIME(nm, value)                                                                       \
	{                                                                                      \
		nm, MOUNT_OPTION_ATTR, value, MOUNT_ATTR__ATIME                                \
	}
#define REC(nm, bit)                                                                           \
	{                                                                                      \
		nm, MOUNT_OPTION_REC_ATTR, bit, 0                                              \
	}
#define NO_REC(nm, bit)                                                                        \
	{                                                                                      \
		nm, MOUNT_OPTION_REC_ATTR, 0, bit                                              \
	}
#define REC_ATIME(nm, value)                                                                   \
	{                                                                                      \
		nm, MOUNT_OPTION_REC_ATTR, value, MOUNT_ATTR__ATIME                            \
	}
#define SB(nm, bit)                                                                            \
	{                                                                                      \
		nm, MOUNT_OPTION_SB, bit, 0                                                    \
	}
#define NO_SB(nm, bit)                                                                         \
	{                                                                                      \
		nm, MOUNT_OPTION_SB, 0, bit                                                    \
	}
#define PROP(nm, kind)                                                                         \
	{                                                                                      \
		nm, MOUNT_OPTION_PROP, kind, 0                                                 \
	}
#define WORD(nm, kind)                                                                         \
	{                                                                                      \
		nm, MOUNT_OPTION_##kind, 0, 0                                                  \
	}

const struct mount_option flags_mount_options[] = {
	NO_SB("async", MS_SYNCHRONOUS),
	NO_ATTR("atime", MOUNT_ATTR_NOATIME),
	{"bind", MOUNT_OPTION_BIND, MS_BIND, 0},
	WORD("defaults", NONE),
	NO_ATTR("dev", MOUNT_ATTR_NODEV),
	NO_ATTR("diratime", MOUNT_ATTR_NODIRATIME),
	SB("dirsync", MS_DIRSYNC),
	NO_ATTR("exec", MOUNT_ATTR_NOEXEC),
	WORD("idmap", IDMAP),
	SB("iversion", MS_I_VERSION),
	SB("lazytime", MS_LAZYTIME),
	NO_SB("loud", MS_SILENT),
	SB("mand", MS_MANDLOCK),
	ATIME("noatime", MOUNT_ATTR_NOATIME),
	ATTR("nodev", MOUNT_ATTR_NODEV),
	ATTR("nodiratime", MOUNT_ATTR_NODIRATIME),
	ATTR("noexec", MOUNT_ATTR_NOEXEC),
	NO_SB("noiversion", MS_I_VERSION),
	NO_SB("nolazytime", MS_LAZYTIME),
	NO_SB("nomand", MS_MANDLOCK),
	NO_ATTR("norelatime", MOUNT_ATTR_RELATIME), /* 0: relatime is what remains */
	NO_ATTR("nostrictatime", MOUNT_ATTR_STRICTATIME),
	ATTR("nosuid", MOUNT_ATTR_NOSUID),
	ATTR("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	PROP("private", MS_PRIVATE),
	NO_REC("ratime", MOUNT_ATTR_NOATIME),
	{"rbind", MOUNT_OPTION_BIND, MS_BIND | MS_REC, 0},
	NO_REC("rdev", MOUNT_ATTR_NODEV),
	NO_REC("rdiratime", MOUNT_ATTR_NODIRATIME),
	ATIME("relatime", MOUNT_ATTR_RELATIME),
	WORD("remount", REMOUNT),
	NO_REC("rexec", MOUNT_ATTR_NOEXEC),
	WORD("ridmap", RIDMAP),
	REC_ATIME("rnoatime", MOUNT_ATTR_NOATIME),
	REC("rnodev", MOUNT_ATTR_NODEV),
	REC("rnodiratime", MOUNT_ATTR_NODIRATIME),
	REC("rnoexec", MOUNT_ATTR_NOEXEC),
	NO_REC("rnorelatime", MOUNT_ATTR_RELATIME),
	NO_REC("rnostrictatime", MOUNT_ATTR_STRICTATIME),
	REC("rnosuid", MOUNT_ATTR_NOSUID),
	REC("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	ATTR("ro", MOUNT_ATTR_RDONLY),
	PROP("rprivate", MS_PRIVATE | MS_REC),
	REC_ATIME("rrelatime", MOUNT_ATTR_RELATIME),
	REC("rro", MOUNT_ATTR_RDONLY),
	NO_REC("rrw", MOUNT_ATTR_RDONLY),
	PROP("rshared", MS_SHARED | MS_REC),
	PROP("rslave", MS_SLAVE | MS_REC),
	REC_ATIME("rstrictatime", MOUNT_ATTR_STRICTATIME),
	NO_REC("rsuid", MOUNT_ATTR_NOSUID),
	NO_REC("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	PROP("runbindable", MS_UNBINDABLE | MS_REC),
	NO_ATTR("rw", MOUNT_ATTR_RDONLY),
	PROP("shared", MS_SHARED),
	SB("silent", MS_SILENT),
	PROP("slave", MS_SLAVE),
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	NO_ATTR("suid", MOUNT_ATTR_NOSUID),
	NO_ATTR("symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	SB("sync", MS_SYNCHRONOUS),
	WORD("tmpcopyup", TMPCOPYUP),
	PROP("unbindable", MS_UNBINDABLE),
	{NULL, MOUNT_OPTION_NONE, 0, 0},
};

const struct mount_option *flags_mount_option(const char *name)
{
	for (const struct mount_option *o = flags_mount_options; o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

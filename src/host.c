/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: this is on the path of every start, so it asks the
 * kernel and nobody else, with some thirty cheap system calls and without
 * parsing the mount table where statfs(2) has answered already (cgroup v2).
 * Where the table is needed, only its cgroup lines are looked at: a Docker host
 * has hundreds of others.
 */
#include "src/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/caps.h"
#include "lib/fd.h"
#include "lib/flags.h"
#include "lib/ns.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/strv.h"
#include "lib/sys.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
/* A host with more mounts than fit into this does not run containers. */
#define MOUNTINFO_MAX (16u << 20)

void host_done(struct host *h)
{
	for (size_t i = 0; i < h->n_hierarchies; i++) {
		free(h->hierarchies[i].controllers);
		free(h->hierarchies[i].path);
	}
	free(h->hierarchies);
	free(h->kernel_release);
	strv_free(h->v2_controllers);
	*h = (struct host){0};
}

/* The cgroup layout. */

static void hierarchy_add(struct host *h, char *controllers, char *path)
{
	struct host_hierarchy *n =
		array_add((void **)&h->hierarchies, &h->n_hierarchies, sizeof(*n));

	n->controllers = controllers;
	n->path = path;
}

static bool hierarchy_is_known(const struct host *h, const char *controllers)
{
	for (size_t i = 0; i < h->n_hierarchies; i++)
		if (str_eq(h->hierarchies[i].controllers, controllers))
			return true;
	return false;
}

/* Undo the \ooo escapes of mountinfo (proc_pid_mountinfo(5)) in place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		unsigned int c;

		if (s[0] == '\\' && sscanf(s + 1, "%3o", &c) == 1 && c <= 0377) {
			*to++ = (char)c;
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/*
 * The words of a v1 superblock's options that name its hierarchy. The others
 * are flags (cgroup1_show_options() in the kernel) and common to all of them.
 */
static char *hierarchy_name(const char *options)
{
	static const char *const flags[] = {
		"rw",
		"ro",
		"xattr",
		"noprefix",
		"clone_children",
		"cpuset_v2_mode",
		"favordynmods",
		"seclabel",
	};
	_cleanup_(strv_freep) char **words = strv_split(options, ",");
	_cleanup_(strv_freep) char **names = NULL;

	for (size_t i = 0; words && words[i]; i++) {
		bool is_flag = str_has_prefix(words[i], "release_agent=");

		for (size_t k = 0; k < ARRAY_SIZE(flags); k++)
			is_flag |= str_eq(words[i], flags[k]);
		if (!is_flag)
			strv_add(&names, words[i]);
	}
	return names ? strv_join(names, ",") : xstrdup("");
}

/*
 * "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu": the fifth field,
 * and behind the dash type, source and options. The first mount of a hierarchy
 * wins: later ones are binds of it into some container's tree.
 */
static void mountinfo_line(struct host *h, char *line)
{
	char *tail = strstr(line, " - cgroup");
	char type[8], options[512], path[PATH_MAX];
	_cleanup_free_ char *controllers = NULL;

	if (!tail || sscanf(tail, " - %7s %*s %511s", type, options) != 2)
		return;
	if (sscanf(line, "%*s %*s %*s %*s %4095s", path) != 1)
		return;
	if (str_eq(type, "cgroup2"))
		controllers = xstrdup("");
	else if (str_eq(type, "cgroup"))
		controllers = hierarchy_name(options);
	else
		return;
	if (hierarchy_is_known(h, controllers))
		return;
	unescape(path);
	hierarchy_add(h, take_ptr(&controllers), xstrdup(path));
}

/* Another mount lies on top of it: it cannot be reached by its path. */
static bool is_covered(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) < 0 ||
	       (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC);
}

static void drop_covered(struct host *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_hierarchies; i++) {
		struct host_hierarchy *from = &h->hierarchies[i];

		if (is_covered(from->path)) {
			free(from->controllers);
			free(from->path);
		} else {
			h->hierarchies[n++] = *from;
		}
	}
	h->n_hierarchies = n;
}

static int probe_mountinfo(struct host *h, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	int r;

	r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
	if (r < 0)
		return error_errno(err, -r, "read /proc/self/mountinfo");
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		mountinfo_line(h, l);
	drop_covered(h);
	return 0;
}

static enum host_cgroup_mode mode_of(const struct host *h)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < h->n_hierarchies; i++) {
		if (*h->hierarchies[i].controllers)
			v1 = true;
		else
			v2 = true;
	}
	if (v1)
		return v2 ? HOST_CGROUP_HYBRID : HOST_CGROUP_V1;
	return v2 ? HOST_CGROUP_V2 : HOST_CGROUP_NONE;
}

static void probe_v2_controllers(struct host *h)
{
	for (size_t i = 0; i < h->n_hierarchies; i++) {
		_cleanup_free_ char *path = NULL, *text = NULL;

		if (*h->hierarchies[i].controllers)
			continue;
		path = path_join(h->hierarchies[i].path, "cgroup.controllers");
		if (file_read_line(AT_FDCWD, path, &text) == 0)
			h->v2_controllers = strv_split(text, " ");
	}
}

static int probe_cgroups(struct host *h, struct error *err)
{
	struct statfs fs;
	int r;

	if (statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		hierarchy_add(h, xstrdup(""), xstrdup(CGROUP_ROOT));
	} else {
		r = probe_mountinfo(h, err);
		if (r < 0)
			return r;
	}
	h->cgroup_mode = mode_of(h);
	probe_v2_controllers(h);
	return 0;
}

/* The rest: one question, one function. */

static bool is_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool first_char_is(const char *path, char want)
{
	_cleanup_free_ char *text = NULL;

	return file_read_line(AT_FDCWD, path, &text) == 0 && text[0] == want;
}

static bool probe_selinux(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && (unsigned int)fs.f_type == SELINUX_MAGIC;
}

static bool probe_seccomp(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	return sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/*
 * Known flags, and then no program: EFAULT. Without WAIT_KILLABLE_RECV a signal, and Go
 * sends its own threads many, would take back a call that is being answered.
 */
static bool probe_traps(void)
{
	return sys_seccomp(SECCOMP_SET_MODE_FILTER,
			   SECCOMP_FILTER_FLAG_NEW_LISTENER |
				   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			   NULL) < 0 &&
	       errno == EFAULT;
}

static bool probe_fuse(void)
{
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

/*
 * A loaded tun shows up in sysfs. One that is a module and not loaded is made
 * known by the node that kmod's static-nodes service puts there, and loads
 * when a container opens it.
 */
static bool probe_tun(void)
{
	struct stat st;

	return access("/sys/class/misc/tun", F_OK) == 0 ||
	       (stat("/dev/net/tun", &st) == 0 && S_ISCHR(st.st_mode));
}

static uint64_t probe_namespaces(void)
{
	uint64_t known = 0;

	for (const struct flag_name *f = flags_namespaces; f->name; f++)
		if (ns_is_supported(f->value))
			known |= f->value;
	return known;
}

static uint64_t probe_number(const char *path)
{
	_cleanup_free_ char *text = NULL;
	uint64_t n;

	if (file_read_line(AT_FDCWD, path, &text) < 0 || str_to_u64(text, &n) < 0)
		return 0;
	return n;
}

int host_probe(struct host *ret, struct error *err)
{
	_cleanup_(host_done) struct host h = {0};
	struct utsname u;
	struct caps caps;
	int r;

	if (uname(&u) < 0)
		return error_errno(err, errno, "uname");
	h.kernel_release = xstrdup(u.release);
	r = probe_cgroups(&h, err);
	if (r < 0)
		return r;
	r = caps_get(&caps);
	if (r < 0)
		return error_errno(err, -r, "read our own capabilities");
	h.caps = caps.bounding & caps.effective;
	h.namespaces = probe_namespaces();
	h.has_systemd = is_directory("/run/systemd/system");
	h.has_apparmor = first_char_is("/sys/module/apparmor/parameters/enabled", 'Y');
	h.has_selinux = probe_selinux();
	h.has_seccomp = probe_seccomp();
	h.has_traps = probe_traps();
	h.has_fuse = probe_fuse();
	h.has_tun = probe_tun();
	h.max_user_namespaces = probe_number("/proc/sys/user/max_user_namespaces");
	*ret = h;
	h = (struct host){0};
	return 0;
}

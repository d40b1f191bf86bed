/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * Docker's resolver listens on two ports that change with each start; its own rules turn
 * 127.0.0.11:53 into them. Ours do the same for RESOLVER_ADDRESS, in chains of our own, for
 * what inner networks forward (PREROUTING) and for the container itself (OUTPUT).
 *
 * A packet from a bridge to 127.0.0.11 is a martian unless route_localnet is set, and with that
 * a neighbour on the outer network could reach whatever listens on 127.0.0.1 in the container
 * (CVE-2020-8558). So what comes from outside and was not redirected by a rule is dropped.
 */
#include "src/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/ns.h"
#include "lib/spawn.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "lib/strv.h"

#define ENGINE_ADDRESS "127.0.0.11"
#define TEXT_MAX       (1u << 20)
#define TCP_LISTEN     "0A"
#define TIMEOUT_MS     10000

struct ports {
	in_port_t udp;
	in_port_t tcp;
};

/* ------------------------------------------------------------------ texts */

/* Appends the line as it is to be; true where it named the engine's resolver. */
static bool rewrite_line(struct strbuf *b, const char *line)
{
	char address[64];
	int end = 0;

	if (sscanf(line, "nameserver %63s%n", address, &end) != 1 ||
	    !str_eq(address, ENGINE_ADDRESS)) {
		strbuf_addf(b, "%s\n", line);
		return false;
	}
	strbuf_addf(b, "nameserver " RESOLVER_ADDRESS "%s\n", line + end);
	return true;
}

/*
 * Docker adds "ndots:0", and an inner Docker that reads it asks nobody outside for a name
 * without a dot. Where there is no domain to search, it changes nothing else.
 */
static bool is_needless(const char *line, bool has_search)
{
	return !has_search && str_eq(line, "options ndots:0");
}

char *resolver_rewrite(const char *text)
{
	_cleanup_(strv_freep) char **lines = strv_split(text, "\n");
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	bool found = false, has_search = false;

	for (char **l = lines; l && *l; l++)
		has_search |= str_has_prefix(*l, "search") || str_has_prefix(*l, "domain");
	for (char **l = lines; l && *l; l++)
		if (!is_needless(*l, has_search))
			found |= rewrite_line(&b, *l);
	return found ? strbuf_take(&b) : NULL;
}

in_port_t resolver_port(const char *text, bool listening)
{
	char wanted[16];

	(void)snprintf(wanted, sizeof(wanted),
		       "%08X:", (unsigned int)inet_addr(ENGINE_ADDRESS));
	for (const char *line = text; line; line = strchr(line, '\n')) {
		char local[16], state[8];

		line += *line == '\n';
		if (sscanf(line, "%*d: %15s %*s %7s", local, state) != 2)
			continue;
		if (str_has_prefix(local, wanted) && (!listening || str_eq(state, TCP_LISTEN)))
			return (in_port_t)strtoul(local + strlen(wanted), NULL, 16);
	}
	return 0;
}

/* For iptables-restore(8) --noflush. */
static char *rules(const struct ports *p)
{
	return xasprintf(
		"*nat\n"
		":SYSBOX_DNS - [0:0]\n"
		"-A SYSBOX_DNS -d " RESOLVER_ADDRESS
		" -p udp --dport 53 -j DNAT --to-destination " ENGINE_ADDRESS ":%u\n"
		"-A SYSBOX_DNS -d " RESOLVER_ADDRESS
		" -p tcp --dport 53 -j DNAT --to-destination " ENGINE_ADDRESS ":%u\n"
		"-I PREROUTING -j SYSBOX_DNS\n"
		"-I OUTPUT -j SYSBOX_DNS\n"
		"COMMIT\n"
		"*filter\n"
		"-I INPUT ! -i lo -d 127.0.0.0/8 -m conntrack ! --ctstate DNAT -j DROP\n"
		"COMMIT\n",
		p->udp, p->tcp);
}

/* ------------------------------------------------------------------ the container's network */

static in_port_t find_port(pid_t pid, const char *protocol, bool listening)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/net/%s", (int)pid, protocol);
	_cleanup_free_ char *text = NULL;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL) < 0)
		return 0;
	return resolver_port(text, listening);
}

static int enter(void *arg)
{
	return setns(*(int *)arg, CLONE_NEWNET) < 0 ? -errno : 0;
}

static const char *find_program(void)
{
	static const char *const paths[] = {
		"/usr/local/sbin/iptables-restore",
		"/usr/sbin/iptables-restore",
		"/sbin/iptables-restore",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

static int add_rules(int netns, const struct ports *p, struct error *err)
{
	_cleanup_free_ char *text = rules(p);
	char name[] = "iptables-restore", noflush[] = "--noflush", wait[] = "--wait";
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", output[512] = "";
	char *const argv[] = {name, noflush, wait, NULL};
	char *const envp[] = {path, NULL};
	const struct spawn s = {
		.path = find_program(),
		.argv = argv,
		.envp = envp,
		.input = text,
		.timeout_ms = TIMEOUT_MS,
		.prepare = enter,
		.arg = &netns,
	};
	int status = 0, r;

	if (!s.path)
		return error_set(err, ENOENT, "there is no iptables-restore");
	r = spawn_run(&s, &status, output, sizeof(output));
	if (r < 0)
		return error_errno(err, -r, "run %s", s.path);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(err, EIO, "iptables-restore: %s", output);
	return 0;
}

/* One address on "lo", under a label of its own: netdevice(7). */
static int add_address(void)
{
	_cleanup_close_ int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo:dns"};
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (sock < 0)
		return -errno;
	in.sin_addr.s_addr = inet_addr(RESOLVER_ADDRESS);
	memcpy(&ifr.ifr_addr, &in, sizeof(in));
	if (ioctl(sock, SIOCSIFADDR, &ifr) < 0)
		return -errno;
	in.sin_addr.s_addr = htonl(INADDR_NONE);
	memcpy(&ifr.ifr_netmask, &in, sizeof(in));
	return ioctl(sock, SIOCSIFNETMASK, &ifr) < 0 ? -errno : 0;
}

/* /proc/sys/net shows the network namespace of the process that looks. */
static int set_up_loopback(void *arg)
{
	int r = enter(arg);

	if (r == 0)
		r = add_address();
	if (r == 0)
		r = file_write(AT_FDCWD, "/proc/sys/net/ipv4/conf/all/route_localnet", "1");
	return r;
}

static int redirect(pid_t init_pid, struct error *err)
{
	const struct ports ports = {
		.udp = find_port(init_pid, "udp", false),
		.tcp = find_port(init_pid, "tcp", true),
	};
	_cleanup_close_ int netns = ns_open(init_pid, CLONE_NEWNET);
	int r;

	if (netns < 0)
		return error_errno(err, -netns, "open the container's network");
	if (!ports.udp || !ports.tcp)
		return error_set(err, ENOENT, "nothing listens on " ENGINE_ADDRESS);
	r = add_rules(netns, &ports, err);
	if (r < 0)
		return r;
	r = spawn_call(set_up_loopback, &netns);
	return r < 0 ? error_errno(err, -r, "add the address " RESOLVER_ADDRESS) : 0;
}

/* ------------------------------------------------------------------ resolv.conf */

/* In place: the container has this very inode mounted. */
static int replace(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = pwrite(fd, text, len, 0);

	if (n < 0 || (size_t)n != len)
		return n < 0 ? -errno : -EIO;
	return ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

int resolver_share(const char *resolv_conf, pid_t init_pid, struct error *err)
{
	_cleanup_close_ int fd =
		open(resolv_conf, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *text = NULL, *changed = NULL;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	r = fd_read_all(fd, TEXT_MAX, &text, NULL);
	if (r < 0)
		return error_errno(err, -r, "read %s", resolv_conf);
	changed = resolver_rewrite(text);
	if (!changed)
		return 0;
	r = redirect(init_pid, err);
	if (r < 0)
		return r;
	r = replace(fd, changed);
	return r < 0 ? error_errno(err, -r, "write %s", resolv_conf) : 0;
}

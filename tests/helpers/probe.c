/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static program for the inside of a container under test: what a busybox cannot
 * ask of the kernel. Verbs are rows of a table.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/macro.h"

/* notify TEXT: as sd_notify(3). */
static int notify(char **args)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (!path || fd < 0 || !args[0])
		return 2;
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (sendto(fd, args[0], strlen(args[0]), 0, (struct sockaddr *)&addr, sizeof(addr)) <
	    0) {
		perror("sendto");
		return 1;
	}
	return 0;
}

/* syscall NUMBER [ARGUMENT...]: the result, or the name of the error. */
static int call(char **args)
{
	long a[7] = {0};
	long r;

	for (int i = 0; args[i] && i < 7; i++)
		a[i] = strtol(args[i], NULL, 0);
	r = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	puts(r < 0 ? strerrorname_np(errno) : "ok");
	return 0;
}

/* personality: the number. */
static int show_personality(char **args)
{
	(void)args;
	printf("%x\n", (unsigned int)personality(0xffffffff));
	return 0;
}

/* clocks: seconds of CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
static int clocks(char **args)
{
	struct timespec m, b;

	(void)args;
	clock_gettime(CLOCK_MONOTONIC, &m);
	clock_gettime(CLOCK_BOOTTIME, &b);
	printf("%lld %lld\n", (long long)m.tv_sec, (long long)b.tv_sec);
	return 0;
}

/* keyed COMMAND...: in a session keyring with a key, as a service of systemd may have one. */
static int keyed(char **args)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
	    syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_SESSION_KEYRING) < 0) {
		perror("session keyring");
		return 77;
	}
	execvp(args[0], args);
	perror(args[0]);
	return 127;
}

/* add-key: to the session keyring. */
static int add_key(char **args)
{
	(void)args;
	return syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_SESSION_KEYRING) < 0;
}

/* has-key: does the session keyring have it? */
static int has_key(char **args)
{
	(void)args;
	puts(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "probe", 0) <
			     0
		     ? "no"
		     : "yes");
	return 0;
}

static const struct verb {
	const char *name;
	int (*run)(char **args);
} verbs[] = {
	{"notify", notify},   {"syscall", call}, {"personality", show_personality},
	{"clocks", clocks},   {"keyed", keyed},	 {"has-key", has_key},
	{"add-key", add_key},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]))
			return verbs[i].run(argv + 2);
	fprintf(stderr, "probe: no such verb\n");
	return 2;
}

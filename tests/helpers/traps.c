/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trapped system calls as no decent program makes them. Run in a mount namespace of its own;
 * prints something at its end, and that it comes there is the test.
 *
 *	traps fsmount FSTYPE TARGET	attach a fresh one by the new mount API
 *	traps mount TARGET		a procfs, by the old one
 *	traps garbage SECONDS		arguments of no meaning, from many threads
 *	traps race SECONDS		arguments and paths that change meanwhile
 *	traps killed SECONDS		callers that die in the middle
 *	traps busy SECONDS		a procfs attached and taken off without end
 *	traps remount PATH		read-only, by mount(2): its errno
 *	traps setattr PATH ro|rw	the same, by mount_setattr(2)
 *	traps setattr-fd PATH ro|rw	the same, of an open descriptor
 *	traps denied			the errno of each without rights
 *	traps sysinfo			the whole memory in KiB, as sysinfo(2) has it
 *	traps parts DIR			take a file off as soon as its procfs is there: how many
 *					times it was busy
 *	traps elsewhere DIR		in a pid namespace of its own, calls about something
 *					else than a procfs: how many agents there were
 */
#ifndef _GNU_SOURCE /* also compiled by hand */
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 16

static time_t deadline;
static volatile unsigned long n_calls;

static int fsmount_at(const char *fstype, const char *target)
{
	int fs = fsopen(fstype, FSOPEN_CLOEXEC), fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	return move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

/* ------------------------------------------------------------------ garbage */

/* A string that ends with its page, and one that does not end. */
static char *edge, *endless;

static void make_edges(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	munmap(p + page, page);
	munmap(p + 3 * page, page);
	edge = p + page - 5;
	memcpy(edge, "proc", 5);
	endless = p + 2 * page;
	memset(endless, 'p', page);
}

static uintptr_t garbage_word(unsigned int *seed)
{
	static const char *const strings[] = {
		"proc",
		"sysfs",
		"tmpfs",
		"",
		"/p",
		"/proc/self/fd/3",
		"/proc/self/fd/999999",
		"/proc",
		"/sys",
		"none",
		"\xff",
		"hidepid=9",
		"/proc/self/../../..",
	};
	unsigned int r = (unsigned int)rand_r(seed);

	switch (r % 8) {
	case 0:
		return 0;
	case 1:
		return (uintptr_t)edge;
	case 2:
		return (uintptr_t)endless;
	case 3:
		return (uintptr_t)rand_r(seed) << 32 | (uintptr_t)rand_r(seed);
	case 4:
		return UINTPTR_MAX - r % 64;
	default:
		return (uintptr_t)strings[(r >> 8) % (sizeof(strings) / sizeof(*strings))];
	}
}

static void *garbage_thread(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (time(NULL) < deadline) {
		uintptr_t a = garbage_word(&seed), b = garbage_word(&seed),
			  c = garbage_word(&seed);
		uintptr_t d = garbage_word(&seed);

		switch (rand_r(&seed) % 7) {
		case 0:
			syscall(SYS_mount, a, b, c, rand_r(&seed) % 64, d);
			break;
		case 1:
			syscall(SYS_mount, a, b, "proc", 0, d);
			break;
		case 2:
			syscall(SYS_umount2, a, rand_r(&seed) & ~2);
			break;
		case 3:
			syscall(SYS_move_mount, rand_r(&seed) % 64 - 8, a, -100, b,
				4 | (rand_r(&seed) & 0x70));
			break;
		case 4:
			syscall(SYS_mount, a, b, c, MS_BIND | rand_r(&seed) % 32, d);
			break;
		case 5:
			syscall(SYS_mount, a, b, c, MS_REMOUNT | MS_BIND | rand_r(&seed) % 32,
				d);
			break;
		case 6:
			syscall(SYS_mount_setattr, rand_r(&seed) % 64 - 8, a,
				rand_r(&seed) & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW), b, 32);
			break;
		}
		n_calls++;
	}
	return NULL;
}

static void *busy_thread(void *arg)
{
	char dir[32];

	(void)snprintf(dir, sizeof(dir), "/r/%lu", (unsigned long)(uintptr_t)arg);
	mkdir(dir, 0755);
	for (; time(NULL) < deadline; n_calls++)
		if (mount("none", dir, "proc", 0, NULL) == 0)
			umount2(dir, MNT_DETACH);
	return NULL;
}

/* ------------------------------------------------------------------ races */

static char target[64] = "/r/a", fstype[16] = "proc";

static void *race_changer(void *arg)
{
	static const char *const targets[] = {"/r/a", "/r/link", "/proc", "/r/b",
					      "/proc/self/fd/0"};
	unsigned int seed = 7;

	(void)arg;
	while (time(NULL) < deadline) {
		strcpy(target, targets[rand_r(&seed) % 5]);
		strcpy(fstype, rand_r(&seed) % 2 ? "proc" : "tmpfs");
		unlink("/r/link");
		(void)!symlink(rand_r(&seed) % 2 ? "/r/a" : "/proc/self/root/r/b", "/r/link");
		rename("/r/a", "/r/c");
		rename("/r/b", "/r/a");
		rename("/r/c", "/r/b");
	}
	return NULL;
}

static void *race_caller(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (time(NULL) < deadline) {
		switch (rand_r(&seed) % 4) {
		case 0:
			mount("none", target, fstype, 0, NULL);
			break;
		case 1:
			fsmount_at("proc", target);
			break;
		case 2:
			mount(target, "/r/b", NULL, MS_BIND, NULL);
			break;
		case 3:
			mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
			break;
		}
		umount2(target, 0);
		umount2(target, MNT_DETACH);
		n_calls++;
	}
	return NULL;
}

/* ------------------------------------------------------------------ deaths */

static void *killed_thread(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (time(NULL) < deadline) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;) {
				mount("none", "/r/a", "proc", 0, NULL);
				umount2("/r/a", 0);
			}
		usleep((useconds_t)(rand_r(&seed) % 3000));
		if (pid < 0)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		n_calls++;
	}
	while (umount2("/r/a", MNT_DETACH) == 0)
		;
	return NULL;
}

/* ------------------------------------------------------------------ main */

static void run_threads(void *(*fn)(void *), int n)
{
	pthread_t t[THREADS];

	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, fn, (void *)(uintptr_t)(i + 1));
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

/* Read-only or not, by mount_setattr(2): its errno. */
static int set_attr(int fd, const char *path, const char *how)
{
	struct mount_attr a = {0};

	*(strcmp(how, "ro") == 0 ? &a.attr_set : &a.attr_clr) = MOUNT_ATTR_RDONLY;
	return syscall(SYS_mount_setattr, fd, path, *path ? 0 : AT_EMPTY_PATH, &a, sizeof(a)) <
			       0
		       ? errno
		       : 0;
}

static int denied(void)
{
	int m = syscall(SYS_mount, "none", "/tmp", "proc", 0, NULL) < 0 ? errno : 0;
	int u = syscall(SYS_umount2, "/proc", 0) < 0 ? errno : 0;
	int v = syscall(SYS_move_mount, 0, "", -100, "/tmp", 4) < 0 ? errno : 0;
	int b = mount("/proc", "/sys", NULL, MS_BIND, NULL) < 0 ? errno : 0;
	int r = mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0 ? errno
										       : 0;
	int s = set_attr(AT_FDCWD, "/proc", "ro");

	printf("mount %d umount2 %d move_mount %d bind %d remount %d mount_setattr %d\n", m, u,
	       v, b, r, s);
	return 0;
}

static int tell_sysinfo(void)
{
	struct sysinfo s;

	if (sysinfo(&s) < 0)
		return 1;
	printf("%lu\n", s.totalram / 1024 * s.mem_unit);
	return 0;
}

/* ------------------------------------------------------------------ what comes at once */

static int tell_parts(const char *dir)
{
	char file[256];
	int n = 0;

	snprintf(file, sizeof(file), "%s/meminfo", dir);
	for (int i = 0; i < 20; i++) {
		if (i % 2 ? fsmount_at("proc", dir) : mount("none", dir, "proc", 0, NULL))
			return 1;
		n += umount2(file, 0) < 0;
		umount2(dir, 0);
	}
	printf("%d\n", n);
	return 0;
}

/* The next number of a process; agents have numbers, too. */
static int next_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static int tell_agents(const char *dir)
{
	int before = next_pid(), flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
	char part[256];

	snprintf(part, sizeof(part), "%s/systemd", dir);
	if (mount("none", dir, "tmpfs", 0, NULL) < 0 || mkdir(part, 0755) < 0 ||
	    mount(part, part, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, part, NULL, flags, NULL) < 0 || umount2(part, 0) < 0 ||
	    umount2(dir, 0) < 0)
		return 1;
	printf("%d\n", next_pid() - before - 1);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "fsmount") == 0 && argc == 4) {
		if (fsmount_at(argv[2], argv[3]) == 0)
			return 0;
		perror("fsmount");
		return 1;
	}
	if (strcmp(verb, "mount") == 0 && argc == 3)
		return mount("none", argv[2], "proc", 0, NULL) < 0;
	if (strcmp(verb, "remount") == 0 && argc == 3) {
		int flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;

		printf("%d\n", mount(NULL, argv[2], NULL, flags, NULL) < 0 ? errno : 0);
		return 0;
	}
	if (strcmp(verb, "setattr") == 0 && argc == 4) {
		printf("%d\n", set_attr(AT_FDCWD, argv[2], argv[3]));
		return 0;
	}
	if (strcmp(verb, "setattr-fd") == 0 && argc == 4) {
		printf("%d\n", set_attr(open(argv[2], O_PATH), "", argv[3]));
		return 0;
	}
	if (strcmp(verb, "denied") == 0)
		return denied();
	if (strcmp(verb, "sysinfo") == 0)
		return tell_sysinfo();
	if (strcmp(verb, "parts") == 0 && argc == 3)
		return tell_parts(argv[2]);
	if (strcmp(verb, "elsewhere") == 0 && argc == 3)
		return tell_agents(argv[2]);
	if (argc != 3)
		return 2;
	deadline = time(NULL) + atoi(argv[2]);
	mkdir("/r", 0755);
	mount("none", "/r", "tmpfs", 0, NULL);
	mkdir("/r/a", 0755);
	mkdir("/r/b", 0755);
	make_edges();
	if (strcmp(verb, "garbage") == 0) {
		run_threads(garbage_thread, THREADS);
	} else if (strcmp(verb, "busy") == 0) {
		run_threads(busy_thread, THREADS);
	} else if (strcmp(verb, "race") == 0) {
		pthread_t t;

		pthread_create(&t, NULL, race_changer, NULL);
		run_threads(race_caller, 6);
		pthread_join(t, NULL);
	} else if (strcmp(verb, "killed") == 0) {
		run_threads(killed_thread, 4);
	} else {
		return 2;
	}
	printf("%lu calls\n", n_calls);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one program of an image without a shell. It tells who it is and what it may do, which is
 * what one asks of an image that is not to run as root:
 *
 *   whoami             print the ids
 *   whoami read FILE   print a file
 *   whoami write FILE  make a file with the ids in it
 *   whoami serve       answer every connection to port 8080 with the ids, over HTTP
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 8080

static int print_ids(FILE *to)
{
	gid_t groups[64];
	int n = getgroups(64, groups);

	fprintf(to, "uid=%u gid=%u groups=", getuid(), getgid());
	for (int i = 0; i < n; i++)
		fprintf(to, "%s%u", i ? "," : "", groups[i]);
	fputc('\n', to);
	return fflush(to);
}

static int read_file(const char *path)
{
	char buf[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, (size_t)n) != n)
			err(1, "output");
	if (n < 0)
		err(1, "%s", path);
	return 0;
}

static int write_file(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		err(1, "%s", path);
	if (print_ids(f) != 0 || fclose(f) != 0)
		err(1, "%s", path);
	return 0;
}

/* The request does not matter, but one that is left unread would reset the connection. */
static void answer(int fd)
{
	char request[4096];
	FILE *f;

	if (read(fd, request, sizeof(request)) <= 0 || !(f = fdopen(fd, "w"))) {
		close(fd);
		return;
	}
	fputs("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", f);
	print_ids(f);
	fclose(f);
}

static int listen_on(const struct sockaddr *addr, socklen_t len)
{
	int on = 1, s = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, addr, len) == 0 && listen(s, 64) == 0)
		return s;
	close(s);
	return -1;
}

static int serve(void)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int s = listen_on((struct sockaddr *)&v6, sizeof(v6));

	if (s < 0)
		s = listen_on((struct sockaddr *)&v4, sizeof(v4));
	if (s < 0)
		err(1, "port %d", PORT);
	print_ids(stdout);
	for (;;) {
		int fd = accept4(s, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			answer(fd);
	}
}

/* Pid 1 takes no signal that it has not asked for. */
static void end(int sig)
{
	(void)sig;
	_exit(0);
}

int main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "ids";

	signal(SIGTERM, end);
	signal(SIGINT, end);
	signal(SIGPIPE, SIG_IGN);
	if (argc <= 2 && strcmp(verb, "ids") == 0)
		return print_ids(stdout);
	if (argc == 2 && strcmp(verb, "serve") == 0)
		return serve();
	if (argc == 3 && strcmp(verb, "read") == 0)
		return read_file(argv[2]);
	if (argc == 3 && strcmp(verb, "write") == 0)
		return write_file(argv[2]);
	errx(2, "usage: whoami [ids | read FILE | write FILE | serve]");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/passed-fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/str.h"
#include "lib/strv.h"
#include "src/spec.h"

#define FIRST 3

int passed_fds_activate(struct spec_process *p)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	char text[16];
	int n, our;

	/* The variables may be left from a service that started our caller. */
	if (!fds || !pid || str_to_int(pid, &our) < 0 || our != getpid())
		return 0;
	if (str_to_int(fds, &n) < 0 || n <= 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", n);
	strv_env_set(&p->env, "LISTEN_FDS", text);
	strv_env_set(&p->env, "LISTEN_PID", "1");
	return n;
}

/* What came through execve(2) has lost its flag; what is ours has it. */
static bool is_callers(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

int passed_fds_check(int n, struct error *err)
{
	if (n < 0)
		return error_set(err, EINVAL, "--preserve-fds: %d is not a number of them", n);
	for (int i = 0; i < n; i++)
		if (!is_callers(FIRST + i))
			return error_set(err, EBADF,
					 "unable to pass descriptor %d (of %d): %d is not open",
					 i, n, FIRST + i);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/atomicfile.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "lib/sock.h"
#include "lib/str.h"

int pidfile_write(const char *path, pid_t pid, struct error *err)
{
	_cleanup_free_ char *clean = NULL, *dir = NULL, *name = NULL;
	_cleanup_close_ int dirfd = -EBADF;
	char text[16];
	int r;

	if (str_is_empty(path))
		return 0;
	clean = path_clean(path);
	path_split(clean, &dir, &name);
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_errno(err, errno, "open the directory of the pid file %s", path);
	(void)snprintf(text, sizeof(text), "%d", pid);
	r = atomicfile_write(dirfd, name, text, strlen(text), 0644, 0);
	return r < 0 ? error_errno(err, -r, "write the pid file %s", path) : 0;
}

int pidfile_send(const char *socket, int pidfd, struct error *err)
{
	_cleanup_close_ int sock = -EBADF;
	int r;

	if (str_is_empty(socket))
		return 0;
	sock = sock_connect_stream(socket);
	r = sock < 0 ? sock : sock_send_fd(sock, pidfd, "pidfd");
	return r < 0 ? error_errno(err, -r, "send the pidfd to %s", socket) : 0;
}

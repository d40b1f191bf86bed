/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: a pty of the container's own devpts, and the engine's pipes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/path.h"
#include "lib/sock.h"
#include "src/do.h"
#include "src/plan.h"

/*
 * Root inside may have put anything there. A file system of its own could answer our ioctls
 * with what would be taken for descriptors, and the engine would read from them.
 */
static int open_master(int root_fd)
{
	_cleanup_close_ int fd =
		path_open_in_root(root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != DEVPTS_SUPER_MAGIC || st.st_rdev != makedev(5, 2))
		return -ENOTTY;
	return take_fd(&fd);
}

/*
 * TIOCGPTPEER opens the slave of the very master that we hold: no path, no race
 * (ioctl_tty(2)).
 */
int do_terminal_open(const struct plan_process *p, int root_fd, int *ret_slave,
		     struct error *err)
{
	_cleanup_close_ int master = -EBADF, slave = -EBADF;
	const struct winsize size = {.ws_row = p->rows, .ws_col = p->columns};
	int unlock = 0;

	master = open_master(root_fd);
	if (master < 0)
		return error_errno(err, -master, "open a terminal (/dev/pts/ptmx)");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return error_errno(err, errno, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_errno(err, errno, "open the terminal's other side");
	if (fchown(slave, p->uid, (gid_t)-1) < 0)
		return error_errno(err, errno, "give the terminal to user %u", p->uid);
	if (size.ws_row && size.ws_col)
		(void)ioctl(slave, TIOCSWINSZ, &size);
	*ret_slave = take_fd(&slave);
	return take_fd(&master);
}

int do_terminal_attach(int slave_fd, struct error *err)
{
	if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
		return error_errno(err, errno, "make the terminal the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave_fd, fd) < 0)
			return error_errno(err, errno, "make the terminal fd %d", fd);
	return 0;
}

void do_console_done(struct do_console *c)
{
	c->inner_fd = fd_close(c->inner_fd);
	c->outer_fd = fd_close(c->outer_fd);
}

int do_console_open(struct do_console *ret, const char *socket, struct error *err)
{
	int pair[2];

	if (socket) {
		ret->inner_fd = sock_connect_stream(socket);
		return ret->inner_fd < 0
			       ? error_errno(err, -ret->inner_fd,
					     "connect to the console socket %s", socket)
			       : 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "make a socket for the terminal");
	ret->outer_fd = pair[0];
	ret->inner_fd = pair[1];
	return 0;
}

void do_terminal_adopt(int master_fd)
{
	struct winsize size;
	struct termios t;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(master_fd, TIOCSWINSZ, &size);
	if (tcgetattr(master_fd, &t) < 0)
		return;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	(void)tcsetattr(master_fd, TCSANOW, &t);
}

int do_console_receive(const struct do_console *c, int *ret_master, struct error *err)
{
	char text[64];
	size_t n = 0;

	if (c->outer_fd < 0)
		return 0;
	if (sock_recv(c->outer_fd, text, sizeof(text), ret_master, 1, &n) < 0 || n != 1)
		return error_set(err, EIO, "the terminal did not arrive");
	do_terminal_adopt(*ret_master);
	return 0;
}

/*
 * Opening /dev/stdout is opening the pipe's inode, which belongs to the engine's
 * user. Files and terminals of the caller keep their owner: they are not ours to give.
 */
void do_stdio_chown(uid_t uid, gid_t gid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
			(void)!fchown(fd, uid, gid);
	}
}

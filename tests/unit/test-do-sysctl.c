/* SPDX-License-Identifier: Apache-2.0 */
/* Sysctls of namespaces that a child has, as the container's init would. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "lib/idmap.h"
#include "lib/json.h"
#include "lib/str.h"
#include "lib/userns.h"
#include "src/do.h"
#include "src/plan.h"

#define OWN_NETWORK (CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)

/* A container's init: it waits, and then says what it reads at these places. */
struct init {
	pid_t pid;
	int pidfd;
	int ask, answer;
};

static void init_main(const struct init *in, int userns, uint64_t unshared)
{
	char path[128], text[128];
	ssize_t n;

	if (setns(userns, CLONE_NEWUSER) < 0 || unshare((int)unshared) < 0 ||
	    fd_write_all(in->answer, "x", 1) < 0)
		_exit(1);
	while ((n = read(in->ask, path, sizeof(path) - 1)) > 0) {
		_cleanup_close_ int fd = -EBADF;

		path[n] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text));
		if (fd_write_all(in->answer, text, n > 0 ? (size_t)n : 0) < 0 || n <= 0)
			_exit(2);
	}
	_exit(0);
}

static void init_open(struct init *in, uint64_t unshared)
{
	int ask[2], answer[2];
	struct idmap map = {0};
	int userns;
	char c;

	idmap_add(&map.uids, 0, 300000, 1000);
	idmap_add(&map.gids, 0, 300000, 1000);
	userns = userns_open(&map);
	idmap_done(&map);
	if (userns < 0)
		skip();
	assert_int_equal(pipe2(ask, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
	in->pid = unit_fork();
	if (in->pid == 0) {
		in->ask = ask[0];
		in->answer = answer[1];
		close(ask[1]);
		init_main(in, userns, unshared);
	}
	close(userns);
	close(ask[0]);
	close(answer[1]);
	in->ask = ask[1];
	in->answer = answer[0];
	in->pidfd = pidfd_open(in->pid, 0);
	assert_int_equal(read(in->answer, &c, 1), 1);
}

static void init_done(struct init *in)
{
	kill(in->pid, SIGKILL);
	assert_int_equal(waitpid(in->pid, NULL, 0), in->pid);
	close(in->pidfd);
	close(in->ask);
	close(in->answer);
}

static void assert_reads(const struct init *in, const char *path, const char *expected)
{
	char text[128] = "";

	assert_int_equal(fd_write_all(in->ask, path, strlen(path)), 0);
	assert_true(read(in->answer, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, expected);
}

static void do_sysctl_outside__of_ipc_and_uts(void **state)
{
	struct json_pair sysctl[] = {
		{(char *)"kernel.msgmax", (char *)"4321"},
		{(char *)"kernel.domainname", (char *)"inside"},
		/* Not this function's: init writes it. */
		{(char *)"net.ipv4.ip_forward", (char *)"no number"},
	};
	const struct plan p = {
		.unshare = OWN_NETWORK, .sysctl = sysctl, .n_sysctl = ARRAY_SIZE(sysctl)};
	struct error err = {0};
	struct init in;

	(void)state;
	init_open(&in, OWN_NETWORK);
	if (do_sysctl_outside(&p, in.pidfd, &err) < 0)
		fail_msg("%s", err.text);
	assert_reads(&in, "/proc/sys/kernel/msgmax", "4321\n");
	assert_reads(&in, "/proc/sys/kernel/domainname", "inside\n");
	init_done(&in);
}

/* A network that the container was given: here one that its root owns. */
static void do_sysctl_outside__of_a_network_that_is_joined(void **state)
{
	struct json_pair sysctl[] = {{(char *)"net.ipv4.ip_forward", (char *)"1"}};
	const struct plan p = {
		.unshare = CLONE_NEWIPC | CLONE_NEWUTS, .sysctl = sysctl, .n_sysctl = 1};
	struct error err = {0};
	struct init in;

	(void)state;
	init_open(&in, OWN_NETWORK);
	if (do_sysctl_outside(&p, in.pidfd, &err) < 0)
		fail_msg("%s", err.text);
	assert_reads(&in, "/proc/sys/net/ipv4/ip_forward", "1\n");
	init_done(&in);
}

static void do_sysctl_outside__says_which(void **state)
{
	struct json_pair sysctl[] = {{(char *)"kernel.msgmax", (char *)"lots"}};
	const struct plan p = {.unshare = OWN_NETWORK, .sysctl = sysctl, .n_sysctl = 1};
	struct error err = {0};
	struct init in;

	(void)state;
	init_open(&in, OWN_NETWORK);
	assert_int_equal(do_sysctl_outside(&p, in.pidfd, &err), -EINVAL);
	assert_non_null(strstr(err.text, "set the sysctl kernel.msgmax to \"lots\""));
	init_done(&in);
}

/* There is no init that could be entered: nothing of it is needed. */
static void do_sysctl_outside__nothing_to_do(void **state)
{
	struct json_pair sysctl[] = {{(char *)"net.ipv4.ip_forward", (char *)"1"}};
	const struct plan p = {.unshare = OWN_NETWORK, .sysctl = sysctl, .n_sysctl = 1};
	struct error err = {0};

	(void)state;
	assert_int_equal(do_sysctl_outside(&p, -EBADF, &err), 0);
}

static void do_sysctl_inside__only_its_network(void **state)
{
	struct json_pair sysctl[] = {
		{(char *)"kernel.msgmax", (char *)"not ours"},
		{(char *)"net/ipv4/ip_forward", (char *)"1"},
		{(char *)"net.ipv4.conf.eth0/1.mtu", (char *)"2"},
		{(char *)"net.ipv4.absent", (char *)"3"},
	};
	const struct plan p = {
		.unshare = OWN_NETWORK, .sysctl = sysctl, .n_sysctl = ARRAY_SIZE(sysctl)};
	const struct unit_dir *d = *state;
	struct error err = {0};

	/* As init, whose procfs this stands for. */
	unit_put(d->fd, "sys/net/ipv4/ip_forward", "0");
	unit_put(d->fd, "sys/net/ipv4/conf/eth0.1/mtu", "0");
	assert_int_equal(do_sysctl_inside(&p, d->fd, &err), -ENOENT);
	assert_non_null(strstr(err.text, "set the sysctl net.ipv4.absent to \"3\""));
	unit_assert_file(d->fd, "sys/net/ipv4/ip_forward", "1");
	unit_assert_file(d->fd, "sys/net/ipv4/conf/eth0.1/mtu", "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(do_sysctl_outside__of_ipc_and_uts),
		cmocka_unit_test(do_sysctl_outside__of_a_network_that_is_joined),
		cmocka_unit_test(do_sysctl_outside__says_which),
		cmocka_unit_test(do_sysctl_outside__nothing_to_do),
		unit_test_dir(do_sysctl_inside__only_its_network),
	};

	if (geteuid() != 0)
		return UNIT_SKIP;
	return RUN(tests);
}

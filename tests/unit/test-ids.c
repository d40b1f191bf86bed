/* SPDX-License-Identifier: Apache-2.0 */
/* Whose ids a container has, by namespaces of real processes. */
#include "tests/unit/syscont.h"

#include <stdio.h>
#include <sys/wait.h>

#include "lib/ns.h"
#include "lib/userns.h"
#include "src/ids.h"

/* A container: a process with a user namespace of these ids, and with a network of it. */
struct neighbour {
	pid_t pid;
	char user[40], network[40], ipc[40];
};

static void neighbour_open(struct neighbour *n, uint32_t base)
{
	struct idmap map = {0};
	_cleanup_close_ int userns = -EBADF;
	int ready[2];
	char c;

	idmap_add(&map.uids, 0, base, 1000);
	idmap_add(&map.gids, 0, base + 7, 1000);
	userns = userns_open(&map);
	idmap_done(&map);
	if (userns < 0)
		skip();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	n->pid = unit_fork();
	if (n->pid == 0) {
		if (setns(userns, CLONE_NEWUSER) < 0 ||
		    unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0 ||
		    fd_write_all(ready[1], "x", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	(void)sprintf(n->user, "/proc/%d/ns/user", n->pid);
	(void)sprintf(n->network, "/proc/%d/ns/net", n->pid);
	(void)sprintf(n->ipc, "/proc/%d/ns/ipc", n->pid);
}

static void neighbour_done(struct neighbour *n)
{
	kill(n->pid, SIGKILL);
	assert_int_equal(waitpid(n->pid, NULL, 0), n->pid);
}

/* A configuration that names namespaces by their paths. */
static void join(struct spec *s, const char *type, const char *path)
{
	struct spec_namespace *n = spec_find_namespace(s, type);

	if (!n)
		n = array_add((void **)&s->linux_->namespaces, &s->linux_->n_namespaces,
			      sizeof(*n));
	free(n->type);
	free(n->path);
	*n = (struct spec_namespace){xstrdup(type), xstrdup(path)};
}

static void assert_decides(struct fixture *f, uint32_t uid, uint32_t gid, bool joins)
{
	struct ids ids = IDS_EMPTY;

	if (ids_decide(&ids, f->spec, "/nowhere", &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(idmap_to_outside(&ids.map.uids, 0), uid);
	assert_int_equal(idmap_to_outside(&ids.map.gids, 0), gid);
	assert_int_equal(ids.userns_fd >= 0, joins);
	assert_true(ids.given);
	ids_done(&ids);
}

static void assert_refuses(struct fixture *f, int expected, const char *message)
{
	int before = unit_count_fds();
	struct ids ids = IDS_EMPTY;

	assert_int_equal(ids_decide(&ids, f->spec, "/nowhere", &f->err), expected);
	if (!strstr(f->err.text, message))
		fail_msg("%s", f->err.text);
	assert_int_equal(ids.userns_fd, -EBADF);
	assert_int_equal(unit_count_fds(), before);
}

#define MAPPINGS                                                                               \
	"'uidMappings':[{'containerID':0,'hostID':5000,'size':10}],"                           \
	"'gidMappings':[{'containerID':0,'hostID':6000,'size':10}]"

static void ids_decide__those_of_the_specification(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){.linux_ = MAPPINGS});
	assert_decides(&f, 5000, 6000, false);
	fixture_done(&f);
}

static void ids_decide__those_of_a_user_namespace(void **state)
{
	struct neighbour n;
	struct fixture f;

	(void)state;
	neighbour_open(&n, 300000);
	/* What it maps counts, not what is said of it. */
	fixture_open(&f, (struct parts){.linux_ = MAPPINGS});
	join(f.spec, "user", n.user);
	assert_decides(&f, 300000, 300007, true);
	fixture_done(&f);
	neighbour_done(&n);
}

static void ids_decide__those_of_whose_network_it_shares(void **state)
{
	struct neighbour n;
	struct fixture f;

	(void)state;
	neighbour_open(&n, 300000);
	fixture_open(&f, (struct parts){0});
	join(f.spec, "network", n.network);
	join(f.spec, "ipc", n.ipc);
	assert_decides(&f, 300000, 300007, true);
	/* A network of the host's root, which an engine has made, decides nothing. */
	join(f.spec, "network", "/proc/self/ns/net");
	assert_decides(&f, 300000, 300007, true);
	fixture_done(&f);
	neighbour_done(&n);
}

static void ids_decide__not_of_two_containers(void **state)
{
	struct neighbour a, b;
	struct fixture f;

	(void)state;
	neighbour_open(&a, 300000);
	neighbour_open(&b, 400000);
	fixture_open(&f, (struct parts){0});
	join(f.spec, "network", a.network);
	join(f.spec, "ipc", b.ipc);
	assert_refuses(&f, -EINVAL, "belongs to another container");
	fixture_done(&f);
	neighbour_done(&a);
	neighbour_done(&b);
}

static void ids_decide__never_the_hosts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	join(f.spec, "user", "/proc/self/ns/user");
	assert_refuses(&f, -EINVAL, "is the host's");
	join(f.spec, "user", "/nonexistent");
	assert_refuses(&f, -ENOENT, "open the user namespace /nonexistent");
	join(f.spec, "user", "/proc/self/ns/net");
	assert_refuses(&f, -EINVAL, "user namespace");
	fixture_done(&f);
}

static void ids_decide__of_no_namespace(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, (struct parts){0});
	join(f.spec, "network", "/nonexistent");
	assert_refuses(&f, -ENOENT, "open the network namespace /nonexistent");
	join(f.spec, "network", "/dev/null");
	assert_refuses(&f, -ENOTTY, "the network namespace /dev/null");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_decide__those_of_the_specification),
		cmocka_unit_test(ids_decide__those_of_a_user_namespace),
		cmocka_unit_test(ids_decide__those_of_whose_network_it_shares),
		cmocka_unit_test(ids_decide__not_of_two_containers),
		cmocka_unit_test(ids_decide__never_the_hosts),
		cmocka_unit_test(ids_decide__of_no_namespace),
	};

	if (geteuid() != 0)
		return UNIT_SKIP;
	return RUN(tests);
}

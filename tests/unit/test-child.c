/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs/child.h"
#include "lib/clock.h"

/* What the children do; shared with them. */
enum deed {
	STAY, /* until the parent closes the socket */
	DIE,
	FAIL,
	SUCCEED,
	SPEAK, /* a byte, and stay */
	SLEEP, /* for long, without a look at the socket, which is full */
};

struct fixture {
	struct loop loop;
	struct children children;
	struct child child;
	enum deed *deed;
	bool is_unwanted;
	unsigned int last; /* the loop ends with this generation */
	unsigned int n_over;
	char heard;
	struct error err;
};

/* A second signal, for the room that there is again, does not end it. */
static int sleep_long(struct child *c, int sock, struct error *err)
{
	const int64_t end_ms = clock_msec() + 10000;
	int r;

	child_done(c);
	r = child_end_with_parent(sock, err);
	while (r == 0 && write(sock, "x", 1) == 1)
		;
	while (r == 0 && clock_msec() < end_ms)
		(void)nanosleep(&(struct timespec){10, 0}, NULL);
	return r < 0 ? r : error_set(err, ETIME, "did not end");
}

static int run(struct child *c, int sock, struct error *err)
{
	const struct fixture *f = c->arg;
	char byte;

	switch (*f->deed) {
	case DIE:
		(void)kill(getpid(), SIGKILL);
		break;
	case FAIL:
		return error_set(err, EIO, "as wanted");
	case SUCCEED:
		return 0;
	case SPEAK:
		(void)!write(sock, "x", 1);
		break;
	case STAY:
		break;
	case SLEEP:
		return sleep_long(c, sock, err);
	}
	/* Otherwise it would hold the parent's end, as every process forked from it. */
	child_done(c);
	(void)!read(sock, &byte, 1);
	return 0;
}

static bool wants_next(const struct child *c)
{
	struct fixture *f = c->arg;

	/* The next one is the last that is wanted. */
	if (f->last && c->generation + 1 == f->last)
		*f->deed = SUCCEED;
	return !f->is_unwanted;
}

static void over(struct child *c)
{
	struct fixture *f = c->arg;

	f->n_over++;
	loop_end(&f->loop);
}

static int heard(void *arg, struct error *err)
{
	struct child *c = arg;
	struct fixture *f = c->arg;

	(void)err;
	loop_end(&f->loop);
	return read(c->sock, &f->heard, 1) == 1 ? 0 : -EIO;
}

static const struct child_role role = {run, wants_next, over, heard};
static const struct child_role silent = {run, wants_next, over, NULL};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	*state = f;
	f->children = (struct children)CHILDREN_EMPTY;
	f->child = (struct child)CHILD_EMPTY;
	f->deed = mmap(NULL, sizeof(*f->deed), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f->deed == MAP_FAILED || loop_init(&f->loop, &f->err) < 0)
		return -1;
	return children_init(&f->children, &f->loop, &f->err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	child_kill(&f->child);
	child_done(&f->child);
	children_done(&f->children);
	loop_done(&f->loop);
	munmap(f->deed, sizeof(*f->deed));
	free(f);
	return 0;
}

static void start(struct fixture *f, const struct child_role *r, enum deed deed)
{
	*f->deed = deed;
	assert_int_equal(child_init(&f->child, &f->children, r, "it", f, &f->err), 0);
	assert_int_equal(child_start(&f->child, &f->err), 0);
}

static void run_loop(struct fixture *f)
{
	assert_int_equal(loop_run(&f->loop, &f->err), 0);
	f->loop.ending = false;
}

static void test_has_the_last_word(void **state)
{
	struct fixture *f = *state;

	start(f, &silent, SUCCEED);
	run_loop(f);
	assert_int_equal(f->n_over, 1);
	assert_int_equal(f->child.pid, 0);
	assert_int_equal(f->child.generation, 1);
}

static void test_is_heard(void **state)
{
	struct fixture *f = *state;

	start(f, &role, SPEAK);
	run_loop(f);
	assert_int_equal(f->heard, 'x');
	assert_true(f->child.pid > 0);
}

/* Delays of 10 + 20 + 40 ms: none of them lived long. */
static void replaces(struct fixture *f, enum deed deed)
{
	int64_t begin = clock_msec();

	f->last = 4;
	start(f, &silent, deed);
	run_loop(f);
	assert_int_equal(f->child.generation, 4);
	assert_int_equal(f->n_over, 1);
	assert_true(clock_msec() - begin >= 70);
}

static void test_replaces_the_killed(void **state)
{
	replaces(*state, DIE);
}

static void test_replaces_those_that_fail(void **state)
{
	replaces(*state, FAIL);
}

static void test_replaces_nobody_unwanted(void **state)
{
	struct fixture *f = *state;

	f->is_unwanted = true;
	start(f, &silent, DIE);
	run_loop(f);
	assert_int_equal(f->n_over, 1);
	assert_int_equal(f->child.generation, 1);
}

static void test_killed_has_no_successor(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	start(f, &silent, STAY);
	pid = f->child.pid;
	child_kill(&f->child);
	assert_int_equal(f->child.pid, 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* reaped */
	assert_int_equal(f->n_over, 0);
	child_kill(&f->child); /* legal */
}

static void test_ends_with_the_parents_socket(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	start(f, &silent, STAY);
	pid = f->child.pid;
	child_done(&f->child);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	f->child.pid = 0;
}

static void test_ends_from_whatever_it_does(void **state)
{
	struct fixture *f = *state;
	int64_t begin = clock_msec();
	int status;
	pid_t pid;

	start(f, &silent, SLEEP);
	pid = f->child.pid;
	for (int i = 0; i < 20; i++) /* a socket that is full for a while */
		assert_int_equal(read(f->child.sock, &(char){0}, 1), 1);
	usleep(50000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	child_done(&f->child);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(clock_msec() - begin < 5000);
	f->child.pid = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_has_the_last_word, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaces_the_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaces_those_that_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaces_nobody_unwanted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_has_no_successor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends_with_the_parents_socket, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_ends_from_whatever_it_does, setup,
						teardown),
	};

	return RUN(tests);
}

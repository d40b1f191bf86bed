/* SPDX-License-Identifier: Apache-2.0 */
/* What is learned of another process: texts that may say anything, and its memory. */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "fs/tracee.h"

#define STATUS                                                                                 \
	"Name:\tx\nUmask:\t0022\nUid:\t1 2 3 4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 "              \
	"\nNStgid:\t4\n"                                                                       \
	"CapInh:\t0000000000000001\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000000200\n"

static void tracee_creds_parse__all(void **state)
{
	struct tracee_creds c;

	(void)state;
	assert_int_equal(tracee_creds_parse(&c, STATUS), 0);
	assert_int_equal(c.uids[0], 1);
	assert_int_equal(c.uids[3], 4);
	assert_int_equal(c.gids[1], 6);
	assert_int_equal(c.n_groups, 2);
	assert_int_equal(c.groups[1], 10);
	assert_true(c.caps.inheritable == 1 && c.caps.permitted == 0x1ffffffffff);
	assert_true(c.caps.effective == 0x200);
}

static void tracee_creds_parse__refused(void **state)
{
	static const char *const texts[] = {
		"",
		"Uid:\t1 2 3\nGid:\t1 2 3 4\nGroups:\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n",
		"Uid:\t1 2 3 4 5\nGid:\t1 2 3 4\nGroups:\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n",
		"Uid:\t1 2 3 4294967296\nGid:\t1 2 3 "
		"4\nGroups:\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n",
		"Uid:\t1 2 3 -4\nGid:\t1 2 3 4\nGroups:\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n",
		"Uid:\t1 2 3 4\nGid:\t1 2 3 4\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n",
		"Uid:\t1 2 3 4\nGid:\t1 2 3 4\nGroups:\nCapInh:\t0\nCapPrm:\t0\n",
		/* A name with a line end in it is escaped by the kernel: keys begin lines. */
		"Name:\tUid:\t0 0 0 0\nGid:\t1 2 3 "
		"4\nGroups:\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\n",
	};
	struct tracee_creds c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(tracee_creds_parse(&c, texts[i]) < 0);
}

static void tracee_creds_parse__many_groups(void **state)
{
	_cleanup_free_ char *groups = xcalloc(TRACEE_GROUPS_MAX + 2, 3);
	_cleanup_free_ char *text = NULL;
	struct tracee_creds c;

	(void)state;
	for (int i = 0; i < TRACEE_GROUPS_MAX + 1; i++)
		strcat(groups, "7 ");
	text = xasprintf("Uid:\t1 2 3 4\nGid:\t1 2 3 4\nGroups:\t%s\n", groups);
	assert_int_equal(tracee_creds_parse(&c, text), -E2BIG);
}

static void tracee_path_fd__cases(void **state)
{
	static const struct {
		const char *path;
		int fd;
	} rows[] = {
		{"/proc/self/fd/7", 7},
		{"/proc/thread-self/fd/12", 12},
		{"/dev/fd/3/x", 3},
		{"/proc/self/fd/", -1},
		{"/proc/self/fd/7x", -1},
		{"/fd/-1", -1},
		{"/proc", -1},
		{"", -1},
		{"/fd/99999999999", -1},
		{"/fd/1/../fd/2", 2},
		{"fd/7", -1},
		{"/fd/ 7", -1},
		{"/fd/2147483647", 2147483647},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(tracee_path_fd(rows[i].path), rows[i].fd);
}

/* Our own memory stands for another's. */
static void tracee_string__cases(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *mem = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char buf[64];

	(void)state;
	assert_true(mem != MAP_FAILED);
	assert_int_equal(munmap(mem + 2 * page, page), 0);
	strcpy(mem + page - 3, "across");
	assert_int_equal(tracee_string(getpid(), (uintptr_t)mem + page - 3, buf, sizeof(buf)),
			 6);
	assert_string_equal(buf, "across");
	memset(mem + page, 'a', page);
	assert_int_equal(tracee_string(getpid(), (uintptr_t)mem + page, buf, sizeof(buf)),
			 -ENAMETOOLONG);
	/* It ends with the last byte that is there, or leads beyond. */
	mem[2 * page - 1] = '\0';
	assert_int_equal(
		tracee_string(getpid(), (uintptr_t)mem + 2 * page - 4, buf, sizeof(buf)), 3);
	mem[2 * page - 1] = 'a';
	assert_int_equal(
		tracee_string(getpid(), (uintptr_t)mem + 2 * page - 4, buf, sizeof(buf)),
		-EFAULT);
	assert_int_equal(tracee_string(getpid(), 0, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(tracee_string(getpid(), UINT64_MAX - 3, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(munmap(mem, 2 * page), 0);
}

static void tracee__own_process(void **state)
{
	struct tracee t;
	_cleanup_free_ char *cgroup = NULL;
	_cleanup_close_ int fd = -EBADF;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(tracee_open(&t, getpid()), 0);
	assert_int_equal(t.creds.uids[1], 0);
	assert_true(fd_same_inode(t.fds[TRACEE_ROOT], t.fds[TRACEE_ROOT]) == 1);
	tracee_done(&t);
	assert_true(tracee_pidns(getpid()) != 0);
	assert_int_equal(tracee_cgroup(getpid(), &cgroup), 0);
	assert_non_null(strchr(cgroup, ':'));
	fd = tracee_fd(getpid(), STDIN_FILENO);
	assert_true(fd >= 0);
	assert_int_equal(tracee_fd(getpid(), 100000), -ENOENT);
	assert_false(tracee_has_mount(getpid(), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tracee_creds_parse__all),
		cmocka_unit_test(tracee_creds_parse__refused),
		cmocka_unit_test(tracee_creds_parse__many_groups),
		cmocka_unit_test(tracee_path_fd__cases),
		cmocka_unit_test(tracee_string__cases),
		cmocka_unit_test(tracee__own_process),
	};

	return RUN(tests);
}

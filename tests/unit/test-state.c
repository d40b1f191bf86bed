/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include "lib/proc.h"
#include "lib/strv.h"
#include "src/state.h"

/* What the format says of every member; a state of this version must be read for ever. */
static const char version_1[] =
	"{\"version\":1,\"id\":\"box\",\"ociVersion\":\"1.2.0\",\"bundle\":\"/"
	"b\",\"rootfs\":\"/r\","
	"\"created\":\"2024-01-01T00:00:00Z\",\"owner\":\"root\",\"bootId\":\"boot\","
	"\"initPid\":7,\"initStartTime\":99,\"complete\":true,\"viewPath\":\"/v\","
	"\"workPath\":\"/w\",\"left\":true,\"plain\":true,\"resolvConf\":\"/rc\","
	"\"storeDir\":\"/s\",\"stores\":{\"docker\":\"/var/lib/docker\"},"
	"\"locks\":{\"/data\":\"1:2\"},\"honorCaps\":true,\"traps\":true,"
	"\"cgroup\":{\"driver\":1,\"unit\":\"box.scope\",\"mark\":\"m\",\"v2\":true,"
	"\"directories\":[{\"controllers\":\"cpu\",\"path\":\"/c\"}]},"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":65536}],"
	"\"annotations\":{\"a\":\"b\"}}";

static void make(struct state_dir *d, const struct unit_dir *root, const char *id)
{
	struct error err = {0};

	if (state_dir_make(d, root->path, id, &err) < 0)
		fail_msg("%s", err.text);
}

static void state_check_id__as_runc_does(void **state)
{
	static const struct {
		const char *id;
		bool ok;
	} cases[] = {
		{"a", true},	 {"A-b_c+d.e9", true}, {"...", true},	{"-", true},
		{"", false},	 {".", false},	       {"..", false},	{"a/b", false},
		{"../x", false}, {"a b", false},       {"a\n", false},	{"\xc3\xa4", false},
		{"a;b", false},	 {"a:b", false},       {"a\\b", false},
	};
	char longest[1026];
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(state_check_id(cases[i].id, &err), cases[i].ok ? 0 : -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[1025] = '\0';
	assert_int_equal(state_check_id(longest, &err), -EINVAL);
	longest[1024] = '\0';
	assert_int_equal(state_check_id(longest, &err), 0);
}

static void state_load__every_member(void **state)
{
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
	struct state s = {0};
	struct error err = {0};

	make(&d, *state, "box");
	unit_file(d.dirfd, "state.json", version_1);
	if (state_load(&d, &s, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(s.init_pid, 7);
	assert_true(s.init_start == 99 && s.complete && s.left && s.is_plain);
	assert_true(s.honor_caps && s.traps && s.cgroup.is_v2);
	assert_string_equal(s.store_dir, "/s");
	assert_string_equal(s.locks[0].value, "1:2");
	assert_string_equal(s.cgroup.dirs[0].path, "/c");
	assert_int_equal(s.gid_mappings[0].host_id, 200000);
	state_done(&s);
}

/* One that a table forgot to name would be gone here. */
static void state_save__loses_nothing(void **state)
{
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
	struct state s = {0};
	struct error err = {0};

	make(&d, *state, "box");
	unit_file(d.dirfd, "state.json", version_1);
	assert_int_equal(state_load(&d, &s, &err), 0);
	assert_int_equal(unlinkat(d.dirfd, "state.json", 0), 0);
	assert_int_equal(state_save(&d, &s, &err), 0);
	unit_assert_file(d.dirfd, "state.json", version_1);
	state_done(&s);
}

/* What a crash or a power cut leaves: one error that says "not complete", for `delete`. */
static void state_load__of_what_a_crash_left(void **state)
{
	static const char *const texts[] = {NULL, "", "{", "{\"version\":1,\"id\":7}", "[]"};
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;

	make(&d, *state, "box");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct state s = {0};
		struct error err = {0};

		if (texts[i])
			unit_file(d.dirfd, "state.json", texts[i]);
		assert_int_equal(state_load(&d, &s, &err), -ENODATA);
		assert_int_equal(err.errnum, ENODATA);
		assert_non_null(strstr(err.text, d.path));
		assert_null(s.id);
	}
}

static void state_load__of_a_newer_runtime(void **state)
{
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
	struct state s = {0};
	struct error err = {0};

	make(&d, *state, "box");
	unit_file(d.dirfd, "state.json", "{\"version\":2,\"id\":\"box\",\"what\":[1]}");
	assert_int_equal(state_load(&d, &s, &err), -EPROTO);
	assert_non_null(strstr(err.text, "newer sysbox-runc (version 2)"));
	assert_null(s.id);
}

static void state_dir__lives_once(void **state)
{
	const struct unit_dir *root = *state;
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY, other = STATE_DIR_EMPTY;
	struct error err = {0};

	make(&d, root, "box");
	assert_int_equal(state_dir_make(&other, root->path, "box", &err), -EEXIST);
	assert_string_equal(err.text, "container with given ID already exists: box");
	assert_int_equal(state_dir_remove(&d, &err), 0);
	assert_int_equal(faccessat(root->fd, "box", F_OK, 0), -1);
	assert_int_equal(state_dir_open(&other, root->path, "box", STATE_SHARED, &err),
			 -ENOENT);
	assert_string_equal(err.text, "container does not exist: box");
}

static void state_dir_open__waits_for_nobody_who_only_looks(void **state)
{
	const struct unit_dir *root = *state;
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY, other = STATE_DIR_EMPTY;
	struct error err = {0};

	make(&d, root, "box");
	assert_int_equal(state_dir_open(&other, root->path, "box", STATE_TRY, &err), -EAGAIN);
	assert_int_equal(state_dir_open(&other, root->path, "box", STATE_SHARED, &err), 0);
	state_dir_done(&other);
	state_dir_done(&d);
	assert_int_equal(state_dir_open(&other, root->path, "box", STATE_EXCLUSIVE, &err), 0);
}

/* In a child that shares none of our locks. */
static pid_t open_elsewhere(struct state_dir *held, const struct unit_dir *root)
{
	pid_t pid = unit_fork();

	if (pid == 0) {
		struct state_dir d = STATE_DIR_EMPTY;
		struct error err = {0};
		struct stat own, there;
		int r;

		state_dir_done(held);
		r = state_dir_open(&d, root->path, "box", STATE_EXCLUSIVE, &err);
		if (r == -ENOENT)
			_exit(2);
		_exit(r < 0 || fstat(d.dirfd, &own) < 0 ||
		      fstatat(root->fd, "box", &there, 0) < 0 || own.st_ino != there.st_ino);
	}
	usleep(100000); /* it waits by now, and if not: it has less to find out */
	return pid;
}

static int result_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void state_dir_open__has_waited_for_what_is_gone(void **state)
{
	const struct unit_dir *root = *state;
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY, next = STATE_DIR_EMPTY;
	struct error err = {0};
	pid_t pid;

	make(&d, root, "box");
	pid = open_elsewhere(&d, root);
	assert_int_equal(state_dir_remove(&d, &err), 0);
	state_dir_done(&d);
	assert_int_equal(result_of(pid), 2);

	make(&d, root, "box");
	pid = open_elsewhere(&d, root);
	assert_int_equal(state_dir_remove(&d, &err), 0);
	make(&next, root, "box");
	state_dir_done(&d);
	/* Now for the next one of that name. */
	usleep(100000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	state_dir_done(&next);
	assert_int_equal(result_of(pid), 0);
}

/* Of an id that comes from the command line nothing but a name is made. */
static void state_dir_open__stays_below_its_root(void **state)
{
	static const struct {
		const char *id;
		int expected;
	} cases[] = {
		{"..", -EINVAL}, {"a/../..", -EINVAL}, {"file", -ENOENT}, {"absent", -ENOENT}};
	const struct unit_dir *root = *state;

	unit_file(root->fd, "file", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
		struct error err = {0};

		assert_int_equal(
			state_dir_open(&d, root->path, cases[i].id, STATE_SHARED, &err),
			cases[i].expected);
	}
}

static void state_dir_make__makes_a_root_that_cannot_be_listed(void **state)
{
	const struct unit_dir *dir = *state;
	_cleanup_free_ char *root = path_join(dir->path, "a//b/");
	_cleanup_(state_dir_done) struct state_dir d = STATE_DIR_EMPTY;
	struct error err = {0};
	struct stat st;

	assert_int_equal(state_dir_make(&d, root, "box", &err), 0);
	assert_int_equal(fstatat(dir->fd, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(fstat(d.dirfd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void state_list__directories_in_order(void **state)
{
	const struct unit_dir *root = *state;
	_cleanup_(strv_freep) char **ids = NULL;
	_cleanup_free_ char *joined = NULL, *absent = path_join(root->path, "absent");
	struct error err = {0};

	assert_int_equal(state_list(root->path, &ids, &err), 0);
	assert_int_equal(strv_len(ids), 0);
	close(unit_mkdirs(root->fd, "b"));
	close(unit_mkdirs(root->fd, "a"));
	close(unit_mkdirs(root->fd, ".hidden"));
	unit_file(root->fd, "file", "");
	assert_int_equal(state_list(root->path, &ids, &err), 0);
	joined = strv_join(ids, " ");
	assert_string_equal(joined, "a b");
	/* "runc list" fails where --root is wrong; src/cmd-list.c forgives the default one. */
	assert_int_equal(state_list(absent, &ids, &err), -ENOENT);
}

/* An init of this boot that is ours to end, with a directory. */
struct box {
	struct state_dir dir;
	struct state s;
	char boot_id[PROC_BOOT_ID_SIZE];
};

static void box_open(struct box *b, const struct unit_dir *root)
{
	struct proc_stat stat;

	*b = (struct box){.dir = STATE_DIR_EMPTY, .s = {.id = (char *)"box", .complete = true}};
	make(&b->dir, root, "box");
	assert_int_equal(proc_boot_id(b->boot_id), 0);
	b->s.boot_id = b->boot_id;
	b->s.init_pid = unit_fork();
	if (b->s.init_pid == 0)
		for (;;)
			pause();
	assert_int_equal(proc_stat_read(b->s.init_pid, &stat), 0);
	b->s.init_start = stat.start_time;
}

static void box_end(struct box *b)
{
	kill(b->s.init_pid, SIGKILL);
	assert_int_equal(waitpid(b->s.init_pid, NULL, 0), b->s.init_pid);
}

static void state_status__is_what_is_seen(void **state)
{
	struct box b;

	box_open(&b, *state);
	assert_int_equal(state_status(&b.dir, &b.s), STATE_RUNNING);
	unit_file(b.dir.dirfd, "exec.fifo", "");
	assert_int_equal(state_status(&b.dir, &b.s), STATE_CREATED);
	b.s.complete = false;
	assert_int_equal(state_status(&b.dir, &b.s), STATE_CREATING);
	box_end(&b);
	assert_int_equal(state_status(&b.dir, &b.s), STATE_STOPPED);
	state_dir_done(&b.dir);
}

/* The pid is somebody's, but not our init's. */
static void state_status__another_process_of_that_number(void **state)
{
	struct error err = {0};
	struct box b;

	box_open(&b, *state);
	b.s.init_start++;
	assert_int_equal(state_status(&b.dir, &b.s), STATE_STOPPED);
	assert_int_equal(state_init_pidfd(&b.s, &err), -ESRCH);
	assert_string_equal(err.text, "container box is not running");
	b.s.init_start--;
	b.s.boot_id = (char *)"00000000-0000-0000-0000-000000000000";
	assert_int_equal(state_status(&b.dir, &b.s), STATE_STOPPED);
	box_end(&b);
	state_dir_done(&b.dir);
}

static void state_init_pidfd__of_one_that_runs(void **state)
{
	struct error err = {0};
	struct box b;
	int fd;

	box_open(&b, *state);
	fd = state_init_pidfd(&b.s, &err);
	assert_true(fd >= 0);
	close(fd);
	box_end(&b);
	state_dir_done(&b.dir);
}

static void state_format__as_the_specification_has_it(void **state)
{
	struct json_pair annotation = {(char *)"k", (char *)"v \"q\""};
	const struct state s = {
		.id = (char *)"box",
		.oci_version = (char *)"1.2.0",
		.bundle = (char *)"/b",
		.rootfs = (char *)"/r",
		.init_pid = 7,
		.annotations = &annotation,
		.n_annotations = 1,
	};
	_cleanup_free_ char *running = state_format(&s, STATE_RUNNING, JSON_COMPACT);
	_cleanup_free_ char *stopped = state_format(&s, STATE_STOPPED, JSON_COMPACT);

	(void)state;
	assert_string_equal(running,
			    "{\"ociVersion\":\"1.2.0\",\"id\":\"box\",\"pid\":7,\"status\":"
			    "\"running\",\"bundle\":\"/b\",\"rootfs\":\"/r\",\"annotations\":"
			    "{\"k\":\"v \\\"q\\\"\"},\"owner\":\"\"}");
	/* Nobody has that number any more, or somebody else. */
	assert_non_null(strstr(stopped, "\"pid\":0,\"status\":\"stopped\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_check_id__as_runc_does),
		unit_test_dir(state_load__every_member),
		unit_test_dir(state_save__loses_nothing),
		unit_test_dir(state_load__of_what_a_crash_left),
		unit_test_dir(state_load__of_a_newer_runtime),
		unit_test_dir(state_dir__lives_once),
		unit_test_dir(state_dir_open__waits_for_nobody_who_only_looks),
		unit_test_dir(state_dir_open__has_waited_for_what_is_gone),
		unit_test_dir(state_dir_open__stays_below_its_root),
		unit_test_dir(state_dir_make__makes_a_root_that_cannot_be_listed),
		unit_test_dir(state_list__directories_in_order),
		unit_test_dir(state_status__is_what_is_seen),
		unit_test_dir(state_status__another_process_of_that_number),
		unit_test_dir(state_init_pidfd__of_one_that_runs),
		cmocka_unit_test(state_format__as_the_specification_has_it),
	};

	return RUN(tests);
}

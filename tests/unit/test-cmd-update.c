/* SPDX-License-Identifier: Apache-2.0 */
/* What the options and files of `update` ask for. */
#include "tests/unit/unit.h"

#include "src/cmd-update.c"

#include "lib/strbuf.h"
#include "lib/strv.h"

static char *format(const struct spec_resources *r)
{
	struct strbuf text = STRBUF_EMPTY;

	json_encode(&spec_resources_type, r, JSON_COMPACT, &text);
	return strbuf_take(&text);
}

/* The values are borrowed from the words. */
static int parse(char **words, struct update *u, struct error *err)
{
	char *argv[16];
	bool help;
	int n;

	assert_in_range(strv_len(words), 1, ARRAY_SIZE(argv) - 1);
	memcpy(argv, words, (strv_len(words) + 1) * sizeof(*argv));
	*u = (struct update){0};
	return cli_parse(options, u, CLI_PERMUTE, (int)strv_len(words), argv, &n, &help, err);
}

static void read_options__each_where_it_belongs(void **state)
{
	static const struct {
		const char *line, *resources;
	} cases[] = {
		{"update", "{\"memory\":{},\"cpu\":{},\"pids\":{},\"blockIO\":{}}"},
		{"update --memory 512m --memory-reservation 1g --memory-swap -1",
		 "{\"memory\":{\"limit\":536870912,\"reservation\":1073741824,\"swap\":-1},"
		 "\"cpu\":{},\"pids\":{},\"blockIO\":{}}"},
		{"update --kernel-memory 1k --kernel-memory-tcp 2k",
		 "{\"memory\":{\"kernel\":1024,\"kernelTCP\":2048},\"cpu\":{},\"pids\":{},"
		 "\"blockIO\":{}}"},
		{"update --cpu-share 9 --cpu-quota -1 --cpu-burst 7 --cpu-period 100000",
		 "{\"memory\":{},\"cpu\":{\"shares\":9,\"quota\":-1,\"burst\":7,\"period\":"
		 "100000},\"pids\":{},\"blockIO\":{}}"},
		{"update --cpu-rt-period 5 --cpu-rt-runtime 4 --cpu-idle 1",
		 "{\"memory\":{},\"cpu\":{\"realtimeRuntime\":4,\"realtimePeriod\":5,\"idle\":"
		 "1},"
		 "\"pids\":{},\"blockIO\":{}}"},
		{"update --cpuset-cpus 0-1 --cpuset-mems 0",
		 "{\"memory\":{},\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"},\"pids\":{},"
		 "\"blockIO\":{}}"},
		{"update --pids-limit -1 --blkio-weight 10",
		 "{\"memory\":{},\"cpu\":{},\"pids\":{\"limit\":-1},\"blockIO\":{\"weight\":10}"
		 "}"},
		/* Nothing, and zero: two things. */
		{"update --memory= --pids-limit 0",
		 "{\"memory\":{},\"cpu\":{},\"pids\":{\"limit\":0},\"blockIO\":{}}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(spec_resources_freep) struct spec_resources *r = NULL;
		_cleanup_(strv_freep) char **words = strv_split(cases[i].line, " ");
		_cleanup_free_ char *got = NULL;
		struct error err = {0};
		struct update u;

		if (parse(words, &u, &err) < 0 || read_options(&u, &r, &err) < 0)
			fail_msg("%s: %s", cases[i].line, err.text);
		got = format(r);
		assert_string_equal(got, cases[i].resources);
	}
}

static void read_options__names_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"update --memory lots", "invalid value for memory: \"lots\""},
		{"update --memory 99999999999999g", "invalid value for memory: "},
		{"update --cpu-share -1", "invalid value for cpu-share: \"-1\""},
		{"update --cpu-period 1.5", "invalid value for cpu-period: \"1.5\""},
		{"update --pids-limit 5x", "invalid value for pids-limit: \"5x\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(strv_freep) char **words = strv_split(cases[i].line, " ");
		struct spec_resources *r = NULL;
		struct error err = {0};
		struct update u;

		assert_int_equal(parse(words, &u, &err), 0);
		assert_int_equal(read_options(&u, &r, &err), -EINVAL);
		assert_non_null(strstr(err.text, cases[i].message));
		assert_null(r);
	}
}

static void check_supported__not_intel_rdt(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(check_supported(&(struct update){.l3_cache_schema = ""}, &err), 0);
	assert_int_equal(check_supported(&(struct update){.l3_cache_schema = "L3:0=f"}, &err),
			 -ENOTSUP);
	assert_int_equal(check_supported(&(struct update){.mem_bw_schema = "MB:0=20"}, &err),
			 -ENOTSUP);
}

static void read_resources__of_a_file(void **state)
{
	const struct unit_dir *d = *state;
	_cleanup_(spec_resources_freep) struct spec_resources *r = NULL;
	_cleanup_free_ char *path = path_join(d->path, "r.json"), *got = NULL;
	struct error err = {0};

	assert_int_equal(read_resources(path, &r, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	unit_file(d->fd, "r.json", "{\"pids\":{\"limit\":\"many\"}}");
	assert_int_equal(read_resources(path, &r, &err), -EINVAL);
	assert_non_null(strstr(err.text, "pids.limit"));
	unit_file(d->fd, "r.json", "{\"pids\":{\"limit\":9},\"unified\":{\"a.b\":\"c\"}}");
	assert_int_equal(read_resources(path, &r, &err), 0);
	got = format(r);
	assert_string_equal(got, "{\"pids\":{\"limit\":9},\"unified\":{\"a.b\":\"c\"}}");
}

static void read_resources__of_standard_input(void **state)
{
	_cleanup_(spec_resources_freep) struct spec_resources *r = NULL;
	_cleanup_close_ int home = dup(STDIN_FILENO), text = -EBADF;
	struct error err = {0};

	(void)state;
	text = fd_memfd("stdin", "{\"pids\":{\"limit\":3}}", 20);
	assert_int_equal(dup2(text, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(read_resources("-", &r, &err), 0);
	assert_int_equal(r->pids->limit.value, 3);
	assert_int_equal(dup2(home, STDIN_FILENO), STDIN_FILENO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_options__each_where_it_belongs),
		cmocka_unit_test(read_options__names_what_is_wrong),
		cmocka_unit_test(check_supported__not_intel_rdt),
		unit_test_dir(read_resources__of_a_file),
		cmocka_unit_test(read_resources__of_standard_input),
	};

	return RUN(tests);
}

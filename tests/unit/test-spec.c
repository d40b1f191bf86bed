/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

/* As in lib/json-tree.h: json-c has an `enum json_type`. */
#define json_type json_c_type
#include <json-c/json.h>
#undef json_type

#include "lib/strv.h"
#include "src/spec.h"

/* Configurations that engines made, and one with most of the fields that fit together. */
static const char *const real[] = {
	"containerd-1.6-plain",
	"containerd-2.1-options",
	"containerd-2.1-plain",
	"crun-1.8-spec",
	"docker-20.10-options",
	"docker-20.10-plain",
	"docker-20.10-privileged",
	"docker-28-options",
	"docker-28-plain",
	"docker-28-privileged",
	"every-field",
	"podman-5-options",
	"podman-5-plain",
	"runc-1.1-spec",
};

static char *read_seed(const char *name)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	_cleanup_free_ char *path =
		xasprintf("%s/tests/fuzz/corpus/config/%s.json", srcdir, name);
	char *text = NULL;

	if (file_read(AT_FDCWD, path, SPEC_TEXT_MAX, &text, NULL) < 0)
		fail_msg("cannot read %s", path);
	return text;
}

static struct spec *parse(const char *text)
{
	struct spec *s = NULL;
	struct error err = {0};

	if (spec_parse(&s, text, strlen(text), "config.json", &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static struct spec *parse_seed(const char *name)
{
	_cleanup_free_ char *text = read_seed(name);

	return parse(text);
}

static void object_putp(struct json_object **o)
{
	json_object_put(*o);
}

static void spec_parse__takes_what_engines_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(real); i++) {
		_cleanup_(spec_freep) struct spec *s = parse_seed(real[i]);
		struct error err = {0};

		if (spec_check(s, &err) < 0)
			fail_msg("%s: %s", real[i], err.text);
	}
}

static void assert_loses_nothing(const char *seed)
{
	_cleanup_free_ char *text = read_seed(seed), *again = NULL;
	_cleanup_(spec_freep) struct spec *s = parse(text);
	_cleanup_(object_putp) struct json_object *before = json_tokener_parse(text);
	_cleanup_(object_putp) struct json_object *after = NULL;

	again = spec_format(s);
	after = json_tokener_parse(again);
	assert_non_null(before);
	if (!json_object_equal(before, after))
		fail_msg("%s is not the same when written again: %s", seed, again);
}

/* A misspelt name in a table would show here: the member would be gone. */
static void spec_format__loses_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(real); i++)
		assert_loses_nothing(real[i]);
	assert_loses_nothing("rare-fields");
}

/* Objects of one type, wherever they stand. */
struct objects {
	struct json_object *v[1024];
	size_t n;
};

static void objects_add(struct objects *os, struct json_object *o, enum json_kind kind)
{
	if (kind == JSON_ARRAY) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			objects_add(os, json_object_array_get_idx(o, i), JSON_STRUCT);
	} else if (kind == JSON_MAP) {
		json_object_object_foreach(o, key, value)
		{
			(void)key;
			objects_add(os, value, JSON_STRUCT);
		}
	} else {
		assert_in_range(os->n, 0, ARRAY_SIZE(os->v) - 1);
		os->v[os->n++] = o;
	}
}

static void assert_every_row(const struct json_type *type, const struct objects *os)
{
	for (const struct json_field *f = type->fields; f->name; f++) {
		struct objects below = {.n = 0};

		for (size_t i = 0; i < os->n; i++) {
			struct json_object *o;

			if (json_object_object_get_ex(os->v[i], f->name, &o))
				objects_add(&below, o, f->kind);
		}
		if (!below.n)
			fail_msg("%s: no configuration has \"%s\"", type->name, f->name);
		if (f->type)
			assert_every_row(f->type, &below);
	}
}

/* A row that no seed has could be misspelt, and would not be missed above. */
static void spec_type__every_row_is_in_a_seed(void **state)
{
	struct objects top = {.n = 0};

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(real); i++) {
		_cleanup_free_ char *text =
			read_seed(i < ARRAY_SIZE(real) ? real[i] : "rare-fields");

		objects_add(&top, json_tokener_parse(text), JSON_STRUCT);
	}
	assert_every_row(&spec_type, &top);
	for (size_t i = 0; i < top.n; i++)
		json_object_put(top.v[i]);
}

static void spec_format__ends_in_a_newline(void **state)
{
	_cleanup_(spec_freep) struct spec *s = parse_seed("minimal");
	_cleanup_free_ char *text = spec_format(s);

	(void)state;
	assert_string_equal(text, "{\n"
				  "\t\"ociVersion\": \"1.2.0\",\n"
				  "\t\"process\": {\n"
				  "\t\t\"user\": {\n"
				  "\t\t\t\"uid\": 0,\n"
				  "\t\t\t\"gid\": 0\n"
				  "\t\t},\n"
				  "\t\t\"args\": [\n"
				  "\t\t\t\"sh\"\n"
				  "\t\t],\n"
				  "\t\t\"cwd\": \"/\"\n"
				  "\t},\n"
				  "\t\"root\": {\n"
				  "\t\t\"path\": \"r\"\n"
				  "\t}\n"
				  "}\n");
}

/* The worst that is let in still comes out again, whole. */
static void spec_format__has_room_for_the_largest(void **state)
{
	_cleanup_free_ char *head =
		xstrdup("{\"ociVersion\":\"1.0.0\",\"linux\":{\"seccomp\":{"
			"\"defaultAction\":\"\",\"syscalls\":[{\"names\":[],"
			"\"action\":\"\",\"args\":[");
	_cleanup_free_ char *text = xcalloc(1, SPEC_TEXT_MAX + 1), *again = NULL;
	_cleanup_(spec_freep) struct spec *s = NULL;
	char *p = stpcpy(text, head);

	(void)state;
	for (int i = 0; i < 65000; i++)
		p = stpcpy(p, i ? ",{\"op\":\"\"}" : "{\"op\":\"\"}");
	p = stpcpy(p, "]}]}},\"hostname\":\"");
	memset(p, 'x', (size_t)(text + SPEC_TEXT_MAX - 2 - p));
	stpcpy(text + SPEC_TEXT_MAX - 2, "\"}");

	s = parse(text);
	again = spec_format(s);
	assert_string_equal(again + strlen(again) - 3, "\n}\n");
	assert_int_equal(s->linux_->seccomp->rules[0].n_args, 65000);
}

static void spec_parse__numbers(void **state)
{
	_cleanup_(spec_freep) struct spec *s = parse_seed("docker-20.10-options");

	(void)state;
	/* --ulimit memlock=-1:-1 */
	assert_string_equal(s->process->rlimits[0].type, "RLIMIT_MEMLOCK");
	assert_true(s->process->rlimits[0].hard == UINT64_MAX);
	assert_true(s->process->oom_score_adj.present);
	assert_int_equal(s->process->oom_score_adj.value, 100);
	assert_int_equal(s->linux_->resources->memory->limit.value, 64 << 20);
	assert_int_equal(s->linux_->resources->cpu->quota.value, 150000);
}

static void spec_parse__every_part_of_linux(void **state)
{
	_cleanup_(spec_freep) struct spec *s = parse_seed("every-field");
	const struct spec_linux *l = s->linux_;

	(void)state;
	assert_int_equal(l->time_offsets->boottime->secs, 604800);
	assert_int_equal(l->time_offsets->boottime->nanosecs, 999999999);
	assert_int_equal(l->time_offsets->monotonic->secs, 172800);
	assert_string_equal(l->net_devices[0].name, "eth1");
	assert_string_equal(l->net_devices[0].new_name, "lan0");
	assert_null(l->net_devices[1].new_name);
	assert_string_equal(l->resources->rdma[0].device, "mlx5_1");
	assert_int_equal(l->resources->rdma[0].hca_objects.value, 10000);
	assert_string_equal(json_pairs_get(l->resources->unified, l->resources->n_unified,
					   "hugetlb.1GB.max"),
			    "1073741824");
	assert_string_equal(l->seccomp->rules[1].args[0].op, "SCMP_CMP_MASKED_EQ");
	assert_string_equal(s->hooks->poststop[0].path, "/e");
	assert_string_equal(l->personality->domain, "LINUX32");
	assert_string_equal(s->process->exec_cpu_affinity->final, "0-3,7");
}

static void spec_parse__relative_destination(void **state)
{
	_cleanup_(spec_freep) struct spec *s =
		parse("{\"ociVersion\":\"1.0.0\",\"mounts\":[{\"destination\":\"a/b\"},"
		      "{\"destination\":\"\"},{\"destination\":\"/c/../d\"}]}");

	(void)state;
	assert_string_equal(s->mounts[0].destination, "/a/b");
	assert_string_equal(s->mounts[1].destination, "");
	/* Not cleaned: "c" may be a symlink. */
	assert_string_equal(s->mounts[2].destination, "/c/../d");
}

/* runc tells "flags": [] from no flags. */
static void spec_parse__no_seccomp_flags_are_not_empty_ones(void **state)
{
	_cleanup_(spec_freep) struct spec *s =
		parse("{\"ociVersion\":\"1.0.0\",\"linux\":{\"seccomp\":{\"flags\":[]}}}");
	_cleanup_(spec_freep) struct spec *none =
		parse("{\"ociVersion\":\"1.0.0\",\"linux\":{\"seccomp\":{}}}");

	(void)state;
	assert_non_null(s->linux_->seccomp->flags);
	assert_null(none->linux_->seccomp->flags);
}

static void spec_parse__too_long(void **state)
{
	_cleanup_free_ char *text = xmalloc(SPEC_TEXT_MAX + 1);
	struct spec *s = NULL;
	struct error err;

	(void)state;
	memset(text, ' ', SPEC_TEXT_MAX + 1);
	assert_int_equal(spec_parse(&s, text, SPEC_TEXT_MAX + 1, "config.json", &err), -E2BIG);
	assert_string_equal(err.text, "config.json: more than 8388608 bytes");
	assert_null(s);
}

static void spec_process_parse__process_json(void **state)
{
	_cleanup_free_ char *text = read_seed("process");
	_cleanup_(spec_process_freep) struct spec_process *p = NULL;
	struct error err;

	(void)state;
	assert_int_equal(spec_process_parse(&p, text, strlen(text), "process.json", &err), 0);
	assert_int_equal(spec_process_check(p, &err), 0);
	assert_string_equal(p->args[0], "/pause");
	assert_int_equal(p->user.additional_gids[1], 10);
}

static void spec_resources_parse__resources_json(void **state)
{
	_cleanup_free_ char *text = read_seed("resources");
	_cleanup_(spec_resources_freep) struct spec_resources *r = NULL;
	struct error err;

	(void)state;
	assert_int_equal(spec_resources_parse(&r, text, strlen(text), "resources", &err), 0);
	assert_int_equal(spec_resources_check(r, &err), 0);
	assert_int_equal(r->memory->limit.value, -1);
	assert_int_equal(r->pids->limit.value, 1);
}

static void spec_free__nothing(void **state)
{
	(void)state;
	assert_null(spec_free(NULL));
	assert_null(spec_process_free(NULL));
	assert_null(spec_resources_free(NULL));
}

static void spec_find_namespace__by_type(void **state)
{
	_cleanup_(spec_freep) struct spec *s = parse_seed("every-field");
	_cleanup_(spec_freep) struct spec *bare = parse_seed("minimal");

	(void)state;
	assert_string_equal(spec_find_namespace(s, "network")->path, "/var/run/netns/cni-1");
	assert_null(spec_find_namespace(s, "time")->path);
	assert_null(spec_find_namespace(bare, "pid"));
}

static void spec_find_mount__last_one_of_that_place(void **state)
{
	_cleanup_(spec_freep) struct spec *s =
		parse("{\"ociVersion\":\"1.0.0\",\"mounts\":[{\"destination\":\"/a\"},"
		      "{\"destination\":\"//a/\"},{\"destination\":\"/ab\"}]}");

	(void)state;
	assert_ptr_equal(spec_find_mount(s, "/a"), &s->mounts[1]);
	assert_null(spec_find_mount(s, "/b"));
}

static void spec_example__is_sound(void **state)
{
	_cleanup_(spec_freep) struct spec *s = spec_example(), *again = NULL;
	_cleanup_free_ char *text = spec_format(s), *text_again = NULL;
	struct error err;

	(void)state;
	assert_int_equal(spec_check(s, &err), 0);
	again = parse(text);
	text_again = spec_format(again);
	assert_string_equal(text, text_again);
}

static void spec_example__is_a_system_container(void **state)
{
	static const char *const namespaces[] = {"pid", "network", "ipc", "uts", "mount"};
	static const char *const added[] = {"user", "cgroup", "time"};
	_cleanup_(spec_freep) struct spec *s = spec_example();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		assert_non_null(spec_find_namespace(s, namespaces[i]));
	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		assert_null(spec_find_namespace(s, added[i]));
	assert_string_equal(s->hostname, "syscont");
	assert_string_equal(s->root->path, "rootfs");
	assert_string_equal(s->process->args[0], "sh");
	assert_true(s->process->terminal);
	assert_int_equal(s->linux_->n_uid_mappings + s->linux_->n_gid_mappings, 0);
	assert_int_equal(strv_len(s->process->capabilities->bounding), 41);
	assert_true(strv_contains(s->process->capabilities->effective, "CAP_SYS_ADMIN"));
	assert_null(s->process->capabilities->ambient);
	assert_true(strv_contains(s->linux_->masked_paths, "/proc/kcore"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_parse__takes_what_engines_write),
		cmocka_unit_test(spec_format__loses_nothing),
		cmocka_unit_test(spec_type__every_row_is_in_a_seed),
		cmocka_unit_test(spec_format__ends_in_a_newline),
		cmocka_unit_test(spec_format__has_room_for_the_largest),
		cmocka_unit_test(spec_parse__numbers),
		cmocka_unit_test(spec_parse__every_part_of_linux),
		cmocka_unit_test(spec_parse__relative_destination),
		cmocka_unit_test(spec_parse__no_seccomp_flags_are_not_empty_ones),
		cmocka_unit_test(spec_parse__too_long),
		cmocka_unit_test(spec_process_parse__process_json),
		cmocka_unit_test(spec_resources_parse__resources_json),
		cmocka_unit_test(spec_free__nothing),
		cmocka_unit_test(spec_find_namespace__by_type),
		cmocka_unit_test(spec_find_mount__last_one_of_that_place),
		cmocka_unit_test(spec_example__is_sound),
		cmocka_unit_test(spec_example__is_a_system_container),
	};

	return RUN(tests);
}

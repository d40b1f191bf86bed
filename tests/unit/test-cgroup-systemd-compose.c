/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is asked for, without one that hears it. */
#include "tests/unit/unit.h"

#ifdef HAVE_SYSTEMD

#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/strv.h"
#include "src/cgroup-systemd.h"
#include "src/spec.h"

/* Of libsystemd, to read what was composed. */
static int (*seal)(sd_bus_message *m, uint64_t cookie, uint64_t timeout);
static int (*dump)(sd_bus_message *m, FILE *f, uint64_t flags);

static void *function(const char *name)
{
	void *library = dlopen("libsystemd.so.0", RTLD_NOW);

	return library ? dlsym(library, name) : NULL;
}

/* A bus that is there and says nothing. */
struct deaf {
	int sock;
	sd_bus *bus;
};

static void deaf_open(struct deaf *d, const struct unit_dir *dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_free_ char *address = xasprintf("unix:path=%s/bus", dir->path);
	struct error err = {0};

	assert_int_equal(sdbus_load(&err), 0);
	*(void **)(void *)&seal = function("sd_bus_message_seal");
	*(void **)(void *)&dump = function("sd_bus_message_dump");
	if (!seal || !dump)
		skip();
	d->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/bus", dir->path);
	assert_int_equal(bind(d->sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(d->sock, 1), 0);
	assert_true(sd_bus_new(&d->bus) >= 0);
	assert_true(sd_bus_set_address(d->bus, address) >= 0);
	assert_true(sd_bus_start(d->bus) >= 0);
}

static void deaf_done(struct deaf *d)
{
	close(d->sock);
	sdbus_unrefp(&d->bus);
}

/* In one line, with one blank where there are several. */
static char *text_of(sd_bus_message *m)
{
	char *text = NULL, *to;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_true(seal(m, 1, 0) >= 0);
	assert_true(dump(m, f, 0) >= 0);
	assert_int_equal(fclose(f), 0);
	to = text;
	for (const char *p = text; *p; p++)
		if (!isspace((unsigned char)*p))
			*to++ = *p;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
	return text;
}

static char *compose(const struct deaf *d, bool is_v2, const char *resources,
		     const struct cgroup_property *properties, size_t n)
{
	struct cgroup_dir dir = {.controllers = (char *)"",
				 .path = (char *)"/sys/fs/cgroup/a.slice/a-b.slice/box.scope"};
	const struct cgroup cg = {.driver = CGROUP_SYSTEMD,
				  .unit = (char *)"box.scope",
				  .is_v2 = is_v2,
				  .dirs = &dir,
				  .n_dirs = 1};
	_cleanup_(spec_resources_freep) struct spec_resources *r = NULL;
	_cleanup_(sdbus_message_unrefp) sd_bus_message *m = NULL;
	_cleanup_free_ char *json = xstrdup(resources);
	struct error err = {0};

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	if (spec_resources_parse(&r, json, strlen(json), "resources", &err) < 0)
		fail_msg("%s", err.text);

	const struct systemd_scope s = {&cg, r, 77, properties, n};

	if (systemd_compose_start(d->bus, &s, &m, &err) < 0)
		fail_msg("%s", err.text);
	return text_of(m);
}

/* "MemoryMax t UINT64 1024": a property and its value, in the dump's words. */
static void assert_property(const char *text, const char *property)
{
	_cleanup_(strv_freep) char **words = strv_split(property, " ");
	_cleanup_free_ char *value = strv_join(words + 2, " ");
	_cleanup_free_ char *expected =
		xasprintf("STRING \"%s\"; VARIANT \"%s\" { %s; };", words[0], words[1], value);

	if (!strstr(text, expected))
		fail_msg("%s is not in %s", expected, text);
}

static void systemd_compose_start__a_delegated_scope(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct deaf d;

	deaf_open(&d, *state);
	text = compose(&d, true, "{}", NULL, 0);
	assert_non_null(strstr(text, "STRING \"box.scope\"; STRING \"replace\";"));
	assert_property(text, "Slice s STRING \"a-b.slice\"");
	assert_property(text, "Delegate b BOOLEAN true");
	assert_property(text, "DefaultDependencies b BOOLEAN false");
	assert_property(text, "PIDs au ARRAY \"u\" { UINT32 77; }");
	assert_property(text, "IOAccounting b BOOLEAN true");
	deaf_done(&d);
}

static void systemd_compose_start__limits(void **state)
{
	static const struct {
		bool is_v2;
		const char *resources;
		const char *properties[4];
	} cases[] = {
		{true,
		 "{'memory':{'limit':1048576,'reservation':4096,'swap':2097152}}",
		 {"MemoryMax t UINT64 1048576", "MemoryLow t UINT64 4096",
		  "MemorySwapMax t UINT64 1048576"}},
		{true, "{'memory':{'limit':-1}}", {"MemoryMax t UINT64 18446744073709551615"}},
		{false, "{'memory':{'limit':1048576}}", {"MemoryLimit t UINT64 1048576"}},
		{true, "{'cpu':{'shares':1024}}", {"CPUWeight t UINT64 100"}},
		{false, "{'cpu':{'shares':1024}}", {"CPUShares t UINT64 1024"}},
		/* In whole percents, rounded up. */
		{true,
		 "{'cpu':{'quota':50001,'period':100000}}",
		 {"CPUQuotaPeriodUSec t UINT64 100000", "CPUQuotaPerSecUSec t UINT64 510000"}},
		{false,
		 "{'cpu':{'quota':25000,'period':50000}}",
		 {"CPUQuotaPeriodUSec t UINT64 50000", "CPUQuotaPerSecUSec t UINT64 500000"}},
		{true,
		 "{'cpu':{'quota':-1}}",
		 {"CPUQuotaPerSecUSec t UINT64 18446744073709551615"}},
		{false, "{'cpu':{'period':50000}}", {"CPUQuotaPeriodUSec t UINT64 50000"}},
		{true, "{'pids':{'limit':5}}", {"TasksMax t UINT64 5"}},
		{true, "{'pids':{'limit':-1}}", {"TasksMax t UINT64 18446744073709551615"}},
		{true,
		 "{'cpu':{'cpus':'0-2,9','mems':'0'}}",
		 {"AllowedCPUs ay ARRAY \"y\" { BYTE 7; BYTE 2; }",
		  "AllowedMemoryNodes ay ARRAY \"y\" { BYTE 1; }"}},
		/* The file's own words win. */
		{true,
		 "{'unified':{'memory.high':'4096','cpu.max':'max 50000'}}",
		 {"MemoryHigh t UINT64 4096", "CPUQuotaPeriodUSec t UINT64 50000",
		  "CPUQuotaPerSecUSec t UINT64 18446744073709551615"}},
	};
	struct deaf d;

	deaf_open(&d, *state);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
			compose(&d, cases[i].is_v2, cases[i].resources, NULL, 0);

		for (const char *const *p = cases[i].properties; *p; p++)
			assert_property(text, *p);
	}
	deaf_done(&d);
}

static void systemd_compose_start__devices(void **state)
{
	_cleanup_free_ char *text = NULL, *all = NULL;
	struct deaf d;

	deaf_open(&d, *state);
	text = compose(&d, true,
		       "{'devices':[{'allow':false,'access':'rwm'},"
		       "{'allow':true,'type':'c','major':1,'minor':3,'access':'rw'},"
		       "{'allow':true,'type':'b','major':8,'access':'r'},"
		       "{'allow':true,'type':'c','access':'m'}]}",
		       NULL, 0);
	assert_property(text, "DevicePolicy s STRING \"strict\"");
	assert_non_null(strstr(text, "STRING \"/dev/char/1:3\"; STRING \"rw\";"));
	assert_non_null(strstr(text, "STRING \"block-8\"; STRING \"r\";"));
	assert_non_null(strstr(text, "STRING \"char-*\"; STRING \"m\";"));
	all = compose(&d, true, "{'devices':[{'allow':true,'access':'rwm'}]}", NULL, 0);
	assert_property(all, "DevicePolicy s STRING \"auto\"");
	deaf_done(&d);
}

static void systemd_compose_start__annotations(void **state)
{
	static const struct {
		struct cgroup_property property;
		const char *expected;
	} cases[] = {
		{{"TimeoutStopUSec", "uint64 5"}, "TimeoutStopUSec t UINT64 5"},
		{{"CollectMode", "'inactive'"}, "CollectMode s STRING \"inactive\""},
		{{"Some", "byte 0xff"}, "Some y BYTE 255"},
		{{"Some", "int16 -3"}, "Some n INT16 -3"},
		{{"Some", "uint16 3"}, "Some q UINT16 3"},
		{{"Some", "int32 -3"}, "Some i INT32 -3"},
		{{"Some", "uint32 3"}, "Some u UINT32 3"},
		{{"Some", "int64 -3"}, "Some x INT64 -3"},
		{{"Some", "true"}, "Some b BOOLEAN true"},
		{{"Some", "['x', 'y']"}, "Some as ARRAY \"s\" { STRING \"x\"; STRING \"y\"; }"},
	};
	struct deaf d;

	deaf_open(&d, *state);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = compose(&d, true, "{}", &cases[i].property, 1);

		assert_property(text, cases[i].expected);
	}
	deaf_done(&d);
}

/* A systemd whose version cannot be had is taken for an old one. */
static void systemd_compose_start__what_old_ones_do_not_know(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct deaf d;

	deaf_open(&d, *state);
	close(d.sock);
	d.sock = -EBADF;
	text = compose(&d, true,
		       "{'cpu':{'shares':1024,'idle':1},'unified':{'memory.oom.group':'1'}}",
		       NULL, 0);
	assert_null(strstr(text, "OOMPolicy"));
	assert_null(strstr(text, "CPUWeight"));
	deaf_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_dir(systemd_compose_start__a_delegated_scope),
		unit_test_dir(systemd_compose_start__limits),
		unit_test_dir(systemd_compose_start__devices),
		unit_test_dir(systemd_compose_start__annotations),
		unit_test_dir(systemd_compose_start__what_old_ones_do_not_know),
	};

	return RUN(tests);
}

#else

int main(void)
{
	return UNIT_SKIP;
}

#endif

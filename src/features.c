/* SPDX-License-Identifier: Apache-2.0 */
#include "src/features.h"

#include <seccomp.h>

#include "lib/caps.h"
#include "lib/flags.h"
#include "lib/json.h"
#include "lib/strbuf.h"
#include "src/spec.h"

/* A JSON array of strings, one add() at a time. */
struct list {
	struct strbuf *out;
	bool any;
};

static struct list list_open(struct strbuf *out, const char *name)
{
	strbuf_addf(out, "\"%s\":[", name);
	return (struct list){.out = out};
}

static void list_add(struct list *l, const char *s)
{
	if (l->any)
		strbuf_addc(l->out, ',');
	json_quote(l->out, s);
	l->any = true;
}

static void list_close(struct list *l, const char *end)
{
	strbuf_addf(l->out, "]%s", end);
}

static void add_words(struct strbuf *out, const char *name, const char *const *words,
		      const char *end)
{
	struct list l = list_open(out, name);

	for (; *words; words++)
		list_add(&l, *words);
	list_close(&l, end);
}

static void add_table(struct strbuf *out, const char *name, const struct flag_name *table,
		      const char *end)
{
	struct list l = list_open(out, name);

	for (; table->name; table++)
		list_add(&l, table->name);
	list_close(&l, end);
}

static void add_mount_options(struct strbuf *out)
{
	struct list l = list_open(out, "mountOptions");

	for (const struct mount_option *o = flags_mount_options; o->name; o++)
		list_add(&l, o->name);
	list_close(&l, ",");
}

static void add_capabilities(struct strbuf *out)
{
	struct list l = list_open(out, "capabilities");

	for (int cap = 0; cap < 64; cap++)
		if (caps_all() & CAPS_BIT(cap) && caps_name(cap))
			list_add(&l, caps_name(cap));
	list_close(&l, ",");
}

static const char *const hooks[] = {
	"prestart",
	"createRuntime",
	"createContainer",
	"startContainer",
	"poststart",
	"poststop",
	NULL,
};
static const char *const actions[] = {
	"SCMP_ACT_ALLOW",	"SCMP_ACT_ERRNO",
	"SCMP_ACT_KILL",	"SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",	"SCMP_ACT_TRACE",
	"SCMP_ACT_TRAP",	NULL,
};
static const char *const operators[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE",	     "SCMP_CMP_GT", "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL,
};
static const char *const arches[] = {
	"SCMP_ARCH_AARCH64",  "SCMP_ARCH_ARM",	       "SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64",   "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",    "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_RISCV64",
	"SCMP_ARCH_S390",     "SCMP_ARCH_S390X",       "SCMP_ARCH_X32",
	"SCMP_ARCH_X86",      "SCMP_ARCH_X86_64",      NULL,
};
static const char *const filter_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

static void add_seccomp(struct strbuf *out)
{
	strbuf_adds(out, "\"seccomp\":{\"enabled\":true,");
	add_words(out, "actions", actions, ",");
	add_words(out, "operators", operators, ",");
	add_words(out, "archs", arches, ",");
	add_words(out, "knownFlags", filter_flags, ",");
	add_words(out, "supportedFlags", filter_flags, "},");
}

int features_format(struct strbuf *out, struct error *err _unused_)
{
	const struct scmp_version *v = seccomp_version();

	strbuf_addf(out, "{\"ociVersionMin\":\"%s\",\"ociVersionMax\":\"%s\",",
		    SPEC_VERSION_MIN, SPEC_VERSION);
	add_words(out, "hooks", hooks, ",");
	add_mount_options(out);
	strbuf_adds(out, "\"linux\":{");
	add_table(out, "namespaces", flags_namespaces, ",");
	add_capabilities(out);
	strbuf_adds(out, "\"cgroup\":{\"v1\":true,\"v2\":true,\"systemd\":"
#ifdef HAVE_SYSTEMD
			 "true,\"systemdUser\":false,"
#else
			 "false,\"systemdUser\":false,"
#endif
			 "\"rdma\":true},");
	add_seccomp(out);
	strbuf_adds(out, "\"apparmor\":{\"enabled\":true},\"selinux\":{\"enabled\":true},"
			 "\"intelRdt\":{\"enabled\":false},"
			 "\"netDevices\":{\"enabled\":true},\"memoryPolicy\":{");
	add_table(out, "modes", flags_memory_modes, ",");
	add_table(out, "flags", flags_memory_flags, "},");
	strbuf_adds(out, "\"mountExtensions\":{\"idmap\":{\"enabled\":true}}},");
	strbuf_addf(out,
		    "\"annotations\":{\"io.github.seccomp.libseccomp.version\":\"%u.%u.%u\"},",
		    v->major, v->minor, v->micro);
	strbuf_adds(out, "\"potentiallyUnsafeConfigAnnotations\":[\"org.systemd.property.\"]}");
	return 0;
}

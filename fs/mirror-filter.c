/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many files contain sets of CPUs, as lists ("0-3,8") or as masks ("00000000,0000010f"); the
 * file names tell which. Of each set, the CPUs that the view has are kept.
 */
#include "fs/mirror-filter.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/str.h"
#include "lib/strbuf.h"

/* The number after the word at the start of a name: "cpu3"; false: another name. */
static bool parse_numbered(const char *name, const char *word, unsigned int *ret)
{
	uint64_t n;

	if (!str_has_prefix(name, word))
		return false;
	name += strlen(word);
	if (!isdigit((unsigned char)*name) || !proctext_u64(&name, &n) || *name ||
	    n >= CPUS_MAX)
		return false;
	*ret = (unsigned int)n;
	return true;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool mirror_filter_shows(struct view *v, const char *path)
{
	const char *name = base_of(path);
	unsigned int n;

	if (parse_numbered(name, "cpu", &n) || parse_numbered(name, "policy", &n))
		return cpus_has(view_cpus(v), n);
	if (parse_numbered(name, "node", &n))
		return cpus_has(view_nodes(v), n);
	/* Memory blocks of the host. */
	return !parse_numbered(name, "memory", &n);
}

static void list(const struct cpus *keep, const char *text, struct strbuf *out)
{
	struct cpus set;

	if (cpus_parse(&set, text) < 0)
		return;
	if (cpus_intersect(&set, keep))
		cpus_format(&set, out);
	strbuf_addc(out, '\n');
}

static void cpu_list(struct view *v, const char *text, struct strbuf *out)
{
	list(view_cpus(v), text, out);
}

static void node_list(struct view *v, const char *text, struct strbuf *out)
{
	list(view_nodes(v), text, out);
}

static void view_list(struct view *v, const char *text, struct strbuf *out)
{
	(void)text;
	node_cpu_list(v, out);
}

static void no_list(struct view *v, const char *text, struct strbuf *out)
{
	(void)v;
	(void)text;
	strbuf_addc(out, '\n');
}

/* 32-bit words, the highest first; as wide as the kernel's. */
static void mask(struct view *v, const char *text, struct strbuf *out)
{
	const struct cpus *cpus = view_cpus(v);
	unsigned int n_words = 1;

	for (const char *p = text; *p; p++)
		n_words += *p == ',';
	while (isxdigit((unsigned char)*text)) {
		char *end;
		unsigned long word = strtoul(text, &end, 16);

		n_words--;
		for (unsigned int bit = 0; bit < 32; bit++)
			if (!cpus_has(cpus, n_words * 32 + bit))
				word &= ~(1ul << bit);
		strbuf_addf(out, "%0*lx", (int)(end - text), word);
		text = end;
		if (*text == ',' && n_words) {
			strbuf_addc(out, ',');
			text++;
		}
	}
	strbuf_addc(out, '\n');
}

/* "name 4711": the host's counters. */
static void no_counts(struct view *v, const char *text, struct strbuf *out)
{
	(void)v;
	for (const char *line = text; line && *line; line = proctext_next_line(line)) {
		strbuf_add(out, line, strcspn(line, " \n"));
		strbuf_adds(out, " 0\n");
	}
}

typedef void (*filter_fn)(struct view *v, const char *text, struct strbuf *out);

/* Matched by the whole path, or by the end of it. */
static const struct {
	const char *path;
	const char *suffix;
	filter_fn filter;
} filters[] = {
	{"cpu/online", NULL, view_list},
	{"cpu/possible", NULL, view_list},
	{"cpu/present", NULL, view_list},
	{"cpu/enabled", NULL, view_list},
	{"cpu/offline", NULL, no_list},
	{"cpu/isolated", NULL, cpu_list},
	{"cpu/nohz_full", NULL, cpu_list},
	{"node/online", NULL, node_list},
	{"node/possible", NULL, node_list},
	{NULL, "/has_cpu", node_list},
	{NULL, "/has_memory", node_list},
	{NULL, "/has_normal_memory", node_list},
	{NULL, "/has_generic_initiator", node_list},
	{NULL, "/cpulist", cpu_list},
	{NULL, "_cpus_list", cpu_list},
	{NULL, "_siblings_list", cpu_list},
	{NULL, "/shared_cpu_list", cpu_list},
	{NULL, "/cpumap", mask},
	{NULL, "_cpus", mask},
	{NULL, "_siblings", mask},
	{NULL, "/shared_cpu_map", mask},
	{NULL, "/vmstat", no_counts},
	{NULL, "/numastat", no_counts},
};

static filter_fn find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (filters[i].path ? str_eq(filters[i].path, path)
				    : str_has_suffix(path, filters[i].suffix))
			return filters[i].filter;
	return NULL;
}

/* "node/node0/meminfo": the number. */
static bool is_node_meminfo(const char *path, unsigned int *ret)
{
	char *end;

	if (!str_has_prefix(path, "node/node") || !str_has_suffix(path, "/meminfo"))
		return false;
	*ret = (unsigned int)strtoul(path + strlen("node/node"), &end, 10);
	return str_eq(end, "/meminfo");
}

void mirror_filter_text(struct view *v, const char *path, const char *text, struct strbuf *out)
{
	filter_fn filter = find(path);
	unsigned int node;

	if (is_node_meminfo(path, &node))
		node_meminfo_of_node(v, node, text, out);
	else if (filter)
		filter(v, text, out);
	else
		strbuf_adds(out, text);
}

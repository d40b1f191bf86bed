/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fs/handler.h"
#include "fs/proctext.h"
#include "fs/view.h"
#include "lib/strbuf.h"

void node_cpu_list(struct view *v, struct strbuf *out)
{
	cpus_format(view_cpus(v), out);
	strbuf_addc(out, '\n');
}

static void add_line(struct strbuf *out, const char *line)
{
	const char *end = strchrnul(line, '\n');

	strbuf_add(out, line, (size_t)(end - line));
	strbuf_addc(out, '\n');
}

/* The value after "name\t: ". */
static const char *value_of(const char *line, const char *name)
{
	for (; *name; name++, line++)
		if (*line != *name)
			return NULL;
	line += strspn(line, " \t");
	return *line == ':' ? line + 1 : NULL;
}

/* A count of CPUs cannot exceed the number of CPUs. */
static bool add_count(struct strbuf *out, const char *line, const char *name, unsigned int n)
{
	const char *value = value_of(line, name);
	uint64_t count;

	if (!value || !proctext_u64(&value, &count) || count <= n)
		return false;
	strbuf_add(out, line, (size_t)(strchr(line, ':') - line));
	strbuf_addf(out, ": %u\n", n);
	return true;
}

/* The sections of the visible CPUs; anything outside of sections applies to all. */
void node_cpuinfo(struct view *v, struct strbuf *out)
{
	const struct cpus *cpus = view_cpus(v);
	unsigned int n = view_n_cpus(v);
	bool is_seen = true;

	for (const char *line = view_text(v, VIEW_CPUINFO); line && *line;
	     line = proctext_next_line(line)) {
		const char *number = value_of(line, "processor");
		uint64_t cpu;

		if (number && proctext_u64(&number, &cpu))
			is_seen = cpu < CPUS_MAX && cpus_has(cpus, (unsigned int)cpu);
		if (is_seen && !add_count(out, line, "siblings", n) &&
		    !add_count(out, line, "cpu cores", n))
			add_line(out, line);
		/* After the empty line that ends a section. */
		if (*line == '\n')
			is_seen = true;
	}
}

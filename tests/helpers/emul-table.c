/* SPDX-License-Identifier: Apache-2.0 */
/* The table of emulated files as docs/emulation.md has it: docs/emulation.sh puts it there. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/emul.h"

static const char *const kinds[] = {
	[EMUL_TEXT] = "the container's",
	[EMUL_VALUE] = "private value",
	[EMUL_FIXED] = "fixed",
	[EMUL_LOG] = "empty log",
	[EMUL_PRESSURE] = "its cgroup's",
	[EMUL_DIRECTORY] = "directory",
	[EMUL_MIRROR] = "the host's, filtered",
};

static const char *const conns[] = {
	[EMUL_FAST] = "fast",
	[EMUL_PLAIN] = "plain",
	[EMUL_BOTH] = "fast if short",
};

static void print_limit(int64_t n)
{
	if (n == INT32_MIN || n == INT32_MAX || n == INT64_MAX)
		printf("%s%s", n < 0 ? "-" : "", n == INT64_MAX ? "2^63-1" : "2^31-1");
	else
		printf("%" PRId64, n);
}

static void print_number(const struct emul_value *v, const char *what)
{
	if (v->count > 1)
		printf("%u times ", v->count);
	if (v->min == INT32_MIN && v->max == INT32_MAX) {
		printf("any %s", what);
		return;
	}
	printf("%s, ", what);
	print_limit(v->min);
	printf(" to ");
	print_limit(v->max);
	if (v->flags & EMUL_STAYS_AT_MAX)
		printf("; stays there");
}

static void print_words(const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		printf("%s%s", i ? ", " : "", words[i]);
}

static void print_value(const struct emul_value *v)
{
	switch (v->check) {
	case EMUL_INT:
		print_number(v, "int");
		break;
	case EMUL_UINT:
		print_number(v, "unsigned int");
		break;
	case EMUL_ULONG:
		print_number(v, "unsigned long");
		break;
	case EMUL_STRING:
		printf("text of %" PRId64 " bytes", v->max);
		break;
	case EMUL_WORD:
		print_words(v->words);
		break;
	}
}

static void print_row(const struct emul_file *f)
{
	printf("| `/%s` | %s | %s | %04o | %s | ", f->path, emul_group_name(f->group),
	       kinds[f->kind], f->mode, conns[f->conn]);
	if (f->kind == EMUL_VALUE)
		print_value(&f->value);
	printf(" |\n");
}

int main(void)
{
	printf("| file | group | shows | mode | connection | takes |\n"
	       "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < n_emul_files; i++)
		print_row(&emul_files[i]);
	printf("\nHidden where everybody could read them, as empty files:\n\n");
	for (size_t i = 0; emul_hidden[i]; i++)
		printf("* `/%s`\n", emul_hidden[i]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "src/spec-check-words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"
#include "src/spec.h"

/* The largest CONFIG_NR_CPUS there is; memory nodes are fewer. */
#define CPU_NUMBER_MAX 8191

bool spec_check_is_word(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (str_eq(*words, word))
			return true;
	return false;
}

bool spec_check_is_one_word(const char *s)
{
	if (str_is_empty(s))
		return false;
	for (; *s; s++)
		if (isspace((unsigned char)*s) || iscntrl((unsigned char)*s))
			return false;
	return true;
}

int spec_check_max(const struct maybe_u64 *v, uint64_t max, const char *where,
		   struct error *err)
{
	if (v->present && v->value > max)
		return error_set(err, ERANGE, "%s: %llu is out of range (0 to %llu)", where,
				 (unsigned long long)v->value, (unsigned long long)max);
	return 0;
}

int spec_check_absolute(const char *path, const char *where, struct error *err)
{
	if (str_is_empty(path))
		return invalid(err, "%s: must not be empty", where);
	if (*path != '/')
		return invalid(err, "%s: must be an absolute path, not \"%s\"", where, path);
	return 0;
}

const char *spec_check_skip_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n < 10 ? s + n : NULL;
}

/* "7" or "0-3"; returns what follows it, or NULL where there is no such thing. */
static const char *skip_cpu_range(const char *s)
{
	const char *rest = spec_check_skip_number(s);
	unsigned long first, last;

	if (!rest)
		return NULL;
	first = last = strtoul(s, NULL, 10);
	if (*rest == '-') {
		s = rest + 1;
		rest = spec_check_skip_number(s);
		if (!rest)
			return NULL;
		last = strtoul(s, NULL, 10);
	}
	return first <= last && last <= CPU_NUMBER_MAX ? rest : NULL;
}

/* runc lets blanks and superfluous commas pass. */
bool spec_check_is_number_list(const char *s)
{
	static const char filler[] = ", \t\n";

	for (s += strspn(s, filler); *s; s += strspn(s, filler)) {
		s = skip_cpu_range(s);
		if (!s || (*s && !strchr(filler, *s)))
			return false;
	}
	return true;
}

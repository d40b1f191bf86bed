/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/str.h"
#include "lib/strv.h"

/* A word of the command line taken apart: "--name=value" or "-n". */
struct word {
	const char *name;
	size_t name_len;
	const char *value; /* behind '=', or NULL */
};

static bool word_is_option(const char *s)
{
	return s[0] == '-' && s[1] != '\0' && !str_eq(s, "--");
}

static struct word word_split(const char *s)
{
	struct word w = {.name = s + (s[1] == '-' ? 2 : 1)};
	const char *eq = strchr(w.name, '=');

	w.name_len = eq ? (size_t)(eq - w.name) : strlen(w.name);
	w.value = eq ? eq + 1 : NULL;
	return w;
}

static bool word_is(const struct word *w, const char *name)
{
	return strlen(name) == w->name_len && !strncmp(w->name, name, w->name_len);
}

static const struct cli_option *option_find(const struct cli_option *options,
					    const struct word *w)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		if (word_is(w, o->name))
			return o;
		if (o->letter && w->name_len == 1 && w->name[0] == o->letter)
			return o;
	}
	return NULL;
}

static bool option_takes_value(const struct cli_option *o)
{
	return o->kind != CLI_FLAG && o->kind != CLI_IGNORED_FLAG;
}

static int flag_store(const struct cli_option *o, bool *into, const char *value,
		      struct error *err)
{
	if (!value || str_eq(value, "true") || str_eq(value, "1"))
		*into = true;
	else if (str_eq(value, "false") || str_eq(value, "0"))
		*into = false;
	else
		return error_set(err, EINVAL, "--%s takes true or false, not \"%s\"", o->name,
				 value);
	return 0;
}

static int option_store(const struct cli_option *o, void *into, const char *value,
			struct error *err)
{
	void *field = (char *)into + o->offset;

	switch (o->kind) {
	case CLI_FLAG:
		return flag_store(o, field, value, err);
	case CLI_STRING:
		*(const char **)field = value;
		return 0;
	case CLI_STRINGS:
		strv_add(field, value);
		return 0;
	case CLI_INT:
		if (str_to_int(value, field) < 0)
			return error_set(err, EINVAL, "--%s takes a number, not \"%s\"",
					 o->name, value);
		return 0;
	case CLI_IGNORED:
	case CLI_IGNORED_FLAG:
		return 0;
	}
	return 0;
}

int cli_parse(const struct cli_option *options, void *into, unsigned int flags, int argc,
	      char **argv, int *ret_n_args, bool *ret_help, struct error *err)
{
	bool ended = false;
	int n_args = 0, r;

	*ret_help = false;
	for (int i = 1; i < argc; i++) {
		const struct cli_option *o;
		struct word w;

		if (ended || !word_is_option(argv[i])) {
			if (!ended && str_eq(argv[i], "--")) {
				ended = true;
				continue;
			}
			ended = ended || !(flags & CLI_PERMUTE);
			/* Behind the words that were consumed already: never overtakes i. */
			argv[1 + n_args++] = argv[i];
			continue;
		}
		w = word_split(argv[i]);
		if (word_is(&w, "help") || word_is(&w, "h")) {
			*ret_help = true;
			continue;
		}
		o = option_find(options, &w);
		if (!o)
			return error_set(err, EINVAL, "unknown option %s", argv[i]);
		if (option_takes_value(o) && !w.value) {
			if (i + 1 >= argc)
				return error_set(err, EINVAL, "option %s needs a value",
						 argv[i]);
			w.value = argv[++i];
		}
		r = option_store(o, into, w.value, err);
		if (r < 0)
			return r;
	}
	argv[1 + n_args] = NULL;
	*ret_n_args = n_args;
	return 0;
}

void cli_print_options(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		char left[64];

		if (o->kind == CLI_IGNORED || o->kind == CLI_IGNORED_FLAG)
			continue;
		(void)snprintf(left, sizeof(left), "%s%c%s--%s %s", o->letter ? "-" : " ",
			       o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			       o->argument ? o->argument : "");
		printf("  %-34s %s\n", left, o->help);
	}
}

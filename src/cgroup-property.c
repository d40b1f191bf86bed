/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cgroup-property.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "lib/strbuf.h"

#define USEC_PER_SEC 1000000

/* Words before a value that say its type, GVariant Text Format, "Type annotations". */
static const struct {
	const char *word;
	char type;
} type_words[] = {
	{"boolean", 'b'}, {"byte", 'y'},   {"int16", 'n'},	{"uint16", 'q'},
	{"int32", 'i'},	  {"uint32", 'u'}, {"int64", 'x'},	{"uint64", 't'},
	{"double", 'd'},  {"string", 's'}, {"objectpath", 'o'}, {"signature", 'g'},
};

static const struct {
	char type;
	int64_t min;
	uint64_t max;
} ranges[] = {
	{'b', 0, 1},
	{'y', 0, UINT8_MAX},
	{'n', INT16_MIN, INT16_MAX},
	{'q', 0, UINT16_MAX},
	{'i', INT32_MIN, INT32_MAX},
	{'u', 0, UINT32_MAX},
	{'x', INT64_MIN, INT64_MAX},
	{'t', 0, UINT64_MAX},
};

void property_done(struct property *p)
{
	for (size_t i = 0; i < p->n_items; i++)
		free(p->items[i].text);
	free(p->items);
	free(p->name);
	*p = (struct property){0};
}

static const char *skip_blanks(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* A type word or "@t" in front: *s moves behind it. 0: none. */
static char take_type(const char **s)
{
	if ((*s)[0] == '@' && (*s)[1] && strchr("bynqiuxtdsog", (*s)[1])) {
		char type = (*s)[1];

		*s = skip_blanks(*s + 2);
		return type;
	}
	for (size_t i = 0; i < ARRAY_SIZE(type_words); i++) {
		size_t len = strlen(type_words[i].word);

		if (strncmp(*s, type_words[i].word, len) == 0 &&
		    isspace((unsigned char)(*s)[len])) {
			*s = skip_blanks(*s + len);
			return type_words[i].type;
		}
	}
	return 0;
}

/* 'text' or "text", a backslash takes the next character as it is, \n and \t are known. */
static int take_string(const char **s, char **ret)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_EMPTY;
	char quote = **s;
	const char *p = *s + 1;

	for (; *p && *p != quote; p++) {
		if (*p != '\\') {
			strbuf_addc(&b, *p);
			continue;
		}
		p++;
		if (!*p)
			return -EINVAL;
		strbuf_addc(&b, *p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
	}
	if (*p != quote)
		return -EINVAL;
	*s = p + 1;
	strbuf_adds(&b, "");
	*ret = strbuf_take(&b);
	return 0;
}

static int in_range(struct property_item *item, char type, bool negative, uint64_t magnitude)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (ranges[i].type != type)
			continue;
		if (!negative && magnitude > ranges[i].max)
			return -ERANGE;
		if (negative && magnitude > (uint64_t) - (ranges[i].min + 1) + 1)
			return -ERANGE;
		if (negative && ranges[i].min == 0 && magnitude > 0)
			return -ERANGE;
		item->u = magnitude;
		item->i = negative ? (int64_t)-magnitude : (int64_t)magnitude;
		return 0;
	}
	return -EINVAL;
}

/* A word up to a blank, a comma or a bracket: true, false, or a number. */
static int take_word(const char **s, char *type, struct property_item *item)
{
	size_t len = strcspn(*s, " \t\n,]");
	_cleanup_free_ char *word = xstrndup(*s, len);
	bool negative = *word == '-';
	const char *digits = word + (negative || *word == '+');
	uint64_t magnitude;
	char *end;

	*s += len;
	if (str_eq(word, "true") || str_eq(word, "false")) {
		if (!*type)
			*type = 'b';
		item->u = str_eq(word, "true");
		return *type == 'b' ? 0 : -EINVAL;
	}
	if (!isdigit((unsigned char)*digits) || *type == 'b')
		return -EINVAL;
	if (*type == 'd' || (!*type && strpbrk(word, ".eE") && !str_has_prefix(digits, "0x"))) {
		*type = 'd';
		item->d = strtod(word, &end);
		return *end ? -EINVAL : 0;
	}
	if (!*type)
		*type = 'i';
	errno = 0;
	magnitude = strtoull(digits, &end, 0);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE)
		return -ERANGE;
	return in_range(item, *type, negative, magnitude);
}

/* One scalar; *type is 0 or what it must be, and is set. */
static int take_scalar(const char **s, char *type, struct property_item *item)
{
	char said = take_type(s);

	if (said && *type && said != *type)
		return -EINVAL;
	if (said)
		*type = said;
	if (**s != '\'' && **s != '"')
		return take_word(s, type, item);
	if (!*type)
		*type = 's';
	if (*type != 's' && *type != 'o' && *type != 'g')
		return -EINVAL;
	return take_string(s, &item->text);
}

static struct property_item *item_add(struct property *p)
{
	return array_add((void **)&p->items, &p->n_items, sizeof(*p->items));
}

static int take_array(const char **s, struct property *p)
{
	*s = skip_blanks(*s + 1);
	p->is_array = true;
	while (**s != ']') {
		int r = take_scalar(s, &p->type, item_add(p));

		if (r < 0)
			return r;
		*s = skip_blanks(*s);
		if (**s == ',')
			*s = skip_blanks(*s + 1);
		else if (**s != ']')
			return -EINVAL;
	}
	(*s)++;
	/* "[]" says nothing of its type; "@as []" does. */
	return p->type ? 0 : -EINVAL;
}

static int parse_value(struct property *p, const char *value)
{
	const char *s = skip_blanks(value);
	int r;

	if (s[0] == '@' && s[1] == 'a' && s[2] && strchr("bynqiuxtdsog", s[2])) {
		p->type = s[2];
		s = skip_blanks(s + 3);
		if (*s != '[')
			return -EINVAL;
	}
	r = *s == '[' ? take_array(&s, p) : take_scalar(&s, &p->type, item_add(p));
	if (r < 0)
		return r;
	return *skip_blanks(s) ? -EINVAL : 0;
}

static int check_name(const char *name, struct error *err)
{
	if (strlen(name) < 3)
		return error_set(err, EINVAL,
				 "annotation org.systemd.property.%s: name too short", name);
	for (const char *p = name; *p; p++)
		if (!isalpha((unsigned char)*p))
			return error_set(err, EINVAL,
					 "annotation org.systemd.property.%s: name contains "
					 "non-alphabetic character",
					 name);
	return 0;
}

/* "xxxSec", but not "xxxUSec": systemd's D-Bus interface counts microseconds. */
static bool is_seconds(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && str_has_suffix(name, "Sec") && islower((unsigned char)name[len - 4]);
}

static int to_microseconds(struct property *p)
{
	struct property_item *item = &p->items[0];
	uint64_t usec;

	if (p->is_array || !strchr("ynqiuxtd", p->type))
		return -EINVAL;
	if (p->type == 'd') {
		if (item->d < 0 || item->d > 1e12)
			return -ERANGE;
		usec = (uint64_t)(item->d * USEC_PER_SEC);
	} else if ((strchr("nix", p->type) && item->i < 0) ||
		   __builtin_mul_overflow(item->u, (uint64_t)USEC_PER_SEC, &usec)) {
		return -ERANGE;
	}
	p->type = 't';
	item->u = usec;
	return 0;
}

int property_parse(struct property *ret, const char *name, const char *value, struct error *err)
{
	_cleanup_(property_done) struct property p = {0};
	int r;

	r = check_name(name, err);
	if (r < 0)
		return r;
	r = parse_value(&p, value);
	if (r == 0 && is_seconds(name)) {
		r = to_microseconds(&p);
		p.name = xasprintf("%.*sUSec", (int)(strlen(name) - 3), name);
	} else {
		p.name = xstrdup(name);
	}
	if (r < 0)
		return error_set(
			err, -r,
			"annotation org.systemd.property.%s: \"%s\" is no D-Bus value of a "
			"supported type",
			name, value);
	*ret = p;
	p = (struct property){0};
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * A program that writes "1" to vm.overcommit_memory wants to read it back rather than to be
 * refused; the effect is not needed, or the host's administrator has decided already. So the
 * value is kept here, and goes nowhere else unless the administrator says so.
 *
 * A row applies only where the kernel refuses the container's root: kernels that have learned
 * to keep a value per namespace (kernel.pid_max in 6.14) are left to it. src/do-emul.c
 * checks.
 *
 * The text is parsed as the kernel's handlers do it, so that a program gets the same errno
 * and the same return value: numbers in any base of C; fewer of them than there are (the
 * others stay); what follows the last one is left for another write, which is then at another
 * position and has no effect. One difference: if a list contains a bad number, none of it is
 * taken.
 */
#include "fs/node-value.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/emul.h"
#include "lib/fd.h"
#include "lib/macro.h"
#include "lib/str.h"

#define SYS_PREFIX  "proc/sys/"
#define STORE_MAX   192 /* rows in a store */
#define NUMBERS_MAX 8	/* of one value */
#define DIGITS_MAX  20	/* the kernel's TMPBUFLEN less one */
#define BLANKS	    " \t\n"

struct node_values_store {
	struct {
		uint32_t is_set;
		char text[NODE_VALUE_MAX]; /* without a newline */
	} rows[STORE_MAX];
};

int node_values_map(struct node_values_store **ret, struct error *err)
{
	void *p;

	if (n_emul_files > STORE_MAX)
		return error_set(err, E2BIG, "more than %d emulated files", STORE_MAX);
	p = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		 0);
	if (p == MAP_FAILED)
		return error_errno(err, errno, "map the memory of private sysctls");
	*ret = p;
	return 0;
}

void node_values_unmap(struct node_values_store *s)
{
	if (s)
		(void)munmap(s, sizeof(*s));
}

static size_t index_of(const struct emul_file *row)
{
	return (size_t)(row - emul_files);
}

/* ------------------------------------------------------------------ reading */

static ssize_t put(char ret[NODE_VALUE_MAX], const char *text)
{
	int n = snprintf(ret, NODE_VALUE_MAX, "%s\n", text);

	return n < NODE_VALUE_MAX ? n : NODE_VALUE_MAX - 1;
}

static const char *host_path(const struct emul_file *row)
{
	return row->value.host ? row->value.host : row->path + strlen(SYS_PREFIX);
}

int *node_value_fds_new(void)
{
	int *fds = xcalloc(n_emul_files, sizeof(*fds));

	for (size_t i = 0; i < n_emul_files; i++)
		fds[i] = -EBADF;
	return fds;
}

/* Each read from position 0 generates the text anew. */
static ssize_t read_host(const struct emul_file *row, const struct node_value_host *host,
			 char ret[NODE_VALUE_MAX])
{
	_cleanup_close_ int fd = -EBADF;
	int *kept = host->fds ? &host->fds[index_of(row)] : &fd;
	ssize_t n;

	if (*kept < 0)
		*kept = openat(host->sys_dirfd, host_path(row), O_RDONLY | O_CLOEXEC);
	n = *kept < 0 ? -1 : pread(*kept, ret, NODE_VALUE_MAX - 1, 0);
	if (n <= 0)
		return n;
	if (ret[n - 1] != '\n')
		ret[n++] = '\n';
	return n;
}

/* ------------------------------------------------------------------ numbers */

struct number {
	bool is_negative;
	uint64_t magnitude;
};

/* proc_get_long(): *s then points after it. */
static int parse_number(const char **s, struct number *ret)
{
	char digits[DIGITS_MAX + 2], *end;
	const char *p = *s;
	size_t len;

	ret->is_negative = *p == '-';
	p += ret->is_negative;
	len = strcspn(p, BLANKS);
	if (!isdigit((unsigned char)*p) || len >= DIGITS_MAX)
		return -EINVAL;
	memcpy(digits, p, len);
	digits[len] = '\0';
	errno = 0;
	ret->magnitude = strtoull(digits, &end, 0);
	if (*end || errno)
		return -EINVAL;
	*s = p + len;
	return 0;
}

/* The value of a number; 1: skip it. */
static int convert(const struct emul_value *v, const struct number *n, int64_t *ret)
{
	uint64_t max = v->check == EMUL_UINT ? UINT_MAX : INT64_MAX;

	if (v->check == EMUL_ULONG && n->is_negative)
		return 1;
	if (v->check == EMUL_UINT && n->is_negative && n->magnitude)
		return -EINVAL;
	if (n->magnitude > max)
		return -EINVAL;
	*ret = n->is_negative ? -(int64_t)n->magnitude : (int64_t)n->magnitude;
	return *ret < v->min || *ret > v->max ? -EINVAL : 0;
}

/* Parses all that there are; returns how many, with *s after the last. */
static int parse_numbers(const struct emul_value *v, const char **s, int64_t ret[NUMBERS_MAX])
{
	unsigned int i;

	for (i = 0; i < v->count && i < NUMBERS_MAX; i++) {
		struct number n;
		int r;

		*s += strspn(*s, BLANKS);
		if (!**s)
			break;
		r = parse_number(s, &n);
		if (r == 0)
			r = convert(v, &n, &ret[i]);
		if (r < 0)
			return r;
	}
	*s += strspn(*s, BLANKS);
	return (int)i;
}

static void format_numbers(const int64_t *numbers, size_t n, char ret[NODE_VALUE_MAX])
{
	size_t len = 0;

	*ret = '\0';
	for (size_t i = 0; i < n && len < NODE_VALUE_MAX; i++)
		len += (size_t)snprintf(ret + len, NODE_VALUE_MAX - len, "%s%" PRId64,
					i ? "\t" : "", numbers[i]);
}

/* The current numbers, however many there are. */
static void present_numbers(const char *text, size_t count, int64_t ret[NUMBERS_MAX])
{
	for (size_t i = 0; i < count && i < NUMBERS_MAX; i++) {
		char *end;

		ret[i] = strtoll(text, &end, 10);
		text = end;
	}
}

/* A file that exists only on other kernels or machines starts with its lowest value. */
static ssize_t put_first(const struct emul_value *v, char ret[NODE_VALUE_MAX])
{
	int64_t numbers[NUMBERS_MAX];
	char text[NODE_VALUE_MAX] = "";

	if (v->check == EMUL_WORD)
		return put(ret, v->words[0]);
	if (v->check == EMUL_STRING)
		return put(ret, "");
	for (size_t i = 0; i < v->count && i < NUMBERS_MAX; i++)
		numbers[i] = v->min > 0 ? v->min : 0;
	format_numbers(numbers, v->count, text);
	return put(ret, text);
}

ssize_t node_value_read(const struct emul_file *row, const struct node_values_store *s,
			const struct node_value_host *host, char ret[NODE_VALUE_MAX])
{
	ssize_t n;

	if (s->rows[index_of(row)].is_set)
		return put(ret, s->rows[index_of(row)].text);
	n = read_host(row, host, ret);
	return n < 0 ? put_first(&row->value, ret) : n;
}

/* ------------------------------------------------------------------ writing */

/* One write: `value` is the current value, and becomes the new one. */
struct change {
	const struct emul_value *row;
	const struct node_value_text *text;
	const char *data; /* of the text, NUL-terminated */
	char *value;
};

static ssize_t write_numbers(const struct change *c)
{
	int64_t numbers[NUMBERS_MAX] = {0};
	const char *p = c->data;
	int64_t before;
	int n;

	if (c->text->at != 0)
		return (ssize_t)c->text->len;
	present_numbers(c->value, c->row->count, numbers);
	before = numbers[0];
	n = parse_numbers(c->row, &p, numbers);
	if (n <= 0)
		return n < 0 ? n : -EINVAL;
	if (c->row->flags & EMUL_STAYS_AT_MAX && before == c->row->max && numbers[0] != before)
		return -EINVAL;
	format_numbers(numbers, c->row->count, c->value);
	return p - c->data;
}

/* The rest of the value may come in a later write, and is appended. */
static ssize_t write_string(const struct change *c)
{
	size_t at = (size_t)c->text->at, len = strcspn(c->data, "\n");

	if (at > strlen(c->value))
		return (ssize_t)c->text->len;
	if (at >= (size_t)c->row->max)
		len = 0;
	else if (len > (size_t)c->row->max - at)
		len = (size_t)c->row->max - at;
	memcpy(c->value + at, c->data, len);
	c->value[at + len] = '\0';
	return (ssize_t)c->text->len;
}

static ssize_t write_word(const struct change *c)
{
	size_t len = strcspn(c->data, "\n");

	if (c->text->at != 0)
		return (ssize_t)c->text->len;
	for (const char *const *w = c->row->words; *w; w++)
		if (strlen(*w) == len && strncmp(*w, c->data, len) == 0) {
			(void)snprintf(c->value, NODE_VALUE_MAX, "%s", *w);
			return (ssize_t)c->text->len;
		}
	return -EINVAL;
}

static ssize_t write_value(const struct change *c)
{
	switch (c->row->check) {
	case EMUL_INT:
	case EMUL_UINT:
	case EMUL_ULONG:
		return write_numbers(c);
	case EMUL_STRING:
		return write_string(c);
	case EMUL_WORD:
		return write_word(c);
	}
	return -EINVAL;
}

/* Only upwards: what another container has asked for stays. */
static int raise_host(const struct emul_file *row, int fd, const char *value)
{
	char present[NODE_VALUE_MAX];
	ssize_t n = pread(fd, present, sizeof(present) - 1, 0);

	if (n < 0)
		return -errno;
	present[n] = '\0';
	if (row->value.check <= EMUL_ULONG &&
	    strtoll(value, NULL, 10) <= strtoll(present, NULL, 10))
		return 0;
	return pwrite(fd, value, strlen(value), 0) < 0 ? -errno : 0;
}

ssize_t node_value_write(const struct emul_file *row, const struct node_value_place *p,
			 const struct node_value_text *t)
{
	_cleanup_free_ char *data = strndup(t->data, t->len);
	char value[NODE_VALUE_MAX];
	const struct change c = {&row->value, t, data, value};
	ssize_t n = node_value_read(row, p->store, &p->host, value), taken;
	int r;

	if (!data || !(row->mode & 0222) || t->at < 0)
		return data ? -EACCES : -ENOMEM;
	value[n > 0 ? n - 1 : 0] = '\0';
	/* No number and no word has a NUL in it. */
	if (strlen(data) != t->len && row->value.check != EMUL_STRING)
		return -EINVAL;
	taken = write_value(&c);
	if (taken < 0)
		return taken;
	r = p->host_fd < 0 ? 0 : raise_host(row, p->host_fd, value);
	if (r < 0)
		return r;
	/*
	 * Never seen half-written: the flag is set after the text, and a reader is the same
	 * process.
	 */
	memcpy(p->store->rows[index_of(row)].text, value, sizeof(value));
	__atomic_store_n(&p->store->rows[index_of(row)].is_set, 1, __ATOMIC_SEQ_CST);
	return taken;
}

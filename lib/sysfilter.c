/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * For every architecture the numbers fall into spans with one answer each: an
 * action, or the tests of one call's arguments. A profile that allows 400 calls has
 * some 60 spans, as allowed numbers are mostly neighbours. A binary tree over the
 * first numbers of the spans finds the answer in six comparisons.
 *
 * Jumps of classic BPF lead forward only, and conditional ones not beyond 255
 * instructions. So the program is written from its end to its beginning: whoever
 * writes a jump knows where it leads. A target that is too far gets a stepping
 * stone: another copy of the `ret` that it is, or an unconditional jump, which has
 * no such limit. The buffer holds the program in reverse until it is done; a
 * label is an index into that.
 *
 * Nothing follows from an instruction to the next but what was just written: every
 * test names both of its successors.
 */
#include "lib/sysfilter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/macro.h"

/* Below 255, as writing one stepping stone moves the other target by one. */
#define JUMP_MAX    250
#define NR_OFFSET   offsetof(struct seccomp_data, nr)
#define ARCH_OFFSET offsetof(struct seccomp_data, arch)
#define ACTIONS_MAX 64

typedef size_t label;

/* The answer for a span: an action, or the rules to try first. */
struct answer {
	uint32_t action;
	const struct sysfilter_rule *rules;
	size_t n_rules;
	bool is_64bit;
};

struct span {
	uint32_t first;
	struct answer answer;
};

struct compiler {
	const struct sysfilter *f;
	struct sock_filter *reversed;
	size_t n;
	bool is_full;
	/* The latest `ret` of each action. */
	struct {
		uint32_t action;
		label at;
	} rets[ACTIONS_MAX];
	size_t n_rets;
	struct span *spans; /* of one architecture */
	size_t n_spans;
};

/* Instructions. */

static label emit(struct compiler *c, uint16_t code, size_t jt, size_t jf, uint32_t k)
{
	if (c->n == BPF_MAXINSNS) {
		c->is_full = true;
		return 0;
	}
	c->reversed[c->n] = (struct sock_filter){code, (uint8_t)jt, (uint8_t)jf, k};
	return c->n++;
}

/* How far the next instruction would have to jump. */
static size_t distance(const struct compiler *c, label target)
{
	return c->n - target - 1;
}

static label emit_ret(struct compiler *c, uint32_t action)
{
	size_t i = 0;

	while (i < c->n_rets && c->rets[i].action != action)
		i++;
	if (i < c->n_rets && distance(c, c->rets[i].at) <= JUMP_MAX)
		return c->rets[i].at;
	if (i == ACTIONS_MAX)
		i--; /* more kinds than profiles have: the last ones share a place */
	if (i == c->n_rets)
		c->n_rets++;
	c->rets[i].action = action;
	c->rets[i].at = emit(c, BPF_RET | BPF_K, 0, 0, action);
	return c->rets[i].at;
}

static label within_reach(struct compiler *c, label target)
{
	if (distance(c, target) <= JUMP_MAX)
		return target;
	if (BPF_CLASS(c->reversed[target].code) == BPF_RET)
		return emit_ret(c, c->reversed[target].k);
	return emit(c, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(c, target));
}

static label emit_test(struct compiler *c, uint16_t op, uint32_t k, label yes, label no)
{
	yes = within_reach(c, yes);
	no = within_reach(c, no);
	return emit(c, BPF_JMP | op | BPF_K, distance(c, yes), distance(c, no), k);
}

/* What was written last follows this. */
static label emit_load(struct compiler *c, size_t offset)
{
	return emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static label emit_and(struct compiler *c, uint32_t mask)
{
	return emit(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
}

/* Tests of arguments. */

static size_t low_offset(unsigned int index)
{
	size_t at = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);

	return at + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0);
}

static size_t high_offset(unsigned int index)
{
	size_t at = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);

	return at + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 0 : sizeof(uint32_t));
}

/* arg > value, or >= with `op` BPF_JGE. */
static label emit_above(struct compiler *c, const struct sysfilter_arg *a, bool is_64bit,
			uint16_t op, label yes, label no)
{
	uint32_t high = (uint32_t)(a->value >> 32);
	label low;

	(void)emit_test(c, op, (uint32_t)a->value, yes, no);
	low = emit_load(c, low_offset(a->index));
	if (!is_64bit)
		return low;
	low = emit_test(c, BPF_JEQ, high, low, no);
	(void)emit_test(c, BPF_JGT, high, yes, low);
	return emit_load(c, high_offset(a->index));
}

/* (arg & mask) == value */
static label emit_masked(struct compiler *c, const struct sysfilter_arg *a, uint64_t mask,
			 uint64_t value, bool is_64bit, label yes, label no)
{
	label low;

	(void)emit_test(c, BPF_JEQ, (uint32_t)(value & mask), yes, no);
	if ((uint32_t)mask != UINT32_MAX)
		(void)emit_and(c, (uint32_t)mask);
	low = emit_load(c, low_offset(a->index));
	if (!is_64bit || !(mask >> 32))
		return low;
	(void)emit_test(c, BPF_JEQ, (uint32_t)((value & mask) >> 32), low, no);
	if (mask >> 32 != UINT32_MAX)
		(void)emit_and(c, (uint32_t)(mask >> 32));
	return emit_load(c, high_offset(a->index));
}

static label emit_arg(struct compiler *c, const struct sysfilter_arg *a, bool is_64bit,
		      label yes, label no)
{
	switch (a->op) {
	case SYSFILTER_EQ:
		return emit_masked(c, a, UINT64_MAX, a->value, is_64bit, yes, no);
	case SYSFILTER_NE:
		return emit_masked(c, a, UINT64_MAX, a->value, is_64bit, no, yes);
	case SYSFILTER_MASKED_EQ:
		return emit_masked(c, a, a->value, a->value_two, is_64bit, yes, no);
	case SYSFILTER_GT:
		return emit_above(c, a, is_64bit, BPF_JGT, yes, no);
	case SYSFILTER_GE:
		return emit_above(c, a, is_64bit, BPF_JGE, yes, no);
	case SYSFILTER_LE:
		return emit_above(c, a, is_64bit, BPF_JGT, no, yes);
	case SYSFILTER_LT:
		return emit_above(c, a, is_64bit, BPF_JGE, no, yes);
	}
	return no;
}

static label emit_answer(struct compiler *c, const struct answer *a)
{
	label next = emit_ret(c, a->action);

	for (size_t i = a->n_rules; i-- > 0;) {
		const struct sysfilter_rule *r = &a->rules[i];
		label yes, no = next;

		if (!r->n_args)
			continue;
		yes = emit_ret(c, r->action);
		for (size_t k = r->n_args; k-- > 0;)
			yes = emit_arg(c, &r->args[k], a->is_64bit, yes, no);
		next = yes;
	}
	return next;
}

/* The tree over spans [from, to). */
static label emit_tree(struct compiler *c, size_t from, size_t to)
{
	size_t middle = from + (to - from) / 2;
	label below, above;

	if (to - from == 1)
		return emit_answer(c, &c->spans[from].answer);
	above = emit_tree(c, middle, to);
	below = emit_tree(c, from, middle);
	return emit_test(c, BPF_JGE, c->spans[middle].first, above, below);
}

/* Spans. */

static bool is_same(const struct answer *a, const struct answer *b)
{
	return !a->rules && !b->rules && a->action == b->action;
}

static void add_span(struct compiler *c, uint32_t first, struct answer a)
{
	struct span *s;

	if (c->n_spans && c->spans[c->n_spans - 1].first == first)
		c->n_spans--; /* the one before was empty */
	if (c->n_spans && is_same(&c->spans[c->n_spans - 1].answer, &a))
		return;
	s = array_add((void **)&c->spans, &c->n_spans, sizeof(*s));
	s->first = first;
	s->answer = a;
}

static bool lets_pass(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* All rules of one call: see struct sysfilter_rule. */
static struct answer answer_of(const struct compiler *c, const struct sysfilter_rule *rules,
			       size_t n)
{
	struct answer a = {.action = c->f->default_action, .rules = rules, .n_rules = n};
	bool is_absolute = false, has_args = false;

	for (size_t i = 0; i < n; i++) {
		has_args |= rules[i].n_args > 0;
		if (rules[i].n_args || is_absolute)
			continue;
		a.action = rules[i].action;
		is_absolute = true;
	}
	a.is_64bit = c->f->abis[rules->abi].is_64bit;
	if (!has_args || (is_absolute && !lets_pass(a.action))) {
		a.rules = NULL;
		a.n_rules = 0;
	}
	return a;
}

/* Returns the rules behind those of this ABI. */
static const struct sysfilter_rule *add_abi(struct compiler *c, unsigned int abi,
					    const struct sysfilter_rule *r,
					    const struct sysfilter_rule *end)
{
	const struct sysfilter_abi *b = &c->f->abis[abi];
	const struct answer other = {.action = c->f->default_action};
	const struct answer newer = {.action = c->f->newer_action};

	add_span(c, b->first, other);
	while (r < end && r->abi == abi) {
		const struct sysfilter_rule *next = r;

		while (next < end && next->abi == abi && next->nr == r->nr)
			next++;
		add_span(c, r->nr, answer_of(c, r, (size_t)(next - r)));
		if (r->nr == b->last)
			return next;
		add_span(c, r->nr + 1, next < end && next->abi == abi ? other : newer);
		r = next;
	}
	return r;
}

/* All ABIs of one architecture, which stand side by side. */
static label emit_arch(struct compiler *c, unsigned int from, unsigned int to,
		       const struct sysfilter_rule *rules)
{
	const struct sysfilter_rule *end = rules ? rules + c->f->n_rules : NULL;
	const struct answer kill = {.action = SECCOMP_RET_KILL_THREAD};
	label tree;

	c->n_spans = 0;
	add_span(c, 0, kill);
	for (unsigned int i = from; i < to; i++) {
		while (rules < end && rules->abi < i)
			rules++;
		rules = add_abi(c, i, rules, end);
		if (c->f->abis[i].last < UINT32_MAX)
			add_span(c, c->f->abis[i].last + 1, kill);
	}
	/* -1 is what a tracer writes to skip a call; killing for it would surprise strace. */
	add_span(c, UINT32_MAX, (struct answer){.action = c->f->default_action});
	tree = emit_tree(c, 0, c->n_spans);
	/* A single span may be a `ret` that stands elsewhere already. */
	if (tree + 1 != c->n)
		(void)emit(c, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(c, tree));
	return emit_load(c, NR_OFFSET);
}

/* Rules in order of ABI and number; among equals the order given is kept. */
static int compare(const void *pa, const void *pb)
{
	const struct sysfilter_rule *a = *(const struct sysfilter_rule *const *)pa;
	const struct sysfilter_rule *b = *(const struct sysfilter_rule *const *)pb;

	if (a->abi != b->abi)
		return a->abi < b->abi ? -1 : 1;
	if (a->nr != b->nr)
		return a->nr < b->nr ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void sort(struct sysfilter *f)
{
	_cleanup_free_ const struct sysfilter_rule **order =
		xcalloc(f->n_rules + 1, sizeof(*order));
	struct sysfilter_rule *sorted = xcalloc(f->n_rules + 1, sizeof(*sorted));

	for (size_t i = 0; i < f->n_rules; i++)
		order[i] = &f->rules[i];
	qsort(order, f->n_rules, sizeof(*order), compare);
	for (size_t i = 0; i < f->n_rules; i++)
		sorted[i] = *order[i];
	if (f->n_rules)
		memcpy(f->rules, sorted, f->n_rules * sizeof(*sorted));
	free(sorted);
}

static void emit_all(struct compiler *c)
{
	const struct sysfilter *f = c->f;
	label next = emit_ret(c, SECCOMP_RET_KILL_THREAD);

	for (unsigned int to = (unsigned int)f->n_abis, from; to > 0; to = from) {
		label arch;

		from = to - 1;
		while (from > 0 && f->abis[from - 1].arch == f->abis[to - 1].arch)
			from--;
		arch = emit_arch(c, from, to, f->rules);
		next = emit_test(c, BPF_JEQ, f->abis[from].arch, arch, next);
	}
	(void)emit_load(c, ARCH_OFFSET);
}

int sysfilter_compile(struct sysfilter *f, struct sock_filter **ret, size_t *ret_n)
{
	struct compiler c = {.f = f};
	_cleanup_free_ struct sock_filter *reversed = xcalloc(BPF_MAXINSNS, sizeof(*reversed));
	struct sock_filter *program;

	c.reversed = reversed;
	sort(f);
	emit_all(&c);
	free(c.spans);
	if (c.is_full)
		return -E2BIG;
	program = xcalloc(c.n, sizeof(*program));
	for (size_t i = 0; i < c.n; i++)
		program[i] = reversed[c.n - 1 - i];
	*ret = program;
	*ret_n = c.n;
	return 0;
}

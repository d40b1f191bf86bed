/* SPDX-License-Identifier: Apache-2.0 */
/* Programs against the meaning of rules as lib/sysfilter.h states it. */
#include "tests/unit/unit.h"

#include <linux/audit.h>

#include "lib/sysfilter.h"
#include "tests/unit/bpf.h"

#define ALLOW	 SECCOMP_RET_ALLOW
#define LOG	 SECCOMP_RET_LOG
#define ERRNO(e) (SECCOMP_RET_ERRNO | (e))
#define KILL	 SECCOMP_RET_KILL_THREAD
#define DEFAULT	 ERRNO(1)
#define NEWER	 ERRNO(38)
#define X32	 0x40000000u

static const struct sysfilter_abi abis[] = {
	{AUDIT_ARCH_X86_64, 0, X32 - 1, true},
	{AUDIT_ARCH_X86_64, X32, UINT32_MAX - 1, false},
	{AUDIT_ARCH_I386, 0, UINT32_MAX - 1, false},
};

static bool arg_holds(const struct sysfilter_arg *a, uint64_t v, bool is_64bit)
{
	uint64_t mask = is_64bit ? UINT64_MAX : UINT32_MAX;
	uint64_t value = a->value & mask;

	v &= mask;
	switch (a->op) {
	case SYSFILTER_NE:
		return v != value;
	case SYSFILTER_LT:
		return v < value;
	case SYSFILTER_LE:
		return v <= value;
	case SYSFILTER_EQ:
		return v == value;
	case SYSFILTER_GE:
		return v >= value;
	case SYSFILTER_GT:
		return v > value;
	case SYSFILTER_MASKED_EQ:
		return (v & value) == (a->value_two & value);
	}
	return false;
}

static bool rule_holds(const struct sysfilter *f, const struct sysfilter_rule *r,
		       const struct seccomp_data *d)
{
	for (size_t i = 0; i < r->n_args; i++)
		if (!arg_holds(&r->args[i], d->args[r->args[i].index],
			       f->abis[r->abi].is_64bit))
			return false;
	return true;
}

static bool passes(uint32_t action)
{
	return action == ALLOW || action == LOG;
}

/* Straight from the header's words, without any cleverness. */
static uint32_t meaning(const struct sysfilter *f, const struct seccomp_data *d)
{
	const struct sysfilter_rule *plain = NULL, *some = NULL;
	uint32_t nr = (uint32_t)d->nr, highest = 0;
	bool has_rules = false;
	size_t abi = 0;

	while (abi < f->n_abis && (f->abis[abi].arch != d->arch || nr < f->abis[abi].first ||
				   nr > f->abis[abi].last))
		abi++;
	if (abi == f->n_abis) {
		for (size_t i = 0; i < f->n_abis; i++)
			if (f->abis[i].arch == d->arch && nr == UINT32_MAX)
				return f->default_action;
		return KILL;
	}
	for (size_t i = 0; i < f->n_rules; i++) {
		const struct sysfilter_rule *r = &f->rules[i];

		if (r->abi != abi)
			continue;
		has_rules = true;
		highest = r->nr > highest ? r->nr : highest;
		if (r->nr != nr)
			continue;
		if (!r->n_args)
			plain = plain ? plain : r;
		else if (!some && rule_holds(f, r, d))
			some = r;
	}
	if (plain && (!passes(plain->action) || !some))
		return plain->action;
	if (some)
		return some->action;
	return has_rules && nr > highest ? f->newer_action : f->default_action;
}

static void assert_same(struct sysfilter *f, const struct seccomp_data *d,
			const struct sock_filter *p, size_t n)
{
	uint32_t got = bpf_run(p, n, d), want = meaning(f, d);

	if (got != want)
		fail_msg("arch %x nr %x args %llx %llx %llx: %x instead of %x", d->arch, d->nr,
			 (unsigned long long)d->args[0], (unsigned long long)d->args[1],
			 (unsigned long long)d->args[2], got, want);
}

static uint32_t run(struct sysfilter *f, uint32_t arch, uint32_t nr, uint64_t arg)
{
	const struct seccomp_data d = {.nr = (int)nr, .arch = arch, .args = {arg}};
	_cleanup_free_ struct sock_filter *p = NULL;
	size_t n;

	assert_int_equal(sysfilter_compile(f, &p, &n), 0);
	return bpf_run(p, n, &d);
}

static struct sysfilter filter(struct sysfilter_rule *rules, size_t n)
{
	return (struct sysfilter){abis, ARRAY_SIZE(abis), rules, n, DEFAULT, NEWER};
}

static void compile__numbers(void **state)
{
	struct sysfilter_rule rules[] = {
		{0, 5, ALLOW, NULL, 0},
		{0, 2, ALLOW, NULL, 0},
		{0, 3, ALLOW, NULL, 0},
		{2, 0, ALLOW, NULL, 0},
	};
	struct sysfilter f = filter(rules, ARRAY_SIZE(rules));

	(void)state;
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 1, 0), DEFAULT);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 2, 0), ALLOW);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 3, 0), ALLOW);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 4, 0), DEFAULT);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 5, 0), ALLOW);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 6, 0), NEWER);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, UINT32_MAX, 0), DEFAULT);
	/* No rule of x32 says which numbers are new. */
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, X32 + 2, 0), DEFAULT);
	assert_int_equal(run(&f, AUDIT_ARCH_I386, 0, 0), ALLOW);
	assert_int_equal(run(&f, AUDIT_ARCH_I386, 1, 0), NEWER);
	assert_int_equal(run(&f, AUDIT_ARCH_AARCH64, 2, 0), KILL);
}

static void compile__x32_not_listed(void **state)
{
	struct sysfilter_rule rules[] = {{0, 2, ALLOW, NULL, 0}};
	struct sysfilter f = {abis, 1, rules, 1, ALLOW, ALLOW};

	(void)state;
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, X32 + 2, 0), KILL);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, X32 - 1, 0), ALLOW);
}

static void compile__no_rules(void **state)
{
	struct sysfilter f = filter(NULL, 0);

	(void)state;
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 0, 0), DEFAULT);
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 4000, 0), DEFAULT);
}

static void compile__first_without_condition_decides(void **state)
{
	static const struct sysfilter_arg zero = {0, SYSFILTER_EQ, 0, 0};
	struct sysfilter_rule rules[] = {
		{0, 1, ALLOW, &zero, 1}, {0, 1, ERRNO(13), NULL, 0}, {0, 1, ALLOW, NULL, 0},
		{0, 2, ALLOW, NULL, 0},	 {0, 2, ERRNO(13), NULL, 0}, {0, 9, ALLOW, NULL, 0},
	};
	struct sysfilter f = filter(rules, ARRAY_SIZE(rules));

	(void)state;
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 1, 0), ERRNO(13));
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 1, 1), ERRNO(13));
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 2, 0), ALLOW);
}

static void compile__condition_goes_before_allowing(void **state)
{
	static const struct sysfilter_arg zero = {0, SYSFILTER_EQ, 0, 0};
	struct sysfilter_rule rules[] = {
		{0, 1, ALLOW, NULL, 0},
		{0, 1, ERRNO(13), &zero, 1},
		{0, 9, ALLOW, NULL, 0},
	};
	struct sysfilter f = filter(rules, ARRAY_SIZE(rules));

	(void)state;
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 1, 0), ERRNO(13));
	assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 1, 1), ALLOW);
}

/* Every operator at the edges of both halves of a 64-bit argument. */
static void compile__operators(void **state)
{
	static const uint64_t edges[] = {0,
					 1,
					 0x7fffffff,
					 0x80000000,
					 0xfffffffe,
					 0xffffffff,
					 0x100000000,
					 0x100000001,
					 0x1ffffffff,
					 0xfffffffeffffffff,
					 0xffffffff00000000,
					 0xfffffffffffffffe,
					 UINT64_MAX};

	(void)state;
	for (unsigned int op = SYSFILTER_NE; op <= SYSFILTER_MASKED_EQ; op++) {
		for (size_t v = 0; v < ARRAY_SIZE(edges); v++) {
			const struct sysfilter_arg a = {3, (enum sysfilter_op)op, edges[v],
							edges[(v + 1) % ARRAY_SIZE(edges)]};
			struct sysfilter_rule rules[] = {{0, 7, ALLOW, &a, 1},
							 {1, X32 + 7, ALLOW, &a, 1},
							 {2, 7, ALLOW, &a, 1}};
			struct sysfilter f = filter(rules, ARRAY_SIZE(rules));
			_cleanup_free_ struct sock_filter *p = NULL;
			size_t n;

			assert_int_equal(sysfilter_compile(&f, &p, &n), 0);
			for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
				struct seccomp_data d = {.nr = 7, .arch = AUDIT_ARCH_X86_64};

				d.args[3] = edges[i];
				assert_same(&f, &d, p, n);
				d.nr = (int)(X32 + 7);
				assert_same(&f, &d, p, n);
				d.nr = 7;
				d.arch = AUDIT_ARCH_I386;
				assert_same(&f, &d, p, n);
			}
		}
	}
}

/* Far more than 255 instructions between a test and what it leads to. */
static void compile__long_jumps(void **state)
{
	enum {
		N = 500
	};
	static struct sysfilter_arg args[N];
	static struct sysfilter_rule rules[N];
	struct sysfilter f = filter(rules, N);
	_cleanup_free_ struct sock_filter *p = NULL;
	size_t n;

	(void)state;
	for (unsigned int i = 0; i < N; i++) {
		args[i] = (struct sysfilter_arg){i % 6, SYSFILTER_EQ, i, 0};
		rules[i] = (struct sysfilter_rule){0, i * 2, ERRNO(i), &args[i], 1};
	}
	assert_int_equal(sysfilter_compile(&f, &p, &n), 0);
	assert_true(n > 1500);
	for (unsigned int i = 0; i < 2 * N + 2; i++) {
		struct seccomp_data d = {.nr = (int)i, .arch = AUDIT_ARCH_X86_64};

		assert_same(&f, &d, p, n);
		d.args[i / 2 % 6] = i / 2;
		assert_same(&f, &d, p, n);
	}
}

static void compile__too_long(void **state)
{
	enum {
		N = 2000
	};
	static struct sysfilter_arg args[N];
	static struct sysfilter_rule rules[N];
	struct sysfilter f = filter(rules, N);
	struct sock_filter *p = NULL;
	size_t n;

	(void)state;
	for (unsigned int i = 0; i < N; i++) {
		args[i] = (struct sysfilter_arg){0, SYSFILTER_EQ, i, 0};
		rules[i] = (struct sysfilter_rule){0, 1, ALLOW, &args[i], 1};
	}
	assert_int_equal(sysfilter_compile(&f, &p, &n), -E2BIG);
	assert_null(p);
}

/* A repeatable source of odd numbers (xorshift). */
static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t odd_value(uint64_t *seed)
{
	static const uint64_t some[] = {0, 1, 2, 0xffffffff, 0x100000000, UINT64_MAX};

	return next(seed) % 4 ? some[next(seed) % ARRAY_SIZE(some)] : next(seed);
}

static void random_rules(struct sysfilter_rule *rules, struct sysfilter_arg (*args)[3],
			 size_t n, uint64_t *seed)
{
	static const uint32_t actions[] = {ALLOW,
					   ALLOW,
					   ALLOW,
					   LOG,
					   ERRNO(2),
					   ERRNO(3),
					   KILL,
					   SECCOMP_RET_TRAP,
					   SECCOMP_RET_USER_NOTIF};

	for (size_t i = 0; i < n; i++) {
		rules[i].abi = (unsigned int)(next(seed) % 3);
		rules[i].nr = (uint32_t)(next(seed) % 60) + (rules[i].abi == 1 ? X32 : 0);
		rules[i].action = actions[next(seed) % ARRAY_SIZE(actions)];
		rules[i].n_args = next(seed) % 3 ? 0 : next(seed) % 4;
		rules[i].args = args[i];
		for (size_t k = 0; k < 3; k++)
			args[i][k] = (struct sysfilter_arg){
				.index = (unsigned int)(next(seed) % 3),
				.op = (enum sysfilter_op)(next(seed) % 7),
				.value = odd_value(seed),
				.value_two = odd_value(seed),
			};
	}
}

static void compile__random(void **state)
{
	enum {
		N = 120
	};
	static struct sysfilter_rule rules[N];
	static struct sysfilter_arg args[N][3];
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct sysfilter f = filter(rules, next(&seed) % N);
		_cleanup_free_ struct sock_filter *p = NULL;
		size_t n;

		random_rules(rules, args, f.n_rules, &seed);
		assert_int_equal(sysfilter_compile(&f, &p, &n), 0);
		for (int i = 0; i < 3000; i++) {
			static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
							  AUDIT_ARCH_ARM};
			uint32_t nr =
				(uint32_t)(next(&seed) % 66) + (next(&seed) % 3 ? 0 : X32);
			struct seccomp_data d = {
				.nr = (int)nr,
				.arch = arches[next(&seed) % 8 ? next(&seed) % 2 : 2],
				.args = {odd_value(&seed), odd_value(&seed), odd_value(&seed)},
			};

			assert_same(&f, &d, p, n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compile__numbers),
		cmocka_unit_test(compile__x32_not_listed),
		cmocka_unit_test(compile__no_rules),
		cmocka_unit_test(compile__first_without_condition_decides),
		cmocka_unit_test(compile__condition_goes_before_allowing),
		cmocka_unit_test(compile__operators),
		cmocka_unit_test(compile__long_jumps),
		cmocka_unit_test(compile__too_long),
		cmocka_unit_test(compile__random),
	};

	return RUN(tests);
}

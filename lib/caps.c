/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The five sets depend on each other (capabilities(7)), which leaves one order:
 *
 *  1. The bounding set, while CAP_SETPCAP is still effective; and keep-caps,
 *     because the change from uid 0 to another empties the permitted set
 *     otherwise (the effective set is emptied all the same).
 *  2. The caller changes its ids.
 *  3. Permitted, effective and inheritable by one capset(2): an inheritable bit
 *     must be permitted before, as SETPCAP may be gone.
 *  4. The ambient bits, each of which must be permitted and inheritable. A
 *     change of ids has emptied them.
 */
#include "lib/caps.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "lib/macro.h"

int caps_number(const char *name)
{
	char full[48];
	const char *known;
	cap_value_t value;

	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	if (snprintf(full, sizeof(full), "cap_%s", name) >= (int)sizeof(full))
		return -EINVAL;
	if (cap_from_name(full, &value) < 0)
		return -EINVAL;
	/* libcap ignores what follows a name. */
	known = caps_name(value);
	return known && strcasecmp(known, full) == 0 ? value : -EINVAL;
}

uint64_t caps_bits(char *const *names)
{
	uint64_t bits = 0;

	for (size_t i = 0; names && names[i]; i++) {
		int number = caps_number(names[i]);

		if (number >= 0)
			bits |= CAPS_BIT(number);
	}
	return bits;
}

const char *caps_name(int number)
{
	static char upper[48];
	char *name;

	if (number < 0 || number >= cap_max_bits())
		return NULL;
	name = cap_to_name((cap_value_t)number);
	if (!name)
		return NULL;
	/* A number comes back as digits where the kernel is newer than the library. */
	if (isdigit((unsigned char)name[0])) {
		cap_free(name);
		return NULL;
	}
	(void)snprintf(upper, sizeof(upper), "%s", name);
	cap_free(name);
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return upper;
}

uint64_t caps_all(void)
{
	int n = cap_max_bits();

	return n >= 64 ? UINT64_MAX : CAPS_BIT(n) - 1;
}

/* The two halves of capget(2)'s version 3. */
static int sets_get(struct caps *c)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];

	if (capget(&head, d) < 0)
		return -errno;
	c->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	c->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	c->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return 0;
}

static int sets_put(const struct caps *c)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
		{(uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable},
		{(uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32),
		 (uint32_t)(c->inheritable >> 32)},
	};

	return capset(&head, d) < 0 ? -errno : 0;
}

int caps_get(struct caps *ret)
{
	struct caps c = {0};
	int r = sets_get(&c);

	if (r < 0)
		return r;
	for (int i = 0; i < cap_max_bits(); i++) {
		if (cap_get_bound(i) == 1)
			c.bounding |= CAPS_BIT(i);
		if (cap_get_ambient(i) == 1)
			c.ambient |= CAPS_BIT(i);
	}
	*ret = c;
	return 0;
}

int caps_apply_bounding(uint64_t bounding)
{
	for (int i = 0; i < cap_max_bits(); i++) {
		if ((bounding & CAPS_BIT(i)) || cap_get_bound(i) != 1)
			continue;
		if (cap_drop_bound(i) < 0)
			return -errno;
	}
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int apply_ambient(uint64_t ambient)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (int i = 0; i < cap_max_bits(); i++)
		if ((ambient & CAPS_BIT(i)) && cap_set_ambient(i, CAP_SET) < 0)
			return -errno;
	return 0;
}

/* Each costs a system call. */
static uint64_t those_in_bounding(uint64_t bits)
{
	for (int i = 0; i < 64 && bits >> i; i++)
		if ((bits & CAPS_BIT(i)) && cap_get_bound(i) != 1)
			bits &= ~CAPS_BIT(i);
	return bits;
}

int caps_apply(const struct caps *caps)
{
	struct caps own = {0}, c = *caps;
	int r = sets_get(&own);

	if (r < 0)
		return r;
	/* New inheritable bits are bound by the old permitted and the bounding set. */
	c.inheritable &= own.inheritable | those_in_bounding(own.permitted & c.inheritable);
	c.permitted &= own.permitted;
	c.effective &= c.permitted;
	r = sets_put(&c);
	if (r < 0)
		return r;
	r = apply_ambient(c.ambient & c.permitted & c.inheritable);
	if (r < 0)
		return r;
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int caps_set_effective(uint64_t bits)
{
	struct caps c;
	int r = sets_get(&c);

	if (r < 0)
		return r;
	c.effective = bits & c.permitted;
	return sets_put(&c);
}

int caps_raise(uint64_t bits)
{
	struct caps c;
	int r = sets_get(&c);

	if (r < 0)
		return r;
	c.effective |= bits & c.permitted;
	return sets_put(&c);
}

int caps_drop(uint64_t effective, uint64_t permitted)
{
	struct caps c;
	int r;

	if (!effective && !permitted)
		return 0;
	r = sets_get(&c);
	if (r < 0)
		return r;
	c.permitted &= ~permitted;
	c.effective &= c.permitted & ~effective;
	return sets_put(&c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of `linux.resources`. What ends in the name of a cgroup file or as a word of one of its
 * lines is looked at here, because after this there is only the kernel.
 */
#include <stdio.h>
#include <string.h>

#include "lib/str.h"
#include "src/spec-check-words.h"
#include "src/spec.h"

/* /proc/sys/vm/swappiness since Linux 5.8 */
#define SWAPPINESS_MAX 200

static int check_device_rules(const struct spec_resources *r, struct error *err)
{
	static const char *const types[] = {"a", "c", "b", NULL};

	for (size_t i = 0; i < r->n_devices; i++) {
		const struct spec_device_rule *d = &r->devices[i];

		if (!str_is_empty(d->type) && !spec_check_is_word(types, d->type))
			return invalid(err,
				       "linux.resources.devices[%zu].type: unknown type \"%s\"",
				       i, d->type);
		if (str_is_empty(d->access) || d->access[strspn(d->access, "rwm")])
			return invalid(err,
				       "linux.resources.devices[%zu].access: must be of "
				       "\"rwm\", not \"%s\"",
				       i, str_or_empty(d->access));
		/* -1 stands for every number, as runc has it. */
		if ((d->major.present && d->major.value < -1) ||
		    (d->minor.present && d->minor.value < -1))
			return invalid(
				err, "linux.resources.devices[%zu]: negative device number", i);
	}
	return 0;
}

static int check_block_io(const struct spec_resources *r, struct error *err)
{
	const struct spec_block_io *b = r->block_io;
	int e;

	if (!b)
		return 0;
	e = spec_check_max(&b->weight, UINT16_MAX, "linux.resources.blockIO.weight", err);
	if (e < 0)
		return e;
	e = spec_check_max(&b->leaf_weight, UINT16_MAX, "linux.resources.blockIO.leafWeight",
			   err);
	for (size_t i = 0; e == 0 && i < b->n_weight_device; i++) {
		const struct spec_weight_device *d = &b->weight_device[i];
		char where[64];

		snprintf(where, sizeof(where), "linux.resources.blockIO.weightDevice[%zu]", i);
		e = spec_check_max(&d->weight, UINT16_MAX, where, err);
		if (e == 0)
			e = spec_check_max(&d->leaf_weight, UINT16_MAX, where, err);
	}
	return e;
}

/* "2MB": it becomes part of a file name (hugetlb.2MB.max). */
static bool is_page_size(const char *s)
{
	size_t digits;

	if (str_is_empty(s) || *s == '0')
		return false;
	digits = strspn(s, "0123456789");
	return digits && strchr("KMG", s[digits]) && str_eq(s + digits + !!s[digits], "B");
}

static int check_hugepages(const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		if (!is_page_size(r->hugepage_limits[i].page_size))
			return invalid(err,
				       "linux.resources.hugepageLimits[%zu].pageSize: not like "
				       "\"2MB\": \"%s\"",
				       i, str_or_empty(r->hugepage_limits[i].page_size));
	return 0;
}

static int check_network(const struct spec_resources *r, struct error *err)
{
	const struct spec_network *n = r->network;

	if (!n)
		return 0;
	for (size_t i = 0; i < n->n_priorities; i++)
		if (!spec_check_is_one_word(n->priorities[i].name))
			return invalid(err,
				       "linux.resources.network.priorities[%zu].name: not an "
				       "interface: \"%s\"",
				       i, str_or_empty(n->priorities[i].name));
	return spec_check_max(&n->class_id, UINT32_MAX, "linux.resources.network.classID", err);
}

static int check_rdma(const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct spec_rdma *d = &r->rdma[i];
		int e;

		if (!spec_check_is_one_word(d->device))
			return invalid(err, "linux.resources.rdma: not a device: \"%s\"",
				       str_or_empty(d->device));
		if (!d->hca_handles.present && !d->hca_objects.present)
			return invalid(
				err,
				"linux.resources.rdma: no hcaHandles or hcaObjects for \"%s\"",
				d->device);
		e = spec_check_max(&d->hca_handles, UINT32_MAX,
				   "linux.resources.rdma.hcaHandles", err);
		if (e < 0)
			return e;
		e = spec_check_max(&d->hca_objects, UINT32_MAX,
				   "linux.resources.rdma.hcaObjects", err);
		if (e < 0)
			return e;
	}
	return 0;
}

static int check_memory(const struct spec_resources *r, struct error *err)
{
	const struct spec_memory *m = r->memory;

	/* -1 as a Go engine casts it: leave it as it is. */
	if (!m || (m->swappiness.present && m->swappiness.value == UINT64_MAX))
		return 0;
	return spec_check_max(&m->swappiness, SWAPPINESS_MAX,
			      "linux.resources.memory.swappiness", err);
}

/* The key is a file of our cgroup, "memory.high", and of no other one. */
static int check_unified(const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_unified; i++) {
		const char *key = r->unified[i].key;

		if (!spec_check_is_one_word(key) || strchr(key, '/') || *key == '.' ||
		    !strchr(key, '.'))
			return invalid(err,
				       "linux.resources.unified: not a cgroup file: \"%s\"",
				       str_or_empty(key));
	}
	return 0;
}

int spec_resources_check(const struct spec_resources *r, struct error *err)
{
	static int (*const rules[])(const struct spec_resources *, struct error *) = {
		check_device_rules, check_memory, check_block_io, check_hugepages,
		check_network,	    check_rdma,	  check_unified,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int e = rules[i](r, err);

		if (e < 0)
			return e;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as values: an update, and what was set before. */
#include <stdbool.h>
#include <stddef.h>

#include "lib/alloc.h"
#include "lib/macro.h"
#include "lib/str.h"
#include "src/spec.h"

enum kind {
	MAYBE_U64,
	MAYBE_I64,
	MAYBE_BOOL,
	STRING,
};

enum rule {
	ALWAYS,	 /* zero is a value */
	NONZERO, /* zero means "leave it" */
};

struct field {
	size_t offset;
	enum kind kind;
	enum rule rule;
};

#define F(st, mb, kd, rl)                                                                      \
	{                                                                                      \
		.offset = offsetof(struct st, mb), .kind = (kd), .rule = (rl)                  \
	}

static const struct field memory_fields[] = {
	F(spec_memory, limit, MAYBE_I64, NONZERO),
	F(spec_memory, reservation, MAYBE_I64, NONZERO),
	F(spec_memory, swap, MAYBE_I64, NONZERO),
	F(spec_memory, swappiness, MAYBE_U64, ALWAYS),
	F(spec_memory, disable_oom_killer, MAYBE_BOOL, ALWAYS),
};

static const struct field cpu_fields[] = {
	F(spec_cpu, shares, MAYBE_U64, NONZERO),
	F(spec_cpu, quota, MAYBE_I64, NONZERO),
	F(spec_cpu, burst, MAYBE_U64, ALWAYS),
	F(spec_cpu, period, MAYBE_U64, NONZERO),
	F(spec_cpu, realtime_runtime, MAYBE_I64, NONZERO),
	F(spec_cpu, realtime_period, MAYBE_U64, NONZERO),
	F(spec_cpu, cpus, STRING, NONZERO),
	F(spec_cpu, mems, STRING, NONZERO),
	F(spec_cpu, idle, MAYBE_I64, ALWAYS),
};

static const struct field pids_fields[] = {
	F(spec_pids, limit, MAYBE_I64, ALWAYS),
};

static const struct field block_io_fields[] = {
	F(spec_block_io, weight, MAYBE_U64, NONZERO),
	F(spec_block_io, leaf_weight, MAYBE_U64, NONZERO),
};

static void string_take_over(char **to, const char *from)
{
	if (str_is_empty(from))
		return;
	free(*to);
	*to = xstrdup(from);
}

static void field_take_over(const struct field *f, void *to_struct, const void *from_struct)
{
	char *to = (char *)to_struct + f->offset;
	const char *from = (const char *)from_struct + f->offset;
	bool zero_too = f->rule == ALWAYS;

	switch (f->kind) {
	case MAYBE_U64: {
		const struct maybe_u64 *v = (const void *)from;

		if (v->present && (v->value || zero_too))
			*(struct maybe_u64 *)(void *)to = *v;
		break;
	}
	case MAYBE_I64: {
		const struct maybe_i64 *v = (const void *)from;

		if (v->present && (v->value || zero_too))
			*(struct maybe_i64 *)(void *)to = *v;
		break;
	}
	case MAYBE_BOOL: {
		const struct maybe_bool *v = (const void *)from;

		if (v->present)
			*(struct maybe_bool *)(void *)to = *v;
		break;
	}
	case STRING:
		string_take_over((char **)(void *)to, *(char *const *)(const void *)from);
		break;
	}
}

/* The object of `saved` is made where only the update has one. */
static void object_take_over(void **to, const void *from, size_t size,
			     const struct field *fields, size_t n_fields)
{
	if (!from)
		return;
	if (!*to)
		*to = xcalloc(1, size);
	for (size_t i = 0; i < n_fields; i++)
		field_take_over(&fields[i], *to, from);
}

#define TAKE_OVER(saved, update, member, fields)                                               \
	object_take_over((void **)&(saved)->member, (update)->member,                          \
			 sizeof(*(saved)->member), fields, ARRAY_SIZE(fields))

/* Lists: the entry of the same device changes, a new one is appended. */

static void throttle_take_over(struct spec_throttle_device **to, size_t *n_to,
			       const struct spec_throttle_device *from, size_t n_from)
{
	for (size_t i = 0; i < n_from; i++) {
		struct spec_throttle_device *d = NULL;

		for (size_t k = 0; k < *n_to; k++)
			if ((*to)[k].major == from[i].major && (*to)[k].minor == from[i].minor)
				d = &(*to)[k];
		if (!d)
			d = array_add((void **)to, n_to, sizeof(*d));
		*d = from[i];
	}
}

static void weights_take_over(struct spec_block_io *to, const struct spec_block_io *from)
{
	for (size_t i = 0; i < from->n_weight_device; i++) {
		const struct spec_weight_device *w = &from->weight_device[i];
		struct spec_weight_device *d = NULL;

		for (size_t k = 0; k < to->n_weight_device; k++)
			if (to->weight_device[k].major == w->major &&
			    to->weight_device[k].minor == w->minor)
				d = &to->weight_device[k];
		if (!d)
			d = array_add((void **)&to->weight_device, &to->n_weight_device,
				      sizeof(*d));
		d->major = w->major;
		d->minor = w->minor;
		if (w->weight.present)
			d->weight = w->weight;
		if (w->leaf_weight.present)
			d->leaf_weight = w->leaf_weight;
	}
}

static void block_io_take_over(struct spec_resources *saved,
			       const struct spec_resources *update)
{
	const struct spec_block_io *from = update->block_io;
	struct spec_block_io *to;

	TAKE_OVER(saved, update, block_io, block_io_fields);
	if (!from)
		return;
	to = saved->block_io;
	weights_take_over(to, from);
	throttle_take_over(&to->read_bps, &to->n_read_bps, from->read_bps, from->n_read_bps);
	throttle_take_over(&to->write_bps, &to->n_write_bps, from->write_bps,
			   from->n_write_bps);
	throttle_take_over(&to->read_iops, &to->n_read_iops, from->read_iops,
			   from->n_read_iops);
	throttle_take_over(&to->write_iops, &to->n_write_iops, from->write_iops,
			   from->n_write_iops);
}

static void hugepages_take_over(struct spec_resources *saved,
				const struct spec_resources *update)
{
	for (size_t i = 0; i < update->n_hugepage_limits; i++) {
		const struct spec_hugepage_limit *l = &update->hugepage_limits[i];
		struct spec_hugepage_limit *d = NULL;

		for (size_t k = 0; k < saved->n_hugepage_limits; k++)
			if (str_eq(saved->hugepage_limits[k].page_size, l->page_size))
				d = &saved->hugepage_limits[k];
		if (!d) {
			d = array_add((void **)&saved->hugepage_limits,
				      &saved->n_hugepage_limits, sizeof(*d));
			d->page_size = xstrdup(l->page_size);
		}
		d->limit = l->limit;
	}
}

static void unified_take_over(struct spec_resources *saved, const struct spec_resources *update)
{
	for (size_t i = 0; i < update->n_unified; i++) {
		const struct json_pair *u = &update->unified[i];
		struct json_pair *d = NULL;

		for (size_t k = 0; k < saved->n_unified; k++)
			if (str_eq(saved->unified[k].key, u->key))
				d = &saved->unified[k];
		if (!d) {
			d = array_add((void **)&saved->unified, &saved->n_unified, sizeof(*d));
			d->key = xstrdup(u->key);
		}
		free(d->value);
		d->value = xstrdup(u->value);
	}
}

static bool is_set(struct maybe_i64 v)
{
	return v.present && v.value != 0;
}

static void complete_memory(struct spec_memory *saved, struct spec_memory *update)
{
	if (!is_set(update->limit) && !is_set(update->swap))
		return;
	/* No limit of memory alone means no limit of both. */
	if (is_set(update->limit) && update->limit.value == -1 && !is_set(update->swap))
		saved->swap = (struct maybe_i64){0};
	update->limit = saved->limit;
	update->swap = saved->swap;
}

static void complete_cpu(const struct spec_cpu *saved, struct spec_cpu *update)
{
	if (!is_set(update->quota) && !(update->period.present && update->period.value))
		return;
	update->quota = saved->quota;
	update->period = saved->period;
}

void spec_resources_merge(struct spec_resources *saved, struct spec_resources *update)
{
	TAKE_OVER(saved, update, memory, memory_fields);
	TAKE_OVER(saved, update, cpu, cpu_fields);
	TAKE_OVER(saved, update, pids, pids_fields);
	block_io_take_over(saved, update);
	hugepages_take_over(saved, update);
	unified_take_over(saved, update);
	if (update->memory)
		complete_memory(saved->memory, update->memory);
	if (update->cpu)
		complete_cpu(saved->cpu, update->cpu);
}

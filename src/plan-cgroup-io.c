/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.blockIO */
#include "src/plan-cgroup-internal.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/alloc.h"

/* Range of blkio weights in the specification. */
#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000

static int blkio_weight_check(uint64_t weight, const char *what, struct error *err)
{
	if (weight >= BLKIO_WEIGHT_MIN && weight <= BLKIO_WEIGHT_MAX)
		return 0;
	return error_set(err, EINVAL,
			 "linux.resources.blockIO.%s: %" PRIu64 " is not in %d..%d", what,
			 weight, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX);
}

/* 10..1000 to 1..10000, linearly. */
static uint64_t blkio_to_io_weight(uint64_t weight)
{
	return 1 + (weight - BLKIO_WEIGHT_MIN) * 9999 / 990;
}

/*
 * The weight belongs to a scheduler: BFQ has files of its own beside those of CFQ
 * (v1) and of the io.cost model (v2), and takes v1's scale in both.
 */
static int blkio_weight(struct plan_cgroup_writes *ws, const struct spec_block_io *b,
			struct error *err)
{
	uint64_t weight = b->weight.value;
	int status;

	if (!is_set_u64(b->weight))
		return 0;
	status = blkio_weight_check(weight, "weight", err);
	if (status < 0)
		return status;
	if (plan_cgroup_is_v1(ws)) {
		plan_cgroup_add(ws, "blkio", "blkio.weight", "%" PRIu64, weight);
		plan_cgroup_add(ws, "blkio", "blkio.bfq.weight", "%" PRIu64, weight)
			->otherwise = true;
	} else {
		plan_cgroup_add(ws, "io", "io.bfq.weight", "%" PRIu64, weight);
		plan_cgroup_add(ws, "io", "io.weight", "%" PRIu64, blkio_to_io_weight(weight))
			->otherwise = true;
	}
	return 0;
}

static int blkio_weight_device(struct plan_cgroup_writes *ws,
			       const struct spec_weight_device *d, struct error *err)
{
	_cleanup_free_ char *dev = xasprintf("%" PRId64 ":%" PRId64, d->major, d->minor);
	struct plan_cgroup_write *w;
	int status;

	if (plan_cgroup_is_v1(ws) && is_set_u64(d->leaf_weight))
		plan_cgroup_add(ws, "blkio", "blkio.leaf_weight_device", "%s %" PRIu64, dev,
				d->leaf_weight.value);
	if (!is_set_u64(d->weight))
		return 0;
	status = blkio_weight_check(d->weight.value, "weightDevice", err);
	if (status < 0)
		return status;
	if (plan_cgroup_is_v1(ws)) {
		plan_cgroup_add(ws, "blkio", "blkio.weight_device", "%s %" PRIu64, dev,
				d->weight.value);
		w = plan_cgroup_add(ws, "blkio", "blkio.bfq.weight_device", "%s %" PRIu64, dev,
				    d->weight.value);
		w->otherwise = true;
		return 0;
	}
	/* BFQ of old kernels has no weights of devices on v2, and says EINVAL. */
	w = plan_cgroup_add(ws, "io", "io.bfq.weight", "%s %" PRIu64, dev, d->weight.value);
	w->optional = true;
	w = plan_cgroup_add(ws, "io", "io.weight", "%s %" PRIu64, dev,
			    blkio_to_io_weight(d->weight.value));
	w->otherwise = true;
	w->optional = true;
	return 0;
}

static void blkio_throttle(struct plan_cgroup_writes *ws, const struct spec_throttle_device *d,
			   size_t n, const char *v1_file, const char *v2_key)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *dev =
			xasprintf("%" PRId64 ":%" PRId64, d[i].major, d[i].minor);

		if (plan_cgroup_is_v1(ws))
			plan_cgroup_add(ws, "blkio", v1_file, "%s %" PRIu64, dev, d[i].rate);
		else if (d[i].rate == 0) /* v1's way to lift a limit */
			plan_cgroup_add(ws, "io", "io.max", "%s %s=max", dev, v2_key);
		else
			plan_cgroup_add(ws, "io", "io.max", "%s %s=%" PRIu64, dev, v2_key,
					d[i].rate);
	}
}

int plan_cgroup_io(struct plan_cgroup_writes *ws, const struct spec_resources *r,
		   struct error *err)
{
	const struct spec_block_io *b = r->block_io;
	int status;

	if (!b)
		return 0;
	status = blkio_weight(ws, b, err);
	if (status < 0)
		return status;
	if (plan_cgroup_is_v1(ws) && is_set_u64(b->leaf_weight))
		plan_cgroup_add(ws, "blkio", "blkio.leaf_weight", "%" PRIu64,
				b->leaf_weight.value);
	for (size_t i = 0; i < b->n_weight_device; i++) {
		status = blkio_weight_device(ws, &b->weight_device[i], err);
		if (status < 0)
			return status;
	}
	blkio_throttle(ws, b->read_bps, b->n_read_bps, "blkio.throttle.read_bps_device",
		       "rbps");
	blkio_throttle(ws, b->write_bps, b->n_write_bps, "blkio.throttle.write_bps_device",
		       "wbps");
	blkio_throttle(ws, b->read_iops, b->n_read_iops, "blkio.throttle.read_iops_device",
		       "riops");
	blkio_throttle(ws, b->write_iops, b->n_write_iops, "blkio.throttle.write_iops_device",
		       "wiops");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one function for each member of linux.resources, with the
 * v1 and the v2 name of what it sets side by side. The specification speaks v1;
 * where v2 counts in another unit, the conversion is that of runc 1.3, so that a
 * container has the same share under either runtime. Zero and empty mean
 * "leave it", as engines send zeros for what their users did not set.
 */
#include "src/plan.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/spec.h"

/* MIN_SHARES and MAX_SHARES of the kernel's scheduler. */
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000
/* cgroup-v2.rst, "cpu.max". */
#define CPU_PERIOD_DEFAULT 100000
/* Range of blkio weights in the specification. */
#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000

struct writes {
	struct plan_cgroup_write *w;
	size_t n;
	enum plan_cgroup_version version;
};

void plan_cgroup_free(struct plan_cgroup_write *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(w[i].controller);
		free(w[i].file);
		free(w[i].value);
	}
	free(w);
}

static void writes_done(struct writes *ws)
{
	plan_cgroup_free(ws->w, ws->n);
	*ws = (struct writes){0};
}

static _printf_(4, 5) struct plan_cgroup_write *add(struct writes *ws, const char *controller,
						    const char *file, const char *fmt, ...)
{
	struct plan_cgroup_write *w = array_add((void **)&ws->w, &ws->n, sizeof(*w));
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&w->value, fmt, ap) < 0)
		abort();
	va_end(ap);
	w->controller = xstrdup(ws->version == PLAN_CGROUP_V1 ? controller : "");
	w->file = xstrdup(file);
	return w;
}

static bool is_v1(const struct writes *ws)
{
	return ws->version == PLAN_CGROUP_V1;
}

static bool is_set_u64(struct maybe_u64 v)
{
	return v.present && v.value != 0;
}

static bool is_set_i64(struct maybe_i64 v)
{
	return v.present && v.value != 0;
}

/* memory */

/* -1 is "no limit": v1 takes it as it is, v2 has a word for it. */
static struct plan_cgroup_write *add_limit(struct writes *ws, const char *controller,
					   const char *file, int64_t value)
{
	if (value < 0 && !is_v1(ws))
		return add(ws, controller, file, "max");
	return add(ws, controller, file, "%" PRId64, value);
}

static int memory_v1(struct writes *ws, const struct spec_memory *m, struct error *err)
{
	bool unlimited = m->limit.present && m->limit.value == -1;

	if (is_set_i64(m->limit))
		add_limit(ws, "memory", "memory.limit_in_bytes", m->limit.value);
	if (is_set_i64(m->swap))
		add_limit(ws, "memory", "memory.memsw.limit_in_bytes", m->swap.value);
	else if (unlimited) /* memory+swap cannot stay below memory */
		add(ws, "memory", "memory.memsw.limit_in_bytes", "-1")->optional = true;
	if (is_set_i64(m->reservation))
		add_limit(ws, "memory", "memory.soft_limit_in_bytes", m->reservation.value);
	if (m->disable_oom_killer.present && m->disable_oom_killer.value)
		add(ws, "memory", "memory.oom_control", "1");
	if (!m->swappiness.present || m->swappiness.value == UINT64_MAX)
		return 0;
	if (m->swappiness.value > 100)
		return error_set(err, EINVAL,
				 "invalid memory swappiness value: %" PRIu64
				 " (valid range is 0-100)",
				 m->swappiness.value);
	add(ws, "memory", "memory.swappiness", "%" PRIu64, m->swappiness.value);
	return 0;
}

/*
 * v1 limits memory+swap, v2 swap alone. Returns whether there is something to
 * write; a swap of zero (both limits equal) is a real limit.
 */
static int swap_alone(const struct spec_memory *m, int64_t *ret, bool *ret_write,
		      struct error *err)
{
	int64_t memory = m->limit.present ? m->limit.value : 0;
	int64_t swap = m->swap.present ? m->swap.value : 0;

	*ret_write = true;
	if (swap == 0) {
		*ret_write = memory == -1;
		*ret = -1;
		return 0;
	}
	if (swap == -1 || memory == -1) {
		*ret = swap;
		return 0;
	}
	if (memory == 0)
		return error_set(err, EINVAL, "unable to set swap limit without memory limit");
	if (memory < 0)
		return error_set(err, EINVAL, "invalid memory value: %" PRId64, memory);
	if (swap < memory)
		return error_set(err, EINVAL, "memory+swap limit should be >= memory limit");
	*ret = swap - memory;
	return 0;
}

static int memory_v2(struct writes *ws, const struct spec_memory *m, struct error *err)
{
	int64_t swap = 0;
	bool write = false;
	int r;

	r = swap_alone(m, &swap, &write, err);
	if (r < 0)
		return r;
	/* Without swap accounting the file is absent; then nothing and all are alike. */
	if (write)
		add_limit(ws, "memory", "memory.swap.max", swap)->optional = swap <= 0;
	if (is_set_i64(m->limit))
		add_limit(ws, "memory", "memory.max", m->limit.value);
	if (is_set_i64(m->reservation))
		add_limit(ws, "memory", "memory.low", m->reservation.value);
	return 0;
}

/* `kernel` and `kernel_tcp` are gone from the kernel: nothing to write. */
static int plan_memory(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	if (!r->memory)
		return 0;
	return is_v1(ws) ? memory_v1(ws, r->memory, err) : memory_v2(ws, r->memory, err);
}

/* cpu */

/*
 * A curve through the three pairs that both scales agree on: the least (2 and 1),
 * the default (1024 and 100) and the greatest (262144 and 10000).
 */
static unsigned int shares_to_weight(uint64_t shares)
{
	double l;

	if (shares <= SHARES_MIN)
		return WEIGHT_MIN;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2((double)shares);
	return (unsigned int)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

static int cpu_shares(struct writes *ws, const struct spec_cpu *c, struct error *err)
{
	struct plan_cgroup_write *w;
	bool idle = c->idle.present && c->idle.value == 1;

	if (!is_set_u64(c->shares))
		return 0;
	if (!is_v1(ws)) {
		w = add(ws, "cpu", "cpu.weight", "%u", shares_to_weight(c->shares.value));
	} else {
		/* The kernel would clamp silently. */
		if (c->shares.value > SHARES_MAX)
			return error_set(err, EINVAL, "the maximum allowed cpu-shares is %d",
					 SHARES_MAX);
		if (c->shares.value < SHARES_MIN)
			return error_set(err, EINVAL, "the minimum allowed cpu-shares is %d",
					 SHARES_MIN);
		w = add(ws, "cpu", "cpu.shares", "%" PRIu64, c->shares.value);
	}
	/* An idle group has no weight: EINVAL, and nothing is lost. */
	w->optional = idle;
	return 0;
}

static void cpu_bandwidth_v1(struct writes *ws, const struct spec_cpu *c)
{
	if (is_set_u64(c->period))
		add(ws, "cpu", "cpu.cfs_period_us", "%" PRIu64, c->period.value);
	if (is_set_i64(c->quota))
		add(ws, "cpu", "cpu.cfs_quota_us", "%" PRId64, c->quota.value);
	if (c->burst.present)
		add(ws, "cpu", "cpu.cfs_burst_us", "%" PRIu64, c->burst.value);
	if (is_set_u64(c->realtime_period))
		add(ws, "cpu", "cpu.rt_period_us", "%" PRIu64, c->realtime_period.value);
	if (is_set_i64(c->realtime_runtime))
		add(ws, "cpu", "cpu.rt_runtime_us", "%" PRId64, c->realtime_runtime.value);
}

/* Realtime limits do not exist on v2. */
static void cpu_bandwidth_v2(struct writes *ws, const struct spec_cpu *c)
{
	uint64_t period = is_set_u64(c->period) ? c->period.value : CPU_PERIOD_DEFAULT;

	if (is_set_i64(c->quota) && c->quota.value > 0)
		add(ws, "cpu", "cpu.max", "%" PRId64 " %" PRIu64, c->quota.value, period);
	else if (is_set_i64(c->quota) || is_set_u64(c->period))
		add(ws, "cpu", "cpu.max", "max %" PRIu64, period);
	if (c->burst.present)
		add(ws, "cpu", "cpu.max.burst", "%" PRIu64, c->burst.value);
}

static int plan_cpu(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	const struct spec_cpu *c = r->cpu;
	int status;

	if (!c)
		return 0;
	if (c->idle.present)
		add(ws, "cpu", "cpu.idle", "%" PRId64, c->idle.value);
	status = cpu_shares(ws, c, err);
	if (status < 0)
		return status;
	if (is_v1(ws))
		cpu_bandwidth_v1(ws, c);
	else
		cpu_bandwidth_v2(ws, c);
	return 0;
}

static int plan_cpuset(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	(void)err;
	if (r->cpu && r->cpu->cpus && *r->cpu->cpus)
		add(ws, "cpuset", "cpuset.cpus", "%s", r->cpu->cpus);
	if (r->cpu && r->cpu->mems && *r->cpu->mems)
		add(ws, "cpuset", "cpuset.mems", "%s", r->cpu->mems);
	return 0;
}

/* Zero is a limit since runtime-spec 1.3; it is one, as systemd knows nothing less. */
static int plan_pids(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	int64_t limit;

	(void)err;
	if (!r->pids || !r->pids->limit.present)
		return 0;
	limit = r->pids->limit.value;
	if (limit < 0)
		add(ws, "pids", "pids.max", "max");
	else
		add(ws, "pids", "pids.max", "%" PRId64, limit ? limit : 1);
	return 0;
}

/* Block devices */

static int blkio_weight_check(uint64_t weight, const char *what, struct error *err)
{
	if (weight >= BLKIO_WEIGHT_MIN && weight <= BLKIO_WEIGHT_MAX)
		return 0;
	return error_set(err, EINVAL,
			 "linux.resources.blockIO.%s: %" PRIu64 " is not in %d..%d", what,
			 weight, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX);
}

/* 10..1000 to 1..10000, straight. */
static uint64_t blkio_to_io_weight(uint64_t weight)
{
	return 1 + (weight - BLKIO_WEIGHT_MIN) * 9999 / 990;
}

/*
 * The weight belongs to a scheduler: BFQ has files of its own beside those of CFQ
 * (v1) and of the io.cost model (v2), and takes v1's scale in both.
 */
static int blkio_weight(struct writes *ws, const struct spec_block_io *b, struct error *err)
{
	uint64_t weight = b->weight.value;
	int status;

	if (!is_set_u64(b->weight))
		return 0;
	status = blkio_weight_check(weight, "weight", err);
	if (status < 0)
		return status;
	if (is_v1(ws)) {
		add(ws, "blkio", "blkio.weight", "%" PRIu64, weight);
		add(ws, "blkio", "blkio.bfq.weight", "%" PRIu64, weight)->otherwise = true;
	} else {
		add(ws, "io", "io.bfq.weight", "%" PRIu64, weight);
		add(ws, "io", "io.weight", "%" PRIu64, blkio_to_io_weight(weight))->otherwise =
			true;
	}
	return 0;
}

static int blkio_weight_device(struct writes *ws, const struct spec_weight_device *d,
			       struct error *err)
{
	_cleanup_free_ char *dev = xasprintf("%" PRId64 ":%" PRId64, d->major, d->minor);
	struct plan_cgroup_write *w;
	int status;

	if (is_v1(ws) && is_set_u64(d->leaf_weight))
		add(ws, "blkio", "blkio.leaf_weight_device", "%s %" PRIu64, dev,
		    d->leaf_weight.value);
	if (!is_set_u64(d->weight))
		return 0;
	status = blkio_weight_check(d->weight.value, "weightDevice", err);
	if (status < 0)
		return status;
	if (is_v1(ws)) {
		add(ws, "blkio", "blkio.weight_device", "%s %" PRIu64, dev, d->weight.value);
		w = add(ws, "blkio", "blkio.bfq.weight_device", "%s %" PRIu64, dev,
			d->weight.value);
		w->otherwise = true;
		return 0;
	}
	/* BFQ of old kernels has no weights of devices on v2, and says EINVAL. */
	w = add(ws, "io", "io.bfq.weight", "%s %" PRIu64, dev, d->weight.value);
	w->optional = true;
	w = add(ws, "io", "io.weight", "%s %" PRIu64, dev, blkio_to_io_weight(d->weight.value));
	w->otherwise = true;
	w->optional = true;
	return 0;
}

static void blkio_throttle(struct writes *ws, const struct spec_throttle_device *d, size_t n,
			   const char *v1_file, const char *v2_key)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *dev =
			xasprintf("%" PRId64 ":%" PRId64, d[i].major, d[i].minor);

		if (is_v1(ws))
			add(ws, "blkio", v1_file, "%s %" PRIu64, dev, d[i].rate);
		else if (d[i].rate == 0) /* v1's way to lift a limit */
			add(ws, "io", "io.max", "%s %s=max", dev, v2_key);
		else
			add(ws, "io", "io.max", "%s %s=%" PRIu64, dev, v2_key, d[i].rate);
	}
}

static int plan_blkio(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	const struct spec_block_io *b = r->block_io;
	int status;

	if (!b)
		return 0;
	status = blkio_weight(ws, b, err);
	if (status < 0)
		return status;
	if (is_v1(ws) && is_set_u64(b->leaf_weight))
		add(ws, "blkio", "blkio.leaf_weight", "%" PRIu64, b->leaf_weight.value);
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

/* The rest */

/* A part of a file name or of a line: nothing that would end it. */
static bool is_word(const char *s)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if (*s == '/' || isspace((unsigned char)*s) || iscntrl((unsigned char)*s))
			return false;
	return true;
}

static int plan_hugetlb(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	const char *suffix = is_v1(ws) ? "limit_in_bytes" : "max";

	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const struct spec_hugepage_limit *l = &r->hugepage_limits[i];
		_cleanup_free_ char *file = NULL, *reserved = NULL;

		if (!is_word(l->page_size))
			return error_set(
				err, EINVAL,
				"linux.resources.hugepageLimits: \"%s\" is no page size",
				l->page_size ? l->page_size : "");
		file = xasprintf("hugetlb.%s.%s", l->page_size, suffix);
		reserved = xasprintf("hugetlb.%s.rsvd.%s", l->page_size, suffix);
		add(ws, "hugetlb", file, "%" PRIu64, l->limit);
		add(ws, "hugetlb", reserved, "%" PRIu64, l->limit)->optional = true;
	}
	return 0;
}

static int plan_rdma(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct spec_rdma *d = &r->rdma[i];
		_cleanup_(strbuf_done) struct strbuf line = STRBUF_EMPTY;

		if (!is_word(d->device))
			return error_set(err, EINVAL,
					 "linux.resources.rdma: \"%s\" is no device name",
					 d->device ? d->device : "");
		strbuf_adds(&line, d->device);
		if (d->hca_handles.present)
			strbuf_addf(&line, " hca_handle=%" PRIu64, d->hca_handles.value);
		if (d->hca_objects.present)
			strbuf_addf(&line, " hca_object=%" PRIu64, d->hca_objects.value);
		if (d->hca_handles.present || d->hca_objects.present)
			add(ws, "rdma", "rdma.max", "%s", strbuf_str(&line));
	}
	return 0;
}

/* v2 has neither of the two controllers. */
static int plan_network(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	const struct spec_network *n = r->network;

	if (!n || !is_v1(ws))
		return 0;
	if (is_set_u64(n->class_id))
		add(ws, "net_cls", "net_cls.classid", "%" PRIu64, n->class_id.value);
	for (size_t i = 0; i < n->n_priorities; i++) {
		if (!is_word(n->priorities[i].name))
			return error_set(err, EINVAL,
					 "linux.resources.network.priorities: \"%s\" is no "
					 "interface name",
					 n->priorities[i].name ? n->priorities[i].name : "");
		add(ws, "net_prio", "net_prio.ifpriomap", "%s %" PRIu32, n->priorities[i].name,
		    n->priorities[i].priority);
	}
	return 0;
}

/* A value of several lines is several writes: the kernel reads one at a time. */
static int plan_unified(struct writes *ws, const struct spec_resources *r, struct error *err)
{
	if (r->n_unified > 0 && is_v1(ws))
		return error_set(err, EINVAL,
				 "invalid configuration: cannot use unified on cgroup v1");
	for (size_t i = 0; i < r->n_unified; i++) {
		const struct json_pair *u = &r->unified[i];
		_cleanup_(strv_freep) char **lines = strv_split(u->value ? u->value : "", "\n");

		if (strchr(u->key, '/'))
			return error_set(
				err, EINVAL,
				"unified resource \"%s\" must be a file name (no slashes)",
				u->key);
		if (strchr(u->key, '.') == NULL || u->key[0] == '.')
			return error_set(err, EINVAL,
					 "unified resource \"%s\" must be in the form "
					 "CONTROLLER.PARAMETER",
					 u->key);
		for (size_t k = 0; lines && lines[k]; k++)
			add(ws, "", u->key, "%s", lines[k]);
	}
	return 0;
}

int plan_cgroup(struct plan_cgroup_write **ret, size_t *ret_n, const struct spec_resources *r,
		enum plan_cgroup_version version, struct error *err)
{
	static int (*const parts[])(struct writes * ws, const struct spec_resources *r,
				    struct error *err) = {
		plan_cpuset,  plan_memory,  plan_cpu,  plan_pids,    plan_blkio,
		plan_hugetlb, plan_network, plan_rdma, plan_unified,
	};
	_cleanup_(writes_done) struct writes ws = {.version = version};

	for (size_t i = 0; r && i < ARRAY_SIZE(parts); i++) {
		int status = parts[i](&ws, r, err);

		if (status < 0)
			return status;
	}
	*ret = take_ptr(&ws.w);
	*ret_n = ws.n;
	ws.n = 0;
	return 0;
}

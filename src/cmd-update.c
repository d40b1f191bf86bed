/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/str.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"
#include "src/spec.h"

#define RESOURCES_TEXT_MAX (1u << 20)

struct update {
	const char *resources;
	const char *blkio_weight;
	const char *cpu_period;
	const char *cpu_quota;
	const char *cpu_burst;
	const char *cpu_share;
	const char *cpu_rt_period;
	const char *cpu_rt_runtime;
	const char *cpu_idle;
	const char *cpuset_cpus;
	const char *cpuset_mems;
	const char *kernel_memory;
	const char *kernel_memory_tcp;
	const char *memory;
	const char *memory_reservation;
	const char *memory_swap;
	const char *pids_limit;
	const char *l3_cache_schema;
	const char *mem_bw_schema;
};

#define OPT(nm, lt, mb, arg, hlp) CLI_OPTION(struct update, nm, lt, STRING, mb, arg, hlp)
static const struct cli_option options[] = {
	OPT("resources", 'r', resources, "FILE", "read linux.resources from FILE, - for stdin"),
	OPT("blkio-weight", 0, blkio_weight, "N", "weight of block I/O, 10 to 1000"),
	OPT("cpu-period", 0, cpu_period, "USEC", "period of the CPU quota"),
	OPT("cpu-quota", 0, cpu_quota, "USEC", "CPU time in a period, -1 for no limit"),
	OPT("cpu-burst", 0, cpu_burst, "USEC", "unused quota that may be saved up"),
	OPT("cpu-share", 0, cpu_share, "N", "CPU weight in cgroup v1's units, 2 to 262144"),
	OPT("cpu-rt-period", 0, cpu_rt_period, "USEC", "period of the realtime limit"),
	OPT("cpu-rt-runtime", 0, cpu_rt_runtime, "USEC", "realtime in a period"),
	OPT("cpu-idle", 0, cpu_idle, "0|1", "run only when nobody else wants to"),
	OPT("cpuset-cpus", 0, cpuset_cpus, "LIST", "CPUs to run on"),
	OPT("cpuset-mems", 0, cpuset_mems, "LIST", "memory nodes to use"),
	OPT("kernel-memory", 0, kernel_memory, "SIZE", "accepted, without effect"),
	OPT("kernel-memory-tcp", 0, kernel_memory_tcp, "SIZE", "accepted, without effect"),
	OPT("memory", 0, memory, "SIZE", "memory limit, -1 for none"),
	OPT("memory-reservation", 0, memory_reservation, "SIZE",
	    "memory to keep while memory is short"),
	OPT("memory-swap", 0, memory_swap, "SIZE", "memory and swap, -1 for no limit"),
	OPT("pids-limit", 0, pids_limit, "N", "number of tasks, -1 for no limit"),
	OPT("l3-cache-schema", 0, l3_cache_schema, "TEXT", "not supported"),
	OPT("mem-bw-schema", 0, mem_bw_schema, "TEXT", "not supported"),
	{0},
};

static int bad_value(const char *option, const char *value, struct error *err)
{
	return error_set(err, EINVAL, "invalid value for %s: \"%s\"", option, value);
}

static int parse_u64(const char *option, const char *value, struct maybe_u64 *ret,
		     struct error *err)
{
	if (str_is_empty(value))
		return 0;
	if (str_to_u64(value, &ret->value) < 0)
		return bad_value(option, value, err);
	ret->present = true;
	return 0;
}

static int parse_i64(const char *option, const char *value, struct maybe_i64 *ret,
		     struct error *err)
{
	if (str_is_empty(value))
		return 0;
	if (str_to_i64(value, &ret->value) < 0)
		return bad_value(option, value, err);
	ret->present = true;
	return 0;
}

/* "512m", "-1" */
static int parse_size(const char *option, const char *value, struct maybe_i64 *ret,
		      struct error *err)
{
	if (str_is_empty(value))
		return 0;
	if (str_to_size(value, &ret->value) < 0)
		return bad_value(option, value, err);
	ret->present = true;
	return 0;
}

static int resources_of_options(const struct update *u, struct spec_resources *r,
				struct error *err)
{
	const struct {
		const char *option;
		const char *value;
		struct maybe_u64 *into;
	} u64s[] = {
		{"blkio-weight", u->blkio_weight, &r->block_io->weight},
		{"cpu-period", u->cpu_period, &r->cpu->period},
		{"cpu-burst", u->cpu_burst, &r->cpu->burst},
		{"cpu-share", u->cpu_share, &r->cpu->shares},
		{"cpu-rt-period", u->cpu_rt_period, &r->cpu->realtime_period},
	};
	const struct {
		const char *option;
		const char *value;
		struct maybe_i64 *into;
		int (*parse)(const char *option, const char *value, struct maybe_i64 *ret,
			     struct error *err);
	} i64s[] = {
		{"cpu-quota", u->cpu_quota, &r->cpu->quota, parse_i64},
		{"cpu-rt-runtime", u->cpu_rt_runtime, &r->cpu->realtime_runtime, parse_i64},
		{"cpu-idle", u->cpu_idle, &r->cpu->idle, parse_i64},
		{"pids-limit", u->pids_limit, &r->pids->limit, parse_i64},
		{"kernel-memory", u->kernel_memory, &r->memory->kernel, parse_size},
		{"kernel-memory-tcp", u->kernel_memory_tcp, &r->memory->kernel_tcp, parse_size},
		{"memory", u->memory, &r->memory->limit, parse_size},
		{"memory-reservation", u->memory_reservation, &r->memory->reservation,
		 parse_size},
		{"memory-swap", u->memory_swap, &r->memory->swap, parse_size},
	};
	int status = 0;

	for (size_t i = 0; status == 0 && i < ARRAY_SIZE(u64s); i++)
		status = parse_u64(u64s[i].option, u64s[i].value, u64s[i].into, err);
	for (size_t i = 0; status == 0 && i < ARRAY_SIZE(i64s); i++)
		status = i64s[i].parse(i64s[i].option, i64s[i].value, i64s[i].into, err);
	r->cpu->cpus = xstrdup(u->cpuset_cpus);
	r->cpu->mems = xstrdup(u->cpuset_mems);
	return status;
}

static int read_options(const struct update *u, struct spec_resources **ret, struct error *err)
{
	_cleanup_(spec_resources_freep) struct spec_resources *r = xcalloc(1, sizeof(*r));
	int status;

	r->memory = xcalloc(1, sizeof(*r->memory));
	r->cpu = xcalloc(1, sizeof(*r->cpu));
	r->pids = xcalloc(1, sizeof(*r->pids));
	r->block_io = xcalloc(1, sizeof(*r->block_io));
	status = resources_of_options(u, r, err);
	if (status < 0)
		return status;
	*ret = take_ptr(&r);
	return 0;
}

static int read_resources(const char *path, struct spec_resources **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (str_eq(path, "-"))
		r = fd_read_all(STDIN_FILENO, RESOURCES_TEXT_MAX, &text, &len);
	else
		r = file_read(AT_FDCWD, path, RESOURCES_TEXT_MAX, &text, &len);
	if (r < 0)
		return error_errno(err, -r, "read %s", path);
	return spec_resources_parse(ret, text, len, path, err);
}

static int check_supported(const struct update *u, struct error *err)
{
	if (!str_is_empty(u->l3_cache_schema) || !str_is_empty(u->mem_bw_schema))
		return error_set(err, ENOTSUP, "Intel RDT is not supported");
	return 0;
}

/*
 * Half an update is worse than none: what was in force is put back. The second error,
 * if any, says nothing that the first does not.
 */
static void put_back(const struct cgroup *cg, const struct spec_resources *before)
{
	struct error ignored;

	if (before && cgroup_update(cg, before, &ignored) < 0)
		log_warn("the limits before the update could not be restored: %s",
			 ignored.text);
}

static int update(struct container *ct, struct spec_resources *change, struct error *err)
{
	_cleanup_(spec_freep) struct spec *spec = NULL, *before = NULL;
	int r;

	r = state_load_config(&ct->dir, &spec, err);
	if (r == 0)
		r = state_load_config(&ct->dir, &before, err);
	if (r < 0)
		return r;
	if (!spec->linux_->resources)
		spec->linux_->resources = xcalloc(1, sizeof(*spec->linux_->resources));
	spec_resources_merge(spec->linux_->resources, change);
	r = cgroup_update(&ct->state.cgroup, change, err);
	if (r == 0)
		r = state_save_config(&ct->dir, spec, err);
	if (r < 0)
		put_back(&ct->state.cgroup, before->linux_->resources);
	return r;
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_(spec_resources_freep) struct spec_resources *change = NULL;
	const struct update *u = c->values;
	int r;

	r = check_supported(u, err);
	if (r < 0)
		return r;
	r = str_is_empty(u->resources) ? read_options(u, &change, err)
				       : read_resources(u->resources, &change, err);
	if (r == 0)
		r = spec_resources_check(change, err);
	if (r == 0)
		r = container_open(&ct, c->options->root, c->args[0], STATE_EXCLUSIVE, err);
	if (r < 0)
		return r;
	if (state_status(&ct.dir, &ct.state) == STATE_STOPPED)
		return error_set(err, ESRCH, "container not running");
	return update(&ct, change, err);
}

const struct verb verb_update = {
	.name = "update",
	.arguments = "CONTAINER",
	.summary = "change the resource limits of a container",
	.options = options,
	.values_size = sizeof(struct update),
	.min_args = 1,
	.max_args = 1,
	.cli_flags = CLI_PERMUTE,
	.run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cgroup v2 has no files for devices; a BPF program of type
 * CGROUP_DEVICE is asked for each open(2) and mknod(2) of a device (kernel,
 * Documentation/admin-guide/cgroup-v2.rst, "Device controller").
 *
 * Ours walks the rules from the last to the first with the set of accesses that are
 * asked for. A rule that matches the device and allows takes its accesses out of
 * the set; when the set is empty, the answer is yes. One that denies and meets an
 * access that is still in the set answers no. So the last rule that matches
 * decides, for each kind of access on its own.
 *
 * It is attached beside others (BPF_F_ALLOW_MULTI): systemd has one of its own on
 * its scopes, and puts it anew at every daemon-reload. All must agree, and that
 * of systemd is never narrower than ours. Ours is known by its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/str.h"
#include "src/cgroup-internal.h"

#define PROGRAM_NAME "sysbox_devices"
/* The kernel's BPF_CGROUP_MAX_PROGS. */
#define PROGRAMS_MAX 64
/* The verifier gives up with EAGAIN when a signal is pending. */
#define LOAD_TRIES_MAX 30

#define ACCESS_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

struct program {
	struct bpf_insn *insns;
	size_t n;
};

/* Registers. R_ACCESS holds the accesses that no rule has allowed yet. */
enum {
	R_RESULT,
	R_CONTEXT,
	R_TYPE,
	R_ACCESS,
	R_MAJOR,
	R_MINOR,
};

static void emit(struct program *p, uint8_t code, unsigned int dst, unsigned int src,
		 int16_t off, uint32_t imm)
{
	struct bpf_insn *i = array_add((void **)&p->insns, &p->n, sizeof(*i));

	*i = (struct bpf_insn){
		.code = code,
		.dst_reg = dst & 0xf,
		.src_reg = src & 0xf,
		.off = off,
		.imm = (int32_t)imm,
	};
}

static void emit_load(struct program *p, unsigned int dst, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, R_CONTEXT, (int16_t)offset, 0);
}

static void emit_return(struct program *p, bool allow)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, R_RESULT, 0, 0, allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_prologue(struct program *p)
{
	emit_load(p, R_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(p, BPF_ALU | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	emit_load(p, R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(p, R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

/* What happens when the device is the rule's. */
static void emit_verdict(struct program *p, const struct cgroup_device_rule *r)
{
	if (r->access == ACCESS_ALL) {
		emit_return(p, r->allow);
	} else if (r->allow) {
		emit(p, BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0, ~r->access);
		emit(p, BPF_JMP | BPF_JNE | BPF_K, R_ACCESS, 0, 2, 0);
		emit_return(p, true);
	} else {
		emit(p, BPF_ALU | BPF_MOV | BPF_X, R_RESULT, R_ACCESS, 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, R_RESULT, 0, 0, r->access);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, R_RESULT, 0, 2, 0);
		emit_return(p, false);
	}
}

static void emit_rule(struct program *p, const struct cgroup_device_rule *r)
{
	size_t start = p->n, n_tests;
	uint32_t type = r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;

	emit(p, BPF_JMP32 | BPF_JNE | BPF_K, R_TYPE, 0, 0, type);
	if (r->major >= 0)
		emit(p, BPF_JMP32 | BPF_JNE | BPF_K, R_MAJOR, 0, 0, (uint32_t)r->major);
	if (r->minor >= 0)
		emit(p, BPF_JMP32 | BPF_JNE | BPF_K, R_MINOR, 0, 0, (uint32_t)r->minor);
	n_tests = p->n - start;
	emit_verdict(p, r);
	/* The tests jump past the verdict; offsets count from the next instruction. */
	for (size_t i = start; i < start + n_tests; i++)
		p->insns[i].off = (int16_t)(p->n - i - 1);
}

size_t cgroup_bpf_program(const struct cgroup_devices *d, struct bpf_insn **ret)
{
	struct program p = {0};

	emit_prologue(&p);
	for (size_t i = d->n_rules; i > 0; i--)
		emit_rule(&p, &d->rules[i - 1]);
	emit_return(&p, d->allow_all);
	*ret = p.insns;
	return p.n;
}

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t ptr_to_u64(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int program_load(const struct cgroup_devices *d, struct error *err)
{
	_cleanup_free_ struct bpf_insn *insns = NULL;
	size_t n = cgroup_bpf_program(d, &insns);
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = ptr_to_u64(insns),
		.insn_cnt = (uint32_t)n,
		.license = ptr_to_u64("Apache-2.0"),
		.prog_name = PROGRAM_NAME,
	};
	int fd = -1;

	for (int i = 0; i < LOAD_TRIES_MAX && fd < 0; i++) {
		fd = sys_bpf(BPF_PROG_LOAD, &attr);
		if (fd < 0 && errno != EAGAIN)
			break;
	}
	if (fd < 0)
		return error_errno(err, errno, "load the device filter (%zu instructions)", n);
	return fd;
}

static int program_open(uint32_t id)
{
	union bpf_attr attr = {.prog_id = id};
	int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);

	return fd < 0 ? -errno : fd;
}

static bool program_is_ours(int fd)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {
		.info = {.bpf_fd = (uint32_t)fd,
			 .info_len = sizeof(info),
			 .info = ptr_to_u64(&info)},
	};

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && str_eq(info.name, PROGRAM_NAME);
}

/* The fd of the program that we attached before, -ENOENT when there is none. Owned. */
static int program_find(int cgroup_fd)
{
	uint32_t ids[PROGRAMS_MAX];
	union bpf_attr attr = {
		.query = {.target_fd = (uint32_t)cgroup_fd,
			  .attach_type = BPF_CGROUP_DEVICE,
			  .prog_ids = ptr_to_u64(ids),
			  .prog_cnt = ARRAY_SIZE(ids)},
	};

	if (sys_bpf(BPF_PROG_QUERY, &attr) < 0)
		return -errno;
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		int fd = program_open(ids[i]);

		if (fd >= 0 && program_is_ours(fd))
			return fd;
		fd_close(fd);
	}
	return -ENOENT;
}

int cgroup_bpf_apply(int dirfd, const struct cgroup_devices *d, struct error *err)
{
	_cleanup_close_ int cgroup_fd = -EBADF;
	_cleanup_close_ int old_fd = -EBADF;
	_cleanup_close_ int fd = -EBADF;
	union bpf_attr attr;

	/* bpf(2) takes no O_PATH descriptor. */
	cgroup_fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_fd < 0)
		return error_errno(err, errno, "open the cgroup for its device filter");
	fd = program_load(d, err);
	if (fd < 0)
		return fd;
	old_fd = program_find(cgroup_fd);
	attr = (union bpf_attr){
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	if (old_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old_fd;
	}
	if (sys_bpf(BPF_PROG_ATTACH, &attr) < 0)
		return error_errno(err, errno, "attach the device filter");
	log_debug("cgroup: device filter of %zu rules attached", d->n_rules);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of `linux` in config.json (runtime-spec config-linux.md). JSON_KEEP
 * stands where the Go types of the specification lack "omitempty", so that what
 * we write reads like what engines write.
 */
#include "src/spec.h"

static const struct json_field id_mapping_fields[] = {
	JSON_FIELD(struct spec_id_mapping, "containerID", U32, container_id, JSON_KEEP),
	JSON_FIELD(struct spec_id_mapping, "hostID", U32, host_id, JSON_KEEP),
	JSON_FIELD(struct spec_id_mapping, "size", U32, size, JSON_KEEP),
	{0},
};
const struct json_type spec_id_mapping_type =
	JSON_TYPE("id mapping", struct spec_id_mapping, id_mapping_fields);

static const struct json_field namespace_fields[] = {
	JSON_FIELD(struct spec_namespace, "type", STRING, type, JSON_REQUIRED),
	JSON_FIELD(struct spec_namespace, "path", STRING, path, 0),
	{0},
};
static const struct json_type namespace_type =
	JSON_TYPE("namespace", struct spec_namespace, namespace_fields);

static const struct json_field device_fields[] = {
	JSON_FIELD(struct spec_device, "path", STRING, path, JSON_REQUIRED),
	JSON_FIELD(struct spec_device, "type", STRING, type, JSON_REQUIRED),
	JSON_FIELD(struct spec_device, "major", I64, major, JSON_KEEP),
	JSON_FIELD(struct spec_device, "minor", I64, minor, JSON_KEEP),
	JSON_FIELD(struct spec_device, "fileMode", MAYBE_U64, file_mode, 0),
	JSON_FIELD(struct spec_device, "uid", MAYBE_U64, uid, 0),
	JSON_FIELD(struct spec_device, "gid", MAYBE_U64, gid, 0),
	{0},
};
const struct json_type spec_device_type =
	JSON_TYPE("device", struct spec_device, device_fields);

/* ---- resources ---- */

static const struct json_field device_rule_fields[] = {
	JSON_FIELD(struct spec_device_rule, "allow", BOOL, allow, JSON_KEEP),
	JSON_FIELD(struct spec_device_rule, "type", STRING, type, 0),
	JSON_FIELD(struct spec_device_rule, "major", MAYBE_I64, major, 0),
	JSON_FIELD(struct spec_device_rule, "minor", MAYBE_I64, minor, 0),
	JSON_FIELD(struct spec_device_rule, "access", STRING, access, 0),
	{0},
};
static const struct json_type device_rule_type =
	JSON_TYPE("device rule", struct spec_device_rule, device_rule_fields);

static const struct json_field memory_fields[] = {
	JSON_FIELD(struct spec_memory, "limit", MAYBE_I64, limit, 0),
	JSON_FIELD(struct spec_memory, "reservation", MAYBE_I64, reservation, 0),
	JSON_FIELD(struct spec_memory, "swap", MAYBE_I64, swap, 0),
	JSON_FIELD(struct spec_memory, "kernel", MAYBE_I64, kernel, 0),
	JSON_FIELD(struct spec_memory, "kernelTCP", MAYBE_I64, kernel_tcp, 0),
	JSON_FIELD(struct spec_memory, "swappiness", MAYBE_U64, swappiness, 0),
	JSON_FIELD(struct spec_memory, "disableOOMKiller", MAYBE_BOOL, disable_oom_killer, 0),
	JSON_FIELD(struct spec_memory, "useHierarchy", MAYBE_BOOL, use_hierarchy, 0),
	JSON_FIELD(struct spec_memory, "checkBeforeUpdate", MAYBE_BOOL, check_before_update, 0),
	{0},
};
static const struct json_type memory_type =
	JSON_TYPE("memory", struct spec_memory, memory_fields);

static const struct json_field cpu_fields[] = {
	JSON_FIELD(struct spec_cpu, "shares", MAYBE_U64, shares, 0),
	JSON_FIELD(struct spec_cpu, "quota", MAYBE_I64, quota, 0),
	JSON_FIELD(struct spec_cpu, "burst", MAYBE_U64, burst, 0),
	JSON_FIELD(struct spec_cpu, "period", MAYBE_U64, period, 0),
	JSON_FIELD(struct spec_cpu, "realtimeRuntime", MAYBE_I64, realtime_runtime, 0),
	JSON_FIELD(struct spec_cpu, "realtimePeriod", MAYBE_U64, realtime_period, 0),
	JSON_FIELD(struct spec_cpu, "cpus", STRING, cpus, 0),
	JSON_FIELD(struct spec_cpu, "mems", STRING, mems, 0),
	JSON_FIELD(struct spec_cpu, "idle", MAYBE_I64, idle, 0),
	{0},
};
static const struct json_type cpu_type = JSON_TYPE("cpu", struct spec_cpu, cpu_fields);

static const struct json_field pids_fields[] = {
	JSON_FIELD(struct spec_pids, "limit", MAYBE_I64, limit, 0),
	{0},
};
static const struct json_type pids_type = JSON_TYPE("pids", struct spec_pids, pids_fields);

static const struct json_field weight_device_fields[] = {
	JSON_FIELD(struct spec_weight_device, "major", I64, major, JSON_KEEP),
	JSON_FIELD(struct spec_weight_device, "minor", I64, minor, JSON_KEEP),
	JSON_FIELD(struct spec_weight_device, "weight", MAYBE_U64, weight, 0),
	JSON_FIELD(struct spec_weight_device, "leafWeight", MAYBE_U64, leaf_weight, 0),
	{0},
};
static const struct json_type weight_device_type =
	JSON_TYPE("weight device", struct spec_weight_device, weight_device_fields);

static const struct json_field throttle_device_fields[] = {
	JSON_FIELD(struct spec_throttle_device, "major", I64, major, JSON_KEEP),
	JSON_FIELD(struct spec_throttle_device, "minor", I64, minor, JSON_KEEP),
	JSON_FIELD(struct spec_throttle_device, "rate", U64, rate, JSON_KEEP),
	{0},
};
static const struct json_type throttle_device_type =
	JSON_TYPE("throttle device", struct spec_throttle_device, throttle_device_fields);

#define THROTTLE(name, member)                                                                 \
	JSON_COUNTED(struct spec_block_io, name, ARRAY, member, n_##member,                    \
		     &throttle_device_type, 0)
static const struct json_field block_io_fields[] = {
	JSON_FIELD(struct spec_block_io, "weight", MAYBE_U64, weight, 0),
	JSON_FIELD(struct spec_block_io, "leafWeight", MAYBE_U64, leaf_weight, 0),
	JSON_COUNTED(struct spec_block_io, "weightDevice", ARRAY, weight_device,
		     n_weight_device, &weight_device_type, 0),
	THROTTLE("throttleReadBpsDevice", read_bps),
	THROTTLE("throttleWriteBpsDevice", write_bps),
	THROTTLE("throttleReadIOPSDevice", read_iops),
	THROTTLE("throttleWriteIOPSDevice", write_iops),
	{0},
};
static const struct json_type block_io_type =
	JSON_TYPE("blockIO", struct spec_block_io, block_io_fields);

static const struct json_field hugepage_limit_fields[] = {
	JSON_FIELD(struct spec_hugepage_limit, "pageSize", STRING, page_size, JSON_REQUIRED),
	JSON_FIELD(struct spec_hugepage_limit, "limit", U64, limit, JSON_KEEP),
	{0},
};
static const struct json_type hugepage_limit_type =
	JSON_TYPE("hugepage limit", struct spec_hugepage_limit, hugepage_limit_fields);

static const struct json_field net_priority_fields[] = {
	JSON_FIELD(struct spec_net_priority, "name", STRING, name, JSON_REQUIRED),
	JSON_FIELD(struct spec_net_priority, "priority", U32, priority, JSON_KEEP),
	{0},
};
static const struct json_type net_priority_type =
	JSON_TYPE("network priority", struct spec_net_priority, net_priority_fields);

static const struct json_field network_fields[] = {
	JSON_FIELD(struct spec_network, "classID", MAYBE_U64, class_id, 0),
	JSON_COUNTED(struct spec_network, "priorities", ARRAY, priorities, n_priorities,
		     &net_priority_type, 0),
	{0},
};
static const struct json_type network_type =
	JSON_TYPE("network", struct spec_network, network_fields);

static const struct json_field rdma_fields[] = {
	JSON_FIELD(struct spec_rdma, "hcaHandles", MAYBE_U64, hca_handles, 0),
	JSON_FIELD(struct spec_rdma, "hcaObjects", MAYBE_U64, hca_objects, 0),
	{0},
};
static const struct json_type rdma_type = JSON_TYPE("rdma", struct spec_rdma, rdma_fields);

static const struct json_field resources_fields[] = {
	JSON_COUNTED(struct spec_resources, "devices", ARRAY, devices, n_devices,
		     &device_rule_type, 0),
	JSON_SUB(struct spec_resources, "memory", PTR, memory, &memory_type, 0),
	JSON_SUB(struct spec_resources, "cpu", PTR, cpu, &cpu_type, 0),
	JSON_SUB(struct spec_resources, "pids", PTR, pids, &pids_type, 0),
	JSON_SUB(struct spec_resources, "blockIO", PTR, block_io, &block_io_type, 0),
	JSON_COUNTED(struct spec_resources, "hugepageLimits", ARRAY, hugepage_limits,
		     n_hugepage_limits, &hugepage_limit_type, 0),
	JSON_SUB(struct spec_resources, "network", PTR, network, &network_type, 0),
	JSON_COUNTED(struct spec_resources, "rdma", MAP, rdma, n_rdma, &rdma_type, 0),
	JSON_COUNTED(struct spec_resources, "unified", PAIRS, unified, n_unified, NULL, 0),
	{0},
};
const struct json_type spec_resources_type =
	JSON_TYPE("resources", struct spec_resources, resources_fields);

/* ---- seccomp ---- */

static const struct json_field seccomp_arg_fields[] = {
	JSON_FIELD(struct spec_seccomp_arg, "index", U32, index, JSON_KEEP),
	JSON_FIELD(struct spec_seccomp_arg, "value", U64, value, JSON_KEEP),
	JSON_FIELD(struct spec_seccomp_arg, "valueTwo", U64, value_two, 0),
	JSON_FIELD(struct spec_seccomp_arg, "op", STRING, op, JSON_REQUIRED),
	{0},
};
static const struct json_type seccomp_arg_type =
	JSON_TYPE("seccomp argument", struct spec_seccomp_arg, seccomp_arg_fields);

static const struct json_field seccomp_rule_fields[] = {
	JSON_FIELD(struct spec_seccomp_rule, "names", STRV, names, JSON_REQUIRED),
	JSON_FIELD(struct spec_seccomp_rule, "action", STRING, action, JSON_REQUIRED),
	JSON_FIELD(struct spec_seccomp_rule, "errnoRet", MAYBE_U64, errno_ret, 0),
	JSON_COUNTED(struct spec_seccomp_rule, "args", ARRAY, args, n_args, &seccomp_arg_type,
		     0),
	{0},
};
const struct json_type spec_seccomp_rule_type =
	JSON_TYPE("seccomp rule", struct spec_seccomp_rule, seccomp_rule_fields);

static const struct json_field seccomp_fields[] = {
	/* Not required here: a profile without action and rules means none, as with runc. */
	JSON_FIELD(struct spec_seccomp, "defaultAction", STRING, default_action, JSON_KEEP),
	JSON_FIELD(struct spec_seccomp, "defaultErrnoRet", MAYBE_U64, default_errno_ret, 0),
	JSON_FIELD(struct spec_seccomp, "architectures", STRV, architectures, 0),
	JSON_FIELD(struct spec_seccomp, "flags", STRV, flags, 0),
	JSON_FIELD(struct spec_seccomp, "listenerPath", STRING, listener_path, 0),
	JSON_FIELD(struct spec_seccomp, "listenerMetadata", STRING, listener_metadata, 0),
	JSON_COUNTED(struct spec_seccomp, "syscalls", ARRAY, rules, n_rules,
		     &spec_seccomp_rule_type, 0),
	{0},
};
static const struct json_type seccomp_type =
	JSON_TYPE("seccomp", struct spec_seccomp, seccomp_fields);

/* ---- the rest ---- */

static const struct json_field personality_fields[] = {
	JSON_FIELD(struct spec_personality, "domain", STRING, domain, JSON_REQUIRED),
	JSON_FIELD(struct spec_personality, "flags", STRV, flags, 0),
	{0},
};
static const struct json_type personality_type =
	JSON_TYPE("personality", struct spec_personality, personality_fields);

static const struct json_field time_offset_fields[] = {
	JSON_FIELD(struct spec_time_offset, "secs", I64, secs, 0),
	JSON_FIELD(struct spec_time_offset, "nanosecs", U32, nanosecs, 0),
	{0},
};
static const struct json_type time_offset_type =
	JSON_TYPE("time offset", struct spec_time_offset, time_offset_fields);

static const struct json_field time_offsets_fields[] = {
	JSON_SUB(struct spec_time_offsets, "monotonic", PTR, monotonic, &time_offset_type, 0),
	JSON_SUB(struct spec_time_offsets, "boottime", PTR, boottime, &time_offset_type, 0),
	{0},
};
static const struct json_type time_offsets_type =
	JSON_TYPE("time offsets", struct spec_time_offsets, time_offsets_fields);

static const struct json_field net_device_fields[] = {
	JSON_FIELD(struct spec_net_device, "name", STRING, new_name, 0),
	{0},
};
static const struct json_type net_device_type =
	JSON_TYPE("network device", struct spec_net_device, net_device_fields);

static const struct json_field memory_policy_fields[] = {
	JSON_FIELD(struct spec_memory_policy, "mode", STRING, mode, 0),
	JSON_FIELD(struct spec_memory_policy, "nodes", STRING, nodes, 0),
	JSON_FIELD(struct spec_memory_policy, "flags", STRV, flags, 0),
	{0},
};
static const struct json_type memory_policy_type =
	JSON_TYPE("memory policy", struct spec_memory_policy, memory_policy_fields);

static const struct json_field intel_rdt_fields[] = {
	JSON_FIELD(struct spec_intel_rdt, "closID", STRING, clos_id, 0),
	{0},
};
static const struct json_type intel_rdt_type =
	JSON_TYPE("Intel RDT", struct spec_intel_rdt, intel_rdt_fields);

static const struct json_field linux_fields[] = {
	JSON_COUNTED(struct spec_linux, "uidMappings", ARRAY, uid_mappings, n_uid_mappings,
		     &spec_id_mapping_type, 0),
	JSON_COUNTED(struct spec_linux, "gidMappings", ARRAY, gid_mappings, n_gid_mappings,
		     &spec_id_mapping_type, 0),
	JSON_COUNTED(struct spec_linux, "sysctl", PAIRS, sysctl, n_sysctl, NULL, 0),
	JSON_SUB(struct spec_linux, "resources", PTR, resources, &spec_resources_type, 0),
	JSON_FIELD(struct spec_linux, "cgroupsPath", STRING, cgroups_path, 0),
	JSON_COUNTED(struct spec_linux, "namespaces", ARRAY, namespaces, n_namespaces,
		     &namespace_type, 0),
	JSON_COUNTED(struct spec_linux, "devices", ARRAY, devices, n_devices, &spec_device_type,
		     0),
	JSON_SUB(struct spec_linux, "seccomp", PTR, seccomp, &seccomp_type, 0),
	JSON_FIELD(struct spec_linux, "rootfsPropagation", STRING, rootfs_propagation, 0),
	JSON_FIELD(struct spec_linux, "maskedPaths", STRV, masked_paths, 0),
	JSON_FIELD(struct spec_linux, "readonlyPaths", STRV, readonly_paths, 0),
	JSON_FIELD(struct spec_linux, "mountLabel", STRING, mount_label, 0),
	JSON_SUB(struct spec_linux, "personality", PTR, personality, &personality_type, 0),
	JSON_SUB(struct spec_linux, "timeOffsets", PTR, time_offsets, &time_offsets_type, 0),
	JSON_COUNTED(struct spec_linux, "netDevices", MAP, net_devices, n_net_devices,
		     &net_device_type, 0),
	JSON_SUB(struct spec_linux, "memoryPolicy", PTR, memory_policy, &memory_policy_type, 0),
	JSON_SUB(struct spec_linux, "intelRdt", PTR, intel_rdt, &intel_rdt_type, 0),
	{0},
};
const struct json_type spec_linux_type = JSON_TYPE("linux", struct spec_linux, linux_fields);

# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libsrc.a

%C%_libsrc_a_SOURCES = \
	%D%/cgroup-bpf.c \
	%D%/cgroup-devices.c \
	%D%/cgroup-dir.c \
	%D%/cgroup-fs.c \
	%D%/cgroup-internal.h \
	%D%/cgroup-limits.c \
	%D%/cgroup-oom.c \
	%D%/cgroup-plan.c \
	%D%/cgroup-procs.c \
	%D%/cgroup-property.c \
	%D%/cgroup-property.h \
	%D%/cgroup-stats.c \
	%D%/cgroup-systemd.c \
	%D%/cgroup.c \
	%D%/cgroup.h \
	%D%/cli.c \
	%D%/cli.h \
	%D%/cmd-checkpoint.c \
	%D%/cmd-create.c \
	%D%/cmd-delete.c \
	%D%/cmd-exec.c \
	%D%/cmd-features.c \
	%D%/cmd-kill.c \
	%D%/cmd-list.c \
	%D%/cmd-run.c \
	%D%/cmd-spec.c \
	%D%/cmd-start.c \
	%D%/cmd-state.c \
	%D%/cmd.h \
	%D%/container.c \
	%D%/container.h \
	%D%/do-devices.c \
	%D%/do-identity.c \
	%D%/do-mounts-cgroup.c \
	%D%/do-mounts-copyup.c \
	%D%/do-mounts.c \
	%D%/do-terminal.c \
	%D%/do.h \
	%D%/features.c \
	%D%/features.h \
	%D%/fs-client.c \
	%D%/fs-client.h \
	%D%/hooks.c \
	%D%/hooks.h \
	%D%/host.c \
	%D%/host.h \
	%D%/ids.c \
	%D%/ids.h \
	%D%/image.c \
	%D%/image.h \
	%D%/init.c \
	%D%/init.h \
	%D%/join.c \
	%D%/join.h \
	%D%/launch.c \
	%D%/launch.h \
	%D%/listener.c \
	%D%/listener.h \
	%D%/monitor.c \
	%D%/monitor.h \
	%D%/plan-cgroup.c \
	%D%/plan.h \
	%D%/rootfs.c \
	%D%/rootfs.h \
	%D%/spec-check-linux.c \
	%D%/spec-check-resources.c \
	%D%/spec-check-seccomp.c \
	%D%/spec-check.c \
	%D%/spec-check.h \
	%D%/spec-codec-linux.c \
	%D%/spec-codec.c \
	%D%/spec-example.c \
	%D%/spec.h \
	%D%/state.c \
	%D%/state.h \
	%D%/subid.c \
	%D%/subid.h \
	%D%/sync.c \
	%D%/sync.h \
	%D%/syscont.h

bin_PROGRAMS += sysbox-runc
sysbox_runc_SOURCES = %D%/main.c
sysbox_runc_LDADD = %D%/libsrc.a lib/liblib.a $(LIBS_ALL)

# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libsrc.a

%C%_libsrc_a_SOURCES =
%C%_libsrc_a_SOURCES += %D%/cgroup-bpf.c
%C%_libsrc_a_SOURCES += %D%/cgroup-devices.c
%C%_libsrc_a_SOURCES += %D%/cgroup-dir.c
%C%_libsrc_a_SOURCES += %D%/cgroup-fs.c
%C%_libsrc_a_SOURCES += %D%/cgroup-internal.h
%C%_libsrc_a_SOURCES += %D%/cgroup-limits.c
%C%_libsrc_a_SOURCES += %D%/cgroup-oom.c
%C%_libsrc_a_SOURCES += %D%/cgroup-plan.c
%C%_libsrc_a_SOURCES += %D%/cgroup-procs.c
%C%_libsrc_a_SOURCES += %D%/cgroup-property.c
%C%_libsrc_a_SOURCES += %D%/cgroup-property.h
%C%_libsrc_a_SOURCES += %D%/cgroup-stats.c
%C%_libsrc_a_SOURCES += %D%/cgroup-systemd.c
%C%_libsrc_a_SOURCES += %D%/cgroup.c
%C%_libsrc_a_SOURCES += %D%/cgroup.h
%C%_libsrc_a_SOURCES += %D%/cli.c
%C%_libsrc_a_SOURCES += %D%/cli.h
%C%_libsrc_a_SOURCES += %D%/cmd-checkpoint.c
%C%_libsrc_a_SOURCES += %D%/cmd-create.c
%C%_libsrc_a_SOURCES += %D%/cmd-delete.c
%C%_libsrc_a_SOURCES += %D%/cmd-exec.c
%C%_libsrc_a_SOURCES += %D%/cmd-features.c
%C%_libsrc_a_SOURCES += %D%/cmd-kill.c
%C%_libsrc_a_SOURCES += %D%/cmd-list.c
%C%_libsrc_a_SOURCES += %D%/cmd-run.c
%C%_libsrc_a_SOURCES += %D%/cmd-spec.c
%C%_libsrc_a_SOURCES += %D%/cmd-start.c
%C%_libsrc_a_SOURCES += %D%/cmd-state.c
%C%_libsrc_a_SOURCES += %D%/cmd.h
%C%_libsrc_a_SOURCES += %D%/container.c
%C%_libsrc_a_SOURCES += %D%/container.h
%C%_libsrc_a_SOURCES += %D%/do-devices.c
%C%_libsrc_a_SOURCES += %D%/do-identity.c
%C%_libsrc_a_SOURCES += %D%/do-mounts-cgroup.c
%C%_libsrc_a_SOURCES += %D%/do-mounts-copyup.c
%C%_libsrc_a_SOURCES += %D%/do-mounts.c
%C%_libsrc_a_SOURCES += %D%/do-terminal.c
%C%_libsrc_a_SOURCES += %D%/do.h
%C%_libsrc_a_SOURCES += %D%/features.c
%C%_libsrc_a_SOURCES += %D%/features.h
%C%_libsrc_a_SOURCES += %D%/fs-client.c
%C%_libsrc_a_SOURCES += %D%/fs-client.h
%C%_libsrc_a_SOURCES += %D%/hooks.c
%C%_libsrc_a_SOURCES += %D%/hooks.h
%C%_libsrc_a_SOURCES += %D%/host.c
%C%_libsrc_a_SOURCES += %D%/host.h
%C%_libsrc_a_SOURCES += %D%/ids.c
%C%_libsrc_a_SOURCES += %D%/ids.h
%C%_libsrc_a_SOURCES += %D%/image.c
%C%_libsrc_a_SOURCES += %D%/image.h
%C%_libsrc_a_SOURCES += %D%/init.c
%C%_libsrc_a_SOURCES += %D%/init.h
%C%_libsrc_a_SOURCES += %D%/join.c
%C%_libsrc_a_SOURCES += %D%/join.h
%C%_libsrc_a_SOURCES += %D%/launch.c
%C%_libsrc_a_SOURCES += %D%/launch.h
%C%_libsrc_a_SOURCES += %D%/listener.c
%C%_libsrc_a_SOURCES += %D%/listener.h
%C%_libsrc_a_SOURCES += %D%/monitor.c
%C%_libsrc_a_SOURCES += %D%/monitor.h
%C%_libsrc_a_SOURCES += %D%/plan-cgroup.c
%C%_libsrc_a_SOURCES += %D%/plan.h
%C%_libsrc_a_SOURCES += %D%/rootfs.c
%C%_libsrc_a_SOURCES += %D%/rootfs.h
%C%_libsrc_a_SOURCES += %D%/spec-check-linux.c
%C%_libsrc_a_SOURCES += %D%/spec-check-resources.c
%C%_libsrc_a_SOURCES += %D%/spec-check-seccomp.c
%C%_libsrc_a_SOURCES += %D%/spec-check.c
%C%_libsrc_a_SOURCES += %D%/spec-check.h
%C%_libsrc_a_SOURCES += %D%/spec-codec-linux.c
%C%_libsrc_a_SOURCES += %D%/spec-codec.c
%C%_libsrc_a_SOURCES += %D%/spec-example.c
%C%_libsrc_a_SOURCES += %D%/spec.h
%C%_libsrc_a_SOURCES += %D%/state.c
%C%_libsrc_a_SOURCES += %D%/state.h
%C%_libsrc_a_SOURCES += %D%/subid.c
%C%_libsrc_a_SOURCES += %D%/subid.h
%C%_libsrc_a_SOURCES += %D%/sync.c
%C%_libsrc_a_SOURCES += %D%/sync.h
%C%_libsrc_a_SOURCES += %D%/syscont.h
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
	%D%/do-seccomp.c \
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
	%D%/plan-devices.c \
	%D%/plan-mounts.c \
	%D%/plan-namespaces.c \
	%D%/plan-print.c \
	%D%/plan-process.c \
	%D%/plan-seccomp.c \
	%D%/plan.c \
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
	%D%/syscont-caps.c \
	%D%/syscont-devices.c \
	%D%/syscont-env.c \
	%D%/syscont-ids.c \
	%D%/syscont-lsm.c \
	%D%/syscont-mounts.c \
	%D%/syscont-ns.c \
	%D%/syscont-paths.c \
	%D%/syscont-seccomp.c \
	%D%/syscont-systemd.c \
	%D%/syscont.c \
	%D%/syscont.h

bin_PROGRAMS += sysbox-runc
sysbox_runc_SOURCES = %D%/main.c
sysbox_runc_LDADD = %D%/libsrc.a lib/liblib.a $(LIBS_ALL)

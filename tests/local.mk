# SPDX-License-Identifier: Apache-2.0
# A unit test is one line here: its source is the file of the same name, and it
# links what it needs of the three libraries.
LDADD = %D%/libgolden.a src/libsrc.a fs/libfs.a lib/liblib.a $(LIBS_ALL) $(CMOCKA_LIBS)

UNIT_TESTS =
UNIT_TESTS += %D%/unit/test-alloc
UNIT_TESTS += %D%/unit/test-atomicfile
UNIT_TESTS += %D%/unit/test-bolt
UNIT_TESTS += %D%/unit/test-budget
UNIT_TESTS += %D%/unit/test-calls
UNIT_TESTS += %D%/unit/test-caps
UNIT_TESTS += %D%/unit/test-cgroup
UNIT_TESTS += %D%/unit/test-cgroup-systemd-compose
UNIT_TESTS += %D%/unit/test-child
UNIT_TESTS += %D%/unit/test-cli
UNIT_TESTS += %D%/unit/test-cmd-update
UNIT_TESTS += %D%/unit/test-do-affinity
UNIT_TESTS += %D%/unit/test-do-seccomp
UNIT_TESTS += %D%/unit/test-cgroup-plan
UNIT_TESTS += %D%/unit/test-cgroup-property
UNIT_TESTS += %D%/unit/test-cgroup-systemd
UNIT_TESTS += %D%/unit/test-do-sysctl
UNIT_TESTS += %D%/unit/test-do-terminal
UNIT_TESTS += %D%/unit/test-docker
UNIT_TESTS += %D%/unit/test-fdset
UNIT_TESTS += %D%/unit/test-features
UNIT_TESTS += %D%/unit/test-hooks
UNIT_TESTS += %D%/unit/test-ids
UNIT_TESTS += %D%/unit/test-inspect
UNIT_TESTS += %D%/unit/test-install
UNIT_TESTS += %D%/unit/test-json-out
UNIT_TESTS += %D%/unit/test-layers
UNIT_TESTS += %D%/unit/test-listener
UNIT_TESTS += %D%/unit/test-monitor
UNIT_TESTS += %D%/unit/test-notify
UNIT_TESTS += %D%/unit/test-pidfile
UNIT_TESTS += %D%/unit/test-rootfs
UNIT_TESTS += %D%/unit/test-sdbus
UNIT_TESTS += %D%/unit/test-host
UNIT_TESTS += %D%/unit/test-plan-cgroup
UNIT_TESTS += %D%/unit/test-spec-merge
UNIT_TESTS += %D%/unit/test-conn
UNIT_TESTS += %D%/unit/test-cpus
UNIT_TESTS += %D%/unit/test-copy
UNIT_TESTS += %D%/unit/test-dir
UNIT_TESTS += %D%/unit/test-error
UNIT_TESTS += %D%/unit/test-fd
UNIT_TESTS += %D%/unit/test-flags
UNIT_TESTS += %D%/unit/test-idmap
UNIT_TESTS += %D%/unit/test-image
UNIT_TESTS += %D%/unit/test-inode
UNIT_TESTS += %D%/unit/test-json
UNIT_TESTS += %D%/unit/test-json-edit
UNIT_TESTS += %D%/unit/test-locks
UNIT_TESTS += %D%/unit/test-log
UNIT_TESTS += %D%/unit/test-loop
UNIT_TESTS += %D%/unit/test-mirror
UNIT_TESTS += %D%/unit/test-mount
UNIT_TESTS += %D%/unit/test-mountinfo
UNIT_TESTS += %D%/unit/test-ns
UNIT_TESTS += %D%/unit/test-owner
UNIT_TESTS += %D%/unit/test-path
UNIT_TESTS += %D%/unit/test-place
UNIT_TESTS += %D%/unit/test-plan-mounts
UNIT_TESTS += %D%/unit/test-plan-process
UNIT_TESTS += %D%/unit/test-plan-seccomp
UNIT_TESTS += %D%/unit/test-plan-traps
UNIT_TESTS += %D%/unit/test-proc
UNIT_TESTS += %D%/unit/test-proctext
UNIT_TESTS += %D%/unit/test-proto
UNIT_TESTS += %D%/unit/test-resolver
UNIT_TESTS += %D%/unit/test-shift
UNIT_TESTS += %D%/unit/test-slots
UNIT_TESTS += %D%/unit/test-sock
UNIT_TESTS += %D%/unit/test-spawn
UNIT_TESTS += %D%/unit/test-state
UNIT_TESTS += %D%/unit/test-store-marks
UNIT_TESTS += %D%/unit/test-subid
UNIT_TESTS += %D%/unit/test-sync
UNIT_TESTS += %D%/unit/test-spec
UNIT_TESTS += %D%/unit/test-spec-check
UNIT_TESTS += %D%/unit/test-store
UNIT_TESTS += %D%/unit/test-store-flush
UNIT_TESTS += %D%/unit/test-store-layers
UNIT_TESTS += %D%/unit/test-str
UNIT_TESTS += %D%/unit/test-strbuf
UNIT_TESTS += %D%/unit/test-strlist
UNIT_TESTS += %D%/unit/test-syscont-devices
UNIT_TESTS += %D%/unit/test-syscont-env
UNIT_TESTS += %D%/unit/test-syscont-mounts
UNIT_TESTS += %D%/unit/test-syscont-owner
UNIT_TESTS += %D%/unit/test-syscont-passes
UNIT_TESTS += %D%/unit/test-syscont-seccomp
UNIT_TESTS += %D%/unit/test-syscont-stores
UNIT_TESTS += %D%/unit/test-sysfilter
UNIT_TESTS += %D%/unit/test-tracee
UNIT_TESTS += %D%/unit/test-trap
UNIT_TESTS += %D%/unit/test-tree
UNIT_TESTS += %D%/unit/test-userns
UNIT_TESTS += %D%/unit/test-view
UNIT_TESTS += %D%/unit/test-views
UNIT_TESTS += %D%/unit/test-xattr

LINT_TESTS =
LINT_TESTS += %D%/lint/docs.sh
LINT_TESTS += %D%/lint/emulation.sh
LINT_TESTS += %D%/lint/format.sh
LINT_TESTS += %D%/lint/headers.sh
LINT_TESTS += %D%/lint/layers.sh
LINT_TESTS += %D%/lint/man.sh
LINT_TESTS += %D%/lint/pure.sh
LINT_TESTS += %D%/lint/shell.sh
LINT_TESTS += %D%/lint/spdx.sh

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS) %D%/unit/bolt.h %D%/unit/bpf.h %D%/unit/syscont.h %D%/unit/unit.h

AM_TESTS_ENVIRONMENT = \
	CC='$(CC)'; NM='$(NM)'; LINT_CFLAGS='$(AM_CFLAGS)'; export CC NM LINT_CFLAGS;

# Fuzz targets: with libFuzzer under --enable-fuzz, else over their corpus in `make check`.
FUZZ_TESTS =
FUZZ_TESTS += %D%/fuzz/fuzz-bolt
FUZZ_TESTS += %D%/fuzz/fuzz-config
FUZZ_TESTS += %D%/fuzz/fuzz-idmap
FUZZ_TESTS += %D%/fuzz/fuzz-image
FUZZ_TESTS += %D%/fuzz/fuzz-layers
FUZZ_TESTS += %D%/fuzz/fuzz-mountinfo
FUZZ_TESTS += %D%/fuzz/fuzz-proctext
FUZZ_TESTS += %D%/fuzz/fuzz-proto
FUZZ_TESTS += %D%/fuzz/fuzz-store-meta
FUZZ_TESTS += %D%/fuzz/fuzz-sysctl
FUZZ_TESTS += %D%/fuzz/fuzz-trap
FUZZ_TESTS += %D%/fuzz/fuzz-xattr

check_PROGRAMS += $(FUZZ_TESTS)
EXTRA_DIST += %D%/fuzz/corpus
%C%_fuzz_fuzz_bolt_SOURCES = %D%/fuzz/fuzz-bolt.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_bolt_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_config_SOURCES = %D%/fuzz/fuzz-config.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_idmap_SOURCES = %D%/fuzz/fuzz-idmap.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_idmap_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_image_SOURCES = %D%/fuzz/fuzz-image.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_image_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_layers_SOURCES = %D%/fuzz/fuzz-layers.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_layers_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_mountinfo_SOURCES = %D%/fuzz/fuzz-mountinfo.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_mountinfo_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_proctext_SOURCES = %D%/fuzz/fuzz-proctext.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_proctext_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_proto_SOURCES = %D%/fuzz/fuzz-proto.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_proto_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_store_meta_SOURCES = %D%/fuzz/fuzz-store-meta.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_store_meta_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_trap_SOURCES = %D%/fuzz/fuzz-trap.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_trap_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_xattr_SOURCES = %D%/fuzz/fuzz-xattr.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_xattr_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%C%_fuzz_fuzz_sysctl_SOURCES = %D%/fuzz/fuzz-sysctl.c $(FUZZ_DRIVER)
%C%_fuzz_fuzz_sysctl_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
if ENABLE_FUZZ
FUZZ_DRIVER =
else
FUZZ_DRIVER = %D%/fuzz/replay.c
TESTS += $(FUZZ_TESTS)
endif

# Directories with config.json and host.json; the driver runs all that it finds.
GOLDEN_CASES = \
	%D%/golden/ctr-default \
	%D%/golden/ctr-seccomp \
	%D%/golden/ctr-userns \
	%D%/golden/docker20-caps \
	%D%/golden/docker20-default \
	%D%/golden/docker20-device \
	%D%/golden/docker20-ipchost \
	%D%/golden/docker20-nethost \
	%D%/golden/docker20-pidhost \
	%D%/golden/docker20-privileged \
	%D%/golden/docker20-read-only \
	%D%/golden/docker20-systemd \
	%D%/golden/docker20-user \
	%D%/golden/docker28-bare-host \
	%D%/golden/docker28-default \
	%D%/golden/docker28-not-syscont \
	%D%/golden/docker28-stores \
	%D%/golden/docker28-systemd \
	%D%/golden/docker28-traps \
	%D%/golden/hostile-mounts \
	%D%/golden/kubernetes-mappings \
	%D%/golden/kubernetes-userns-path \
	%D%/golden/map-small \
	%D%/golden/map-to-root \
	%D%/golden/map-without-root \
	%D%/golden/mount-on-root \
	%D%/golden/podman-default \
	%D%/golden/podman-privileged \
	%D%/golden/podman-systemd \
	%D%/golden/podman-userns \
	%D%/golden/seccomp-deny-list \
	%D%/golden/seccomp-user-denials

# What the cases are written in: facts about a machine, and plans.
check_LIBRARIES += %D%/libgolden.a
%C%_libgolden_a_SOURCES =
%C%_libgolden_a_SOURCES += %D%/golden/host-json.c
%C%_libgolden_a_SOURCES += %D%/golden/host-json.h
%C%_libgolden_a_SOURCES += %D%/golden/plan-print.c
%C%_libgolden_a_SOURCES += %D%/golden/plan-print.h

check_PROGRAMS += %D%/golden/golden
TESTS += %D%/golden/golden
EXTRA_DIST += $(GOLDEN_CASES)

.PHONY: golden-update
golden-update: %D%/golden/golden
	srcdir=$(srcdir) %D%/golden/golden --update

# tests/integration/fs: a supervisor without a runtime, and trees to send through it.
check_PROGRAMS += %D%/helpers/fs-driver
# tests/integration: what runs inside of a container.
check_PROGRAMS += %D%/helpers/emul-table
%C%_helpers_emul_table_LDADD = lib/liblib.a
check_PROGRAMS += %D%/helpers/read-times
%C%_helpers_read_times_LDFLAGS = $(SANITIZE_CFLAGS) $(STATIC_LDFLAGS)
%C%_helpers_read_times_LDADD =
check_PROGRAMS += %D%/helpers/fuse-floor
%C%_helpers_fuse_floor_LDFLAGS = $(SANITIZE_CFLAGS) $(STATIC_LDFLAGS)
%C%_helpers_fuse_floor_LDADD =
check_PROGRAMS += %D%/helpers/read-many
%C%_helpers_read_many_LDFLAGS = $(SANITIZE_CFLAGS) $(STATIC_LDFLAGS)
%C%_helpers_read_many_LDADD =
check_PROGRAMS += %D%/helpers/probe
%C%_helpers_probe_LDFLAGS = $(SANITIZE_CFLAGS) $(STATIC_LDFLAGS)
%C%_helpers_probe_LDADD =
check_PROGRAMS += %D%/helpers/traps
%C%_helpers_traps_LDFLAGS = $(SANITIZE_CFLAGS) $(STATIC_LDFLAGS)
%C%_helpers_traps_LDADD =
check_PROGRAMS += %D%/helpers/stall
%C%_helpers_stall_LDFLAGS = $(SANITIZE_CFLAGS) $(STATIC_LDFLAGS)
%C%_helpers_stall_LDADD =
EXTRA_DIST += %D%/helpers/listened.py %D%/helpers/notify.py %D%/helpers/recvtty.py %D%/helpers/seccomp-agent.py
EXTRA_DIST += %D%/helpers/nasty-tree.py %D%/helpers/tree-digest.py %D%/stress
EXTRA_DIST += %D%/helpers/machine-check.py %D%/helpers/quickstart-session %D%/helpers/nat.bash
EXTRA_DIST += %D%/integration %D%/engine %D%/vm %D%/bench %D%/run-docker %D%/run-uses %D%/uses %D%/fresh-machine %D%/quickstart.bats

# The document's table from the program's.
.PHONY: emulation-update
emulation-update: %D%/helpers/emul-table
	$(srcdir)/docs/emulation.sh . >$(srcdir)/docs/emulation.md.new
	mv $(srcdir)/docs/emulation.md.new $(srcdir)/docs/emulation.md

# As root; STRESS: options and tests (tests/stress/supervisor --help). Ends by itself.
.PHONY: stress
stress: all
	SYSBOX_RUNC='$(abs_builddir)/sysbox-runc' $(srcdir)/%D%/stress/supervisor $(STRESS)

# Prints; passes or fails nothing. As root; BENCH: options and sections (tests/bench/bench --help).
.PHONY: bench
bench: all
	SYSBOX_RUNC='$(abs_builddir)/sysbox-runc' $(srcdir)/%D%/bench/bench $(BENCH)

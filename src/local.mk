# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libsrc.a

%C%_libsrc_a_SOURCES = \
	%D%/cgroup.h \
	%D%/cli.c \
	%D%/cli.h \
	%D%/cmd.h \
	%D%/do.h \
	%D%/host.h \
	%D%/plan.h \
	%D%/spec.h \
	%D%/subid.h \
	%D%/syscont.h

# Becomes bin_PROGRAMS with the last verb of main's table.
EXTRA_PROGRAMS = sysbox-runc
sysbox_runc_SOURCES = %D%/main.c
sysbox_runc_LDADD = %D%/libsrc.a lib/liblib.a $(LIBS_ALL)

# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libfs.a

%C%_libfs_a_SOURCES = \
	%D%/actor.c \
	%D%/actor.h \
	%D%/confine.c \
	%D%/confine.h \
	%D%/conn.c \
	%D%/conn.h \
	%D%/container.c \
	%D%/container.h \
	%D%/engine-view.c \
	%D%/inode.c \
	%D%/inode.h \
	%D%/keeper.c \
	%D%/keeper.h \
	%D%/loop.c \
	%D%/loop.h \
	%D%/passthrough-io.c \
	%D%/passthrough-xattr.c \
	%D%/passthrough.c \
	%D%/passthrough.h \
	%D%/service.c \
	%D%/service.h \
	%D%/shift.c \
	%D%/shift.h \
	%D%/slots.c \
	%D%/slots.h \
	%D%/worker.c \
	%D%/worker.h

bin_PROGRAMS += sysbox-fs
sysbox_fs_SOURCES = %D%/main.c
# Only what it needs: each library costs memory in every container's supervisor.
sysbox_fs_LDADD = %D%/libfs.a lib/liblib.a $(FUSE_LIBS) $(CAP_LIBS)

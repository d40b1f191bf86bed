# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libfs.a

%C%_libfs_a_SOURCES =
%C%_libfs_a_SOURCES += %D%/actor.c
%C%_libfs_a_SOURCES += %D%/actor.h
%C%_libfs_a_SOURCES += %D%/confine.c
%C%_libfs_a_SOURCES += %D%/confine.h
%C%_libfs_a_SOURCES += %D%/conn.c
%C%_libfs_a_SOURCES += %D%/conn.h
%C%_libfs_a_SOURCES += %D%/container.c
%C%_libfs_a_SOURCES += %D%/container.h
%C%_libfs_a_SOURCES += %D%/engine-view.c
%C%_libfs_a_SOURCES += %D%/inode.c
%C%_libfs_a_SOURCES += %D%/inode.h
%C%_libfs_a_SOURCES += %D%/keeper.c
%C%_libfs_a_SOURCES += %D%/keeper.h
%C%_libfs_a_SOURCES += %D%/loop.c
%C%_libfs_a_SOURCES += %D%/loop.h
%C%_libfs_a_SOURCES += %D%/passthrough-io.c
%C%_libfs_a_SOURCES += %D%/passthrough-xattr.c
%C%_libfs_a_SOURCES += %D%/passthrough.c
%C%_libfs_a_SOURCES += %D%/passthrough.h
%C%_libfs_a_SOURCES += %D%/service.c
%C%_libfs_a_SOURCES += %D%/service.h
%C%_libfs_a_SOURCES += %D%/shift.c
%C%_libfs_a_SOURCES += %D%/shift.h
%C%_libfs_a_SOURCES += %D%/slots.c
%C%_libfs_a_SOURCES += %D%/slots.h
%C%_libfs_a_SOURCES += %D%/worker.c
%C%_libfs_a_SOURCES += %D%/worker.h

bin_PROGRAMS += sysbox-fs
sysbox_fs_SOURCES = %D%/main.c
# Only what it needs: each library costs memory in every container's supervisor.
sysbox_fs_LDADD = %D%/libfs.a lib/liblib.a $(FUSE_LIBS) $(CAP_LIBS)

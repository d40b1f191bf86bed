# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/liblib.a

%C%_liblib_a_SOURCES = \
	%D%/alloc.c \
	%D%/alloc.h \
	%D%/atomicfile.c \
	%D%/atomicfile.h \
	%D%/caps.c \
	%D%/caps.h \
	%D%/error.c \
	%D%/error.h \
	%D%/fd.c \
	%D%/fd.h \
	%D%/flags.c \
	%D%/flags.h \
	%D%/idmap.c \
	%D%/idmap.h \
	%D%/json-decode.c \
	%D%/json-encode.c \
	%D%/json-scan.c \
	%D%/json-scan.h \
	%D%/json-walk.h \
	%D%/json.c \
	%D%/json.h \
	%D%/log.c \
	%D%/log.h \
	%D%/macro.h \
	%D%/mount.c \
	%D%/mount.h \
	%D%/mountinfo.c \
	%D%/mountinfo.h \
	%D%/ns.c \
	%D%/ns.h \
	%D%/path.c \
	%D%/path.h \
	%D%/proc.c \
	%D%/proc.h \
	%D%/proto.c \
	%D%/proto.h \
	%D%/sock.c \
	%D%/sock.h \
	%D%/spawn.c \
	%D%/spawn.h \
	%D%/str.c \
	%D%/str.h \
	%D%/strbuf.c \
	%D%/strbuf.h \
	%D%/sys.h \
	%D%/sysfilter.c \
	%D%/sysfilter.h \
	%D%/userns.c \
	%D%/userns.h

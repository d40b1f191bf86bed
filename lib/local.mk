# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/liblib.a

%C%_liblib_a_SOURCES =
%C%_liblib_a_SOURCES += %D%/alloc.c
%C%_liblib_a_SOURCES += %D%/alloc.h
%C%_liblib_a_SOURCES += %D%/atomicfile.c
%C%_liblib_a_SOURCES += %D%/atomicfile.h
%C%_liblib_a_SOURCES += %D%/caps.c
%C%_liblib_a_SOURCES += %D%/caps.h
%C%_liblib_a_SOURCES += %D%/error.c
%C%_liblib_a_SOURCES += %D%/error.h
%C%_liblib_a_SOURCES += %D%/fd.c
%C%_liblib_a_SOURCES += %D%/fd.h
%C%_liblib_a_SOURCES += %D%/flags.c
%C%_liblib_a_SOURCES += %D%/flags.h
%C%_liblib_a_SOURCES += %D%/idmap.c
%C%_liblib_a_SOURCES += %D%/idmap.h
%C%_liblib_a_SOURCES += %D%/json-decode.c
%C%_liblib_a_SOURCES += %D%/json-encode.c
%C%_liblib_a_SOURCES += %D%/json-scan.c
%C%_liblib_a_SOURCES += %D%/json-scan.h
%C%_liblib_a_SOURCES += %D%/json-walk.h
%C%_liblib_a_SOURCES += %D%/json.c
%C%_liblib_a_SOURCES += %D%/json.h
%C%_liblib_a_SOURCES += %D%/log.c
%C%_liblib_a_SOURCES += %D%/log.h
%C%_liblib_a_SOURCES += %D%/macro.h
%C%_liblib_a_SOURCES += %D%/mount.c
%C%_liblib_a_SOURCES += %D%/mount.h
%C%_liblib_a_SOURCES += %D%/mountinfo.c
%C%_liblib_a_SOURCES += %D%/mountinfo.h
%C%_liblib_a_SOURCES += %D%/ns.c
%C%_liblib_a_SOURCES += %D%/ns.h
%C%_liblib_a_SOURCES += %D%/path.c
%C%_liblib_a_SOURCES += %D%/path.h
%C%_liblib_a_SOURCES += %D%/proc.c
%C%_liblib_a_SOURCES += %D%/proc.h
%C%_liblib_a_SOURCES += %D%/proto.c
%C%_liblib_a_SOURCES += %D%/proto.h
%C%_liblib_a_SOURCES += %D%/sock.c
%C%_liblib_a_SOURCES += %D%/sock.h
%C%_liblib_a_SOURCES += %D%/spawn.c
%C%_liblib_a_SOURCES += %D%/spawn.h
%C%_liblib_a_SOURCES += %D%/str.c
%C%_liblib_a_SOURCES += %D%/str.h
%C%_liblib_a_SOURCES += %D%/strbuf.c
%C%_liblib_a_SOURCES += %D%/strbuf.h
%C%_liblib_a_SOURCES += %D%/sys.h
%C%_liblib_a_SOURCES += %D%/userns.c
%C%_liblib_a_SOURCES += %D%/userns.h
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

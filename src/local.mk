# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libsrc.a

%C%_libsrc_a_SOURCES = \
	%D%/spec.h

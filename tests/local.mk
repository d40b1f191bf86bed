# SPDX-License-Identifier: Apache-2.0
# A unit test is one line here: its source is the file of the same name, and it
# links what it needs of the three libraries.
LDADD = src/libsrc.a fs/libfs.a lib/liblib.a $(LIBS_ALL) $(CMOCKA_LIBS)

UNIT_TESTS = \
	%D%/unit/test-alloc \
	%D%/unit/test-atomicfile \
	%D%/unit/test-caps \
	%D%/unit/test-error \
	%D%/unit/test-fd \
	%D%/unit/test-flags \
	%D%/unit/test-idmap \
	%D%/unit/test-mount \
	%D%/unit/test-mountinfo \
	%D%/unit/test-ns \
	%D%/unit/test-path \
	%D%/unit/test-proc \
	%D%/unit/test-sock \
	%D%/unit/test-spawn \
	%D%/unit/test-str \
	%D%/unit/test-strbuf \
	%D%/unit/test-userns

LINT_TESTS = \
	%D%/lint/format.sh \
	%D%/lint/headers.sh \
	%D%/lint/layers.sh \
	%D%/lint/pure.sh \
	%D%/lint/shell.sh \
	%D%/lint/spdx.sh

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS) %D%/unit/unit.h

AM_TESTS_ENVIRONMENT = \
	CC='$(CC)'; NM='$(NM)'; LINT_CFLAGS='$(AM_CFLAGS)'; export CC NM LINT_CFLAGS;

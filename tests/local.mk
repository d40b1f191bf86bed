# SPDX-License-Identifier: Apache-2.0
# A test program is one line here: its source is the file of the same name, it
# links what it needs of the three libraries.
LDADD = src/libsrc.a fs/libfs.a lib/liblib.a $(LIBS_ALL) $(CMOCKA_LIBS)

UNIT_TESTS = \
	%D%/unit/test-json \
	%D%/unit/test-spec \
	%D%/unit/test-spec-check

LINT_TESTS = \
	%D%/lint/format.sh

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS)

# Fuzz targets: with libFuzzer under --enable-fuzz, else over their corpus in `make check`.
FUZZ_TESTS = \
	%D%/fuzz/fuzz-config

check_PROGRAMS += $(FUZZ_TESTS)
EXTRA_DIST += %D%/fuzz/corpus
%C%_fuzz_fuzz_config_SOURCES = %D%/fuzz/fuzz-config.c
%C%_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
if !ENABLE_FUZZ
%C%_fuzz_fuzz_config_SOURCES += %D%/fuzz/replay.c
TESTS += $(FUZZ_TESTS)
endif

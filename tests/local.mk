# SPDX-License-Identifier: Apache-2.0
# A test program is one line here: its source is the file of the same name, it
# links what it needs of the three libraries.
LDADD = src/libsrc.a fs/libfs.a lib/liblib.a $(LIBS_ALL) $(CMOCKA_LIBS)

UNIT_TESTS =

LINT_TESTS = \
	%D%/lint/format.sh

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS)

# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += %D%/libfs.a

%C%_libfs_a_SOURCES =

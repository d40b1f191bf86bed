# SPDX-License-Identifier: Apache-2.0
# Guests with other kernels: see README.md here. Not part of `make check`, as they take a
# Debian mirror, root and minutes.
EXTRA_DIST += %D%

.PHONY: check-vm vm-matrix
check-vm: all
	$(srcdir)/%D%/matrix --build '$(abs_builddir)' short

vm-matrix: all
	$(srcdir)/%D%/matrix --build '$(abs_builddir)' full

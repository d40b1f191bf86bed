#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file begins with its licence; scripts have it behind the #! line.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"

status=0
for f in $(find lib src fs tests images docs -name '*.[ch]' 2>/dev/null | sort); do
	[ "$(head -n 1 "$f")" = '/* SPDX-License-Identifier: Apache-2.0 */' ] ||
		{ echo "$f: no SPDX line"; status=1; }
done
for f in autogen.sh Makefile.am $(find lib src fs tests images docs -name '*.sh' -o \
	-name '*.mk' -o -name '*.bats' -o -name '*.bash' -o -name '*.py' 2>/dev/null | sort); do
	head -n 2 "$f" | grep -q '^# SPDX-License-Identifier: Apache-2.0$' ||
		{ echo "$f: no SPDX line"; status=1; }
done
exit $status

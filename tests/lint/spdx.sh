#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file begins with its licence; scripts have it behind the #! line.
set -eu
cd "${srcdir:-$(dirname "$0")/../..}"

files=$(find autogen.sh quickstart run-tests packaging Makefile.am lib src fs tests images docs .ci \
	-path '*/corpus' -prune -o -type f -print 2>/dev/null | sort)
status=0
for f in $files; do
	case $f in
	*.[ch])
		[ "$(head -n 1 "$f")" = '/* SPDX-License-Identifier: Apache-2.0 */' ] && continue
		;;
	*.sh | *.mk | *.am | *.bats | *.bash | *.py)
		head -n 2 "$f" | grep -q '^# SPDX-License-Identifier: Apache-2.0$' && continue
		;;
	*)
		# Other scripts are told by their first two bytes.
		[ "$(head -c 2 "$f" | tr -d '\0')" = '#!' ] || continue
		head -n 2 "$f" | grep -q '^# SPDX-License-Identifier: Apache-2.0$' && continue
		;;
	esac
	echo "$f: no SPDX line"
	status=1
done
exit $status

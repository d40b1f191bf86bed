# SPDX-License-Identifier: Apache-2.0
# Annotate one process's trace of `process` by the table `patterns`: see there, and trace.sh.  The rows that were
# of use are appended to the file `used`.

function end_row()
{
	if (hidden > 0)
		printf "/* ... and %d more of these */\n", hidden
	hidden = shown = 0
	row = ""
}

function close_block()
{
	end_row()
	if (is_open)
		print "```"
	is_open = 0
}

function open_block()
{
	if (!is_open)
		print "\n```c"
	is_open = 1
}

BEGIN {
	FS = "\t"
	while ((getline < patterns) > 0) {
		if (/^#/ || NF != 4)
			continue
		show[++n] = $1
		where[n] = $2
		regex[n] = $3
		meaning[n] = $4
	}
	FS = " "
	here = process "/"
}

# The steps, as --debug says them.
/^write\(2<[^>]*>, "sysbox-runc: debug: (create|init|start): / {
	step = $0
	sub(/.*debug: (create|init|start): /, "", step)
	sub(/\\n".*/, "", step)
	close_block()
	print "\n### " step
	here = process "/" step
	next
}

{
	for (i = 1; i <= n; i++)
		if ($0 ~ regex[i] && here ~ where[i])
			break
	if (i <= n)
		is_used[i] = 1
	if (i <= n && meaning[i] == "-")
		next
	if (i > n || i != row) {
		end_row()
		open_block()
		if (i <= n && meaning[i] != "")
			print "/* " meaning[i] " */"
	}
	row = i
	if (i <= n && shown >= show[i]) {
		hidden++
		next
	}
	shown++
	call = $0
	sub(/ = 0$/, "", call)
	if (length(call) > 150)
		call = substr(call, 1, 146) " ..."
	print call
}

END {
	close_block()
	for (i in is_used)
		print i >>used
}

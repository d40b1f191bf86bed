#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stages that decide (spec, syscont, plan) touch nothing: their objects must
# not refer to system calls, to the clock or the environment, nor to those functions of
# lib/ that do. They are tested without root for that reason.
set -eu
command -v "${NM:=nm}" >/dev/null || exit 77

# The C library, one family a line.
forbidden='
open(at|_tree)?(64)? creat fopen(64)? fdopen freopen opendir fdopendir
read readv pread(64)? write writev pwrite(64)? sendfile
l?stat(64)? fstat(at)?(64)? statx statfs(64)? fstatfs(64)? f?access(at)? readlink(at)?
realpath getcwd f?chdir chroot
mkdir(at)? mknod(at)? unlink(at)? rmdir rename(at2?)? link(at)? symlink(at)?
f?chmod(at)? [fl]?chown(at)? f?truncate(64)? utimensat
[fl]?(get|set|list|remove)xattr
mount umount2? move_mount fsopen fsmount fsconfig fspick mount_setattr
clone v?fork _Fork unshare setns exec[lvpe]+ posix_spawnp? system popen wait(pid|id)? kill
socket(pair)? connect bind listen accept4? send(msg|to)? recv(msg|from)? pipe2? dup[23]?
ioctl fcntl(64)? prctl syscall poll select epoll_.* signalfd timerfd_.* memfd_create
get(p|pp|t|e?u|e?g)id sysconf uname gethostname getpw.* getgr.* [gs]etrlimit(64)?
time clock_gettime gettimeofday getrandom rand(om)? (secure_)?getenv setenv
'
# Our own primitives with effects; what lib/flags, idmap and path compute is free.
forbidden="$forbidden"'
atomicfile_.* lockfile_.* caps_(get|all|apply.*|raise) copy_.* dir_.* fd_.* file_.* idmap_read
mount_(clone|attach|set_.*|make|propagate) mountinfo_(at|of|all) ns_.*
clock_.* path_(open|mkdir|mountpoint)_in_root path_open_beneath path_remove_tree proc_.* sock_.* spawn_.* userns_.* log_.*
'
pattern="($(printf %s "$forbidden" | tr -s ' \n' '||' | sed 's/^|//; s/|$//'))"

status=0 n=0
for o in src/spec*.o src/host-*.o src/syscont*.o src/plan*.o; do
	[ -f "$o" ] || continue
	n=$((n + 1))
	# _FORTIFY_SOURCE and glibc dress some names up: __read_chk, __open64_2, __isoc99_...
	found=$("$NM" -u "$o" | sed -n 's/^ *U //p' |
		sed 's/@.*//; s/^__\(.*\)_chk$/\1/; s/^__\(.*\)_2$/\1/' |
		grep -Ex "$pattern" | tr '\n' ' ' || :)
	[ -z "$found" ] || { echo "$o: not pure: $found"; status=1; }
done
[ $n -gt 0 ] || { echo "no objects of the pure stages"; exit 77; }
exit $status

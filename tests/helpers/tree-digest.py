#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One line for each entry of a tree with all that a copy must keep, for diff(1).

tree-digest.py DIR [--no-times]
"""
import hashlib
import os
import stat
import sys


def content(path, st):
    if stat.S_ISLNK(st.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(st.st_mode):
        return None
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while chunk := f.read(1 << 20):
            h.update(chunk)
    return h.hexdigest()[:16]


def xattrs(path):
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return {n: os.getxattr(path, n, follow_symlinks=False).hex() for n in names}


def walk(top):
    yield top
    for root, dirs, files in os.walk(top):
        dirs.sort()
        for name in sorted(dirs + files):
            yield os.path.join(root, name)


def main():
    top = os.fsencode(sys.argv[1])
    times = "--no-times" not in sys.argv
    first = {}
    lines = []
    for path in walk(top):
        st = os.lstat(path)
        rel = os.path.relpath(path, top)
        line = [rel, oct(st.st_mode), st.st_uid, st.st_gid]
        if not stat.S_ISDIR(st.st_mode):
            line += [st.st_nlink, st.st_size, first.setdefault(st.st_ino, rel)]
        if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
            line.append(st.st_rdev)
        if stat.S_ISREG(st.st_mode):
            line.append("sparse" if st.st_blocks * 512 < st.st_size // 2 else "full")
        if times and rel != b".":
            line.append(st.st_mtime_ns)
        line += [content(path, st), xattrs(path)]
        lines.append(repr(line))
    print("\n".join(sorted(lines)))


main()

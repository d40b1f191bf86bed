#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a directory with whatever a copy may get wrong. nasty-tree.py DIR [BIG_MIB]"""
import os
import socket
import stat
import struct
import sys

CAP_NET_RAW = 1 << 13
ACL_TAGS = {"user_obj": 1, "user": 2, "group_obj": 4, "group": 8, "mask": 16, "other": 32}
NO_ID = 0xFFFFFFFF


def put(name, data="", mode=0o644):
    with open(name, "w") as f:
        f.write(data)
    os.chmod(name, mode)


def acl(*entries):
    out = struct.pack("<I", 2)
    for tag, perm, ident in entries:
        out += struct.pack("<HHI", ACL_TAGS[tag], perm, ident)
    return out


LIST = acl(("user_obj", 6, NO_ID), ("user", 6, 1234), ("group_obj", 4, NO_ID),
           ("group", 5, 4321), ("mask", 7, NO_ID), ("other", 0, NO_ID))


def links():
    put("plain", "a\n")
    os.link("plain", "hard1")
    os.link("plain", "hard2")
    os.symlink("plain", "sym")
    os.lchown("sym", 12, 34)
    os.symlink("/nonexistent/absolute", "broken")
    os.symlink("x" * 4000, "longlink")


def special():
    os.mkfifo("fifo")
    os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod("block", stat.S_IFBLK | 0o600, os.makedev(7, 99))
    s = socket.socket(socket.AF_UNIX)
    s.bind("socket")


def owners_and_modes():
    put("suid")
    os.chown("suid", 1000, 1001)
    os.chmod("suid", 0o6755)
    put("last-id")
    os.chown("last-id", 65535, 65535)
    put("zero", "unreadable", 0)
    os.mkdir("sticky")
    os.chmod("sticky", 0o1777)
    os.mkdir("sgid")
    os.chown("sgid", 0, 50)
    os.chmod("sgid", 0o2775)
    os.mkdir("closed")
    put("closed/in", "in")
    os.chmod("closed", 0)


def attributes():
    put("capped", "#!", 0o755)
    caps = struct.pack("<IIIII", 0x02000001, CAP_NET_RAW, 0, 0, 0)
    os.setxattr("capped", "security.capability", caps)
    put("xattrs")
    os.setxattr("xattrs", "user.nul", b"bar\0baz")
    os.setxattr("xattrs", "user.big", b"z" * 2000)
    os.setxattr("xattrs", "user.empty", b"")
    put("acl")
    os.setxattr("acl", "system.posix_acl_access", LIST)
    os.mkdir("acldir")
    os.setxattr("acldir", "system.posix_acl_default", LIST)


def names():
    put(b"\xff\xfe strange\nname\t\\", "strange")
    put("n" * 255, "long")
    put("-rf", "dash")
    deep = "deep" + "/dddddddddddddddddddd" * 60
    os.makedirs(deep)
    put(deep + "/f", "deep")
    os.mkdir("many")
    for i in range(2000):
        put("many/%d" % i, str(i))


def sizes(big):
    with open("sparse", "wb") as f:
        f.seek(50 << 20)
        f.write(b"end")
        f.truncate(60 << 20)
    block = os.urandom(1 << 20)
    with open("big", "wb") as f:
        for _ in range(big):
            f.write(block)
    put("empty")


def times():
    put("nanoseconds")
    os.utime("nanoseconds", ns=(1234567890123456789, 987654321987654321))
    put("before-1970")
    os.utime("before-1970", (-5, -5))
    os.utime("sym", ns=(7, 8), follow_symlinks=False)
    os.utime("sticky", (100, 200))


os.umask(0o022)
os.mkdir(sys.argv[1])
os.chdir(sys.argv[1])
links()
special()
owners_and_modes()
attributes()
names()
sizes(int(sys.argv[2]) if len(sys.argv) > 2 else 8)
times()

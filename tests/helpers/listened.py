#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A command below a seccomp filter with a listener: listened.py COMMAND...

As in a container of another runtime that listens: the kernel allows one listener for a process and
all that it inherits, so the command can have none of its own. The filter allows everything.
"""
import ctypes
import platform
import struct
import subprocess
import sys

SET_MODE_FILTER, NEW_LISTENER = 1, 8
ALLOW, USER_NOTIF = 0x7FFF0000, 0x7FC00000
NUMBER_OF_NOTHING = 0x3FFF0000
SECCOMP = {"x86_64": 317, "aarch64": 277, "riscv64": 277}[platform.machine()]


def main():
    program = b"".join(struct.pack("=HBBI", *insn) for insn in (
        (0x20, 0, 0, 0),  # load the number
        (0x15, 0, 1, NUMBER_OF_NOTHING),
        (0x06, 0, 0, USER_NOTIF),
        (0x06, 0, 0, ALLOW)))
    text = ctypes.create_string_buffer(program)
    prog = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(text))
    fd = ctypes.CDLL(None, use_errno=True).syscall(SECCOMP, SET_MODE_FILTER, NEW_LISTENER, prog)
    if fd < 0:
        sys.exit(f"no listener: errno {ctypes.get_errno()}")
    sys.exit(subprocess.call(sys.argv[1:]))


main()

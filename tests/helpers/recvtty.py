#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine's side of a console socket: recvtty.py SOCKET [ROWS [COLUMNS [INPUT [AFTER]]]]

Takes one terminal, sets its size, types INPUT (once AFTER was printed), and prints what
comes out of it until the last process has closed it.
"""
import argparse
import fcntl
import os
import socket
import struct
import sys
import termios


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("rows", type=int, nargs="?", default=0)
    parser.add_argument("columns", type=int, nargs="?", default=0)
    parser.add_argument("input", nargs="?", default="")
    parser.add_argument("after", nargs="?", default="")
    return parser.parse_args()


def main():
    args = arguments()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(args.socket)
    listener.listen(1)
    connection, _ = listener.accept()
    name, fds, _, _ = socket.recv_fds(connection, 4096, 1)
    print("name=" + name.decode(), flush=True)
    if args.rows:
        size = struct.pack("HHHH", args.rows, args.columns, 0, 0)
        fcntl.ioctl(fds[0], termios.TIOCSWINSZ, size)
    seen = b""
    while True:
        if args.input and args.after.encode() in seen:
            os.write(fds[0], args.input.encode())
            args.input = ""
        try:
            data = os.read(fds[0], 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A service manager's side of sd_notify(3): notify.py SOCKET

Prints each message, and lets a barrier pass by closing its descriptor.
"""
import os
import socket
import sys

sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(sys.argv[1].replace("@", "\0", 1) if sys.argv[1].startswith("@") else sys.argv[1])
print("listening", flush=True)
while True:
    text, fds, _, _ = socket.recv_fds(sock, 4096, 4)
    print(text.decode().strip().replace("\n", " "), "fds=%d" % len(fds), flush=True)
    for fd in fds:
        os.close(fd)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who listens at linux.seccomp.listenerPath: seccomp-agent.py SOCKET [ERRNO]

Prints what the runtime sends beside the descriptor, then answers every notification with
ERRNO, or lets the call go on when there is none.
"""
import fcntl
import socket
import struct
import sys
import threading

RECV, SEND = 0xC0502100, 0xC0182101
CONTINUE = 1


def serve(fd, errno):
    while True:
        buf = bytearray(80)
        try:
            fcntl.ioctl(fd, RECV, buf)
            ident, pid, _, number = struct.unpack_from("=QIII", buf)
            print("call", number, flush=True)
            fcntl.ioctl(fd, SEND, struct.pack("=QqiI", ident, 0, -errno, 0 if errno else CONTINUE))
        except FileNotFoundError:
            continue
        except OSError:
            return


def main():
    errno = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(sys.argv[1])
    listener.listen(1)
    print("listening", flush=True)
    while True:
        connection, _ = listener.accept()
        text, fds, _, _ = socket.recv_fds(connection, 65536, 1)
        print(text.decode(), flush=True)
        threading.Thread(target=serve, args=(fds[0], errno), daemon=True).start()


main()

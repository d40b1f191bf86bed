# SPDX-License-Identifier: Apache-2.0
"""A terminal with a shell in it, typed at and read as by somebody who sits there."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

# What a terminal does not show: colours, titles, bracketed paste.
INVISIBLE = re.compile(rb'\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>78c]|\x1b[()][A-Z0-9]|\x07|\x00')
REWRITTEN = re.compile(r'[^\n]*\r(?!\n)')  # a line that something was written over: progress
QUIET = 0.1       # a prompt is one when nothing follows it for so long
QUIET_NOISY = 3   # or when something does, and then nothing: messages of a console


class Silence(Exception):
    """The expected prompt did not come; has what came instead."""


class Terminal:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        # Wide, so that nothing typed is broken into lines.
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 48, 2000, 0, 0))
        self.seen = b''

    def text(self):
        text = re.sub(r'\r+\n', '\n', INVISIBLE.sub(b'', self.seen).decode(errors='replace'))
        return REWRITTEN.sub('', text)

    def type(self, line):
        self.seen = b''
        os.write(self.fd, line.encode() + b'\n')

    def _read(self, seconds):
        """More of what is printed, if any comes; False at the end of the terminal."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return None
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b''
        self.seen += data
        return bool(data)

    def until(self, prompt, seconds):
        """What is printed until that prompt, as lines, without what was typed."""
        at_end = re.compile(r'(?:^|\n)' + prompt + r'[ \t]*$')
        somewhere = re.compile(r'(?:^|\n)' + prompt + r'[ \t]*(?=\n|$)')
        deadline, last = time.monotonic() + seconds, time.monotonic()
        while True:
            more = self._read(QUIET)
            now = time.monotonic()
            if more:
                last = now
            match = at_end.search(self.text()) or (now - last > QUIET_NOISY and somewhere.search(self.text()))
            if match and not more:
                return self.text()[:match.start()].split('\n')[1:]
            if more is False or now > deadline:
                raise Silence(self.text())

    def close(self):
        os.close(self.fd)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)

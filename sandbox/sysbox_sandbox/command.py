# SPDX-License-Identifier: Apache-2.0
"""A command in a sandbox, which may do its worst: it gets its time, and no more; it may write what
it likes, and a part of it is kept."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple

from sysbox_sandbox.engine import DOCKER, docker
from sysbox_sandbox.talk import Talk

TIMED_OUT = 124  # as with timeout(1); which says KILLED if it had to
KILLED = 128 + signal.SIGKILL
KEPT = 16 << 20  # bytes of each stream

# Inside, a program ends the command.  But the command may stop that program.
KILL_AFTER, GRACE = 5, 5

Result = namedtuple("Result", "status stdout stderr truncated")


def words_for(box, command, seconds):
    words = [*DOCKER, "exec", "-i"]
    if sys.stdin.isatty() and sys.stdout.isatty() and not Talk.json:
        words += ["-t", "-e", "TERM=" + os.environ.get("TERM", "xterm")]
    words += [box.name]
    if seconds:
        words += ["timeout", "-k", str(KILL_AFTER), seconds]
    return words + command


def wait(process, box, seconds):
    """Its status; what does not end in its time ends with the sandbox."""
    limit, started = float(seconds or "inf"), time.monotonic()
    try:
        status = process.wait(limit + KILL_AFTER + GRACE if seconds else None)
        late = time.monotonic() - started >= limit
        return TIMED_OUT if late and status == KILLED else status
    except subprocess.TimeoutExpired:
        docker("kill", box.name, check=False)
        return TIMED_OUT
    finally:
        process.kill()


class Reader(threading.Thread):
    """Reads all of a stream, so that nobody waits, and keeps its beginning."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.kept, self.truncated = stream, bytearray(), False
        self.start()

    def run(self):
        while chunk := self.stream.read1(1 << 16):
            self.truncated = self.truncated or len(self.kept) + len(chunk) > KEPT
            self.kept += chunk[:KEPT - len(self.kept)]

    def text(self):
        self.join()
        return self.kept.decode(errors="replace")


def run(box, command, seconds):
    """Run it with our own input and output, and return its status."""
    with subprocess.Popen(words_for(box, command, seconds)) as process:
        return wait(process, box, seconds)


def capture(box, command, seconds):
    """Run it and return what it has written, too."""
    with subprocess.Popen(words_for(box, command, seconds), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        out, err = Reader(process.stdout), Reader(process.stderr)
        status = wait(process, box, seconds)
        return Result(status, out.text(), err.text(), out.truncated or err.truncated)

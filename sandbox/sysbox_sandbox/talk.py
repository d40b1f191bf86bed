# SPDX-License-Identifier: Apache-2.0
"""What is said to the user, and what to a program."""

import json
import sys


class Problem(Exception):
    """What is wrong, and what to do next: for the user, without a trace."""

    def __init__(self, what, then=None):
        super().__init__(what)
        self.then = then


class Talk:
    quiet = json = False


def say(text):
    """A word on what is being done."""
    if not Talk.quiet:
        print("sysbox-sandbox:", text, file=sys.stderr, flush=True)


def answer(data, text):
    """What was asked for."""
    print(json.dumps(data) if Talk.json else text, flush=True)


def plain(text):
    """What came from elsewhere, without what a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)


def complain(problem):
    if Talk.json:
        print(json.dumps({"error": str(problem), "next": problem.then}))
    then = f"\n  -> {problem.then}" if problem.then else ""
    print(f"sysbox-sandbox: {plain(str(problem))}{then}", file=sys.stderr)

# SPDX-License-Identifier: Apache-2.0
"""Settings: what the command line and a file in the directory may say."""

import os
import re
import stat

from sysbox_sandbox.talk import Problem

FILE = ".sysbox-sandbox"

# What a value looks like, an example, and what holds when nobody says.
SETTINGS = {
    "image": (r"[a-z0-9][\w.:/@-]*", "debian:bookworm", None),
    "memory": (r"\d+[bkmg]?", "512m", "2g"),
    "cpus": (r"\d+(\.\d+)?", "1.5", None),
    "pids": (r"\d+", "500", "4096"),
    "network": (r"(?!(host|container)\b)\w[\w.-]*", "none", "bridge"),
    "env": (r"[A-Za-z_]\w*=.*", "NAME=VALUE", None),
    "root": (r"true|false", "true", "false"),
    "ssh": (r"any|\d{1,5}", "2222", None),
}
FLAGS = ("rm", "detach", "json", "quiet", "help")
SHORT = {"h": "help", "e": "env", "d": "detach"}
# In the file, which the sandbox can write: nothing that is said to the runtime, as whose the files
# are, and not more than anybody would write.
ENV_OF_FILE = r"(?!SYSBOX_)" + SETTINGS["env"][0]
FILE_MAX = 64 << 10
HELP = "sysbox-sandbox --help"


def value_of(settings, key):
    return settings.get(key) or SETTINGS[key][2]


def check_setting(key, value, where, pattern=None):
    if key not in SETTINGS:
        raise Problem(f"{where}: there is no setting {key}", "there are: " + ", ".join(SETTINGS))
    if not re.fullmatch(pattern or SETTINGS[key][0], value):
        raise Problem(f"{where}: not a value for {key}", f"for example: {SETTINGS[key][1]}")
    if key == "ssh" and value != "any" and not 0 < int(value) < 65536:
        raise Problem(f"{where}: no port has the number {value}", "1024 to 65535")


def put_setting(settings, key, value):
    if key == "env":
        settings.setdefault("env", []).append(value)
    else:
        settings[key] = value


def beginning(path, length):
    """Of a file.  Whoever can write it can also make it something else, at any moment."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError as e:
        raise Problem(f"{path}: {e.strerror}", "make it a file that can be read, or remove it") from None
    try:
        return os.read(fd, length) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    finally:
        os.close(fd)


def read_file(directory):
    """The settings of DIR/.sysbox-sandbox.  What stands there is not shown: it may lead elsewhere."""
    path, settings = os.path.join(directory, FILE), {}
    text = beginning(path, FILE_MAX + 1)
    if len(text) > FILE_MAX:
        raise Problem(f"{path} is too long", f"{FILE_MAX >> 10} KB are enough for all settings")
    for number, line in enumerate(text.decode(errors="replace").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, sep, value = (part.strip() for part in line.partition("="))
        if not sep:
            raise Problem(f"{path}, line {number}: not of the form NAME = VALUE",
                          "for example: memory = 512m")
        check_setting(key if key in SETTINGS else "of that name", value, f"{path}, line {number}",
                      ENV_OF_FILE if key == "env" else None)
        put_setting(settings, key, value)
    return settings


def read_options(argv):
    """(settings, flags, words, command) of the command line."""
    settings, flags, words, rest = {}, {}, [], list(argv)
    command = None
    while rest:
        word = rest.pop(0)
        if word == "--":
            command = rest
            break
        if not word.startswith("-"):
            words.append(word)
            continue
        key, sep, value = word.lstrip("-").partition("=")
        key = SHORT.get(key, key)
        if key in FLAGS and not sep:
            flags[key] = True
        elif key in ("root", "ssh"):
            put_setting(settings, key, value if sep else {"root": "true", "ssh": "any"}[key])
        elif key in SETTINGS or key == "timeout":
            if not sep and not rest:
                raise Problem(f"{word}: a value is missing", HELP)
            value = value if sep else rest.pop(0)
            put_setting(flags if key == "timeout" else settings, key, value)
        else:
            raise Problem(f"there is no option {word}", HELP)
    for key, value in settings.items():
        for one in value if isinstance(value, list) else [value]:
            check_setting(key, one, f"--{key}")
    if not re.fullmatch(r"\d+(\.\d+)?", flags.get("timeout", "0")):
        raise Problem("--timeout: not a number of seconds", "--timeout 60")
    return settings, flags, words, command

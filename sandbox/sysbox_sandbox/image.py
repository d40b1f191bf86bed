# SPDX-License-Identifier: Apache-2.0
"""Images: which one a directory asks for, and how to come by it."""

import os
import re
import subprocess
import time
from collections import namedtuple

from sysbox_sandbox.engine import RUNTIME, docker, inspect
from sysbox_sandbox.talk import Problem, say

HERE = os.path.dirname(os.path.realpath(__file__))

# What a file in DIR says about its language.
MARKERS = {
    "python": ("requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "uv.lock"),
    "node": ("package.json",),
}
# The target of images/ and the image, by languages found.
IMAGES = {
    (): ("runtime-python", "sysbox/runtime-python:3.11"),
    ("python",): ("runtime-python", "sysbox/runtime-python:3.11"),
    ("node",): ("runtime-node", "sysbox/runtime-node:20"),
    ("python", "node"): ("runtime-multi", "sysbox/runtime-multi:latest"),
}

# Who runs in an image; name and home are only known where they were asked for.
User = namedtuple("User", "uid gid name home")


def languages(directory):
    return tuple(lang for lang, files in MARKERS.items()
                 if any(os.path.exists(os.path.join(directory, f)) for f in files))


def recipes():
    """Where images/ is: two above in a checkout, and where `make install` puts it, too."""
    for path in (os.environ.get("SYSBOX_IMAGES"), os.path.join(HERE, "../../images")):
        if path and os.path.exists(os.path.join(path, "build")):
            return os.path.normpath(path)
    raise Problem("the recipes of the images are not there", "set SYSBOX_IMAGES to the folder images/")


def show_progress(lines, log):
    """The steps of a build as they come; all the rest only in the log."""
    for line in lines:
        log.write(line)
        if line.startswith("images: "):
            say("  " + line[len("images: "):].strip()[:90])


def build(target, image):
    build_program = os.path.join(recipes(), "build")
    if os.geteuid() != 0:
        raise Problem(f"the image {image} is not there yet, and only root can make it",
                      f"sudo make -C {recipes()} load-{target}")
    log_path = f"/var/log/sysbox-sandbox-{target}.log"
    say(f"making the image {image}; this takes some minutes, once")
    started = time.monotonic()
    with open(log_path, "w", encoding="utf-8") as log, subprocess.Popen(
            [build_program, target], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace") as p:
        show_progress(p.stderr, log)
        tar = p.stdout.read().strip()
    if p.returncode != 0:
        raise Problem(f"the image {image} could not be made", f"see {log_path}")
    docker("load", "-q", "-i", tar)
    say(f"made in {time.monotonic() - started:.0f} s")


def pull(image):
    say(f"pulling {image}")
    if docker("pull", image, check=False).returncode != 0:
        raise Problem(f"the image {image} is neither here nor in a registry that answers",
                      "docker images lists those that are here; make -C images list those that can be made")


def table_target(image):
    """The target of images/ that makes an image, or None."""
    with open(os.path.join(recipes(), "table"), encoding="utf-8") as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return next((r[0] for r in rows if image in (f"sysbox/{r[1]}:{r[2]}", f"sysbox/{r[1]}")), None)


def get_image(directory, wanted):
    """The name of the image, which is then in the engine."""
    target, image = IMAGES[languages(directory)]
    if wanted and wanted != image:
        image, target = wanted, None
    if inspect("image", image):
        return image
    if not target and image.startswith("sysbox/"):
        target = table_target(image)
    if target:
        build(target, image)
    else:
        pull(image)
    return image


def ask_image(image, user):
    """A look into the image: the only way to know a user's name and home."""
    done = docker("run", "--rm", "--runtime", RUNTIME, "--network", "none",
                  *(["--user", user] if user else []), "--entrypoint", "sh", image, "-c",
                  "id -u; id -g; id -un; getent passwd $(id -u) | cut -d: -f6", check=False)
    words = done.stdout.splitlines()
    if done.returncode != 0 or len(words) < 3:
        raise Problem(f"{image} has no shell, or not the user that it is to run as",
                      "take another --image")
    return User(int(words[0]), int(words[1]), words[2], words[3] if len(words) > 3 else "/")


def user_of(image, as_root, whole):
    """Who is to run in it; `whole`: name and home are needed, too."""
    user = "0:0" if as_root else inspect("image", image)["Config"].get("User") or "0:0"
    if whole or not re.fullmatch(r"\d+:\d+", user):
        return ask_image(image, user)
    return User(*(int(n) for n in user.split(":")), None, None)

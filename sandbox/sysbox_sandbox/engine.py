# SPDX-License-Identifier: Apache-2.0
"""The container engine: its client, and whether it can do what is wanted of it."""

import json
import os
import re
import shlex
import subprocess

from sysbox_sandbox.talk import Problem

DOCKER = shlex.split(os.environ.get("DOCKER", "docker"))
RUNTIME = "sysbox-runc"


def docker(*argv, check=True, **kw):
    """A command of the engine; its output, or a Problem with what it complains about."""
    done = subprocess.run([*DOCKER, *argv], check=False, capture_output=True, text=True, **kw)
    if check and done.returncode != 0:
        raise Problem(f"docker {argv[0]}: {last_line(done.stderr)}")
    return done


def last_line(text):
    lines = [x for x in text.strip().splitlines() if not x.startswith(("See 'docker", "Run 'docker"))]
    return lines[-1] if lines else "failed, and says nothing"


def inspect(kind, name):
    done = docker(kind, "inspect", name, check=False)
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def check_engine():
    """The engine runs here and knows the runtime."""
    try:
        done = docker("version", "-f", "{{.Server.Version}}", check=False)
    except FileNotFoundError:
        raise Problem(f"there is no program {DOCKER[0]}", "apt-get install docker.io") from None
    if re.search("connect: permission denied|permission denied while", done.stderr):
        raise Problem("you may not use Docker", "sudo usermod -aG docker $USER, then log in again")
    if done.returncode != 0:
        raise Problem(f"no Docker engine answers: {last_line(done.stderr)}",
                      "systemctl start docker; or fix DOCKER_HOST, if it is set")
    if RUNTIME not in json.loads(docker("info", "-f", "{{json .Runtimes}}").stdout):
        raise Problem(f"Docker does not know the runtime {RUNTIME}",
                      f"sudo {RUNTIME} install --docker")


def check_local():
    """A directory can be mounted by an engine of this machine only."""
    where = os.environ.get("DOCKER_HOST") or docker(
        "context", "inspect", "-f", "{{.Endpoints.docker.Host}}", check=False).stdout.strip()
    if where and not where.startswith("unix://"):
        raise Problem(f"the engine at {where} may be on another machine, which has not this directory",
                      "run sysbox-sandbox there")

# SPDX-License-Identifier: Apache-2.0
"""Sandboxes: containers that are found again by the directory they are for."""

import glob
import hashlib
import os
import re
import socket
import time

from sysbox_sandbox.engine import RUNTIME, docker, inspect, last_line
from sysbox_sandbox.image import get_image, user_of
from sysbox_sandbox.settings import read_file, value_of
from sysbox_sandbox.talk import Problem, say

PLACE = "/workspace"
LABEL = "sysbox.sandbox."
SSH_PORT = 2222

# What any process inside may write to, without a limit of its own.
LOG = ("--log-driver", "json-file", "--log-opt", "max-size=1m", "--log-opt", "max-file=1")

# The first process: ends when told to, and buries what its parents have left.  The keys of ssh
# lie on a volume, so that no image made of the sandbox has them.
INIT = """
trap 'exit 0' TERM INT
if [ "$1" = ssh ]; then
    [ -e ~/.ssh/host_key ] || dropbearkey -t ed25519 -f ~/.ssh/host_key >/dev/null 2>&1
    dropbear -F -E -s -p %d -r ~/.ssh/host_key &
fi
while :; do sleep infinity & wait $!; done
""" % SSH_PORT


class Sandbox:
    """One container: what the engine says about it."""

    def __init__(self, facts):
        self.name = facts["Name"].lstrip("/")
        self.labels = {k[len(LABEL):]: v for k, v in facts["Config"]["Labels"].items()
                       if k.startswith(LABEL)}
        self.directory = self.labels.get("dir")
        self.image = facts["Config"]["Image"]
        self.state = facts["State"]["Status"]
        ports = (facts["NetworkSettings"].get("Ports") or {}).get(f"{SSH_PORT}/tcp") or []
        self.ssh_port = int(ports[0]["HostPort"]) if ports else None

    def ssh_command(self):
        return (f"ssh -p {self.ssh_port} -o HostKeyAlias={self.name} "
                f"-o StrictHostKeyChecking=accept-new {self.labels['user']}@127.0.0.1")

    def facts(self):
        ssh = {"host": "127.0.0.1", "port": self.ssh_port, "user": self.labels.get("user")}
        return {"name": self.name, "dir": self.directory, "image": self.image, "state": self.state,
                "ssh": ssh if self.ssh_port else None}


def all_sandboxes():
    ids = docker("ps", "-aq", "--filter", f"label={LABEL}dir").stdout.split()
    found = [inspect("container", i) for i in ids]
    boxes = [Sandbox(f) for f in found if f]
    return [b for b in boxes if b.directory]  # an image made of one carries an empty label


def name_for(directory):
    base = re.sub(r"[^a-z0-9]+", "-", os.path.basename(directory).lower()).strip("-") or "dir"
    return f"sandbox-{base[:24]}-{hashlib.sha256(directory.encode()).hexdigest()[:8]}"


def find(word):
    """The sandbox of a directory, or of that name."""
    boxes = {b.name: b for b in all_sandboxes()}
    directory = os.path.realpath(word or ".")
    box = boxes.get(word) or boxes.get(name_for(directory))
    if not box:
        raise Problem(f"there is no sandbox {word or 'of ' + directory}",
                      "sysbox-sandbox list shows those that are")
    return box


def public_keys():
    """The caller's; under sudo those of the person who called it."""
    home = os.path.expanduser("~" + os.environ.get("SUDO_USER", ""))
    keys = []
    for path in sorted(glob.glob(os.path.join(home, ".ssh", "*.pub"))):
        with open(path, encoding="utf-8", errors="replace") as f:
            keys.append(f.read().strip() + "\n")
    if not keys:
        raise Problem(f"there is no key in {home}/.ssh with which to log in",
                      "ssh-keygen -t ed25519, then again")
    return keys


# Run as root of the container: who may log in, as $1.
ADMIT = "cat >/keys/authorized_keys && chown -R $1 /keys && chmod 700 /keys && chmod 600 /keys/*"


def key_volume(directory, image, user):
    """Who may log in, and the host key: it outlives the sandbox, so that ssh knows the next one."""
    volume = name_for(directory) + "-ssh"
    docker("run", "--rm", "-i", "--runtime", RUNTIME, "--network", "none", "--user", "0:0",
           "--volume", f"{volume}:/keys", "--entrypoint", "sh", image, "-c", ADMIT, "sh",
           f"{user.uid}:{user.gid}", input="".join(public_keys()))
    return volume


def run_options(name, directory, settings, image, user):
    """What the container is started with."""
    owner = os.stat(directory)
    options = ["--runtime", RUNTIME, "--name", name, "--hostname", "sandbox", "--tmpfs", "/run",
               "--mount", f"type=bind,source={directory},target={PLACE}", "--workdir", PLACE, "-e",
               f"SYSBOX_MAP_OWNER={PLACE}:{owner.st_uid}:{owner.st_gid}:{user.uid}:{user.gid}",
               "--user", f"{user.uid}:{user.gid}", "--entrypoint", "sh",
               "--memory", value_of(settings, "memory"), "--pids-limit", value_of(settings, "pids"),
               "--network", value_of(settings, "network"), *LOG]
    if settings.get("cpus"):
        options += ["--cpus", settings["cpus"]]
    if settings.get("root") == "true":
        options += ["-e", "HOME=/root"]
    if settings.get("ssh"):
        port = "" if settings["ssh"] == "any" else settings["ssh"]
        options += ["--volume", f"{key_volume(directory, image, user)}:{user.home}/.ssh",
                    "--publish", f"127.0.0.1:{port}:{SSH_PORT}", "--label", f"{LABEL}user={user.name}"]
    for pair in settings.get("env", []):
        options += ["-e", pair]
    labels = {"dir": directory, **{k: v for k, v in settings.items() if isinstance(v, str)}}
    for key, value in labels.items():
        options += ["--label", f"{LABEL}{key}={value}"]
    return options


def explain_start(error, settings):
    """Why `docker run` failed, and what to do."""
    if re.search("port is already allocated|address already in use", error):
        return Problem(f"port {settings.get('ssh')} of 127.0.0.1 is in use",
                       "--ssh=ANOTHER, or --ssh alone for any that is free")
    if re.search("network .* not found", error):
        return Problem(f"Docker has no network {settings.get('network')}",
                       "docker network ls lists them; none and bridge are always there")
    if "no space left" in error:
        return Problem("the disk is full", "docker system prune")
    return Problem(f"the sandbox did not start: {last_line(error)}",
                   f"sudo {RUNTIME} doctor says what this machine lacks")


def remove(name):
    done = docker("rm", "-f", "-v", name, check=False)
    if done.returncode != 0 and "No such container" not in done.stderr:
        say(f"{name} is still there: {last_line(done.stderr)}")


def create(name, directory, settings):
    ssh, as_root = settings.get("ssh"), settings.get("root") == "true"
    if ssh and settings.get("network") == "none":
        raise Problem("ssh needs a network", "leave out --network none")
    if ssh:
        public_keys()
    image = get_image(directory, settings.get("image"))
    user = user_of(image, as_root, whole=bool(ssh))
    options = run_options(name, directory, settings, image, user)
    if os.stat(directory).st_uid == 0:
        say(f"note: {directory} is root's, and so will be what the sandbox makes there")
    say(f"starting {name} from {image}")
    done = docker("run", "-d", *options, image, "-c", INIT, "sh", "ssh" if ssh else "", check=False)
    if "is already in use by container" in done.stderr:
        return  # somebody has made it at the same moment
    if done.returncode != 0:
        remove(name)
        raise explain_start(done.stderr, settings)
    if ssh:
        wait_for_ssh(name)


def greets(port):
    """Whether an ssh server answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
            return s.recv(4) == b"SSH-"
    except OSError:
        return False


def wait_for_ssh(name):
    port = find(name).ssh_port
    for _ in range(50):
        if greets(port):
            return
        time.sleep(0.1)
    log = docker("logs", name, check=False)
    remove(name)
    raise Problem(f"no sshd answers in the sandbox: {last_line(log.stdout + log.stderr)}",
                  "its image needs dropbear, as the runtime images have it")


def check_same(box, given):
    """What was asked for this time is what the sandbox was started with."""
    for key, value in given.items():
        if isinstance(value, str) and (box.labels.get(key) or value_of({}, key)) != value:
            raise Problem(f"the sandbox of {box.directory} was started with another --{key}",
                          "sysbox-sandbox rm, then again; or --rm for one of its own")


def running(name):
    """Whoever else has made it may be about to start it."""
    for _ in range(100):
        box = find(name)
        if box.state == "running":
            return box
        time.sleep(0.1)
    raise Problem(f"{name} does not start", "sysbox-sandbox rm, then again")


def ensure(directory, given):
    """The running sandbox of a directory."""
    name = name_for(directory)
    facts = inspect("container", name)
    if not facts:
        create(name, directory, {**read_file(directory), **given})
    else:
        check_same(Sandbox(facts), given)
        if Sandbox(facts).state != "running":
            say(f"starting {name} again")
            docker("start", name)
    box = running(name)
    check_same(box, given)
    return box

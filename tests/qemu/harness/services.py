"""The services of the tests: one program (tests/demo/probe.c), a service file each. The device configuration that names them."""
import fcntl
import os
import re
import shutil
import tempfile

from . import images, overlay, paths

DEMO = os.path.join(paths.TOP, "tests", "demo")

# name: the [service] section's lines. What starts at boot is said in the device configuration.
SERVICES = {
    "probe": "command = /bin/probe facts\nmemory = 32m\npids_limit = 16\nenv = COLOUR=blue\ntmpfs = /tmp:size=1m\n",
    # Nothing but defaults: 64m, of which memory_high is 90 %.
    "hog": "command = /bin/probe hog 256\nrestart = no\n",
    "bomb": "command = /bin/probe bomb\nmemory = 32m\npids_limit = 10\nrestart = no\n",
    "crasher": "command = /bin/probe crash 3 200\nrestart = on-failure:5\n",
    "segv": "command = /bin/probe crash segv 200\nrestart = no\n",
    "polite": "command = /bin/probe polite\n",
    "deaf": "command = /bin/probe deaf\nstop_timeout = 20s\n",
    "sick": "command = /bin/probe deaf\nhealth_cmd = /bin/probe sick\nhealth_interval = 2s\nhealth_timeout = 2s\n"
            "health_retries = 2\nrestart = no\n",
    "standing": "command = /bin/probe deaf\nstandby = yes\nmemory = 16m\npids_limit = 4\n",
    "after": "command = /bin/probe polite\ndepends_on = polite\n",
    "worker": "command = /bin/probe polite\nmemory = 8m\npids_limit = 4\n",
}
# Names that were not admitted yet: an image is verified once and then stays mapped.
FRESH = tuple(f"fresh{i}" for i in range(16))
SERVICES.update({name: SERVICES["worker"] for name in FRESH})


def make(board, names):
    """Image files of these services, made when absent or old: {name: path}."""
    out = os.path.join(paths.OUT, "tests", board, "images")
    os.makedirs(out, exist_ok=True)
    program = overlay.built(board, "probe", [os.path.join(DEMO, "probe.c")])
    with open(os.path.join(out, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return {name: _image(board, out, name, program) for name in names}


def rootfs(directory, program):
    """The root file system of every test service."""
    os.makedirs(os.path.join(directory, "bin"))
    os.makedirs(os.path.join(directory, "etc"))
    shutil.copyfile(program, os.path.join(directory, "bin", "probe"))
    os.chmod(os.path.join(directory, "bin", "probe"), 0o755)


def _image(board, out, name, program):
    with tempfile.TemporaryDirectory(prefix="bartizan-service-") as work:
        tree, service = os.path.join(work, "root"), os.path.join(work, "service.ini")
        rootfs(tree, program)
        with open(service, "w", encoding="ascii") as ini:
            ini.write("[service]\n" + SERVICES[name])
        return images.build(board, out, name, service, tree)


def configuration(path, services, syslog=True):
    """Write a supervisor.conf: the product's own without its services, then these: {name: lines of its section}."""
    text = open(os.path.join(paths.TOP, "conf", "supervisor.conf"), encoding="utf-8").read()
    # More services than a product of this size would have.
    text = text.replace("[device]\n", "[device]\novercommit = yes\n")
    sections = re.split(r"(?m)^(?=\[)", text)
    kept = [s for s in sections if not s.startswith("[service ") and (syslog or not s.startswith("[syslog]"))]
    kept += [f"[service {name}]\n{lines}\n" for name, lines in services.items()]
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(part.rstrip("\n") + "\n" for part in kept))
    return path

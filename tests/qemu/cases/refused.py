"""Images that must be refused: console line, audit record with the same reason, exit 5 of status, no process."""
import json
import os
import re
import subprocess
import tempfile

from harness import overlay, paths, services, tap
from harness.device import matching

MAKE = os.path.join(paths.TOP, "tests", "images", "make-refused")

# What tests/images/make-refused makes: service name and what the refusal is about. The reason's words are in its expected.json.
REFUSED = (
    ("flipped-data", "one flipped data byte"),
    ("flipped-tree", "one flipped tree byte"),
    ("truncated", "truncated"),
    ("unsigned", "unsigned"),
    ("unknown-ca", "signed by an unknown CA"),
    ("no-eku", "certificate without codeSigning"),
    ("out-of-scope", "signer whose scope does not cover the name"),
    ("wrong-arch", "wrong architecture"),
    ("wrong-name", "wrong name"),
    ("below-floor", "epoch below the floor"),
    ("unknown-key", "service file with an unknown key"),
    ("above-bound", "option above its bound"),
    ("not-named", "valid image that the device policy does not name"),
)
GOOD = ("polite",)


def options(board, directory):
    out = os.path.join(directory, "refused")
    with tempfile.TemporaryDirectory(dir=directory) as work:
        tree = os.path.join(work, "root")
        services.rootfs(tree, overlay.built(board, "probe", [os.path.join(services.DEMO, "probe.c")]))
        done = subprocess.run([MAKE, "--arch", paths.BOARDS[board][1], paths.KEYS, tree, out], text=True, check=False,
                              env=dict(os.environ, BARTIZAN=paths.host_tool()), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    if done.returncode:
        raise paths.Missing(f"make-refused failed: {done.stdout[-2000:]}")
    with open(os.path.join(out, "expected.json"), encoding="utf-8") as source:
        expected = json.load(source)
    named = {name: row.get("conf", "") for name, row in expected.items() if row.get("named", True)}
    named.update({name: "" for name in GOOD})
    images = [f"{name}={os.path.join(out, row['file'])}" for name, row in expected.items()]
    made = {"images": images + list(services.make(board, GOOD).values()),
            "conf": services.configuration(os.path.join(directory, "supervisor.conf"), named, syslog=False),
            "state_extra": extra_state(os.path.join(out, "state")), "notes": expected}
    if os.path.isdir(os.path.join(out, "trust")):
        made["trust"] = os.path.join(out, "trust")
    return made


def extra_state(directory):
    found = {}
    for root, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(root, name)
            found[os.path.relpath(path, directory)] = open(path, "rb").read()
    return found


def begin(t):
    tap.check(t.device.settle(120), "the services did not settle:", t.device.services())


def refused(name):
    def case(t):
        tap.check(name in t.notes, "make-refused does not make it")
        wanted = t.notes[name]["reason"]
        said = re.search(rf"(?m)\b{re.escape(name)}: refused: (.*)$", t.device.machine.console)
        tap.check(said, "no line on the console:", t.device.machine.console[-1500:])
        tap.check(wanted in said.group(1), f"the console says {said.group(1)!r}, not {wanted!r}")
        tap.check(re.search(r"\(.+\)\s*$", said.group(1)), "no hint:", said.group(1))
        events = ("IMAGE_REFUSED", "START_REFUSED", "IMAGE_CORRUPT")
        tap.check(t.device.wait_for(lambda: any(t.device.said(event, wanted, 0, service=name) for event in events), 30),
                  f"no audit record says {wanted!r}")
        done = t.device.run(f"bartizan status {name}")
        tap.check(done.exit == 5, f"status exits {done.exit}:", done.stdout, done.stderr)
        tap.check(wanted in done.stdout + done.stderr, "status says", done.stdout, done.stderr)
        tap.equal([p for p in t.device.processes() if f"/services/{name}/" in p.cgroup], [], "processes")
        starts = matching(t.device.records(), "START", service=name)
        tap.check(not starts or name == "flipped-data", "it was started:", starts)
    return case


def nothing_left(t):
    """Loop devices and mappings of refused images are gone; the good one's stay."""
    mappings = [n for n in t.device.agent.list("/sys/block") if n.startswith("dm-")]
    tap.equal(len(mappings), len(GOOD), f"mappings {mappings}")
    loops = [n for n in t.device.agent.list("/sys/block") if n.startswith("loop")]
    used = []
    for name in loops:
        try:
            used.append(t.device.agent.text(f"/sys/block/{name}/loop/backing_file"))
        except OSError:
            continue
    tap.equal(len(used), len(GOOD), f"loop devices {used}")


def good_runs(t):
    for name in GOOD:
        tap.equal(t.device.service(name)["state"], "running", name)


CASES = [(f"refused: {text}", refused(name)) for name, text in REFUSED]
CASES += [("refused: nothing of them is left in the kernel", nothing_left),
          ("refused: a good image beside them runs", good_runs)]
BOOTS = [("refused", options, CASES, begin)]

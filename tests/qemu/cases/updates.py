"""Updates on the device: install, trial, confirmation, rollback, refusals, resuming, block files."""
import json
import os
import subprocess
import tempfile

from harness import images, overlay, paths, services, tap
from harness.device import matching

PROGRAM = "command = /bin/probe "
# name: [(version, epoch, lines of [service])]; the first lies there at boot, confirmed by hand.
VERSIONS = {
    "up": [("1.0", 1, PROGRAM + "polite\n"), ("2.0", 2, PROGRAM + "polite\nenv = A=2\n"), ("3.0", 3, PROGRAM + "crash 3 200\n"),
           ("0.9", 1, PROGRAM + "polite\n"), ("1.9", 2, PROGRAM + "polite\nenv = A=19\n")],
    "other": [("1.0", 1, PROGRAM + "polite\n"), ("2.0", 1, PROGRAM + "polite\nenv = B=2\n")],
    "once": [("1.0", 1, PROGRAM + "polite\n"), ("2.0", 2, PROGRAM + "crash segv 100\nrestart = no\n")],
    "well": [("1.0", 1, PROGRAM + "polite\n"),
             ("2.0", 2, PROGRAM + "deaf\nhealth_cmd = /bin/probe sick\nhealth_interval = 2s\nhealth_timeout = 2s\n"
                                  "health_retries = 1\nstop_timeout = 1s\n"),
             ("3.0", 3, PROGRAM + "polite\nhealth_cmd = /bin/probe health /nothing\nhealth_interval = 1s\n"
                                  "health_timeout = 1s\n")],
    "part": [("1.0", 1, PROGRAM + "polite\n"), ("2.0", 1, PROGRAM + "polite\nenv = C=2\n"),
             ("3.0", 1, PROGRAM + "polite\nenv = C=3\n")],
}
INCOMING = "/state/incoming/"


def build(board, directory):
    """{(name, version): path} of every image."""
    made = {}
    program = overlay.built(board, "probe", [os.path.join(services.DEMO, "probe.c")])
    out = os.path.join(paths.OUT, "tests", board, "updates")
    os.makedirs(out, exist_ok=True)
    for name, versions in VERSIONS.items():
        for version, epoch, lines in versions:
            with tempfile.TemporaryDirectory(dir=directory) as work:
                tree, service = os.path.join(work, "root"), os.path.join(work, "service.ini")
                services.rootfs(tree, program)
                with open(os.path.join(tree, "etc", "ballast"), "wb") as ballast:
                    # The same in every version, and a little that is not: what a delta can leave out.
                    ballast.write(b"".join(i.to_bytes(8, "little") * 512 for i in range(256)) + version.encode())
                with open(service, "w", encoding="ascii") as ini:
                    ini.write("[service]\n" + lines)
                made[name, version] = images.build(board, out, name, service, tree, version, epoch)
    return made


def flip(data, at):
    """One byte of it is another."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def block_file(old, new, directory):
    target = os.path.join(directory, "blocks")
    done = subprocess.run([paths.host_tool(), "image", "delta", old, new, "-o", target], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise paths.Missing(f"image delta failed: {done.stdout}")
    return open(target, "rb").read()


def options(board, directory):
    made = build(board, directory)
    extra = {"incoming/" + os.path.basename(path): open(path, "rb").read()
             for (name, version), path in made.items() if version != "1.0"}
    part = open(made["part", "2.0"], "rb").read()
    half = len(part) // 2 // 4096 * 4096
    extra["images/part.raw.v/part.partial"] = part[:half]
    other = open(made["other", "2.0"], "rb").read()
    extra["incoming/corrupt"] = flip(other, 20480 + 40 * 4096 + 7)
    extra["incoming/truncated"] = other[:-4096]
    blocks = block_file(made["other", "1.0"], made["other", "2.0"], directory)
    extra["incoming/blocks"] = blocks
    extra["incoming/blocks-cut"] = blocks[:-1]
    extra["incoming/blocks-long"] = blocks + b"x"
    extra["incoming/blocks-wrong"] = flip(blocks, len(blocks) - 5)
    named = {name: "" for name in VERSIONS}
    return {"images": [path for (_, version), path in made.items() if version == "1.0"],
            "conf": services.configuration(os.path.join(directory, "supervisor.conf"), named, syslog=False),
            "state_extra": extra, "notes": {"made": made, "half": half, "blocks": len(blocks), "other": other}}


def begin(t):
    rows = t.device.settle(150)
    tap.check(rows and all(r["state"] == "running" for r in rows), "not all run:", rows)


def listed(t, name):
    return {row["version"]: row for row in t.device.json(f"bartizan image list {name} --json") or []}


def install(t, file, *words, name=None):
    return t.device.run(["bartizan", "image", "install", INCOMING + file, *words] + (["--name", name] if name else []), 120)


def installed(t, file, *words, name=None):
    done = install(t, file, *words, name=name)
    tap.check(done.exit == 0, f"exit {done.exit}:", done.stdout, done.stderr)
    return done


def file_of(t, name, version):
    return os.path.basename(t.notes["made"][name, version])


def wait_confirmed(t, name, version):
    record = t.device.wait_record("IMAGE_CONFIRMED", 60, service=name, version=version)
    tap.check(record, f"{name} {version} is not confirmed:", listed(t, name), t.device.service(name))
    return record


def good_update(t):
    installed(t, file_of(t, "up", "2.0"))
    row = t.device.wait_for(lambda: (lambda s: s if s["version"] == "2.0" and s["state"] == "running" else None)(
        t.device.service("up")), 60)
    tap.check(row, "2.0 does not run:", t.device.service("up"), listed(t, "up"))
    rows = listed(t, "up")
    tap.check(rows["2.0"]["active"] and not rows["1.0"]["active"], rows)
    wait_confirmed(t, "up", "2.0")
    rows = listed(t, "up")
    tap.equal(rows["2.0"]["state"], "good")
    tap.equal(sorted(t.device.agent.list("/state/images/up.raw.v")),
              ["up_1.0_x86_64.raw", "up_2.0_x86_64.raw"] if t.device.board == "qemu-x86_64" else
              sorted(os.path.basename(t.notes["made"]["up", v]) for v in ("1.0", "2.0")))
    record = matching(t.device.records(), "CONTROL", service="up", verb="image install")
    tap.check(record and record[-1]["d"]["uid"] == 0 and record[-1]["d"]["pid"] > 1, "CONTROL:", record)


def epoch_of(t, name):
    floors = t.device.agent.read("/state/floors")
    for at in range(8, len(floors), 44):
        if floors[at:at + 33].split(b"\0")[0].decode() == name:
            return int.from_bytes(floors[at + 36:at + 40], "little")
    return 0


def crash_loop(t):
    """Three tries, then the version before; the floor stays; the reason is there."""
    before = epoch_of(t, "up")
    tap.equal(before, 2, "floor after 2.0")
    installed(t, file_of(t, "up", "3.0"))
    record = t.device.wait_record("ROLLBACK", 120, service="up")
    tap.check(record, "no rollback:", listed(t, "up"), t.device.service("up"))
    tap.equal((record["d"]["version"], record["d"]["to"], record["d"]["why"]), ("3.0", "2.0", "exit status 3"))
    row = t.device.wait_for(lambda: (lambda s: s if s["version"] == "2.0" and s["state"] == "running" else None)(
        t.device.service("up")), 60)
    tap.check(row, "2.0 is not back:", t.device.service("up"))
    tap.equal(epoch_of(t, "up"), 2, "floor")
    bad = listed(t, "up")["3.0"]
    tap.equal((bad["state"], bad["tries_done"], bad["reason"], bad["exit_status"]), ("bad", 3, "exit status 3", 3))
    tap.check(bad["log"] and len(bad["log"]) <= 20 and any("crash" in line for line in bad["log"]), "lines:", bad["log"])
    starts = [r for r in matching(t.device.records(), "START", service="up")]
    tap.check(len(starts) >= 6, "starts:", len(starts))


def old_refused(t):
    """Below the floor, and an older version of the same epoch."""
    done = install(t, file_of(t, "up", "0.9"))
    tap.check(done.exit == 5 and "epoch" in done.stderr, done.exit, done.stderr)
    done = install(t, file_of(t, "up", "1.9"))
    tap.check(done.exit == 5 and "older than 2.0" in done.stderr, done.exit, done.stderr)
    tap.check("up.partial" not in t.device.agent.list("/state/images/up.raw.v"), "it was left behind")
    installed(t, file_of(t, "up", "1.9"), "--downgrade", "--stage")
    rows = listed(t, "up")
    tap.check(rows["2.0"]["running"] and rows["1.9"]["state"] == "aside", rows)


def independent(t):
    """The name whose update failed does not block another's."""
    installed(t, file_of(t, "once", "2.0"))
    record = t.device.wait_record("ROLLBACK", 60, service="once")
    tap.check(record and record["d"]["why"] == "killed by signal 11" and record["d"]["to"] == "1.0", record)
    tap.check(t.device.wait_for(lambda: t.device.service("once")["state"] == "running", 60), t.device.service("once"))


def unhealthy(t):
    installed(t, file_of(t, "well", "2.0"))
    record = t.device.wait_record("ROLLBACK", 180, service="well")
    tap.check(record and "health check" in record["d"]["why"], record, listed(t, "well"), t.device.service("well"))
    tap.check(not matching(t.device.records(), "IMAGE_CONFIRMED", service="well"), "it was confirmed")
    installed(t, file_of(t, "well", "3.0"))
    wait_confirmed(t, "well", "3.0")


def refused(t, file, words, name="other", options=()):
    done = install(t, file, *options, name=name)
    tap.check(done.exit == 5, f"{file}: exit {done.exit}", done.stderr)
    tap.check(any(word in done.stderr for word in words), f"{file}:", done.stderr)
    tap.equal(t.device.agent.list(f"/state/images/{name}.raw.v"), [file_of(t, name, "1.0")], file)


def nothing_mapped(t):
    kept = [n for n in t.device.agent.list("/sys/block") if n.startswith("dm-")]
    names = [t.device.agent.text(f"/sys/block/{n}/dm/name").strip() for n in kept]
    tap.check(not [n for n in names if n.startswith("install")], names)


def corrupt_refused(t):
    refused(t, "corrupt", ["root hash"])
    refused(t, "truncated", ["truncated", "GPT", "partition"])
    refused(t, file_of(t, "up", "3.0"), ["named up"])
    nothing_mapped(t)


def delta_refused(t):
    refused(t, "blocks-cut", ["too early"], options=["--delta"])
    refused(t, "blocks-long", ["behind its end"], options=["--delta"])
    # Its last bytes are of a block or say where one comes from, as the images of the architecture happen to be.
    refused(t, "blocks-wrong", ["root hash", "outside the old content"], options=["--delta"])
    refused(t, "corrupt", ["it is none"], options=["--delta"])
    nothing_mapped(t)


def delta(t):
    tap.check(t.notes["blocks"] < len(t.notes["other"]) // 2, f"{t.notes['blocks']} bytes are no delta")
    installed(t, "blocks", "--delta", "--stage", name="other")
    names = t.device.agent.list("/state/images/other.raw.v")
    path = [n for n in names if "_2.0_" in n]
    tap.check(path, names)
    tap.check(t.device.agent.read(f"/state/images/other.raw.v/{path[0]}") == t.notes["other"], "other bytes than the image")


def by_hand(t):
    """activate, confirm, rollback, remove."""
    run = t.device.run
    done = run("bartizan image activate other 7.7")
    tap.check(done.exit == 4, done.exit, done.stderr)
    tap.equal(run("bartizan image activate other 2.0").exit, 0)
    tap.check(t.device.wait_for(lambda: listed(t, "other")["2.0"]["running"], 60), listed(t, "other"))
    done = run("bartizan image remove other 2.0")
    tap.check(done.exit == 6 and "active" in done.stderr, done.exit, done.stderr)
    tap.check(t.device.wait_for(lambda: run("bartizan image confirm other").exit == 0, 30), "confirm")
    tap.equal(listed(t, "other")["2.0"]["state"], "good")
    tap.equal(run("bartizan image rollback other").exit, 0)
    tap.check(t.device.wait_for(lambda: listed(t, "other")["1.0"]["running"], 60), listed(t, "other"))
    tap.equal(listed(t, "other")["2.0"]["reason"], "an operator asked for it")
    done = run("bartizan image rollback other")
    tap.check(done.exit == 4, done.exit, done.stderr)
    tap.equal(run("bartizan image remove other 2.0").exit, 0)
    tap.equal(list(listed(t, "other")), ["1.0"])
    tap.equal(run("bartizan image list nobody").exit, 4)


def resumed(t):
    done = installed(t, file_of(t, "part", "2.0"), "--resume", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    tap.equal(events[0].get("done"), t.notes["half"], "first byte that was sent")
    tap.equal(events[-1].get("event"), "installed")


def launcher_killed(t):
    """Killed in the middle of an installation: nothing becomes visible, what was copied serves the next one."""
    wait_confirmed(t, "part", "2.0")
    started = t.device.agent.start(["bartizan", "image", "install", INCOMING + file_of(t, "part", "3.0"), "--stage"])
    t.device.kill("launcher")
    t.device.agent.finish(started)
    tap.check(t.device.wait_for(lambda: t.device.run("bartizan image list part").exit == 0, 30), "launcher")
    tap.check(all(r["state"] in ("good", "partial", "aside") for r in listed(t, "part").values()), listed(t, "part"))
    if "3.0" not in listed(t, "part"):
        installed(t, file_of(t, "part", "3.0"), "--resume", "--stage")
    path = f"/state/images/part.raw.v/{file_of(t, 'part', '3.0')[:-4]}+0-0.raw"
    tap.check(t.device.agent.read(path) == open(t.notes["made"]["part", "3.0"], "rb").read(), "other bytes than the image")
    tap.check(listed(t, "part")["2.0"]["running"], listed(t, "part"))
    nothing_mapped(t)


CASES = [
    ("update: a new version runs, is confirmed and raises the floor", good_update),
    ("update: one that crashes gives way after three tries", crash_loop),
    ("update: an old epoch, an older version are refused", old_refused),
    ("update: one without restarts gives way at once", independent),
    ("update: one that never gets healthy gives way", unhealthy),
    ("update: damaged, cut and foreign streams leave nothing", corrupt_refused),
    ("update: bad block files leave nothing", delta_refused),
    ("update: a block file gives the same bytes", delta),
    ("update: activate, confirm, rollback, remove", by_hand),
    ("update: the launcher dies in the middle", launcher_killed),
]
RESUME = [("update: what was cut off is resumed", resumed)]
CASES = CASES[:-1] + RESUME + CASES[-1:]
BOOTS = [("updates", options, CASES, begin)]

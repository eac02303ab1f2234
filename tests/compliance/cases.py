"""The cases of tests/compliance: services, what each lacks, what the report must say."""
import json
import os
import re
import subprocess
import tempfile

import hold
from harness import paths
from harness.tap import check, equal

# name: (lines of [service], lines of its section in supervisor.conf)
SERVICES = {
    "plain": ("", ""),
    "sound": ("health_cmd = /bin/probe crash 0 1\nhealth_interval = 5s\n", ""),
    "granted": ("cap_add = NET_RAW\nseccomp = builtin:moby\ndevices = /dev/hwrng:r\nrestart = on-failure:9\ntmpfs = /tmp\nshm_size = 1m\n"
                "volume = data:/data:rw,size=1m\nhealth_cmd = /bin/probe crash 0 1\n",
                "cap_add = NET_RAW\nallow_moby = yes\ndevices = /dev/hwrng:r\n"),
    "stopped": ("", "start = no\n"),
}

ALL = {"user", "capabilities", "no-new-privileges", "seccomp", "mount-namespace", "pid-namespace", "network-namespace", "ipc-namespace",
       "uts-namespace", "cgroup-namespace", "user-namespace", "id-map", "cgroup", "read-only-root", "mounts", "propagation", "ulimits",
       "oom-score", "memory", "cpu", "pids", "devices", "image", "health-check", "restart", "apparmor"}

# name: (what the launcher of tests/escape/weak takes away, items that must fail and no others)
WEAK = {
    "weak-net": ("net", {"network-namespace"}),
    "weak-pid": ("pid", {"pid-namespace"}),
    "weak-ipc": ("ipc", {"ipc-namespace"}),
    "weak-uts": ("uts", {"uts-namespace"}),
    "weak-cgroup": ("cgroup", {"cgroup-namespace"}),
    "weak-mounts": ("mount-attributes", {"read-only-root", "mounts"}),
    "weak-root": ("root-directory root landlock", {"mount-namespace", "read-only-root", "mounts", "propagation"}),
    "weak-devices": ("device-filter", {"devices"}),
    "weak-limits": ("cgroup-limits", {"memory", "cpu", "pids"}),
    "weak-ulimits": ("limits", {"ulimits"}),
    "weak-oom": ("oom-score", {"oom-score"}),
    "weak-seccomp": ("seccomp", {"seccomp"}),
    "weak-privs": ("seccomp privileges landlock", {"seccomp", "no-new-privileges", "capabilities"}),
    "weak-apparmor": ("apparmor", {"apparmor"}),
    "weak-user": ("user-namespace", {"user-namespace", "id-map"}),
    # Without no_new_privs the filter needs a capability, which the profile would deny.
    "weak-root-user": ("user-namespace privileges ids capabilities apparmor",
                       {"user", "capabilities", "no-new-privileges", "user-namespace", "id-map", "apparmor"}),
}


def ask(device, words, code=0):
    done = device.run(f"bartizan check {words}", 120)
    equal(done.exit, code, f"exit of check {words}: {done.stdout}{done.stderr}")
    return done


def asked(device, words, code=0):
    return json.loads(ask(device, words + " --json", code).stdout)


def verdicts(report, name):
    found = next((s for s in report["services"] if s["service"] == name), None)
    check(found, f"no {name} in", [s["service"] for s in report["services"]])
    return {i["item"]: i["verdict"] for i in found["items"]}, found


def of(items, verdict):
    return {item for item, said in items.items() if said == verdict}


# ---- device

def everything(device):
    report = asked(device, "")
    equal(sorted(report), ["profile", "services", "threshold"], "members")
    equal(sorted(s["service"] for s in report["services"]), ["granted", "plain", "sound"], "services that run")
    items, sound = verdicts(report, "sound")
    equal(set(items), ALL, "items")
    equal((of(items, "PASS"), sound["score"], sound["pass"], sound["warn"], sound["fail"]), (ALL, 100, len(ALL), 0, 0), "sound")
    items, plain = verdicts(report, "plain")
    equal(of(items, "PASS"), ALL - {"health-check"}, "plain")
    equal((of(items, "WARN"), plain["score"]), ({"health-check"}, 98), "plain")
    equal(sorted(plain["items"][0]), ["guide", "item", "reason", "verdict"], "members of an item")
    equal(next(i["guide"] for i in plain["items"] if i["item"] == "user"), "63-87", "reference")


def granted(device):
    items, _ = verdicts(asked(device, "granted"), "granted")
    equal(of(items, "WARN"), {"capabilities", "seccomp", "devices", "restart"}, "granted on purpose")
    equal(of(items, "FAIL"), set(), "fails")


def cis(device):
    report = asked(device, "sound --profile cis")
    items, _ = verdicts(report, "sound")
    elsewhere = {i["item"]: i["reason"] for i in report["elsewhere"]}
    equal({n for n in items if n.startswith("5.")} | {n for n in elsewhere if n.startswith("5.")}, {f"5.{n}" for n in range(1, 33)}, "section 5")
    equal(of(items, "PASS"), set(items), "sound")
    check({"5.2", "5.26"} <= set(items) and "5.3" in elsewhere and all(elsewhere.values()), items, elsewhere)
    check(all(n in elsewhere for n in ("4.2", "4.8", "4.10", "4.12")), "image lint", elsewhere)
    items, _ = verdicts(asked(device, "granted --profile cis"), "granted")
    equal(of(items, "WARN"), {"5.4", "5.5", "5.15", "5.18", "5.22", "5.23", "2.17"}, "granted")
    text = ask(device, "plain --profile cis").stdout
    check(re.search(r"WARN  5\.27 .*health checked at run time: no health_cmd", text), text)
    check(re.search(r"-     5\.1 .*: there is no swarm mode", text), text)


def exits(device):
    ask(device, "plain")
    ask(device, "plain --threshold 98")
    ask(device, "plain --threshold 99", 1)
    ask(device, "sound --threshold 100")
    ask(device, "stopped", 3)
    check("it does not run" in ask(device, "stopped", 3).stderr, "text")
    ask(device, "nobody", 4)
    ask(device, "x" * 40, 4)
    for words in ("plain sound", "--threshold 101", "--threshold many", "--profile soc2", "harden --profile cis", "--what"):
        ask(device, words, 2)
    for profile in ("iec62443", "etsi303645", "cra"):
        check("not built in" in ask(device, f"--profile {profile}", 2).stderr, profile)
    check("--threshold N" in ask(device, "--help").stdout, "help")
    ask(device, "harden")


def in_kernel(device, path, bad, item, name="plain"):
    """What is changed behind the launcher's back is seen: nothing of the report is remembered."""
    good = device.agent.text(path)
    device.agent.write(path, bad.encode())
    items, _ = verdicts(asked(device, name, 1), name)
    equal(of(items, "FAIL"), {item}, path)
    found = device.wait_record("CHECK_FAILED", 30, service=name, item=item)
    check(found, f"no record of {item}")
    device.agent.write(path, good.encode())
    equal(of(verdicts(asked(device, name), name)[0], "FAIL"), set(), f"{path} put back")


def live(device):
    group = "/sys/fs/cgroup/bartizan/services/plain/"
    pid = device.service("plain")["pid"]
    in_kernel(device, group + "memory.max", "max", "memory")
    in_kernel(device, group + "memory.oom.group", "0", "memory")
    in_kernel(device, group + "pids.max", "max", "pids")
    in_kernel(device, group + "cpu.max", "max 100000", "cpu")
    in_kernel(device, f"/proc/{pid}/oom_score_adj", "-500", "oom-score")
    # A service may make itself the sooner victim.
    device.agent.write(f"/proc/{pid}/oom_score_adj", b"900")
    equal(of(verdicts(asked(device, "plain"), "plain")[0], "FAIL"), set(), "a higher score")
    device.agent.write(f"/proc/{pid}/oom_score_adj", b"300")


def other_launcher(device):
    """A launcher that did not start the services reads the same."""
    before = asked(device, "")
    device.kill("launcher")
    after = device.wait_for(lambda: device.json("bartizan check --json", 60), 60, 1)
    equal(after, before, "report of the next launcher")


def others_refused(device):
    """The launcher answers root alone, one question."""
    done = device.run("/tests/busybox stat -c %a:%u /run/bartizan/launcher")
    equal(done.stdout.strip(), "600:0", "socket")


def script(device):
    done = device.run("/tests/busybox sh /tests/compliance-check.sh sound", 180)
    equal(done.exit, 0, done.stdout + done.stderr)
    check("compliance-check: passed" in done.stdout and "sound: cis" in done.stdout, done.stdout)
    done = device.run("/tests/busybox sh /tests/compliance-check.sh -t 80", 180)
    equal(done.exit, 0, done.stdout + done.stderr)
    done = device.run("/tests/busybox sh /tests/compliance-check.sh -t 100 plain", 180)
    equal(done.exit, 1, done.stdout + done.stderr)
    check("compliance-check: failed: plain: guide, plain: cis" in done.stdout, done.stdout)
    equal(device.run("/tests/busybox sh /tests/compliance-check.sh nobody", 180).exit, 4, "unknown")
    equal(device.run("/tests/busybox sh /tests/compliance-check.sh -t x", 180).exit, 2, "usage")


# ---- weak

def lacking(name):
    def case(device):
        state = device.wait_state(name, ("running",), 60)
        check(state, f"{name} does not run:", device.service(name))
        items, _ = verdicts(asked(device, name, 1), name)
        equal(of(items, "FAIL"), WEAK[name][1], name)
    return case


# ---- host

def script_on_host():
    """The script by itself: what it asks, and which exit code it takes."""
    with tempfile.TemporaryDirectory(prefix="bartizan-check-") as directory:
        double, log = os.path.join(directory, "bartizan"), os.path.join(directory, "log")
        with open(double, "w", encoding="ascii") as out:
            out.write(f'#!/bin/sh\necho "$*" >>{log}\ncase "$*" in *cis*) exit $CIS ;; *harden*) exit $HARDEN ;; esac\n')
        os.chmod(double, 0o755)
        for harden, cis_code, wanted in ((0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 7, 7), (7, 1, 7)):
            done = subprocess.run([os.path.join(paths.TOP, "conf", "compliance-check.sh"), "-t", "75", "web"], check=False,
                                  env={"BARTIZAN": double, "HARDEN": str(harden), "CIS": str(cis_code), "PATH": "/usr/bin:/bin"},
                                  stdout=subprocess.PIPE, text=True)
            equal(done.returncode, wanted, f"{harden} {cis_code}")
            check(("passed" in done.stdout) == (wanted == 0), done.stdout)
        equal(open(log, encoding="ascii").read().splitlines()[:3],
              ["check harden", "check --profile guide --threshold 75 web", "check --profile cis --threshold 75 web"], "questions")


def no_record():
    done = subprocess.run([paths.host_tool(), "seccomp", "record", "web"], check=False, stderr=subprocess.PIPE, text=True)
    equal(done.returncode, 2, done.stderr)
    check("only a device records" in done.stderr, done.stderr)


HOST = {
    "seccomp record: not on the build host": no_record,
    "compliance-check.sh: asks and adds up": script_on_host,
}
CASES = {
    "device": {
        "check: a default service passes everything": everything,
        "check: what the device grants is a warning": granted,
        "check: the CIS Docker Benchmark": cis,
        "check: exit codes": exits,
        "check: reads the kernel, not the configuration": live,
        "check: the socket is root's": others_refused,
        "compliance-check.sh: in the device": script,
        "check: another launcher says the same": other_launcher,
        **hold.CASES,
    },
    "weak": {f"check: sees what {name} lacks": lacking(name) for name in WEAK},
}

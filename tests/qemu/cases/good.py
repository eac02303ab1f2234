"""The device as it should be: the demo, services that look around, services that misbehave, control, the end."""
import errno
import os
import re
import sys

from harness import paths, services, state, tap
from harness.collect import Collector
from harness.device import HELPERS, matching, parse_lines

sys.path.insert(0, os.path.join(paths.TOP, "tests", "demo"))

AT_BOOT = ("mosquitto", "telemetry", "probe", "polite", "after", "standing")
BY_HAND = ("hog", "bomb", "crasher", "segv", "deaf", "sick")
EROFS_MAGIC = 0xE0F5E1E2
ST_RDONLY, ST_NOSUID, ST_NODEV = 1, 2, 4
HELPER_UIDS = {"supervisor": 901, "recorder": 903, "shipper": 904}


def demo_images(board):
    import importlib.machinery
    import importlib.util
    path = os.path.join(paths.TOP, "tests", "demo", "make-demo")
    loader = importlib.machinery.SourceFileLoader("make_demo", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_demo", loader))
    loader.exec_module(module)
    # Debian's mosquitto goes through an archive of `docker save`, telemetry through an OCI layout: what comes out runs as anything else does.
    return module.make(board, os.path.join(paths.OUT, "tests", board, "images"), by={"mosquitto": "docker", "telemetry": "oci"})


def options(board, directory):
    named = {name: "" for name in AT_BOOT}
    named.update({name: "start = no" for name in BY_HAND})
    made = services.make(board, [n for n in AT_BOOT + BY_HAND if n in services.SERVICES])
    return {"images": list(made.values()) + demo_images(board),
            "conf": services.configuration(os.path.join(directory, "supervisor.conf"), named),
            "collector": Collector(start=False), "state_file": os.path.join(directory, "state.ext4")}


def begin(t):
    t.rows = t.device.settle(150)
    tap.check(t.rows, "the services did not settle:", t.device.services())
    t.early = t.device.records()
    t.facts = facts(t)


def facts(t):
    """What the service `probe` printed: key=value lines."""
    def complete():
        lines = [r["d"]["line"] for r in matching(t.device.records(), "OUTPUT", service="probe")]
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        return found if "facts" in found else None
    return t.device.wait_for(complete, 30, 1) or {}


def row(t, name):
    found = next((r for r in t.device.services() or [] if r["name"] == name), None)
    tap.check(found, f"ps does not know {name}")
    return found


# ---- boot

def boot_services_ready(t):
    for name in AT_BOOT:
        found = row(t, name)
        tap.equal(found["state"], "running", name)
        tap.check(matching(t.early, "READY", service=name), f"{name} has no READY record")


def boot_demo_healthy(t):
    found = t.device.wait_for(lambda: (lambda r: r if r["health"] == "healthy" else None)(row(t, "mosquitto")), 60)
    tap.equal(found and found["health"], "healthy", "mosquitto")
    line = t.device.wait_record("OUTPUT", 20, service="telemetry")
    tap.check(line and '"sample":1' in line["d"]["line"], "no line of telemetry", line)


def boot_depends(t):
    order = [r["s"] for r in t.early if r["e"] == "READY"]
    tap.check(order.index("polite") < order.index("after"), "order of READY:", order)


def boot_records(t):
    for event in ("BOOT", "STATE_MOUNTED", "UPLINK", "WATCHDOG", "POLICY_LOADED", "RECORDER_START"):
        tap.check(matching(t.early, event), f"no {event} record")
    for name in AT_BOOT:
        for event in ("IMAGE_VERIFIED", "ATTESTED", "START"):
            tap.check(matching(t.early, event, service=name), f"no {event} record of {name}")


def scheduling(t, pid):
    """The scheduling policy of a process: field 41 of proc_pid_stat(5)."""
    return int(t.device.agent.text(f"/proc/{pid}/stat").rpartition(")")[2].split()[41 - 3])


def boot_real_time(t):
    tap.equal(scheduling(t, 1), os.SCHED_FIFO, "policy of init")
    others = [p for p in t.device.processes() if p.exe and p.pid != 1 and not p.exe.startswith("/tests/")]
    names = {os.path.basename(p.exe) for p in others}
    tap.check({"launcher", "recorder", "probe"} <= names, "not all there:", sorted(names))
    tap.equal({scheduling(t, p.pid) for p in others}, {os.SCHED_OTHER}, "policies of all others")


def helpers_confined(t):
    for program, uid in HELPER_UIDS.items():
        found = t.device.processes(program)
        tap.equal(len(found), 1, f"processes of {program}")
        text = t.device.agent.text(f"/proc/{found[0].pid}/status")
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        tap.equal(fields["Uid"].split(), [str(uid)] * 4, program)
        tap.equal(fields["NoNewPrivs"], "1", program)
        tap.equal(fields["Seccomp"], "2", program)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            tap.equal(int(fields[name], 16), 0, f"{program} {name}")


# ---- collector: absent at boot, then there

def collector_absent(t):
    tap.check(not matching(t.early, "SHIPPER_CONNECTED"), "connected to a collector that is not there")


def delivery(t):
    """What the device and the collector say about a connection that is not there."""
    said = [(r["e"], r["m"], r["d"]) for r in t.device.records() if r["e"].startswith(("SHIPPER_", "HELPER_", "MESSAGE_REFUSED"))]
    return said[-12:], t.device.run("bartizan audit status --json").stdout, t.device.collector.log()[-1000:]


def collector_late(t):
    t.device.collector.start()
    connected = t.device.wait_record("SHIPPER_CONNECTED", 90)
    tap.check(connected, "no SHIPPER_CONNECTED record:", *(() if connected else delivery(t)))
    for name in AT_BOOT:
        ready = matching(t.device.records(), "READY", service=name)[0]
        tap.check(ready["n"] < connected["n"], f"READY of {name} is after the first connection")


def collector_complete(t):
    wanted = {(r["b"], r["n"]) for r in t.early}
    def complete():
        return wanted <= {(m["b"], m["n"]) for m in t.device.collector.messages()}
    t.device.wait_for(complete, 60, 1)
    messages = t.device.collector.messages()
    missing = sorted(wanted - {(m["b"], m["n"]) for m in messages})
    tap.check(not missing, f"{len(missing)} of {len(wanted)} records never arrived, the first:", missing[:3])
    problems, facts = t.device.collector.problems(None)
    tap.check(not problems, problems[:5], facts)


# ---- inside a service

def inside_capabilities(t):
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        tap.equal(int(t.facts["status." + name], 16), 0, name)


def inside_filter(t):
    tap.equal(t.facts["status.NoNewPrivs"], "1", "NoNewPrivs")
    tap.equal(t.facts["status.Seccomp"], "2", "Seccomp")
    tap.equal(t.facts["status.Seccomp_filters"], "1", "Seccomp_filters")


def inside_namespaces(t):
    for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts"):
        inits = t.device.agent.link(f"/proc/1/ns/{name}")
        tap.check(re.fullmatch(name + r":\[\d+\]", t.facts["ns." + name]), "not a namespace:", t.facts["ns." + name])
        tap.check(t.facts["ns." + name] != inits, f"{name} namespace is init's")


def inside_identity(t):
    uid = str(row(t, "probe")["uid"])
    tap.check(int(uid) >= 10000, "uid", uid)
    tap.equal(t.facts["status.Uid"].split(), [uid] * 4, "Uid")
    tap.equal(t.facts["status.Gid"].split(), [uid] * 4, "Gid")
    tap.equal(t.facts["uid_map"].split(), [uid, uid, "1"], "uid_map")
    tap.equal(t.facts["gid_map"].split(), [uid, uid, "1"], "gid_map")
    tap.equal(t.facts["status.Groups"].split(), [], "Groups")
    tap.equal(t.facts["hostname"], "probe", "hostname")
    tap.equal(t.facts["pid"], "1", "pid")


def inside_read_only(t):
    tap.equal(int(t.facts["root.type"]) & 0xFFFFFFFF, EROFS_MAGIC, "type of /")
    flags = int(t.facts["root.flags"])
    tap.equal(flags & (ST_RDONLY | ST_NOSUID | ST_NODEV), ST_RDONLY | ST_NOSUID | ST_NODEV, "flags of /")
    for place in ("/new", "/etc/new", "/bin/new", "/dev/new"):
        tap.equal(int(t.facts["create" + place]), errno.EROFS, f"creating {place}")
    tap.check(int(t.facts["remount"]) in (errno.EPERM, errno.EACCES), "remount gave", t.facts["remount"])


def inside_proc(t):
    entries = t.facts["proc"].split()
    tap.equal([e for e in entries if e.isdigit()], ["1"], "processes in /proc")
    tap.check(not set(entries) - {"1", "self", "thread-self"}, "more than processes in /proc:", entries)
    for name in ("kcore", "sysrq"):
        tap.equal(t.facts[name], f"errno {errno.ENOENT}", name)


def inside_no_shell(t):
    tap.equal(int(t.facts["exec.shell"]), errno.ENOENT, "exec of /bin/sh")
    tap.check(t.facts["sys"].startswith("errno") or not t.facts["sys"].split(), "/sys holds", t.facts["sys"])
    tap.equal(t.facts["run"], f"errno {errno.ENOENT}", "/run/bartizan")


def inside_dev(t):
    allowed = {"null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr"}
    tap.check(set(t.facts["dev"].split()) <= allowed, "/dev holds", t.facts["dev"])
    tap.check(set(t.facts["fds"].split()) <= {"0", "1", "2", "3"}, "open descriptors:", t.facts["fds"])


def inside_attacks(t):
    no = {errno.EPERM, errno.ENOSYS, errno.EACCES, errno.EINVAL, errno.ENOSPC}
    for name in ("setuid0", "setgroups", "mount", "umount", "unshare.user", "unshare.mnt", "chroot", "mknod", "ptrace",
                 "keyctl", "bpf", "io_uring", "userfaultfd", "perf", "clone3", "open_by_handle", "sethostname",
                 "settimeofday", "reboot", "mprotect.exec", "mmap.wx"):
        tap.check(int(t.facts[name]) in no, f"{name} gave {t.facts[name]}")
    tap.equal(int(t.facts["clone3"]), errno.ENOSYS, "clone3")


def inside_network(t):
    tap.equal(t.facts["links"].split(), ["lo"], "links")
    tap.equal(int(t.facts["connect.host"]), errno.ENETUNREACH, "connect to the host")
    tap.equal(int(t.facts["bind.loopback"]), 0, "bind to 127.0.0.1")
    for name in ("socket.packet", "socket.raw"):
        tap.check(int(t.facts[name]) != 0, f"{name} was allowed")


def inside_surroundings(t):
    tap.equal(t.facts["limit.core"], "0 0", "core")
    tap.equal(t.facts["umask"], str(0o077), "umask")
    tap.equal(t.facts["cwd"], "/", "cwd")
    tap.equal(t.facts["environment"], "COLOUR=blue", "environment")
    tap.equal(t.facts["environment.count"], "1", "variables")
    tap.equal(t.facts["cgroup"].split(), ["0::/"], "cgroup")


# ---- limits

def others(t):
    return {p.pid: p.start for p in t.device.processes() if "/services/" in p.cgroup}


def limit_memory(t):
    before = others(t)
    t.device.run("bartizan start hog", 60)
    # Where the kernel throttles it for good, this ends only because memory_high is lifted; a kernel that lets it through kills it before that.
    gone = t.device.wait_record("EXIT", 60, service="hog")
    tap.check(gone and gone["d"]["status"] == 9, "hog did not die of SIGKILL:", gone)
    lines = [r["d"]["line"] for r in matching(t.device.records(), "OUTPUT", service="hog")]
    tap.check("hog=done" not in lines, "hog got more than its limit")
    tap.check(t.device.wait_record("LIMIT", 30, service="hog", limit="memory"), "no LIMIT record of hog")
    after = others(t)
    tap.check(all(after.get(pid) == start for pid, start in before.items()), "another service died with it")


def limit_pids(t):
    t.device.run("bartizan start bomb", 60)
    line = t.device.wait_for(lambda: next((r for r in matching(t.device.records(), "OUTPUT", service="bomb")
                                           if r["d"]["line"].startswith("bomb.children=")), None), 60, 1)
    tap.check(line, "bomb never met its limit")
    tap.equal(line["d"]["line"], "bomb.children=9", "children beside the first process")
    tap.check(t.device.wait_record("LIMIT", 30, service="bomb", limit="pids_limit"), "no LIMIT record while bomb runs")
    tap.equal(t.device.run("bartizan stop bomb", 60).exit, 0, "stop of bomb")
    tap.check(not [p for p in t.device.processes() if "/services/bomb/" in p.cgroup], "a child of bomb lives")


# ---- restart

def restart_delays(t):
    t.device.run("bartizan start crasher", 60)
    last = t.device.wait_record("RESTART", 90, service="crasher", attempt=3)
    tap.check(last, "no third restart")
    delays = [r["d"]["delay_ms"] for r in matching(t.device.records(), "RESTART", service="crasher")][:3]
    tap.check(delays[0] < delays[1] < delays[2], "delays", delays)
    exits = matching(t.device.records(), "EXIT", service="crasher")
    tap.check(exits and all(r["d"]["status"] == 3 for r in exits), "statuses", [r["d"] for r in exits])


def restart_signal(t):
    t.device.run("bartizan start segv", 60)
    gone = t.device.wait_record("EXIT", 60, service="segv")
    tap.check(gone and gone["d"]["status"] == 11, "EXIT of segv:", gone)


def restart_gives_up(t):
    failed = t.device.wait_record("FAILED", 150, service="crasher")
    tap.check(failed, "no FAILED record of crasher")
    tap.equal(row(t, "crasher")["state"], "failed", "state")
    tap.equal(t.device.run("bartizan status crasher").exit, 1, "exit of status")
    t.device.run("bartizan stop crasher")


# ---- standby

def generation(process):
    return int(process.cgroup.rsplit("/", 1)[1])


def both_lives(t, name, after=0):
    """The running and the parked process of a service, the latter of a generation above @after."""
    def found():
        life, parked = t.device.lives(name)
        return (life, parked) if life and parked and generation(parked) > after else None
    lives = t.device.wait_for(found, 60)
    tap.check(lives, f"no parked life of {name}:", t.device.lives(name))
    return lives


def standby_parked(t):
    """Proven and filtered, in a leaf of its own below the service's limits, and it has not executed."""
    life, parked = both_lives(t, "standing")
    tap.check(t.device.wait_record("ATTESTED", 30, service="standing", pid=parked.pid), "was not attested")
    status = t.device.agent.text(f"/proc/{parked.pid}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    tap.equal([fields["Seccomp"], fields["NoNewPrivs"], int(fields["CapBnd"], 16)], ["2", "1", 0], "filter, privileges")
    tap.equal(fields["Uid"].split(), [str(life.uid)] * 4, "its uid")
    tap.check(generation(parked) > generation(life), "generations", life, parked)
    parent = "/sys/fs/cgroup/bartizan/services/standing/"
    tap.equal(t.device.agent.text(parent + "pids.current").strip(), "2", "processes that count against the limit")
    tap.equal(matching(t.device.records(), "START", service="standing")[-1]["d"]["pid"], life.pid, "who was started")


def standby_crash(t):
    """All of the life that runs is killed: the parked one is the next, without delay, and another one is parked."""
    life, parked = both_lives(t, "standing")
    t.device.agent.write(f"/sys/fs/cgroup/bartizan/services/standing/{generation(life)}/cgroup.kill", b"1")
    started = t.device.wait_record("START", 60, service="standing", generation=generation(parked))
    tap.check(started, "the parked life was not started")
    tap.equal(started["d"]["pid"], parked.pid, "who was started")
    after, next_one = both_lives(t, "standing", generation(parked))
    tap.equal((after.pid, after.exe), (parked.pid, life.exe), "who runs, and what")
    records = t.device.records()
    gone = matching(records, "EXIT", service="standing", generation=generation(life))
    tap.equal([r["d"]["status"] for r in gone], [9], "EXIT of the life before")
    proven = matching(records, "ATTESTED", service="standing", generation=generation(parked))
    tap.check(proven[0]["n"] < gone[0]["n"] < started["n"], "order of ATTESTED, EXIT, START:", proven, gone, started)
    tap.check(matching(records, "RESTART", service="standing", delay_ms=0), "no RESTART without delay")
    tap.check(not matching(records, "START", service="standing", generation=generation(next_one)), "two lives at once")


def standby_stop(t):
    """What is stopped has no next life: the parked one leaves its gate, and was never started."""
    life, parked = both_lives(t, "standing")
    tap.equal(t.device.run("bartizan stop standing", 60).exit, 0, "stop")
    gone = t.device.wait_record("EXIT", 30, service="standing", generation=generation(parked))
    tap.check(gone and (gone["d"]["code"], gone["d"]["status"]) == (1, 125), "EXIT of the parked life:", gone)
    tap.equal(t.device.lives("standing"), (None, None), "processes of standing")
    tap.check(not matching(t.device.records(), "START", service="standing", generation=generation(parked)), "it was started")
    tap.equal(t.device.run("bartizan start standing", 60).exit, 0, "start")
    tap.check(generation(both_lives(t, "standing")[0]) > generation(parked), "a number was used twice")


# ---- stop, health

def stop_polite(t):
    tap.equal(t.device.run("bartizan restart polite", 60).exit, 0, "restart")
    gone = t.device.wait_record("EXIT", 30, service="polite")
    tap.check(gone and gone["d"]["code"] == 1 and gone["d"]["status"] == 0, "EXIT of polite:", gone)


def stop_deaf(t):
    tap.equal(t.device.run("bartizan start deaf", 60).exit, 0, "start")
    done = t.device.run("bartizan stop deaf", 60)
    tap.equal(done.exit, 0, "stop")
    tap.check(done.ms < 15000, f"stopping took {done.ms} ms of a stop_timeout of 20 s: SIGTERM was waited for")
    gone = t.device.wait_record("EXIT", 30, service="deaf")
    tap.check(gone and gone["d"]["status"] == 9, "EXIT of deaf:", gone)


def health_fails(t):
    t.device.run("bartizan start sick", 60)
    record = t.device.wait_record("UNHEALTHY", 90, service="sick")
    tap.check(record, "no UNHEALTHY record of sick")
    tap.check(record["d"]["failures"] >= 2, "failures", record["d"])
    t.device.run("bartizan stop sick", 60)


# ---- control

def control_codes(t):
    for command, wanted in (("bartizan ps", 0), ("bartizan status polite", 0), ("bartizan status deaf", 3),
                            ("bartizan status nobody", 4), ("bartizan start nobody", 4), ("bartizan status", 2),
                            ("bartizan nonsense", 2), ("bartizan ps --nonsense", 2), ("bartizan --help", 0),
                            ("bartizan inspect polite", 0), ("bartizan logs -n 3 telemetry", 0),
                            ("bartizan events -n 5", 0), ("bartizan stop polite", 0), ("bartizan status polite", 3),
                            ("bartizan start polite", 0), ("bartizan audit status", 0), ("bartizan audit resend --from 1", 0),
                            ("bartizan audit resend --from 0", 2), ("bartizan audit resend", 2), ("bartizan events --since soon", 2)):
        done = t.device.run(command, 60)
        tap.check(done.exit == wanted, f"{command}: exit {done.exit}, wanted {wanted}:", done.stdout, done.stderr)


def control_json(t):
    for command in ("bartizan ps --json", "bartizan status --json probe", "bartizan inspect --json probe",
                    "bartizan check harden --json", "bartizan audit status --json"):
        tap.check(t.device.json(command) is not None, f"{command} is not JSON:", t.device.run(command))
    shown = {row["key"]: row["value"] for row in t.device.json("bartizan inspect --json probe")}
    record = matching(t.device.records(), "IMAGE_VERIFIED", service="probe")[-1]["d"]
    tap.equal((int(shown["verify_us"]), int(shown["map_us"])), (record["verify_us"], record["map_us"]), "times of the image")
    events = parse_lines(t.device.run("bartizan events --json -n 5").stdout)
    tap.equal(len(events), 5, "lines of events --json")


def control_logs(t):
    lines = t.device.run("bartizan logs -n 2 telemetry").stdout.splitlines()
    tap.equal(len(lines), 2, "lines")
    tap.check('"sample":' in lines[-1], "last line", lines[-1])


def control_quick(t):
    times = sorted(t.device.run("bartizan ps").ms for _ in range(10))
    tap.check(times[5] < 1000, "half of ten calls take longer than a second:", times)


# ---- harden

def harden_held(t):
    done = t.device.run("bartizan check harden", 60)
    tap.check(done.exit == 0, done.stdout, done.stderr)


def harden_row_removed(t):
    path = "/proc/sys/kernel/dmesg_restrict"
    t.device.agent.write(path, b"0\n")
    try:
        tap.equal(t.device.run("bartizan check harden", 60).exit, 1, "exit with dmesg_restrict = 0")
    finally:
        t.device.agent.write(path, b"1\n")
    tap.equal(t.device.run("bartizan check harden", 60).exit, 0, "exit with dmesg_restrict = 1")


def root_read_only(t):
    try:
        t.device.agent.write("/usr/new", b"x")
    except OSError as error:
        tap.equal(error.errno, errno.EROFS, "writing /usr/new as root")
        return
    raise tap.Failed("root wrote into the device's root")


# ---- the end

def helpers_unhurt(t):
    crashed = matching(t.device.records(), "HELPER_CRASH") + matching(t.device.records(), "HELPER_EXIT")
    tap.check(not crashed, "a helper died:", [r["d"] for r in crashed])
    for program in HELPERS:
        tap.equal(len(t.device.processes(program)), 1, f"processes of {program}")
    refused = matching(t.device.records(), "MESSAGE_REFUSED")
    tap.check(not refused, "our own messages were refused:", [r["d"] for r in refused[:5]])


def power_ordered(t):
    tap.check(t.device.power_off(90), "still on after 90 s:", t.device.machine.console[-1500:])
    tap.check(not t.device.machine.panic(), t.device.machine.panic())
    records = []
    for number in range(1, 9):
        data = state.read(t.device.state_file, f"/spool/audit/{number:08d}.log")
        records += parse_lines(data.decode(errors="replace")) if data else []
    stops = [r["s"] for r in records if r["e"] == "STOP"]
    last = stops[-(len(AT_BOOT)):]
    tap.check("polite" in last and "after" in last, "STOP records:", stops)
    tap.check(last.index("after") < last.index("polite"), "not in reverse order:", last)
    tap.check(matching(records, "POWER"), "no POWER record")


CASES = [
    ("boot: every service is ready", boot_services_ready),
    ("boot: the demo is healthy", boot_demo_healthy),
    ("boot: a dependant waits for what it depends on", boot_depends),
    ("boot: every decision has its record", boot_records),
    ("boot: init takes the processor first, nobody else does", boot_real_time),
    ("helpers: own uid, no capability, filtered", helpers_confined),
    ("collector: absent at boot, nothing waits", collector_absent),
    ("collector: READY precedes the first connection", collector_late),
    ("collector: every record arrives, in order", collector_complete),
    ("inside: all capability sets are empty", inside_capabilities),
    ("inside: no_new_privs and one filter", inside_filter),
    ("inside: every namespace differs from init's", inside_namespaces),
    ("inside: one uid, mapped onto itself", inside_identity),
    ("inside: the root is a read-only erofs", inside_read_only),
    ("inside: /proc shows its own processes only", inside_proc),
    ("inside: no shell, no /sys, no control socket", inside_no_shell),
    ("inside: few devices, no foreign descriptor", inside_dev),
    ("inside: what a broken-in process would try", inside_attacks),
    ("inside: loopback and nothing else", inside_network),
    ("inside: limits, umask, environment", inside_surroundings),
    ("limit: memory kills that service only, with a record", limit_memory),
    ("limit: pids", limit_pids),
    ("restart: growing delay, audited status", restart_delays),
    ("restart: death by signal is audited", restart_signal),
    ("standby: the next life is parked, proven, not executed", standby_parked),
    ("standby: a crash is answered by the parked life", standby_crash),
    ("standby: a stop drops it", standby_stop),
    ("stop: a polite service ends by itself", stop_polite),
    ("stop: a deaf service is killed at once", stop_deaf),
    ("health: a failing probe is seen", health_fails),
    ("control: exit codes", control_codes),
    ("control: --json is JSON", control_json),
    ("control: logs", control_logs),
    ("control: answers within a second", control_quick),
    ("harden: every row is held", harden_held),
    ("harden: a row removed by hand is seen", harden_row_removed),
    ("harden: the device's root is read-only", root_read_only),
    ("restart: gives up after five, with an alert", restart_gives_up),
    ("helpers: none died, no message was refused", helpers_unhurt),
    ("power: services stop in reverse order, then off", power_ordered),
]

BOOTS = [("good", options, CASES, begin)]

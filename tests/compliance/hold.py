"""freeze, unfreeze, isolate: seen in the kernel, through crashes of helpers and a new boot."""
import json

from harness.tap import check, equal

NAME = "sound"


def run(device, words, code=0):
    done = device.run(f"bartizan {words}", 120)
    equal(done.exit, code, f"exit of {words}: {done.stdout}{done.stderr}")
    return done


def state(device, wanted, member="state"):
    found = device.wait_for(lambda: (lambda row: row if row and row[member] == wanted else None)(device.service(NAME)), 60)
    check(found and found[member] == wanted, f"{member} is not {wanted}:", device.service(NAME))
    return found


def frozen(device):
    """What the kernel says of the cgroup of this life: 0 or 1."""
    generation = max(int(n) for n in device.agent.list(f"/sys/fs/cgroup/bartizan/services/{NAME}") if n.isdigit())
    events = device.agent.text(f"/sys/fs/cgroup/bartizan/services/{NAME}/{generation}/cgroup.events")
    return int(events.split("frozen ")[1].split()[0])


def helpers_die(device):
    """The launcher, then the supervisor: another of each answers."""
    for program in ("launcher", "supervisor"):
        before = {p.pid for p in device.processes(program)}
        device.kill(program)
        check(device.wait_for(lambda: {p.pid for p in device.processes(program)} - before, 60), f"no other {program}")
    check(device.wait_for(lambda: device.run("bartizan ps", 30).exit == 0, 60, 1), "nobody answers")


def freeze(device):
    state(device, "healthy", "health")
    run(device, f"freeze {NAME}")
    equal(frozen(device), 1, "frozen")
    equal(state(device, "frozen")["health"], "none", "health of a frozen service")
    equal(device.run(f"bartizan status {NAME}").exit, 3, "status")
    record = device.wait_record("HELD", 30, service=NAME, hold="frozen", exit=0)
    check(record and record["d"]["uid"] == 0, record)
    helpers_die(device)
    state(device, "frozen")
    equal(frozen(device), 1, "after other helpers")
    run(device, f"freeze {NAME}")
    run(device, f"check {NAME}")
    run(device, f"unfreeze {NAME}")
    equal(frozen(device), 0, "let go")
    state(device, "running")
    state(device, "healthy", "health")


def stop(device):
    """A frozen process hears no signal: it is killed, and the next life is not frozen."""
    run(device, f"freeze {NAME}")
    run(device, f"stop {NAME}")
    state(device, "stopped")
    check(device.wait_record("STOP", 30, service=NAME, signal="KILL"), "no STOP with KILL")
    run(device, f"freeze {NAME}", 3)
    run(device, f"start {NAME}")
    equal(frozen(device), 0, "another life")
    run(device, f"freeze {NAME}")
    run(device, f"restart {NAME}")
    equal((state(device, "running")["state"], frozen(device)), ("running", 0), "restart")


def exits(device):
    for verb in ("freeze", "unfreeze", "isolate"):
        run(device, f"{verb} nobody", 4)
        run(device, f"{verb} {'x' * 40}", 4)
        run(device, verb, 2)
        run(device, f"{verb} {NAME} more", 2)
        check(f"{verb} SERVICE" in run(device, f"{verb} --help").stdout, "help")
    said = json.loads(run(device, "freeze plain --json").stdout)
    equal(said, [{"key": "plain", "value": "frozen"}], "--json")
    said = json.loads(run(device, "unfreeze plain --json").stdout)
    equal(said, [{"key": "plain", "value": "let go"}], "--json")
    run(device, "unfreeze plain")
    equal(json.loads(run(device, "freeze stopped --json", 3).stdout)[0]["value"], "stopped does not run", "--json")


def isolate(device):
    said = run(device, f"isolate {NAME}").stdout
    row = state(device, "isolated")
    check(row["root_hash"] in said and "no network to cut" in said and "pids.current" in said, said)
    equal(frozen(device), 1, "frozen")
    run(device, f"freeze {NAME}", 1)
    pid = row["pid"]
    done = run(device, f"restart {NAME}", 5)
    check(f"{NAME} is isolated" in done.stderr and f"bartizan unfreeze {NAME}" in done.stderr, done.stderr)
    check(pid not in {p.pid for p in device.processes()}, "the old life is there")
    helpers_die(device)
    run(device, f"start {NAME}", 5)
    state(device, "isolated")
    check(device.wait_record("START_REFUSED", service=NAME), "no record of the refused start")


def boot_again(device):
    check(device.power_off(), "does not go off")
    device.boot()
    reason = state(device, "isolated")["reason"]
    check(device.wait_for(lambda: "is isolated" in state(device, "isolated")["reason"], 60), reason)
    run(device, f"unfreeze {NAME}")
    run(device, f"start {NAME}")
    equal(frozen(device), 0, "let go")


CASES = {
    "freeze: holds through other helpers": freeze,
    "freeze: stop and restart end it": stop,
    "freeze, unfreeze, isolate: exit codes": exits,
    "isolate: no other life begins": isolate,
    "isolate: not after a boot either": boot_again,
}

"""The audit trail under too much output of one service, and over steps of the clock. SECONDS= makes the flood longer."""
import json
import os
import shutil
import time

from harness import overlay, paths, services, tap
from harness.device import matching

SECONDS = int(os.environ.get("SECONDS", "10"))
HERE = os.path.join(paths.TOP, "tests", "qemu", "trail")
NAMED = ("flood", "tick", "polite")
LINE = 200           # bytes of a line of the flood
TICKS_PER_SECOND = 20
LATENCY_MS = 3000    # the figure is printed; only a loop that stands is a failure, because the machine below is shared
YEAR = 365 * 86400


def options(board, directory):
    # A rate that the slowest board exceeds.
    services.SERVICES["flood"] = f"command = /bin/probe flood {SECONDS}\nrestart = no\nlog_rate = 200/s\nlog_burst = 1000\n"
    services.SERVICES["tick"] = f"command = /bin/probe tick {TICKS_PER_SECOND * SECONDS}\nrestart = no\n"
    made = services.make(board, NAMED)
    place = os.path.join(directory, "overlay", "tests")
    os.makedirs(place)
    shutil.copyfile(overlay.built(board, "trail", [os.path.join(HERE, "trail.c")], ["-static"]), os.path.join(place, "trail"))
    os.chmod(os.path.join(place, "trail"), 0o755)
    return {"images": list(made.values()), "overlays": [os.path.join(directory, "overlay")],
            "conf": services.configuration(os.path.join(directory, "supervisor.conf"),
                                           {name: "start = no" for name in NAMED}, syslog=False),
            "extra": ("-rtc", "base=1970-01-01T00:00:00")}


def begin(t):
    tap.check(t.device.wait_for(lambda: t.device.services() is not None, 120), "nobody answers control")


def output(t, name):
    return [r["d"]["line"] for r in matching(t.device.records(), "OUTPUT", service=name)]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def latencies(t, count):
    """Milliseconds until init reaps an orphan."""
    done = t.device.run(["/tests/trail", "reap", str(count)], 600)
    tap.equal(done.exit, 0, "reap: " + done.stderr)
    return [int(line) / 1000 for line in done.stdout.split()]


# ---- a flood

def flood(t):
    """What goes is counted to the line; the other service's lines and all decisions are there; init turns."""
    quiet = latencies(t, 50)
    t.device.run("bartizan start tick", 60)
    t.device.run("bartizan start flood", 60)
    loud = latencies(t, 10 * SECONDS)

    def ended(name):
        return next((line for line in output(t, name) if line.startswith(name + ".sent=")), None)
    said = {name: t.device.wait_for(lambda name=name: ended(name), 60 + 20 * SECONDS, 2) for name in ("flood", "tick")}
    tap.check(all(said.values()), "they did not end:", said)
    sent, took_ms = (int(word) for word in said["flood"].split("=")[1].split("/"))

    def counted():
        told = [r["d"]["lines"] for r in matching(t.device.records(), "SUPPRESSED", service="flood")]
        kept = [line for line in output(t, "flood") if not line.startswith("flood.sent=")]
        # Stored, and gone with the service's oldest segment before a collector had it.
        rotated = [r["d"]["count"] for r in matching(t.device.records(), "GAP", producer="flood")]
        return len(kept) + sum(rotated), sum(told), len(told)
    t.device.wait_for(lambda: sum(counted()[:2]) == sent, 30, 1)
    kept, suppressed, records = counted()
    p99 = percentile(loud, 0.99)
    print(f"# {sent} lines of {LINE} bytes in {took_ms / 1000:.1f} s ({sent * 1000 // max(1, took_ms)}/s): {kept} stored + {suppressed} "
             f"suppressed, told by {records} records; init reaps in {percentile(quiet, 0.5):.1f} ms (p99 {percentile(quiet, 0.99):.1f}) at "
             f"rest, {percentile(loud, 0.5):.1f} ms (p99 {p99:.1f}) in the flood", flush=True)
    tap.equal(kept + suppressed, sent, "stored and suppressed together")
    tap.check(suppressed > 0, "nothing was too much")
    ticks = [line for line in output(t, "tick") if line.startswith("tick ")]
    tap.equal(ticks, [f"tick {i}" for i in range(TICKS_PER_SECOND * SECONDS)], "lines of the other service")
    lost = [r["d"] for r in matching(t.device.records(), "GAP") if r["d"]["producer"] != "flood"]
    tap.check(not lost, "lost:", lost)
    whole_numbers(t)
    tap.check(max(loud) <= LATENCY_MS, f"init took {max(loud):.1f} ms")


def whole_numbers(t):
    """No decision is missing: every producer's own numbers are gapless."""
    seen = {}
    for record in t.device.records():
        if "sn" in record:
            seen.setdefault(record["o"], []).append(record["sn"])
    for origin, numbers in seen.items():
        tap.equal(numbers, list(range(1, len(numbers) + 1)), f"numbers of {origin}")


# ---- a clock that is not set, and then stepped

def audit(t):
    return [r for r in t.device.records() if "sn" in r]


def clock_unset(t):
    records = audit(t)
    tap.check(records and all(r["t"] is None and r["q"] == 0 for r in records), "a time of 1970:", [r for r in records if r["t"]][:2])
    shown = [json.loads(line) for line in t.device.run("bartizan audit show --json", 60).stdout.splitlines()]
    tap.check(all(s["at"] is None for s in shown), "a time was worked out of nothing")


def step(t, seconds):
    """Set the clock; the record of that."""
    before = len(matching(audit(t), "CLOCK_STEP"))
    tap.equal(t.device.run(["/tests/trail", "clock", str(int(seconds))]).exit, 0, "clock")

    def told():
        found = matching(audit(t), "CLOCK_STEP")
        return found[before] if len(found) > before else None
    record = t.device.wait_for(told, 30, 0.5)
    tap.check(record, "no CLOCK_STEP record")
    tap.check(abs(record["d"]["to_us"] / 1e6 - seconds) < 30, "stepped to", record)
    return record


def us_of(text):
    head, fraction = text.rstrip("Z").split(".")
    return (int(time.mktime(time.strptime(head + " UTC", "%Y-%m-%dT%H:%M:%S %Z"))) - time.timezone) * 1000000 + int(fraction)


def clock_steps(t):
    """To now, ten years ahead, a day back: each is a record with a seal, n alone gives the order, the chain holds."""
    now = time.time()
    first = step(t, now)
    t.device.run("bartizan start polite", 60)
    for seconds in (now + 10 * YEAR, now + 10 * YEAR - 86400, now):
        step(t, seconds)
        t.device.run("bartizan restart polite", 60)
    records = audit(t)
    tap.equal([r["n"] for r in records], sorted({r["n"] for r in records}), "order by n")
    tap.check(all(r["t"] for r in records if r["n"] >= first["n"]), "no time after the clock was set")
    times = [us_of(r["t"]) for r in records if r["t"]]
    tap.check(times != sorted(times), "the steps cannot be seen in the times")
    whole_numbers(t)
    done = t.device.run("bartizan audit verify --json", 120)
    tap.equal(done.exit, 0, "verify: " + done.stdout + done.stderr)
    found = {f["kind"] for f in json.loads(done.stdout)["findings"]}
    tap.check(not found & {"bad-line", "bad-hash", "back", "segment-missing", "seal-missing", "seal-wrong"}, "verify:", done.stdout)
    # What was recorded before the clock was set is dated from the first step.
    offset = first["d"]["to_us"] - first["d"]["mono_us"]
    shown = [json.loads(line) for line in t.device.run("bartizan audit show --json", 60).stdout.splitlines()]
    early = [s for s in shown if s["record"]["t"] is None]
    tap.check(early and all(s["worked_out"] == 1 for s in early), "not dated:", early[:1])
    off = max(abs(us_of(s["at"]) - s["record"]["m"] - offset) for s in early)
    print(f"# {len(early)} records dated afterwards, at most {off} us off", flush=True)
    tap.check(off <= 1000, f"{off} us off")


CASES = [
    ("trail: a clock that was never set gives no time", clock_unset),
    ("trail: a flood of one service takes nothing from others", flood),
    ("trail: steps of the clock", clock_steps),
]

BOOTS = [("trail", options, CASES, begin)]

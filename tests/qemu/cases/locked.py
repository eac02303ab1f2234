"""Boots that are not as the board declares: no service starts, control works, the reason is on record."""
import os

from harness import services, tap
from harness.device import matching

NAMED = ("polite", "deaf")


def options(board, directory, **more):
    made = services.make(board, NAMED)
    conf = services.configuration(os.path.join(directory, "supervisor.conf"), {name: "" for name in NAMED}, syslog=False)
    return dict({"images": list(made.values()), "conf": conf}, **more)


def tampered(word):
    return lambda board, directory: options(board, directory, append=word)


def without_state(board, directory):
    made = options(board, directory, no_state=True)
    return dict(made, images=[])


def begin(t):
    tap.check(t.device.wait_for(lambda: t.device.services() is not None, 90), "nobody answers control")
    t.device.wait_for(lambda: t.device.records(), 30, 1)


def no_service(t):
    alive = [p for p in t.device.processes() if "/services/" in p.cgroup]
    tap.check(not alive, "a service runs:", alive)
    for name in NAMED:
        done = t.device.run(f"bartizan start {name}", 60)
        tap.check(done.exit != 0, f"start of {name} succeeded")
        tap.check(done.stdout + done.stderr, f"start of {name} gave no reason")
    alive = [p for p in t.device.processes() if "/services/" in p.cgroup]
    tap.check(not alive, "a service runs after start:", alive)


def recorded(event):
    def case(t):
        records = t.device.records() or spool_in_memory(t)
        tap.check(matching(records, event), f"no {event} record in", sorted({r["e"] for r in records}))
    return case


def spool_in_memory(t):
    from harness.device import parse_lines
    return parse_lines(t.device.run("bartizan events --json -n 500").stdout)


def off(t):
    tap.check(t.device.power_off(60), "still on after 60 s:", t.device.machine.console[-1500:])


BOOTS = [(f"tampered-{name}", tampered(word),
          [(f"tampered {name}: no service starts", no_service), (f"tampered {name}: on record", recorded("CMDLINE")),
           (f"tampered {name}: powers off", off)], begin)
         for name, word in (("audit", "audit=0"), ("lsm", "lsm="), ("init", "init=/bin/true"))]
BOOTS += [("no-state", without_state, [("no state partition: no service starts", no_service),
                                       ("no state partition: on record", recorded("STATE_MISSING")),
                                       ("no state partition: powers off", off)], begin)]

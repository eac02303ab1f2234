"""Recorder and shipper replaced by programs that sleep: no step of a launch may wait for either."""
import os
import shutil

from harness import overlay, paths, services, tap

SLEEPER = os.path.join(paths.TOP, "tests", "demo", "sleeper.c")
NAMED = ("polite", "after")


def options(board, directory):
    made = services.make(board, NAMED)
    programs = os.path.join(directory, "overlay", "usr", "lib", "bartizan")
    os.makedirs(programs)
    for name in ("recorder", "shipper"):
        shutil.copyfile(overlay.built(board, "sleeper", [SLEEPER]), os.path.join(programs, name))
        os.chmod(os.path.join(programs, name), 0o755)
    return {"images": list(made.values()), "overlays": [os.path.join(directory, "overlay")],
            "conf": services.configuration(os.path.join(directory, "supervisor.conf"), {name: "" for name in NAMED})}


def begin(t):
    tap.check(t.device.wait_for(lambda: t.device.services() is not None, 90), "nobody answers control")


def services_ready(t):
    for name in NAMED:
        found = t.device.wait_state(name, ("running",), 60)
        tap.check(found, f"{name} does not run:", t.device.services())


def control_answers(t):
    tap.equal(t.device.run("bartizan restart polite", 60).exit, 0, "restart of polite")


BOOTS = [("asleep", options, [("asleep: services start without recorder and shipper", services_ready),
                              ("asleep: control works without recorder and shipper", control_answers)], begin)]

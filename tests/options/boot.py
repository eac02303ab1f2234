"""The device side: one boot, one service per Service of the cases, every case asks its own."""
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

import table
from harness import images, overlay, paths, services, tap
from harness.device import Device

HERE = os.path.dirname(os.path.abspath(__file__))
BOARD = os.environ.get("BOARD", "qemu-x86_64")
KERNEL = os.environ.get("KERNEL_VERSION", "6.12")


def program():
    """With Debian's libc, as a service would have it: it starts threads."""
    sources = [os.path.join(HERE, f) for f in ("probe.c", "facts.c", "attempts.c", "steps.c", "filter.c")]
    return overlay.built(BOARD, "options-probe", sources, ["-D_GNU_SOURCE", "-static", "-pthread"], compiler="gcc")


def tools(directory):
    """An overlay for the device: /tests/feed, which a case calls."""
    os.makedirs(os.path.join(directory, "overlay", "tests"))
    target = os.path.join(directory, "overlay", "tests", "feed")
    shutil.copyfile(overlay.built(BOARD, "options-feed", [os.path.join(HERE, "feed.c")], ["-D_GNU_SOURCE"]), target)
    os.chmod(target, 0o755)
    profiles(directory)
    return os.path.join(directory, "overlay")


def profiles(directory):
    """The firmware's AppArmor profiles and one of its own, which the case of the key names."""
    more, lib = os.path.join(directory, "apparmor.d"), os.path.join(directory, "overlay", "usr", "lib", "bartizan")
    for path in (more, lib):
        os.makedirs(path)
    with open(os.path.join(more, "own"), "w", encoding="ascii") as out:
        out.write("profile own flags=(attach_disconnected) {\n  include <common>\n  audit deny /in/forbidden w,\n}\n")
    subprocess.run([os.path.join(paths.TOP, "toolchain", "apparmor"), "--more", more, "--out", os.path.join(lib, "apparmor.bin")],
                   check=True)


def image(out, name, service, probe):
    with tempfile.TemporaryDirectory(prefix="bartizan-options-image-") as work:
        tree, ini = os.path.join(work, "root"), os.path.join(work, "service.ini")
        services.rootfs(tree, probe)
        for path, (data, mode) in service.files.items():
            os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
            with open(os.path.join(tree, path), "wb") as file:
                file.write(data)
            os.chmod(os.path.join(tree, path), mode)
        with open(ini, "w", encoding="ascii") as file:
            file.write(f"[service]\ncommand = /bin/probe {service.word}\n{service.lines}")
        return images.build(BOARD, out, name, ini, tree)


def make(names):
    """An image for each service, kept over runs: {name: path}."""
    out = os.path.join(paths.OUT, "tests", BOARD, "options")
    os.makedirs(out, exist_ok=True)
    probe = program()
    with open(os.path.join(out, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return {name: image(out, name, service, probe) for name, service in names.items()}


def needed(names, wanted, filtered):
    """All services, or those that the wanted cases name: a run with WORDs shall be short."""
    if not filtered:
        return names
    return {n: s for n, s in names.items() if any(n in of(rows) for rows in wanted.values())}


def of(rows):
    """The services that a case names: (function, NAME, ...)."""
    return rows[1:]


def wait_all(device, seen, names):
    """Until every probe has said everything; who has not is asked again by its own case."""
    waiting = {n for n, s in names.items() if s.start and not s.refused and s.word.split()[0] in ("facts", "do")}

    def done():
        waiting.difference_update({n for n in waiting if seen[n].complete()})
        return not waiting
    device.wait_for(done, 60, 1)


def case(rows, seen, names):
    arguments = [seen[name] for name in of(rows)]
    for name in of(rows):
        if names[name].start and not names[name].refused and not seen[name].device.wait_for(seen[name].complete, 60):
            raise tap.Failed(f"{name} did not finish:", seen[name].row(), seen[name].output()[-5:])
    rows[0](*arguments)


def run(report, directory, all_names, wanted, filtered):
    names = needed(all_names, wanted, filtered)
    most = paths.setting(BOARD, "CONFIG_SERVICES_MAX")
    if len(names) > int(most):
        report.fail_all(wanted, f"{len(names)} services for a device of {most}: let some share one")
        return
    conf = {n: s.conf + ("" if s.start else "\nstart = no") for n, s in names.items()}
    try:
        made = make(names)
        device = Device(BOARD, KERNEL, images=list(made.values()), overlays=[tools(directory)],
                        conf=services.configuration(os.path.join(directory, "device.conf"), conf, syslog=False))
    except paths.Missing as reason:
        report.fail_all(wanted, reason)
        return
    with device:
        try:
            device.boot()
            device.settle(240)
        except Exception as reason:  # noqa: BLE001  a boot may fail in any way: every case of it has failed
            report.fail_all(wanted, f"{reason}\n{device.machine.console[-3000:]}")
            return
        seen = {name: table.Seen(device, name) for name in names}
        wait_all(device, seen, names)
        for name, rows in wanted.items():
            if not report.case(name, case, rows, seen, names) and "--keep" in sys.argv:
                print("#", device.services())



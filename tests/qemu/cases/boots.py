"""Boots, and the cases that share each of them."""
import collections
import os
import subprocess
import tempfile

from harness import paths, tap, wire
from harness.device import Device

from . import asleep, good, locked, refused, trail, updates

# options(board, directory) gives the arguments of Device, and "notes" for the cases; begin(boot, device) is what every case relies on.
Boot = collections.namedtuple("Boot", "name options cases begin")

ALL = [Boot(*row) for row in good.BOOTS + refused.BOOTS + locked.BOOTS + asleep.BOOTS + trail.BOOTS + updates.BOOTS]


class Context:
    """What the cases of one boot share."""

    def __init__(self, device, notes):
        self.device, self.notes = device, notes
        self.facts = {}


def run(report, prefix, board, kernel, boot):
    """Boot once and try every wanted case; a boot that fails fails them all."""
    names = [prefix + name for name, _ in boot.cases]
    if not any(report.wants(name) for name in names):
        return
    with tempfile.TemporaryDirectory(prefix="bartizan-suite-") as directory:
        try:
            options = boot.options(board, directory)
            notes = options.pop("notes", {})
            device = Device(board, kernel, **options)
        except (paths.Missing, OSError, subprocess.SubprocessError) as reason:
            report.fail_all(names, f"{boot.name}: {reason}")
            return
        with device:
            _run_cases(report, prefix, boot, Context(device, notes))
            _keep_console(prefix, boot, device)
        if device.collector:
            device.collector.stop()


def _run_cases(report, prefix, boot, context):
    device = context.device
    try:
        device.boot()
        boot.begin(context)
    except (TimeoutError, wire.Gone, tap.Failed) as reason:
        report.fail_all([prefix + name for name, _ in boot.cases],
                        f"{boot.name}: {reason}\n{device.machine.console[-3000:] if device.machine else ''}")
        return
    for name, case in boot.cases:
        report.case(prefix + name, case, context)


def _keep_console(prefix, boot, device):
    """For whoever has to find out why: what the serial line said."""
    directory = os.path.join(paths.OUT, "tests", "console")
    os.makedirs(directory, exist_ok=True)
    name = f"{prefix.strip().replace('/', '-')}-{boot.name}.log"
    with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
        out.write(device.machine.console if device.machine else "")

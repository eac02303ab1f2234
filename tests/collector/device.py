"""The double (double.c) with the real recorder and shipper, for suites that use them on this machine; and how such a suite runs."""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from certificates import KEYS  # noqa: E402
from collector import Collector  # noqa: E402
from sequence import check  # noqa: E402

BOOT = "00112233aabbccdd"
ARGS = argparse.Namespace()


class Device:
    """The double with both programs in a root of their own."""

    def __init__(self, port, root=None, boot=BOOT, auditor="-", firmware="1767225600", pins=(), pin_alone=False, retry_max=2000):
        """@port: of the collector, or "PORT,PORT" in order of preference; @pins: SHA-256 of certificates in hex; @retry_max: ms."""
        self.root = root or tempfile.mkdtemp(prefix="device-")
        for d in ("spool", "etc/bartizan"):
            os.makedirs(os.path.join(self.root, d), exist_ok=True)
        for name in ("collector-ca.pem", "client.pem", "client.key"):
            shutil.copy(os.path.join(KEYS, name), os.path.join(self.root, "etc/bartizan", name))
        self.spool = os.path.join(self.root, "spool")
        self.process = subprocess.Popen([ARGS.double, self.root, ARGS.recorder, ARGS.shipper, str(port), boot, auditor, firmware],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, DOUBLE_PINS=":".join(pins), DOUBLE_RETRY_MS=str(retry_max), **({"DOUBLE_PIN_ALONE": "1"} if pin_alone else {})))

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self):
        self.say("start recorder")
        self.say("start shipper")
        return self

    def settle(self, seconds=60):
        """Until everything asked for is put."""
        end = time.monotonic() + seconds
        while self.say("status")["left"]:
            assert time.monotonic() < end, "the double is not done"
            time.sleep(0.05)

    def last(self):
        put = self.say("status")["put"]
        return {"init": put[0], "launcher": put[1], "supervisor": put[2]}

    def stop(self, name):
        self.say("stop " + name)
        end = time.monotonic() + 15
        while self.say("status")[name]:
            assert time.monotonic() < end, name + " does not end"
            time.sleep(0.02)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        shutil.rmtree(self.root, ignore_errors=True)


def arrived(device, collector, outputs=0, seconds=60):
    """Everything put has arrived, without loss or disorder. Returns (facts, whole records)."""
    last = device.last()

    def complete(records):
        sn = {}
        for r in records:
            if r["producer"] in last:
                sn[r["producer"]] = max(sn.get(r["producer"], 0), r["sn"])
        lines = sum(1 for r in records if r["event"] == "OUTPUT") if outputs else 0
        return all(sn.get(p, 0) >= n for p, n in last.items()) and lines >= outputs

    records = collector.wait_for(complete, seconds)
    if records is None:
        have = collector.records()
        _, facts, _ = check(have)
        raise AssertionError(f"not all arrived in {seconds} s: {facts} of {last}")
    problems, facts, whole = check(records, last)
    assert not problems, problems[:5]
    return facts, whole


def spool_lines(device):
    lines = []
    for path in sorted(glob.glob(device.spool + "/audit/*.log")):
        lines += open(path, encoding="utf-8").read().splitlines()
    return lines


def with_both(test):
    def run():
        collector = Collector()
        device = Device(collector.port)
        try:
            return test(device, collector)
        finally:
            device.close()
            collector.kill()
    run.__name__ = test.__name__
    return run


def build_double(out):
    sources = [os.path.join(HERE, name) for name in ("double.c", "printer.c")]
    for d in ("base", "ipc", "audit"):
        sources += sorted(glob.glob(os.path.join(TREE, "supervisor", d, "*.c")))
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-iquote", os.path.join(TREE, "supervisor"),
                    "-iquote", HERE, *sources, "-o", out], check=True)


def main(tests, doc, add=None):
    """Run the suite's cases, those named on the command line or all. @add gives the parser more options."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--bin", default=os.path.join(TREE, "build/out/bin"))
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("names", nargs="*")
    if add:
        add(parser)
    parser.parse_args(namespace=ARGS)
    for name in ("recorder", "shipper", "bartizan"):
        setattr(ARGS, name, os.path.abspath(os.path.join(ARGS.bin, name)))
    work = tempfile.mkdtemp(prefix="double-")
    ARGS.double = os.path.join(work, "double")
    build_double(ARGS.double)
    tests = [t for t in tests if not ARGS.names or t.__name__ in ARGS.names]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        began = time.monotonic()
        try:
            said = str(test() or "")
            skip = said.startswith("SKIP")
            print(f"ok {number} - {test.__name__}" + (f" # {said}" if skip else ""), flush=True)
            print(f"# {time.monotonic() - began:.1f} s {'' if skip else said}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {test.__name__}", flush=True)
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0

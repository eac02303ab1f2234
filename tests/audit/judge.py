"""`bartizan audit verify` as the judge, with an auditor's key pair of its own."""
import base64
import json
import os
import subprocess
import tempfile

from device import ARGS

AUDITOR = None


class Auditor:
    """A key pair of `bartizan audit key`."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="auditor-")
        self.key, self.pem = (os.path.join(self.dir, "a." + end) for end in ("key", "pem"))
        subprocess.run([ARGS.host, "audit", "key", os.path.join(self.dir, "a")], check=True)
        body = "".join(line for line in open(self.pem, encoding="ascii").read().splitlines() if not line.startswith("-"))
        self.point = base64.b64decode(body)[-65:].hex()


def auditor():
    global AUDITOR
    AUDITOR = AUDITOR or Auditor()
    return AUDITOR


def verify(spool, *options, program=None, key=True):
    """(exit, {kind: count}, verdict)"""
    keys = ["--key", auditor().key] if key else []
    done = subprocess.run([program or ARGS.host, "audit", "verify", "--json", *keys, *options, spool], capture_output=True, text=True,
                          timeout=120)
    if done.returncode == 2:
        return 2, {}, done.stderr
    out = json.loads(done.stdout)
    return done.returncode, {f["kind"]: f["count"] for f in out["findings"]}, out


def holds(spool, *options, notes=(), **more):
    code, found, out = verify(spool, *options, **more)
    assert code == 0 and set(found) <= set(notes), (code, found)
    return out


def broken(spool, kind, *options, **more):
    code, found, _ = verify(spool, *options, **more)
    assert code == 1 and kind in found, (kind, code, found)

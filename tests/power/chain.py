"""The trust bundles of the campaign: a firmware of version 1, then one bundle a version, each signed by the roots before and after it."""
import hashlib
import os
import re
import shutil
import sys

from harness import paths, tap, wire

sys.path.append(os.path.join(paths.TOP, "tests", "images"))
import roots  # noqa: E402

FIRST, LAST = 1, 3
SIGNERS = ("root1a", "root1b", "root2a", "root2b")


class Chain:
    """firmware: the directory of the device's own trust.conf; bundles: {version: path of the bundle}."""

    def __init__(self, directory, names):
        allowed = "".join(f"allow = {name}\n" for name in names)
        keys = roots.Roots(os.path.join(directory, "roots"), f"[signer services]\nanchor = ca.pem\n{allowed}")
        shutil.copyfile(os.path.join(paths.KEYS, "ca.pem"), keys.at("ca.pem"))
        self.bundles = {version: keys.bundle(str(version), keys.conf(version, self._root(version)), SIGNERS)
                        for version in range(FIRST + 1, LAST + 1)}
        self.digests = {hashlib.sha256(open(path, "rb").read()).hexdigest(): version for version, path in self.bundles.items()}
        self.firmware = os.path.join(directory, "firmware")
        os.makedirs(self.firmware)
        shutil.copyfile(keys.conf(FIRST, self._root(FIRST)), os.path.join(self.firmware, "trust.conf"))
        for name in ("root1.pem", "root2.pem", "ca.pem"):
            shutil.copyfile(keys.at(name), os.path.join(self.firmware, name))

    @staticmethod
    def _root(version):
        return "root1" if version % 2 else "root2"

    @staticmethod
    def in_force(device):
        shown = device.run("bartizan trust show", 60).stdout
        found = re.findall(r"(?m)^version = (\d+)$", shown)
        tap.equal(len(found), 1, f"versions of trust in force {shown}")
        return int(found[0])

    def check(self, device, possible):
        """One of the versions that are possible is in force, and the disk holds the whole bundles up to it and nothing else."""
        version = self.in_force(device)
        tap.check(version in possible, f"trust version {version} is in force, expected one of {possible}")
        try:
            stored = device.agent.list("/state/trust")
        except wire.GuestError:
            stored = []
        tap.equal(sorted(stored), [f"{v}.raw" for v in range(FIRST + 1, version + 1)], "stored trust bundles")
        for file in stored:
            digest = hashlib.sha256(device.agent.read(f"/state/trust/{file}")).hexdigest()
            tap.equal(f"{self.digests.get(digest)}.raw", file, "version of the bundle in a stored file")
        return version

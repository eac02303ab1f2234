"""Attack 25: trust bundles on the device. What is refused changes nothing; what is taken survives a boot, but never a newer firmware."""
import os
import re

from harness import tap

GUEST = "/tests/bundles"
ALL = ("root1a", "root1b", "root2a", "root2b")

# name: version, root of the new policy, who signed, what the device must say; "" = it is taken. In this order, from version 1.
BUNDLES = (
    ("skipped", 3, "root2", ALL, "trust bundle has version 3, only 2 may follow 1"),
    ("replayed", 1, "root1", ("root1a", "root1b"), "trust bundle has version 1, only 2 may follow 1"),
    ("new-only", 2, "root2", ("root2a", "root2b"), "signature by an unknown certificate authority"),
    ("old-only", 2, "root2", ("root1a", "root1b"), "signature by an unknown certificate authority"),
    ("one-old", 2, "root2", ("root1a", "root2a", "root2b"), "signed with 1 distinct keys of signer roots, 2 are needed"),
    ("one-new", 2, "root2", ("root1a", "root1b", "root2a"), "signed with 1 distinct keys of signer roots, 2 are needed"),
    ("half", 2, "root2", ALL, "image is truncated"),
    ("service", 2, "root2", ALL, "image has no readable /etc/extension-release.d/extension-release.trust"),
    ("good", 2, "root2", ALL, ""),
    ("again", 2, "root2", ALL, "trust bundle has version 2, only 3 may follow 2"),
    ("back", 3, "root1", ("root1a", "root1b"), "signature by an unknown certificate authority"),
)

# Taken in other boots, behind those of the table.
LATER = (
    ("next", 3, "root2", ("root2a", "root2b"), ""),
    ("third", 4, "root2", ("root2a", "root2b"), ""),
)


def make(roots, service_image, directory):
    """The bundles of the table, in a directory of the overlay. service_image(signer, path): an image of a service, signed."""
    out = os.path.join(directory, "tests", "bundles")
    os.makedirs(out)
    for name, version, root, signers, _ in BUNDLES + LATER:
        target = os.path.join(out, name + ".raw")
        if name == "service":
            service_image(roots.pair(signers[0]), target)
            roots.sign(target, signers[1:])
            continue
        os.rename(roots.bundle(name, roots.conf(version, root), signers), target)
        if name == "half":
            os.truncate(target, os.path.getsize(target) - 4096)


def version(t):
    """Of the policy in force."""
    shown = t.device.run("bartizan trust show", 60)
    found = re.search(r"(?m)^\[trust\]\nversion = (\d+)$", shown.stdout)
    tap.check(found, "trust show:", shown.stdout, shown.stderr)
    return int(found.group(1))


def install(t, name):
    return t.device.run(f"bartizan trust install {GUEST}/{name}.raw", 150)


def stored(t):
    return sorted(t.device.agent.list("/state/trust"))


def refused_one(t, name, reason):
    before = version(t), stored(t) if "trust" in t.device.agent.list("/state") else []
    done = install(t, name)
    tap.equal(done.exit, 5, f"install of {name} ({done.stdout}{done.stderr})")
    tap.check(reason in done.stderr, f"{name}: says {done.stderr!r}, not {reason!r}")
    tap.equal((version(t), stored(t)), before, f"trust after {name}")
    tap.check(t.device.said("TRUST_REFUSED", reason), f"{name}: no TRUST_REFUSED record says {reason!r}")


def rotation(t):
    """Attack 25, all of it, in the order of the table."""
    tap.equal(version(t), 1, "version at first")
    before = t.kernel()
    for name, number, _, _, reason in BUNDLES:
        if reason:
            refused_one(t, name, reason)
            continue
        done = install(t, name)
        tap.equal(done.exit, 0, f"install of {name}: {done.stderr}")
        tap.equal((version(t), stored(t)), (number, [f"{number}.raw"]), f"after {name}")
        tap.check(t.device.wait_record("TRUST_INSTALLED", 30, version=number), "no TRUST_INSTALLED record")
    tap.check(t.device.wait_for(lambda: t.kernel() == before, 20), f"bundles leave {t.kernel()}, before {before}")

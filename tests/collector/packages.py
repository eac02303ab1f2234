#!/usr/bin/python3 -B
"""Real collectors without installing one: Debian's rsyslog (both TLS drivers) and syslog-ng, unpacked into the cache.  Usage: packages.py CACHE"""
import fcntl
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TREE, "toolchain"))
import debian  # noqa: E402

WANTED = ["rsyslog", "rsyslog-openssl", "rsyslog-gnutls", "syslog-ng-core"]
# The C library is the machine's own: the packages are of the machine's own release.
NEVER = re.compile(r"^(libc6|libc-bin|libgcc-s1|gcc-\d+-base|libcrypt1)$")


def closure(apt):
    """Names of the packages and of every library they need."""
    text = apt.run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                   "--no-breaks", "--no-replaces", "--no-enhances", *WANTED)
    names = sorted(set(re.findall(r"^([a-z0-9][a-z0-9.+-]+)$", text, re.M)))
    return [n for n in names if n in WANTED or (n.startswith(("lib", "zlib")) and not NEVER.match(n))]


def unpack(cache):
    """Directory of the unpacked packages, made once, by whoever comes first."""
    directory = os.path.join(cache, "collector")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return unpack_once(cache, os.path.join(directory, "root"))


def unpack_once(cache, root):
    complete = os.path.join(root, ".complete")
    # The marker says of what: a cache from before a package was wanted is made anew.
    if os.path.exists(complete) and open(complete, encoding="ascii").read().split() == WANTED:
        return root
    apt = debian.Apt(os.path.join(cache, "apt"), [debian._codename()])
    apt.update()
    work = root + ".part"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "debs"))
    apt.run("apt-get", "download", *closure(apt), cwd=os.path.join(work, "debs"))
    for deb in sorted(os.listdir(os.path.join(work, "debs"))):
        subprocess.run(["dpkg-deb", "-x", os.path.join(work, "debs", deb), work], check=True)
    shutil.rmtree(os.path.join(work, "debs"))
    with open(os.path.join(work, ".complete"), "w", encoding="ascii") as out:
        out.write(" ".join(WANTED))
    shutil.rmtree(root, ignore_errors=True)
    os.rename(work, root)
    return root


if __name__ == "__main__":
    unpack(sys.argv[1])

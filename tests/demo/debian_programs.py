"""Programs of Debian packages with the libraries they need, in a directory; nothing is installed anywhere."""
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "toolchain"))
import debian  # noqa: E402

# A mirror in the middle of a sync can make the security index unverifiable: the release alone then serves.
SUITES = (["bookworm", "bookworm-security"], ["bookworm"])
LIBRARIES = ("lib", "usr/lib")


def closure(apt, names):
    """The packages and every library package they depend on: maintainer tools (debconf, adduser) are not wanted."""
    text = apt.run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                   "--no-breaks", "--no-replaces", "--no-enhances", *names)
    found = {line.strip() for line in text.splitlines() if line and not line.startswith((" ", "|", "<"))}
    return sorted(set(names) | {n for n in found if re.match(r"lib[a-z0-9]", n) and ":" not in n})


def download(cache, arch, names):
    """Unpack the closure into one tree of the cache; its path. A second call does nothing."""
    tree = os.path.join(cache, "demo", f"{'-'.join(names)}-{arch}")
    if os.path.exists(tree + "/.complete"):
        return tree
    reasons = []
    for suites in SUITES:
        try:
            return _download(cache, arch, names, tree, suites)
        except debian.ArchiveError as error:
            reasons.append(str(error))
    raise debian.ArchiveError("; ".join(reasons))


def _download(cache, arch, names, tree, suites):
    apt = debian.Apt(os.path.join(cache, "apt"), suites, arch=arch)
    apt.update()
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree + "/.debs")
    packages = closure(apt, names)
    print(f"demo: downloading {len(packages)} packages for {arch}", file=sys.stderr)
    apt.run("apt-get", "download", *packages, cwd=tree + "/.debs")
    for deb in sorted(glob.glob(tree + "/.debs/*.deb")):
        subprocess.run(["dpkg-deb", "-x", deb, tree], check=True)
    shutil.rmtree(tree + "/.debs")
    with open(tree + "/.complete", "w", encoding="utf-8") as out:
        out.write("\n".join(packages) + "\n")
    return tree


def dynamic(path):
    """(interpreter or None, [sonames]) of an ELF file."""
    text = subprocess.run(["readelf", "-W", "-l", "-d", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    interpreter = re.search(r"interpreter: ([^\]]+)\]", text)
    return interpreter.group(1) if interpreter else None, re.findall(r"\(NEEDED\).*\[([^\]]+)\]", text)


def find_library(tree, soname):
    for base in LIBRARIES:
        for path in sorted(glob.glob(os.path.join(tree, base, "*", soname)) + glob.glob(os.path.join(tree, base, soname))):
            return path
    raise debian.ArchiveError(f"no library {soname} in {tree}")


def copy_program(tree, rootfs, inside):
    """One program with the interpreter and the libraries that it needs, as regular files at the same paths."""
    pending, done = [os.path.join(tree, inside)], set()
    while pending:
        source = pending.pop()
        if source in done:
            continue
        done.add(source)
        target = os.path.join(rootfs, os.path.relpath(source, tree))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(os.path.realpath(source) if not os.path.islink(source) else _resolve(tree, source), target)
        os.chmod(target, 0o755)
        interpreter, needed = dynamic(target)
        if interpreter:
            pending.append(os.path.join(tree, interpreter.lstrip("/")))
        pending += [find_library(tree, soname) for soname in needed]


def _resolve(tree, path):
    """What a link means inside the tree: an absolute one must not lead out of it."""
    for _ in range(8):
        if not os.path.islink(path):
            return path
        to = os.readlink(path)
        path = os.path.join(tree, to.lstrip("/")) if to.startswith("/") else os.path.join(os.path.dirname(path), to)
    raise debian.ArchiveError(f"too many links: {path}")

"""Debian's archive through apt, in a private directory.

The machine's own apt configuration is read (which mirror, which keys) and never changed: every call
gets its own source list, package lists, cache and dpkg status.  apt checks the archive's signature;
whoever uses a download checks its sha256 against the lock on top.
"""
import fcntl
import glob
import os
import re
import subprocess


class ArchiveError(Exception):
    """The archive cannot give what was asked; the text says why."""


def _one_line_entries(path):
    """Yield (types, uris, suites, components, signed_by) of a sources.list file."""
    for line in open(path, encoding="utf-8"):
        match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)", line)
        if match:
            kind, options, uri, suite, comps = match.groups()
            signed = re.search(r"signed-by=(\S+)", options or "", re.I)
            yield [kind], [uri], [suite], comps.split("#")[0].split(), signed.group(1) if signed else ""


def _deb822_entries(path):
    """Yield the same tuples for a .sources file."""
    for block in re.split(r"\n\s*\n", open(path, encoding="utf-8").read()):
        lines = [l for l in block.splitlines() if l.strip() and not l.startswith("#")]
        fields = {k.lower(): v.strip() for k, _, v in (l.partition(":") for l in lines if not l[0].isspace())}
        if fields.get("enabled", "yes").lower() in ("no", "false") or "uris" not in fields:
            continue
        # An embedded key block continues on indented lines; a file name is all that occurs in practice.
        yield (fields.get("types", "").split(), fields["uris"].split(), fields.get("suites", "").split(),
               fields.get("components", "").split(), fields.get("signed-by", ""))


def _machine_entries():
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        if os.path.isfile(path):
            yield from _one_line_entries(path)
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        yield from _deb822_entries(path)


def _codename():
    for line in open("/etc/os-release", encoding="utf-8"):
        if line.startswith("VERSION_CODENAME="):
            return line.split("=", 1)[1].strip().strip('"')
    raise ArchiveError("/etc/os-release names no VERSION_CODENAME: not a Debian system")


def _mirror(security):
    """(URI, keyring) of the machine's Debian entry: the main archive or the security one."""
    wanted = _codename() + ("-security" if security else "")
    for types, uris, suites, comps, signed in _machine_entries():
        if "deb" in types and wanted in suites and "main" in comps:
            return uris[0], signed
    raise ArchiveError(f"no 'deb ... {wanted} main' entry in /etc/apt")


class Apt:
    """One private apt directory for a list of suites and one architecture."""

    def __init__(self, root, suites, arch=None, sources=False):
        kind = "deb-src" if sources else "deb"
        self.dir = os.path.join(os.path.abspath(root), "-".join([kind] + list(suites) + [arch or "native"]))
        for sub in ("lists/partial", "cache/archives/partial", "parts"):
            os.makedirs(os.path.join(self.dir, sub), exist_ok=True)
        blocks = [self._block(kind, suite) for suite in suites]
        with open(os.path.join(self.dir, "parts", "private.sources"), "w", encoding="utf-8") as out:
            out.write("\n".join(blocks))
        self.options = [
            "-oDir::Etc::sourcelist=/dev/null", f"-oDir::Etc::sourceparts={self.dir}/parts",
            f"-oDir::State::Lists={self.dir}/lists", "-oDir::State::status=/dev/null",
            f"-oDir::Cache={self.dir}/cache", "-oDir::Etc::preferencesparts=/dev/null",
            "-oAPT::Update::Error-Mode=any", "-oAcquire::Languages=none", "-oAcquire::Retries=3",
            "-oAPT::Get::List-Cleanup=0",
            # Freshness of the index is no concern here: the bytes are pinned, the index only finds them.
            "-oAcquire::Check-Valid-Until=false", "-oAcquire::Check-Date=false"]
        if os.getuid() == 0:
            # The download user of apt may not enter a build directory of root.
            self.options.append("-oAPT::Sandbox::User=root")
        if arch:
            self.options += [f"-oAPT::Architecture={arch}", f"-oAPT::Architectures={arch}"]
        self.updated = False

    @staticmethod
    def _block(kind, suite):
        uri, signed = _mirror(suite.endswith("-security"))
        text = f"Types: {kind}\nURIs: {uri}\nSuites: {suite}\nComponents: main\n"
        return text + (f"Signed-By: {signed}\n" if signed else "")

    def run(self, tool, *args, cwd=None):
        with open(os.path.join(self.dir, "lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # apt itself gives up at once when another one is at work
            done = subprocess.run([tool] + self.options + list(args), cwd=cwd, text=True, check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
            errors = [line for line in said if line.startswith("E:")] or said
            raise ArchiveError(f"{tool} {args[0]}: {' '.join(errors[:2])}")
        return done.stdout

    def update(self):
        if not self.updated:
            self.run("apt-get", "update")
            self.updated = True

    def source_versions(self, package):
        """Yield (version, {orig tarball name: sha256}) of a source package."""
        self.update()
        for stanza in self.run("apt-cache", "showsrc", "--only-source", package).split("\n\n"):
            version = re.search(r"^Version: (\S+)", stanza, re.M)
            section = re.search(r"^Checksums-Sha256:\s*\n((?: .*\n?)+)", stanza, re.M)
            if version and section:
                rows = (line.split() for line in section.group(1).splitlines())
                yield version.group(1), {r[2]: r[0] for r in rows if re.search(r"\.orig\.tar\.\w+$", r[2])}

"""The second archive of the initramfs: the agent in /init's place, and whatever a test replaces."""
import fcntl
import hashlib
import os
import re
import subprocess

from . import cpio, paths

AGENT = os.path.join(paths.TOP, "tests", "qemu", "agent")


def built(board, name, sources, flags=(), headers_in=(), libraries=(), compiler=None):
    """A static test program for a board, compiled when its sources or the compiler changed; its path.

    @compiler instead of the board's: the device's libc is for programs of one thread."""
    compiler = compiler or paths.compiler(board)
    digest = hashlib.sha256(repr(flags).encode() + compiler.encode())
    directories = {os.path.dirname(sources[0])} | set(headers_in)
    headers = [os.path.join(d, f) for d in directories for f in os.listdir(d) if f.endswith(".h")]
    for path in sorted(sources) + sorted(headers) + sorted(libraries):
        digest.update(open(path, "rb").read())
    directory = os.path.join(paths.OUT, "tests", board)
    os.makedirs(directory, exist_ok=True)
    target = os.path.join(directory, f"{name}-{digest.hexdigest()[:12]}")
    with open(os.path.join(directory, name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(target):
            # The libc before libgcc: both have ARM's divisions, and one program may take from one of them only.
            subprocess.run([compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-s", *flags, "-o", target + ".part",
                            *sources, "-Wl,--start-group", *libraries, "-lc", "-Wl,--end-group"], check=True)
            os.rename(target + ".part", target)
    return target


def agent(board):
    return built(board, "agent", [os.path.join(AGENT, f) for f in ("agent.c", "jobs.c", "procs.c")])


def trust_files(path):
    """--trust: a directory is taken as it is; a PEM file becomes one signer that may sign every name."""
    if os.path.isdir(path):
        return {f: open(os.path.join(path, f), "rb").read() for f in sorted(os.listdir(path))}
    text = open(path, encoding="ascii").read()
    certificates = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", text, re.S)
    if not certificates:
        raise paths.Missing(f"{path}: no certificate in it")
    lines, files = ["[trust]", "version = 1", "threshold = 1", "expiry = install", ""], {}
    for i, certificate in enumerate(certificates):
        name = "all" if i == 0 else f"all{i}"
        lines += [f"[signer {name}]", f"anchor = {name}.pem", "allow = *", ""]
        files[name + ".pem"] = certificate.encode()
    files["trust.conf"] = "\n".join(lines).encode()
    return files


RETRY_MAX = 20  # seconds; a collector that a test starts late is found within 30 s, because waits vary by half


def with_port(conf, port):
    """The device configuration with the collector's port; the address is always the host of user networking."""
    retry = "" if re.search(r"(?m)^retry_max", conf) else f"\nretry_max = {RETRY_MAX}s"
    return re.sub(r"(?m)^(\s*address\s*=\s*tls://10\.0\.2\.2:)\d+", rf"\g<1>{port}{retry}", conf)


def add(archive, source):
    """One --overlay: a directory with paths as in the device, or a finished archive (returned as bytes)."""
    if os.path.isdir(source):
        archive.tree(source)
        return b""
    data = open(source, "rb").read()
    if not data.startswith(cpio.MAGIC):
        raise paths.Missing(f"{source}: neither a directory nor a newc archive")
    return data + b"\0" * (-len(data) % 512)


def build(base, board, conf=None, trust=None, overlays=(), port=None, with_agent=True):
    """Bytes of the whole initramfs: the product's archive, untouched, then ours."""
    archive, extra = cpio.Archive(), b""
    init = cpio.extract(base, "init")
    if init is None:
        raise paths.Missing("the initramfs has no /init")
    for source in overlays:
        extra += add(archive, source)
    text = open(conf, encoding="utf-8").read() if conf else None
    if port is not None:
        text = text or (cpio.extract(base, "etc/bartizan/supervisor.conf") or b"").decode()
        text = with_port(text, port)
    if text is not None:
        archive.file("etc/bartizan/supervisor.conf", text.encode())
    for name, data in (trust_files(trust) if trust else {}).items():
        archive.file("etc/bartizan/" + name, data)
    if with_agent:
        # An overlay may bring an init of its own (a hostile one): that is then the one the agent starts.
        own = [data for name, _, data in archive.entries if name == "init"]
        archive.file("tests/init", own[-1] if own else cpio.extract(extra, "init") or init, 0o755)
        archive.file("init", open(agent(board), "rb").read(), 0o755)
    return base + b"\0" * (-len(base) % 512) + extra + archive.bytes()

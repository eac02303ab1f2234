"""SHA-256 with the CPU's own instructions where the kernel says that it has them, portable C elsewhere, the same result from each."""
import hashlib
import os
import shutil

from harness import overlay, paths, tap

HERE = os.path.join(paths.TOP, "tests", "qemu", "sums")
CRYPTO = os.path.join(paths.TOP, "supervisor", "crypto")
BYTES = bytes((i * 7 + i // 251) & 255 for i in range(1, 64001))
# The word of /proc/cpuinfo and the engine that goes with it.
ENGINES = {"sha2": "armv8-ce", "sha_ni": "sha-ni"}


def put(board, directory):
    """The overlay with /tests/sums, and with /tests/feed for programs that read their standard input."""
    package = os.path.join(paths.sysroot(board), "pkg", "mbedtls")
    sources = [os.path.join(HERE, "sums.c")] + [os.path.join(CRYPTO, f) for f in ("sha256_engine.c", "sha256_arm.c", "sha256_x86.c")]
    flags = ["-static", "-std=gnu11", "-D_GNU_SOURCE", "-fno-lto", "-Wl,--wrap=getauxval", "-iquote", os.path.join(paths.TOP, "supervisor"),
             "-I", os.path.join(package, "include")]
    program = overlay.built(board, "sums", sources, flags, [CRYPTO], [os.path.join(package, "lib", "libmbedtls.a")])
    place = os.path.join(directory, "sums", "tests")
    os.makedirs(place)
    for name, path in (("sums", program), ("feed", overlay.built(board, "feed", [os.path.join(HERE, "feed.c")], ["-static"]))):
        shutil.copyfile(path, os.path.join(place, name))
        os.chmod(os.path.join(place, name), 0o755)
    return os.path.join(directory, "sums")


def run(t, *words):
    """({engine: digest}, the one that is chosen)."""
    done = t.device.run(["/tests/sums", *words], 60)
    tap.equal(done.exit, 0, f"sums: {done.stderr}")
    rows = [line.split() for line in done.stdout.splitlines()]
    return {engine: digest for engine, digest in rows[:-1]}, rows[-1][1]


def instructions(t):
    words = set(t.device.agent.text("/proc/cpuinfo").split())
    own = [engine for word, engine in ENGINES.items() if word in words]
    digest = hashlib.sha256(BYTES).hexdigest()
    tap.equal(run(t), ({engine: digest for engine in own + ["mbedtls"]}, (own + ["mbedtls"])[0]), "sums")
    if t.device.board == "qemu-aarch64":
        tap.equal(own, ["armv8-ce"], "engines of an emulated Cortex-A53")
        tap.equal(run(t, "bare"), ({"mbedtls": digest}, "mbedtls"), "sums without the extension")

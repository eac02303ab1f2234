"""Signed service images for tests, made by the product's own `bartizan image build`, once for each content."""
import hashlib
import os
import shutil
import subprocess

from . import paths, saved


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode())
    return digest


def _add_tree(digest, directory):
    for root, dirs, files in os.walk(directory):
        dirs.sort()
        for name in sorted(files):
            path = os.path.join(root, name)
            digest.update(os.path.relpath(path, directory).encode() + b"\0" + open(path, "rb").read())


def build(board, out, name, service, rootfs, version="1.0", epoch=1, key="signer", options=(), by=None):
    """Build NAME_VERSION_ARCH.raw in `out` unless it is there with the same content; its path. `by`: by way of an archive as `docker
    save` writes it ("docker"), or of an OCI image layout ("oci")."""
    arch = paths.BOARDS[board][1]
    tool = paths.host_tool()
    digest = _digest(name, version, epoch, arch, key, tuple(options), by, os.stat(tool).st_mtime_ns,
                     open(service, "rb").read(), open(os.path.join(paths.KEYS, key + ".pem"), "rb").read())
    _add_tree(digest, rootfs)
    target = os.path.join(out, f"{name}_{version}_{arch}.raw")
    stamp = target + ".stamp"
    if os.path.exists(target) and os.path.exists(stamp) and open(stamp, encoding="ascii").read() == digest.hexdigest():
        return target
    source = {None: lambda: rootfs, "docker": lambda: saved.archive(target + ".tar", rootfs, arch),
              "oci": lambda: saved.layout(target + ".oci", rootfs, arch)}[by]()
    command = [tool, "image", "build", f"--{by or 'rootfs'}", source, "--service", service, "--name", name, "--version", version,
               "--epoch", str(epoch), "--arch", arch, "--key", os.path.join(paths.KEYS, key + ".key"),
               "--cert", os.path.join(paths.KEYS, key + ".pem"), "-o", target, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if by == "docker":
        os.unlink(source)
    elif by:
        shutil.rmtree(source)
    if done.returncode:
        raise paths.Missing(f"image build of {name} failed ({done.returncode}): {done.stdout.strip()}")
    with open(stamp, "w", encoding="ascii") as out_stamp:
        out_stamp.write(digest.hexdigest())
    return target

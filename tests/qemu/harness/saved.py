"""An archive as `docker save` writes it, made by hand from a root file system."""
import hashlib
import io
import json
import os
import tarfile

# What Go calls the architectures of the boards.
GOARCH = {"x86_64": ("amd64", ""), "aarch64": ("arm64", "v8"), "armv7": ("arm", "v7"), "riscv64": ("riscv64", "")}


def _plain(entry):
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    return entry


def _layer(rootfs):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as layer:
        for name in sorted(os.listdir(rootfs)):
            layer.add(os.path.join(rootfs, name), arcname=name, filter=_plain)
    return out.getvalue()


def _add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def write(path, rootfs, arch):
    """One image of two layers: the content, and one that takes a file of it away again."""
    name, variant = GOARCH[arch]
    taken = os.path.join(rootfs, "taken-away")
    with open(taken, "w", encoding="ascii") as out:
        out.write("not in the image\n")
    whiteout = io.BytesIO()
    with tarfile.open(fileobj=whiteout, mode="w") as layer:
        _add(layer, ".wh.taken-away", b"")
    layers = [_layer(rootfs), whiteout.getvalue()]
    os.unlink(taken)
    config = json.dumps({"architecture": name, "variant": variant, "os": "linux", "config": {"Cmd": ["/bin/sh"]}, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]}}).encode()
    digest = hashlib.sha256(config).hexdigest()
    with tarfile.open(path, "w") as archive:
        _add(archive, digest + ".json", config)
        for number, layer in enumerate(layers):
            _add(archive, f"layer{number}/layer.tar", layer)
        _add(archive, "manifest.json", json.dumps([{"Config": digest + ".json", "RepoTags": ["demo:latest"], "Layers": [
            f"layer{number}/layer.tar" for number in range(len(layers))]}]).encode())
    return path

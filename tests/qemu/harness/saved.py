"""A container image, made by hand from a root file system."""
import gzip
import hashlib
import io
import json
import os
import shutil
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


def _content(rootfs, arch):
    """(configuration, layers): the content, and a layer that takes a file of it away again."""
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
    return config, layers


def archive(path, rootfs, arch):
    """The file that `docker save` writes."""
    config, layers = _content(rootfs, arch)
    digest = hashlib.sha256(config).hexdigest()
    with tarfile.open(path, "w") as out:
        _add(out, digest + ".json", config)
        for number, layer in enumerate(layers):
            _add(out, f"layer{number}/layer.tar", layer)
        _add(out, "manifest.json", json.dumps([{"Config": digest + ".json", "RepoTags": ["demo:latest"], "Layers": [
            f"layer{number}/layer.tar" for number in range(len(layers))]}]).encode())
    return path


def layout(path, rootfs, arch):
    """The directory that `skopeo copy ... oci:PATH` writes: layers compressed, everything by its digest."""
    config, layers = _content(rootfs, arch)
    blobs = os.path.join(path, "blobs", "sha256")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(blobs)

    def blob(kind, content):
        digest = hashlib.sha256(content).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as out:
            out.write(content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest, "size": len(content)}

    manifest = {"schemaVersion": 2, "config": blob("config.v1+json", config),
                "layers": [blob("layer.v1.tar+gzip", gzip.compress(layer, mtime=0)) for layer in layers]}
    index = {"schemaVersion": 2, "manifests": [blob("manifest.v1+json", json.dumps(manifest).encode())]}
    for name, content in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
        with open(os.path.join(path, name), "w", encoding="ascii") as out:
            json.dump(content, out)
    return path

"""The state partition: an ext4 file that QEMU gives the board as its disk."""
import os
import re
import shutil
import subprocess
import tempfile

NAME = re.compile(r"[a-z][a-z0-9.-]{0,31}")


class BadImage(Exception):
    """An image file whose name does not say where it belongs."""


def placed(image, arch):
    """(directory, file name) of an image below images/: NAME_VERSION_ARCH.raw, or NAME=FILE for any other file."""
    name, _, path = image.rpartition("=")
    base = os.path.basename(path)
    if name:
        base = base if base.startswith(name + "_") else f"{name}_1_{arch}.raw"
    else:
        name = base.split("_")[0]
        if not re.fullmatch(r"[^_]+_[^_]+(_.+)?\.raw", base):
            raise BadImage(f"{image}: a file is called NAME_VERSION_ARCH.raw, or say NAME=FILE")
    if not NAME.fullmatch(name):
        raise BadImage(f"{image}: {name} is no service name")
    return path, f"{name}.raw.v", base


def make(path, images, arch, size_mb=None, extra=None):
    """Write a new state disk with the images in it; root owns everything. extra: {path below the root: bytes}."""
    with tempfile.TemporaryDirectory(prefix="bartizan-state-") as tree:
        for directory in ("images",):
            os.makedirs(os.path.join(tree, directory), mode=0o700)
        os.chmod(tree, 0o755)
        total = 0
        for image in images:
            source, directory, base = placed(image, arch)
            os.makedirs(os.path.join(tree, "images", directory), mode=0o700, exist_ok=True)
            target = os.path.join(tree, "images", directory, base)
            shutil.copyfile(source, target)
            os.chmod(target, 0o600)
            total += os.path.getsize(target)
        for name, data in (extra or {}).items():
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            with open(os.path.join(tree, name), "wb") as out:
                out.write(data)
            total += len(data)
        # Each service's log has a megabyte set aside for it; mkfs.ext4 keeps a twentieth from everybody but root.
        megabytes = size_mb or max(48, total * 11 // 10000000 + 40 + 2 * len(images))
        with open(path, "wb") as disk:
            disk.truncate(megabytes << 20)
        # Volumes of services are bounded by project quota.
        subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "quota,project", "-E",
                        "root_owner=0:0,lazy_itable_init=1,quotatype=prjquota", "-d", tree, path], check=True, env=_path(),
                       stdout=subprocess.DEVNULL)
        if os.getuid() != 0:
            give_to_root(path, tree)


def give_to_root(path, tree):
    """mkfs.ext4 copies the builder's owner; images of another owner than root are refused by the device."""
    commands = []
    for root, dirs, files in os.walk(tree):
        for name in dirs + files:
            inside = "/" + os.path.relpath(os.path.join(root, name), tree)
            commands += [f"sif {inside} uid 0", f"sif {inside} gid 0"]
    subprocess.run(["debugfs", "-w", "-f", "-", path], input="\n".join(commands) + "\n", text=True, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_path())


def read(path, inside):
    """One file of a state disk that no guest uses, or None."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["debugfs", "-R", f"dump {inside} {out.name}", path], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False, env=_path())
        data = open(out.name, "rb").read()
    return data or None


def _path():
    return dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

"""What the escape suite compiles: the attacks, the fingerprint, a launcher and an init with protections taken away."""
import glob
import os
import re
import shutil
import subprocess

from harness import images, overlay, paths

HERE = os.path.dirname(os.path.abspath(__file__))
SUPERVISOR = os.path.join(paths.TOP, "supervisor")
# Around which functions of the product weak/weak.c puts itself.
WRAPPED = ("start_service", "sandbox_clone", "sandbox_attest", "step_root_prove", "syscall", "mounts_new", "mounts_change", "map_mount",
           "cgroup_prepare", "cgroup_devices", "fd_write_file")


LIBRARIES = (("inih", "inih"), ("libcap", "cap"), ("libseccomp", "seccomp"), ("mbedtls", "mbedtls"))


def put(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, 0o755)


def attacks(board):
    sources = sorted(glob.glob(os.path.join(HERE, "programs", "*.c")))
    return overlay.built(board, "escape", sources, ["-D_GNU_SOURCE"])


def fingerprint(board):
    return overlay.built(board, "fingerprint", [os.path.join(HERE, "fingerprint.c")], ["-D_GNU_SOURCE"])


def image(board, out, name, text, root, setuid=False):
    """An image of the service; one with a setuid file is made without the product's builder, which refuses it."""
    service, arch = os.path.join(out, name + ".ini"), paths.BOARDS[board][1]
    head = f"[image]\nname = {name}\nversion = 1.0\nepoch = 1\narch = {arch}\n\n" if setuid else ""
    with open(service, "w", encoding="ascii") as ini:
        ini.write(head + text)
    if not setuid:
        return images.build(board, out, name, service, root)
    tree = shutil.copytree(root, os.path.join(out, name))
    os.chmod(os.path.join(tree, "bin", "setuid"), 0o4755)
    os.makedirs(os.path.join(tree, "tmp"))
    target = os.path.join(out, f"{name}_1.0_{arch}.raw")
    command = [os.path.join(paths.TOP, "tests", "images", "mkimage"), "--arch", arch, tree, service, f"{name}_1.0",
               os.path.join(paths.KEYS, "signer.key"), os.path.join(paths.KEYS, "signer.pem"), target]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise paths.Missing(f"mkimage of {name} failed: {done.stdout.strip()}")
    return target


def _row(program):
    """Directories of a row of supervisor/LINKS."""
    for line in open(os.path.join(SUPERVISOR, "LINKS"), encoding="ascii"):
        name, colon, rest = line.partition(":")
        if colon and name == program:
            return rest.partition("+")[0].split()
    raise paths.Missing(f"supervisor/LINKS has no row for {program}")


def _product(board, program, extra, include, flags, without=()):
    """A program of the product, compiled from its sources with something more, for tests alone."""
    out = paths.board_out(board)
    directories = _row(program) + ["programs/" + program]
    sources = [path for d in directories for path in sorted(glob.glob(os.path.join(SUPERVISOR, d, "*.c")))
               if os.path.relpath(path, SUPERVISOR) not in without]
    sources += [os.path.join(out, "gen", "board.c")] + [os.path.join(HERE, "weak", f) for f in extra]
    packages = os.path.join(paths.sysroot(board), "pkg")
    headers = [os.path.join(SUPERVISOR, d) for d in directories] + [include]
    flags = ["-D_GNU_SOURCE", "-I", include, "-iquote", SUPERVISOR, "-ffunction-sections", "-Wl,--gc-sections", *flags]
    for name, _ in LIBRARIES:
        flags += ["-isystem", os.path.join(packages, name, "include")]
    if program == "launcher":
        sources.append(os.path.join(out, "gen", "helper_filters.c"))
    return overlay.built(board, "weak-" + program, sources, flags, [d for d in headers if os.path.isdir(d)],
                         [os.path.join(packages, p, "lib", f"lib{l}.a") for p, l in LIBRARIES])


def launcher(board):
    return _product(board, "launcher", ("weak.c", "child.c"), os.path.join(paths.board_out(board), "include"),
                    [f"-Wl,--wrap={name}" for name in WRAPPED], without=("sandbox/child.c",))


def init(board):
    """The HARDEN_ options of Kconfig are off: a configuration that anybody may build and nobody ships."""
    text = open(os.path.join(paths.board_out(board), "include", "generated", "autoconf.h"), encoding="ascii").read()
    include = os.path.join(paths.OUT, "tests", board, "weak-include")
    os.makedirs(os.path.join(include, "generated"), exist_ok=True)
    with open(os.path.join(include, "generated", "autoconf.h"), "w", encoding="ascii") as out:
        out.write(re.sub(r"(?m)^#define CONFIG_HARDEN_\w+ 1\n", "", text))
    return _product(board, "init", ("init.c",), include, ["-Wl,--wrap=prctl"])

"""Where the build put what a boot needs."""
import fcntl
import functools
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def _directory(variable, default):
    """make exports O, CACHE and KEYS; tests/tally passes them on with a prefix; by hand the defaults serve."""
    value = os.environ.get("BARTIZAN_" + variable) or os.environ.get({"OUT": "O"}.get(variable, variable))
    return os.path.abspath(value or os.path.join(TOP, "build", default))


OUT = _directory("OUT", "out")
CACHE = _directory("CACHE", "cache")
KEYS = _directory("KEYS", "keys")

# board: (toolchain triple, name in images, Debian architecture)
BOARDS = {
    "qemu-x86_64": ("x86_64-linux-musl", "x86_64", "amd64"),
    "qemu-aarch64": ("aarch64-linux-musl", "aarch64", "arm64"),
    "qemu-armv7": ("arm-linux-musleabihf", "armv7", "armhf"),
}


class Missing(Exception):
    """Something that the build makes is not there; the text says what makes it."""


def configured_board(out):
    try:
        for line in open(os.path.join(out, ".config"), encoding="utf-8"):
            if line.startswith("CONFIG_BOARD="):
                return line.split('"')[1]
    except OSError:
        pass
    return None


def board_out(board):
    """The output directory of one board: the configured board's is O itself."""
    if configured_board(OUT) == board:
        return OUT
    path = os.path.join(OUT, "board", board)
    if configured_board(path) == board:
        return path
    raise Missing(f"{board} is not built in {OUT}: make board-{board}")


def setting(board, name):
    """What the board's configuration says for CONFIG_...; as text."""
    with open(os.path.join(board_out(board), ".config"), encoding="utf-8") as config:
        return next(line.split("=", 1)[1].strip().strip('"') for line in config if line.startswith(name + "="))


@functools.lru_cache(maxsize=None)
def sysroot(board):
    """The compiler, libc and libraries of a board; TRIPLE/pkg/NAME/{include,lib} are below."""
    triple = BOARDS[board][0]
    done = subprocess.run([os.path.join(TOP, "toolchain", "deps"), "--cache", CACHE, "--where"], check=True, text=True,
                          stdout=subprocess.PIPE)
    path = os.path.join(done.stdout.strip(), triple)
    if not os.path.exists(path):
        raise Missing(f"no {triple} toolchain in {CACHE}: make board-{board}")
    return path


def compiler(board):
    return os.path.join(sysroot(board), "bin", BOARDS[board][0] + "-gcc")


def kernel(board, version):
    """The directory that toolchain/kernel fills; raises Missing when Debian's archive does not give it."""
    command = [os.path.join(TOP, "toolchain", "kernel"), "--cache", CACHE, board] + ([version] if version else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Missing(f"no kernel for {board}: {done.stderr.strip()}")
    return done.stdout.strip()


def host_tool():
    """The command line of the build host: `bartizan image build` and the like."""
    path = os.path.join(OUT, "host", "bartizan")
    if not os.path.exists(path):
        raise Missing(f"{path} is not built: make")
    return path


def board_conf(board):
    """board.conf as {key: value}, sections left out: the keys that the harness reads are unique."""
    values = {}
    for line in open(os.path.join(TOP, "board", board, "board.conf"), encoding="utf-8"):
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            values.setdefault(key.strip(), value.strip())
    return values


def make(out, target, *variables):
    """Run a target of the top Makefile for an output directory; Missing with its last words when it fails."""
    command = ["make", "--no-print-directory", "-C", TOP, f"O={out}", f"CACHE={CACHE}", f"KEYS={KEYS}", target, *variables]
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, ".make.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # suites run side by side
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              env=environment)
    if done.returncode:
        raise Missing(f"make {target} failed:\n{done.stdout[-3000:]}")

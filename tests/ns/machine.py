"""A pid namespace with init in it, and the messages of supervisor/ipc/proto.h as the programs around init speak them."""
import ctypes
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
LIBC = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
MS_NODEV, MS_NOSUID, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 4, 2, 4096, 8192, 16384, 1 << 18
OUTSIDE_ID = 100000  # an ordinary user: what init is outside its namespace


def enums(text):
    """Every enum constant and #define number of proto.h that the tests use."""
    values = {}
    for body in re.findall(r"enum \w+ \{(.*?)\}", text, re.S):
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        number = 0
        for item in filter(None, (part.strip() for part in body.split(","))):
            name, _, given = (piece.strip() for piece in item.partition("="))
            number = int(given, 0) if given else number
            values[name] = number
            number += 1
    for name, number in re.findall(r"#define (SUBJECT_\w+)\s+(0x[0-9a-f]+)u", text):
        values[name] = int(number, 16)
    return values


with open(os.path.join(TREE, "supervisor/ipc/proto.h"), encoding="utf-8") as source:
    P = enums(source.read())
NAMES = {value: name for name, value in P.items() if name.startswith("M_") and name != "M_COUNT"}

HEAD = struct.Struct("=HHII")
ERR = struct.Struct("=i200s124s")
CHILD = struct.Struct("=iII33s96s3x")
EXITED = struct.Struct("=ii4xQQQ")


def helper(name):
    return P["SUBJECT_HELPER"] | P["HELPER_" + name]


def probe(slot):
    return P["SUBJECT_PROBE"] | slot


class Message:
    """What arrived: type name, head, the bytes behind it, descriptors."""

    def __init__(self, data, fds):
        kind, self.subject, self.generation, self.request = HEAD.unpack_from(data)
        self.type = NAMES.get(kind, str(kind))[2:]
        self.body = data[HEAD.size:]
        self.fds = fds

    def __repr__(self):
        return f"{self.type}({self.subject:#x}, {self.generation}, fds {len(self.fds)})"

    def kind(self):
        return struct.unpack("=I", self.body)[0]

    def exited(self):
        code, status, *_ = EXITED.unpack(self.body)
        return code, status

    def close(self):
        for fd in self.fds:
            os.close(fd)
        self.fds = []


# How long an event that must come may take on a busy machine. Nothing waits this long when all is well.
DEADLINE = 30.0
# What init says again every second, or on occasions of its own: never out of place between other messages.
ROUTINE = frozenset(("EXITED", "LAUNCHER_UP", "HELPER_DIED", "ALIVE", "HELPER", "HELPER_RECORDER", "HELPER_SUPERVISOR"))


class Link:
    """One end of a socket to init."""

    def __init__(self, fd):
        self.socket = socket.socket(fileno=fd)
        self.socket.setblocking(True)

    def send(self, name, subject=0, generation=0, request=0, body=b"", fds=()):
        self.raw(HEAD.pack(P["M_" + name], subject, generation, request) + body, fds)

    def raw(self, data, fds=()):
        socket.send_fds(self.socket, [data], list(fds))

    def receive(self, timeout=DEADLINE):
        """The next message, or None when none comes in time or the other side closed."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return None
        data, fds, _, _ = socket.recv_fds(self.socket, 4096, 16)
        return Message(data, fds) if data else None

    def expect(self, name, timeout=DEADLINE, skip=ROUTINE):
        """The next message but those in @skip must be @name."""
        while True:
            message = self.receive(timeout)
            if message is not None and message.type != name and message.type in skip:
                message.close()
                continue
            if message is None or message.type != name:
                raise AssertionError(f"{name} expected, {message} came")
            return message

    def drain(self, quiet=0.3):
        """All that comes until nothing comes for a while; what is repeated for ever is cut off."""
        messages = []
        end = time.monotonic() + max(2 * quiet, 1.0)
        while time.monotonic() < end and (message := self.receive(quiet)) is not None:
            messages.append(message)
        return messages

    def close(self):
        self.socket.close()


class Child:
    """A process that the double made as a child of init."""

    def __init__(self, pid, pidfd, pipe):
        self.pid, self.pidfd, self.pipe = pid, pidfd, pipe

    def exit(self, status):
        os.write(self.pipe, bytes([status]))
        self.gone()

    def kill(self, number):
        signal.pidfd_send_signal(self.pidfd, number)
        self.gone()

    def gone(self, timeout=DEADLINE):
        """A pidfd is readable once the process is a zombie or reaped."""
        if not select.select([self.pidfd], [], [], timeout)[0]:
            raise AssertionError(f"pid {self.pid} still lives")
        os.close(self.pipe)
        os.close(self.pidfd)


class Launcher(Link):
    """The double and its link to init."""

    def __init__(self, control):
        data, fds, _, _ = socket.recv_fds(control, 256, 8)
        super().__init__(fds[0])
        self.control, self.given = control, fds
        generation, self.locked, self.no_new_privs, self.sys_module, self.sys_admin = data.decode().split("|")
        self.generation = int(generation)

    def command(self, letter):
        self.control.send(letter)

    def child(self, command=b"c"):
        self.command(command)
        data, fds, _, _ = socket.recv_fds(self.control, 16, 4)
        return Child(struct.unpack("=i", data)[0], *fds)

    def announce(self, child, subject, generation, name="web", cgroup="services/web/1", request=77):
        self.send("CHILD", subject, generation, request,
                  CHILD.pack(child.pid, 10000, 1000, name.encode(), cgroup.encode()), [child.pidfd])

    def start(self, subject, generation, **options):
        """A child that init has acknowledged."""
        child = self.child(options.pop("command", b"c"))
        self.announce(child, subject, generation, **options)
        ack = self.expect("CHILD_ACK")
        if (ack.subject, ack.generation, ack.request) != (subject, generation, options.get("request", 77)):
            raise AssertionError(f"acknowledges {ack}")
        return child

    def ready(self):
        self.send("LAUNCHER_READY", generation=self.generation)

    def end(self):
        """The double dies; its socket goes with it."""
        self.control.close()
        self.close()
        for fd in self.given[1:]:
            os.close(fd)


def call(function, *arguments):
    if function(*arguments) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(arguments))


def mount(source, target, kind=None, flags=0, options=None):
    def text(value):
        return value.encode() if value is not None else None
    call(LIBC.mount, text(source), text(target), text(kind), ctypes.c_ulong(flags), text(options))


class Machine:
    """Builds init once; boots it as often as asked."""

    def __init__(self, work):
        self.work = work
        self.init = os.path.join(work, "init")
        self.double = os.path.join(work, "double")
        self.pid = None

    def build(self, out):
        """init as a native program with sanitizers; the double static, because it runs in an empty root."""
        sources = [os.path.join("supervisor", path) for path in (
            "base", "event", "ipc", "audit", "net", "programs/init")]
        files = [os.path.join(d, f) for d in sources for f in sorted(os.listdir(os.path.join(TREE, d)))
                 if f.endswith(".c")]
        files += [f"supervisor/sys/{name}.c" for name in ("harden", "module", "machine", "process", "watchdog")]
        common = ["gcc", "-std=gnu11", "-O1", "-g", "-D_GNU_SOURCE", "-Wall", "-Wextra"]
        subprocess.run(common + ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-iquote", "supervisor",
                                 "-I", os.path.join(out, "include"), "tests/ns/board.c", *files, "-o", self.init],
                       cwd=TREE, check=True)
        subprocess.run(common + ["-static", "tests/ns/double.c", "-o", self.double], cwd=TREE, check=True)

    def boot(self):
        self.control_dir = os.path.join(self.work, "ctl")
        shutil.rmtree(self.control_dir, ignore_errors=True)
        os.mkdir(self.control_dir)
        os.chmod(self.control_dir, 0o777)
        self.console = os.path.join(self.control_dir, "console")
        open(self.console, "w", encoding="utf-8").close()
        os.chmod(self.console, 0o666)
        path = os.path.join(self.control_dir, "socket")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(8)
        self.root = os.path.join(self.work, "root")
        os.makedirs(self.root, exist_ok=True)
        os.chmod(self.work, 0o755)
        self.spawn()

    def spawn(self):
        """Parent: maps the ids. Child: new namespaces; its child: PID 1."""
        to_child, to_parent = os.pipe(), os.pipe()
        middle = os.fork()
        if middle == 0:
            try:
                self.enter(to_child[0], to_parent[1])
            except BaseException as error:  # whatever it is, this copy of the test must end here
                print(f"# cannot set up: {error}", flush=True)
            finally:
                os._exit(99)
        os.close(to_parent[1])
        os.close(to_child[0])
        if os.read(to_parent[0], 1) != b"u":
            raise AssertionError("no namespaces")
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{middle}/{name}", "w", encoding="ascii") as out:
                out.write(f"0 {OUTSIDE_ID} 65536")
        os.write(to_child[1], b"m")
        self.pid = struct.unpack("=i", os.read(to_parent[0], 4))[0]
        os.close(to_parent[0])
        os.close(to_child[1])
        self.middle = middle

    def leave_chroot(self):
        """The kernel gives no user namespace to who is in a chroot, where `make test` may run. setns(2) to the own mount
        namespace resets the root to that of the namespace; what was the root is then mounted over it."""
        call(LIBC.unshare, NEWNS)
        tree = os.open("/", os.O_PATH | os.O_DIRECTORY)
        namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        place = os.path.relpath(self.root, "/")
        call(LIBC.setns, namespace, NEWNS)
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        os.fchdir(tree)
        mount(".", place, None, MS_BIND | MS_REC)
        os.chdir(place)
        mount(".", "/", None, MS_MOVE)
        os.chroot(".")
        os.chdir("/")
        os.close(tree)
        os.close(namespace)

    def enter(self, go, tell):
        self.leave_chroot()
        call(LIBC.unshare, NEWUSER | NEWNS | NEWPID | NEWNET | NEWUTS | NEWIPC | NEWCGROUP)
        os.write(tell, b"u")
        os.read(go, 1)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        call(LIBC.prctl, 1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing outlives the test
        pid = os.fork()
        if pid == 0:
            call(LIBC.prctl, 1, signal.SIGKILL)
            self.become_init()
        os.write(tell, struct.pack("=i", pid))
        os.closerange(3, 256)
        status = os.waitpid(pid, 0)[1]
        # The end of init is what the test reads from the end of this process.
        os._exit(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 100 + os.WEXITSTATUS(status) % 100)

    def become_init(self):
        root = self.root
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        mount("root", root, "tmpfs", MS_NOSUID, "mode=0755")
        for path in ("dev", "ctl", "lib", "lib64", "usr", "usr/lib", "usr/lib/bartizan"):
            os.mkdir(os.path.join(root, path), 0o755)
        mount("dev", root + "/dev", "tmpfs", 0, "mode=0755")
        for source, name in (("/dev/null", "null"), (self.console, "console"), ("/dev/urandom", "urandom")):
            open(f"{root}/dev/{name}", "w", encoding="utf-8").close()
            mount(source, f"{root}/dev/{name}", None, MS_BIND)
        mount(self.control_dir, root + "/ctl", None, MS_BIND)
        mount(os.path.realpath("/lib"), root + "/lib", None, MS_BIND | MS_REC)
        mount(os.path.realpath("/lib64"), root + "/lib64", None, MS_BIND | MS_REC)
        shutil.copy(self.init, root + "/init")
        shutil.copy(self.double, root + "/usr/lib/bartizan/launcher")
        os.mkdir(root + "/proc")
        mount("proc", root + "/proc", "proc")  # the sanitizer reads it before init mounts its own
        os.chdir(root)
        mount(".", "/", None, MS_MOVE)
        os.chroot(".")
        os.chdir("/")
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        console = os.open("/dev/console", os.O_WRONLY | os.O_APPEND)
        os.dup2(console, 1)
        os.dup2(console, 2)
        os.closerange(3, 256)
        os.execve("/init", ["/init"], {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0"})

    def launcher(self, timeout=DEADLINE):
        """The next life of the double."""
        self.listener.settimeout(timeout)
        control, _ = self.listener.accept()
        control.setblocking(True)
        return Launcher(control)

    def none_starts(self, seconds):
        return not select.select([self.listener], [], [], seconds)[0]

    def log(self):
        with open(self.console, encoding="utf-8", errors="replace") as text:
            return text.read()

    def wait_log(self, words, timeout=DEADLINE):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if words in self.log():
                return True
            time.sleep(0.05)
        return False

    def descriptors(self):
        """How many init has open. The pid that enter() told is of the namespace, so init is found as the child."""
        with open(f"/proc/{self.middle}/task/{self.middle}/children", encoding="ascii") as text:
            return len(os.listdir(f"/proc/{text.read().split()[0]}/fd"))

    def outer_pid(self):
        with open(f"/proc/{self.middle}/task/{self.middle}/children", encoding="ascii") as text:
            found = text.read().split()
        return int(found[0]) if found else None

    def zombies(self):
        pid = self.outer_pid()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
            states = [open(f"/proc/{child}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0]
                      for child in text.read().split()]
        return states.count("Z")

    def alive(self):
        return self.outer_pid() is not None

    def ended(self, timeout=DEADLINE):
        """The signal that ended init, 100 + status when it exited, None when it lives on."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            done, status = os.waitpid(self.middle, os.WNOHANG)
            if done:
                self.middle = None
                return os.WEXITSTATUS(status)
            time.sleep(0.05)
        return None

    def halt(self):
        if self.middle is None:
            return
        pid = self.outer_pid()
        if pid:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(self.middle, 0)
        self.middle = None

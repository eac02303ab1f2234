"""The harness's end of the agent's port (tests/qemu/agent/agent.h has the other)."""
import collections
import queue
import shlex
import socket
import struct
import threading

HEAD = struct.Struct("<IIIi")
HELLO, RUN, KILL, HUNT, READ, WRITE, PROCS, LIST, LINK = range(1, 10)

Result = collections.namedtuple("Result", "argv exit stdout stderr ms")
Process = collections.namedtuple("Process", "pid ppid uid start comm exe cgroup")


class Gone(Exception):
    """The guest went away before it answered."""


class GuestError(OSError):
    """The guest's kernel said no."""


def receive(connection, size):
    """Exactly so many bytes of a stream socket; OSError when it ends before."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


class Call:
    """One question that is under way."""

    def __init__(self):
        self.box = queue.Queue(1)

    def wait(self, timeout):
        """(value, body) of the answer; Gone when the guest went, TimeoutError when it is silent."""
        try:
            answer = self.box.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"the agent did not answer within {timeout:.0f} s") from None
        if answer is None:
            raise Gone("the guest went away")
        return answer


class Agent:
    """Listens on a UNIX socket that QEMU connects the virtio-serial port to."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.socket = None
        self.calls = {}
        self.next_id = 1
        self.lock = threading.Lock()
        self.hello = Call()
        self.closed = False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            self.socket, _ = self.listener.accept()
            while True:
                size, number, op, value = HEAD.unpack(receive(self.socket, HEAD.size))
                body = receive(self.socket, size)
                with self.lock:
                    call = self.hello if op == HELLO else self.calls.pop(number, None)
                if call:
                    call.box.put((value, body))
        except OSError:
            self.close()

    def close(self):
        """The guest is gone: every open question gets that for an answer."""
        with self.lock:
            calls, self.calls, self.closed = list(self.calls.values()), {}, True
            if self.hello.box.empty():
                calls.append(self.hello)
        for call in calls:
            try:
                call.box.put_nowait(None)
            except queue.Full:
                pass
        for end in (self.socket, self.listener):
            if end:
                end.close()

    def ask(self, op, value=0, *words, body=b""):
        call = Call()
        payload = b"".join(w.encode() + b"\0" for w in words) + body
        with self.lock:
            if self.closed or not self.socket:
                raise Gone("no connection to the agent")
            number, self.next_id = self.next_id, self.next_id + 1
            self.calls[number] = call
        try:
            with self.lock:
                self.socket.sendall(HEAD.pack(len(payload), number, op, value) + payload)
        except OSError as error:
            raise Gone(str(error)) from error
        return call

    # ---- questions

    def start(self, command, timeout=60):
        """Run a command (a list, or a text split on spaces with quotes) without waiting; end with finish()."""
        argv = shlex.split(command) if isinstance(command, str) else list(command)
        return argv, timeout, self.ask(RUN, int(timeout * 1000), *argv)

    def finish(self, started):
        argv, timeout, call = started
        value, body = call.wait(timeout + 30)
        if len(body) < 8:
            raise GuestError(value, f"the agent could not run {argv}")
        ms, length = struct.unpack_from("<II", body)
        text = body[8:8 + length].decode(errors="replace"), body[8 + length:].decode(errors="replace")
        return Result(argv, value, text[0], text[1], ms)

    def run(self, command, timeout=60):
        return self.finish(self.start(command, timeout))

    def kill(self, program, signal=9, nth=0):
        """Signal the n-th oldest process of a program; its pid, or None when there is none."""
        value, body = self.ask(KILL, int(signal), program, str(nth)).wait(30)
        return int(body) if value == 0 else None

    def hunt(self, program, signal=9, delay_us=0, limit_ms=30000):
        """Begin to wait for a new process of a program, to kill it delay_us after its birth (signal 0: watch it die)."""
        return ["hunt", program], limit_ms / 1000, self.ask(HUNT, int(signal), program, str(delay_us), str(limit_ms))

    def _bytes(self, op, path):
        value, body = self.ask(op, 0, path).wait(30)
        if value:
            raise GuestError(value, f"{path}: errno {value}")
        return body

    def read(self, path):
        return self._bytes(READ, path)

    def text(self, path):
        return self.read(path).decode(errors="replace")

    def list(self, path):
        return self._bytes(LIST, path).decode(errors="replace").split("\n")[:-1]

    def link(self, path):
        return self._bytes(LINK, path).decode(errors="replace")

    def write(self, path, data):
        value, _ = self.ask(WRITE, 0, path, body=data).wait(30)
        if value:
            raise GuestError(value, f"{path}: errno {value}")

    def processes(self):
        _, body = self.ask(PROCS).wait(60)
        rows = (line.split("\t") for line in body.decode(errors="replace").splitlines())
        return [Process(int(r[0]), int(r[1]), int(r[2]), int(r[3]), *r[4:7]) for r in rows if len(r) == 7]

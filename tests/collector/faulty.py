"""Collectors and networks that do not do what they should: a proxy that drops, delays, swallows; a TLS end of our own whose close is
ours to choose; openssl s_server with any certificate. All on 127.0.0.1; each has .port and .close()."""
import ctypes
import os
import re
import select
import socket
import ssl
import subprocess
import threading
import time

from certificates import KEYS
from collector import Collector

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


def deaf(sock):
    """From now on the kernel drops what comes for this socket before TCP sees it: no ACK, no RST, as when the cable is cut."""
    code = (ctypes.c_uint16 * 4)(0x06, 0, 0, 0)  # BPF_RET|BPF_K 0

    class Program(ctypes.Structure):
        _fields_ = [("size", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    program = Program(1, ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(program))


def listening(port):
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


class Proxy:
    """Between the device and @target. mode: "forward"; "silent": accepts and says nothing; "slow": @rate bytes a second to the
    collector; "swallow": after the handshake nothing goes on, and a FIN is answered by a forged one."""

    HANDSHAKE_BYTES = 4096  # forwarded in "swallow" before anything is kept back: ClientHello, certificate, Finished

    def __init__(self, target, mode="forward", rate=1024):
        self.target, self.mode, self.rate = target, mode, rate
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        self.hellos = []
        self.swallowed = 0
        self.accepted = 0
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self.open:
            try:
                device, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(device, self.mode), daemon=True).start()

    def _serve(self, device, mode):
        self.pairs.append(device)
        if mode == "silent":
            return  # kept open by self.pairs
        try:
            collector = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            device.close()
            return
        try:
            self._pass(device, collector, mode)
        except OSError:
            pass
        for s in (device, collector):
            s.close()

    def _pass(self, device, collector, mode):
        sent, ends = 0, {device: collector, collector: device}
        if mode == "slow":
            collector.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        while ends:
            for s in select.select(list(ends), [], [])[0]:
                data = s.recv(256 if mode == "slow" and s is device and self.mode == "slow" else 65536)
                if s is device and not sent:
                    self.hellos.append(data)
                sent += len(data) if s is device else 0
                if mode == "swallow" and sent > self.HANDSHAKE_BYTES:
                    if s is not device:
                        del ends[s]
                        continue
                    self.swallowed += len(data)
                    if data:
                        continue
                    device.shutdown(socket.SHUT_WR)  # the forged FIN
                    time.sleep(0.2)
                    return
                if not data:
                    ends[s].shutdown(socket.SHUT_WR)
                    del ends[s]
                    continue
                ends[s].sendall(data)
                if mode == "slow" and self.mode == "slow" and s is device:
                    time.sleep(len(data) / self.rate)

    def cut(self):
        """The connections that there are get nothing any more; new ones do."""
        for s in self.pairs:
            if s.fileno() >= 0:
                deaf(s)

    def close(self):
        self.open = False
        for s in [self.listener, *self.pairs]:
            s.close()


class Frames:
    """Octet counting (RFC 5425 section 4.3), strictly: messages to a file, a line each."""

    def __init__(self, out):
        self.out, self.rest = out, b""
        self.longest = 0

    def add(self, data):
        self.rest += data
        while True:
            match = re.match(rb"([1-9][0-9]{0,5}) ", self.rest)
            if not match:
                if len(self.rest) > 6:
                    raise ValueError(f"no octet count: {self.rest[:40]!r}")
                return
            size = int(match.group(1))
            if len(self.rest) < match.end() + size:
                return
            message = self.rest[match.end():match.end() + size]
            if b"\n" in message:
                raise ValueError("a newline in a message")
            self.longest = max(self.longest, size)
            self.rest = self.rest[match.end() + size:]
            self.out.write(message + b"\n")
            self.out.flush()


class Stub(Collector):
    """A TLS end in Python. @ends: how each of the first sessions ends, in order: ("notify", BYTES): after so many bytes it sends
    close_notify, reads no more and resets. Every later one reads to the end and closes in order."""

    def __init__(self, ends=(), version=ssl.TLSVersion.TLSv1_3, base=os.path.join(KEYS, "server")):
        super().__init__()
        self.ends = list(ends)
        self.sessions = []  # how each ended: "close_notify", "FIN", the error
        self.longest = 0
        self.problems = []
        self.versions = []
        self.began = []  # when each session did
        self.left = []  # when it left one
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(base + ".pem", base + ".key")
        self.context.load_verify_locations(os.path.join(KEYS, "collector-ca.pem"))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.minimum_version = self.context.maximum_version = version
        self.lock = threading.Lock()
        self.listener = None

    def start(self, wait=10):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=16)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            tls = self.context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)
        except (OSError, ssl.SSLError) as error:
            self.sessions.append(str(error))
            return
        self.versions.append(tls.version())
        self.began.append(time.monotonic())
        end = None
        taken = 0
        with open(self.out, "ab") as out:
            frames = Frames(out)
            try:
                while True:
                    data = tls.recv(16384)
                    if not data:
                        break
                    with self.lock:
                        frames.add(data)
                        if not taken and self.ends:
                            end = self.ends.pop(0)
                        self.longest = max(self.longest, frames.longest)
                    taken += len(data)
                    if end and taken >= end[1]:
                        self._leave(tls)
                        return
                self.sessions.append("close_notify")
                if frames.rest:
                    self.problems.append(f"the stream ends inside a message: {frames.rest[:60]!r}")
                tls.unwrap().close()
            except ValueError as error:
                self.problems.append(str(error))
            except (ssl.SSLError, OSError) as error:
                self.sessions.append("FIN" if isinstance(error, ssl.SSLEOFError) else str(error))
            finally:
                tls.close()

    def _leave(self, tls):
        """close_notify while more comes, then away with data unread: the kernel sends RST."""
        time.sleep(0.3)
        tls.setblocking(False)
        try:
            tls.unwrap()
        except (ssl.SSLError, OSError):
            pass
        self.sessions.append("left with data unread")
        tls.close()
        self.left.append(time.monotonic())

    def stop(self):
        if self.listener:
            self.listener.close()

    kill = stop


class SServer(Collector):
    """openssl s_server with mutual authentication; what it reads are frames, made lines when looked at."""

    def __init__(self, base, ca=None, port=0, more=()):
        super().__init__(port=port)
        self.base, self.ca, self.more = base, ca or os.path.join(KEYS, "collector-ca.pem"), list(more)
        self.raws = []  # one per start: a session that was cut leaves part of a message

    def start(self, wait=10):
        self.raws.append(os.path.join(self.dir, f"raw{len(self.raws)}"))
        log = open(self.raws[-1], "ab")
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", self.base + ".pem", "-key",
                                         self.base + ".key", "-CAfile", self.ca, "-Verify", "2", "-verify_return_error", "-quiet",
                                         *self.more],
                                        stdin=subprocess.PIPE, stdout=log, stderr=open(self.log, "ab"), restore_signals=False)
        log.close()
        end = time.monotonic() + wait
        # Not tried by connecting: to whom it cannot say goodbye would be the end of it.
        while not listening(self.port):
            assert self.process.poll() is None and time.monotonic() < end, open(self.log, encoding="utf-8").read()
            time.sleep(0.02)
        return self

    def lines(self):
        with open(self.out, "wb") as out:
            for name in self.raws:
                with open(name, "rb") as raw:
                    Frames(out).add(raw.read())
        return super().lines()

    def wait_for(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            records = self.records()
            if condition(records):
                return records
            time.sleep(0.1)
        return None

"""A disk that forgets: an NBD server for QEMU that keeps what was written in memory until the guest flushes.

Killing QEMU loses nothing of what it gave the host's page cache, so it proves little. Here a write reaches the file only
by a flush (or with FUA); at a power cut each KiB of every write since then is kept or lost by the throw of a coin, in any
order, as a disk with a volatile cache may do it. (Not each 512 bytes: ext4's superblock is 1 KiB and written in place; a
disk that tears it leaves a file system that only e2fsck takes, and what runs on the device never repairs one.) The cut itself can be aimed at the n-th request.
"""
import os
import random
import socket
import struct
import threading

from harness import wire

MAGIC, OPTION_MAGIC, REPLY_MAGIC = 0x4E42444D41474943, 0x49484156454F5054, 0x3E889045565A9
REQUEST, REPLY = struct.Struct(">IHHQQI"), struct.Struct(">IIQ")
REQUEST_MAGIC, REPLY_MAGIC_SIMPLE = 0x25609513, 0x67446698
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FLAGS = 1 | 4 | 8  # HAS_FLAGS, SEND_FLUSH, SEND_FUA
FUA = 1
OPT_EXPORT_NAME, OPT_ABORT, OPT_INFO, OPT_GO = 1, 2, 6, 7
REP_ACK, REP_INFO, REP_ERR_UNSUP = 1, 3, 0x80000001
SECTOR = 1024


class Disk:
    """Serves one file at a UNIX socket, one connection at a time."""

    def __init__(self, path, socket_path, seed):
        self.fd = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.fd).st_size
        self.seed = seed
        self.volatile = {}  # sector: bytes, newest
        self.lock = threading.Lock()
        self.counted, self.cut_at, self.on_cut, self.dead = 0, None, None, False
        self.kept, self.lost = 0, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(socket_path)
        self.listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    # ---- what the test does

    def arm(self, count, on_cut):
        """Cut the power in front of the count-th write or flush from now on."""
        with self.lock:
            self.cut_at, self.on_cut = self.counted + count, on_cut

    def cut(self):
        """The power is gone: what lies in the cache is kept or lost, sector by sector."""
        with self.lock:
            self.dead = True
            for sector in sorted(self.volatile):
                # By its number: how many others there are must not change what becomes of it.
                if random.Random(f"{self.seed} {sector}").random() < 0.5:
                    os.pwrite(self.fd, self.volatile[sector], sector * SECTOR)
                    self.kept += 1
                else:
                    self.lost += 1
            self.volatile = {}

    def close(self):
        self.listener.close()
        os.close(self.fd)

    # ---- the protocol (NBD, fixed newstyle)

    def _serve(self):
        while True:
            try:
                self.socket, _ = self.listener.accept()
            except OSError:
                return
            try:
                self._greet()
                while True:
                    self._request()
            except (OSError, struct.error):
                pass

    def _reply_option(self, option, kind, data=b""):
        self.socket.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(data)) + data)

    def _greet(self):
        self.socket.sendall(struct.pack(">QQH", MAGIC, OPTION_MAGIC, 3))
        wire.receive(self.socket, 4)
        while True:
            _, option, length = struct.unpack(">QII", wire.receive(self.socket, 16))
            wire.receive(self.socket, length)
            if option in (OPT_GO, OPT_INFO):
                self._reply_option(option, REP_INFO, struct.pack(">HQH", 0, self.size, FLAGS))
                self._reply_option(option, REP_ACK)
                if option == OPT_GO:
                    return
            elif option == OPT_EXPORT_NAME:
                self.socket.sendall(struct.pack(">QH", self.size, FLAGS))
                return
            elif option == OPT_ABORT:
                raise OSError("aborted")
            else:
                self._reply_option(option, REP_ERR_UNSUP)

    def _request(self):
        _, flags, kind, handle, offset, length = REQUEST.unpack(wire.receive(self.socket, REQUEST.size))
        data = wire.receive(self.socket, length) if kind == WRITE else b""
        if kind == DISCONNECT:
            raise OSError("bye")
        answer = b""
        with self.lock:
            if kind in (WRITE, FLUSH):
                self._count()
            if self.dead:
                raise OSError("no power")
            if kind == READ:
                answer = self._get(offset, length)
            elif kind == WRITE:
                self._put(offset, data)
            if kind == FLUSH or flags & FUA:
                self._flush()
        self.socket.sendall(REPLY.pack(REPLY_MAGIC_SIMPLE, 0, handle) + answer)

    def _count(self):
        self.counted += 1
        if self.cut_at is not None and self.counted >= self.cut_at and not self.dead:
            self.dead = True
            self.on_cut()

    def _put(self, offset, data):
        while data:
            sector, inside = divmod(offset, SECTOR)
            piece = data[:SECTOR - inside]
            whole = piece if len(piece) == SECTOR else bytearray(self._get(sector * SECTOR, SECTOR))
            if len(piece) != SECTOR:
                whole[inside:inside + len(piece)] = piece
            self.volatile[sector] = bytes(whole)
            offset, data = offset + len(piece), data[len(piece):]

    def _get(self, offset, length):
        data = bytearray(os.pread(self.fd, length, offset))
        at = 0
        while at < length:
            sector, inside = divmod(offset + at, SECTOR)
            size = min(SECTOR - inside, length - at)
            newer = self.volatile.get(sector)
            if newer is not None:
                data[at:at + size] = newer[inside:inside + size]
            at += size
        return bytes(data)

    def _flush(self):
        for sector, data in self.volatile.items():
            os.pwrite(self.fd, data, sector * SECTOR)
        self.volatile = {}

"""As much of an NBD client as shows what disk.py forgets: write with or without FUA, flush, read."""
import socket
import struct

import disk
from harness import wire

SECTORS = 64  # of which a fair coin keeps some and loses some


class Client:
    """One connection (NBD, fixed newstyle)."""

    def __init__(self, socket_path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(socket_path)
        wire.receive(self.socket, 18)  # two magics, flags of the handshake
        self.socket.sendall(struct.pack(">IQII", 3, disk.OPTION_MAGIC, disk.OPT_EXPORT_NAME, 0))
        wire.receive(self.socket, 10)  # size, flags of the export

    def ask(self, kind, offset=0, data=b"", flags=0, length=0):
        self.socket.sendall(disk.REQUEST.pack(disk.REQUEST_MAGIC, flags, kind, 0, offset, len(data) or length) + data)
        wire.receive(self.socket, disk.REPLY.size)
        return wire.receive(self.socket, length)

    def close(self):
        self.socket.close()


def after_cut(directory):
    """
    What is left of four runs of sectors, as lists of bytes: flushed, written with FUA, written only, flushed and written
    again; and what was read of the third before the cut.
    """
    path, size = f"{directory}/disk", disk.SECTOR * SECTORS
    with open(path, "wb") as file:
        file.truncate(4 * size)
    served = disk.Disk(path, path + ".socket", "forgets")
    client = Client(path + ".socket")
    try:
        client.ask(disk.WRITE, 0, b"f" * size)
        client.ask(disk.WRITE, 3 * size, b"o" * size)
        client.ask(disk.FLUSH)
        client.ask(disk.WRITE, size, b"u" * size, flags=disk.FUA)
        client.ask(disk.WRITE, 2 * size, b"w" * size)
        client.ask(disk.WRITE, 3 * size, b"n" * size)
        seen = client.ask(disk.READ, 2 * size, length=size)
        served.cut()
    finally:
        client.close()
        served.close()
    with open(path, "rb") as file:
        left = file.read()
    return [[left[at:at + 1] for at in range(run * size, (run + 1) * size, disk.SECTOR)] for run in range(4)], seen

"""Write and read newc archives: an initramfs may be several of them, one after the other; a later file replaces an earlier one."""
import os
import stat

MAGIC = b"070701"


class Archive:
    """Directories, files and links in memory; parents are made by themselves."""

    def __init__(self):
        self.entries = []
        self.names = set()

    def _add(self, name, mode, data=b""):
        name = name.strip("/")
        parent = os.path.dirname(name)
        if parent and parent not in self.names:
            self._add(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.entries.append((name, mode, data))

    def file(self, name, data, mode=0o644):
        self._add(name, stat.S_IFREG | mode, data)

    def tree(self, directory):
        """Everything below a directory, links as links; owners become root."""
        for root, dirs, files in os.walk(directory):
            dirs.sort()
            for name in sorted(files) + [d for d in dirs if os.path.islink(os.path.join(root, d))]:
                path = os.path.join(root, name)
                inside = os.path.relpath(path, directory)
                if os.path.islink(path):
                    self._add(inside, stat.S_IFLNK | 0o777, os.readlink(path).encode())
                else:
                    self.file(inside, open(path, "rb").read(), 0o755 if os.access(path, os.X_OK) else 0o644)

    def bytes(self):
        parts = [_entry(i + 0x70000000, *entry) for i, entry in enumerate(self.entries)]
        parts.append(_entry(0, "TRAILER!!!", 0, b""))
        data = b"".join(parts)
        return data + b"\0" * (-len(data) % 512)


def _entry(inode, name, mode, data):
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    head = MAGIC + b"".join(b"%08X" % field for field in fields) + encoded
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


def extract(data, wanted):
    """The bytes of the last file of that name in one or several archives, or None."""
    offset, found = 0, None
    while offset + 110 <= len(data):
        if data[offset:offset + 6] != MAGIC:
            offset += 4  # padding between archives
            continue
        size = int(data[offset + 54:offset + 62], 16)
        name_size = int(data[offset + 94:offset + 102], 16)
        name = data[offset + 110:offset + 109 + name_size].decode()
        start = (offset + 110 + name_size + 3) & ~3
        if name.lstrip("./") == wanted:
            found = data[start:start + size]
        offset = (start + size + 3) & ~3
    return found

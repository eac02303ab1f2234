"""What nobody's tool makes: an image taken apart and put together wrongly; DER values changed inside a signature."""
import base64
import hashlib
import json
import struct
import subprocess
import zlib

BLOCK = 4096
SECTOR = 512
TABLE = 2 * SECTOR  # 128 entries of 128 bytes
ROOT, VERITY, SIGNATURE = range(3)


def summed(data):
    """Both checksums of the partition table set right."""
    entries = zlib.crc32(data[TABLE:TABLE + 128 * 128])
    data[SECTOR + 88:SECTOR + 92] = struct.pack("<I", entries)
    data[SECTOR + 16:SECTOR + 20] = bytes(4)
    data[SECTOR + 16:SECTOR + 20] = struct.pack("<I", zlib.crc32(data[SECTOR:SECTOR + 92]))
    return data


class Image:
    """The three partitions of an image, their entries and their bytes."""

    def __init__(self, path):
        self.data = bytearray(open(path, "rb").read())
        self.entries = [self.data[TABLE + i * 128:TABLE + (i + 1) * 128] for i in range(3)]
        self.parts = []
        for entry in self.entries:
            first, last = struct.unpack_from("<QQ", entry, 32)
            self.parts.append(bytes(self.data[first * SECTOR:(last + 1) * SECTOR]))

    def signature(self):
        return json.loads(self.parts[SIGNATURE].rstrip(b"\0"))

    def root_hash(self):
        return self.signature()["rootHash"]

    def assemble(self, path):
        """Write a file with these partitions, one behind the other, and a valid table."""
        data = bytearray(self.data[:20480])
        for i, (entry, part) in enumerate(zip(self.entries, self.parts)):
            part = part + bytes(-len(part) % BLOCK)
            first = len(data) // SECTOR
            entry[32:48] = struct.pack("<QQ", first, first + len(part) // SECTOR - 1)
            data[TABLE + i * 128:TABLE + (i + 1) * 128] = entry
            data += part
        last = len(data) // SECTOR - 1
        data += bytes(34 * SECTOR)
        data[SECTOR + 32:SECTOR + 56] = struct.pack("<QQQ", len(data) // SECTOR - 1, 40, last)
        with open(path, "wb") as out:
            out.write(summed(data))
        return path

    def with_hash(self, root_hash):
        """Partition ids as the root hash wants them."""
        raw = bytes.fromhex(root_hash)
        for i, half in ((ROOT, raw[:16]), (VERITY, raw[16:])):
            self.entries[i][16:32] = half[3::-1] + half[5:3:-1] + half[7:5:-1] + half[8:]

    def with_json(self, text):
        self.parts[SIGNATURE] = text if isinstance(text, bytes) else text.encode()
        return self

    def with_signatures(self, *ders, root_hash=None):
        """The signature partition with these PKCS#7 values, the first in systemd's place."""
        rows = [{"format": "pkcs7", "data": base64.b64encode(der).decode()} for der in ders[1:]]
        value = {"rootHash": root_hash or self.root_hash(), "signature": base64.b64encode(ders[0]).decode()}
        if rows:
            value["x-bartizan-signatures"] = rows
        return self.with_json(json.dumps(value))


def patched(path, source, changes, sums=True):
    """A copy of an image's bytes with others at some offsets, the table's checksums set right or not."""
    data = bytearray(open(source, "rb").read())
    for at, new in changes:
        data[at:at + len(new)] = new
    with open(path, "wb") as out:
        out.write(summed(data) if sums else data)
    return path


def sign(content, key, certificate, *options, tool="smime"):
    """A PKCS#7 in DER as openssl makes it."""
    usual = ["-binary", "-noattr", "-outform", "DER"] if not options else list(options)
    done = subprocess.run(["openssl", tool, "-sign", "-signer", certificate, "-inkey", key, *usual], input=content.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {tool}: {done.stderr.decode()}")
    return done.stdout


# ---- DER: enough to change a signature

def split(data):
    """(tag, value, what follows) of the first value."""
    length, at = data[1], 2
    if length & 0x80:
        at = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:at], "big")
    return data[0], data[at:at + length], data[at + length:]


def join(tag, value):
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def children(value):
    found = []
    while value:
        tag, inner, rest = split(value)
        found.append((tag, inner))
        value = rest
    return found


def signed_data(der):
    """The children of SignedData: version, digests, content, certificates, signer infos."""
    info = children(split(der)[1])
    return info[0], children(split(info[1][1])[1])


def put_together(oid, parts):
    inner = join(0x30, b"".join(join(*part) for part in parts))
    return join(0x30, join(*oid) + join(0xA0, inner))


def change_signer(der, change):
    """The signature with its one SignerInfo changed: change(list of (tag, value)) works in place."""
    oid, parts = signed_data(der)
    fields = children(split(parts[-1][1])[1])
    change(fields)
    parts[-1] = (0x31, join(0x30, b"".join(join(*field) for field in fields)))
    return put_together(oid, parts)


def change_certificate(der, certificate):
    """The signature with another certificate in it."""
    oid, parts = signed_data(der)
    parts = [(tag, certificate if tag == 0xA0 else value) for tag, value in parts]
    return put_together(oid, parts)


def attributes(der):
    """The signed attributes of a signature, as the SET that was signed."""
    fields = children(split(signed_data(der)[1][-1][1])[1])
    return join(0x31, next(value for tag, value in fields if tag == 0xA0))


def level_as_data(path, source):
    """The leaf digests of an image as if they were its content: the same root hash, and the same signature, are right for them."""
    image = Image(source)
    blocks, levels = len(image.parts[ROOT]) // BLOCK, []
    while blocks > 1:
        blocks = (blocks + 127) // 128
        levels.append(blocks)
    assert len(levels) > 1, "an image of one level cannot be told from its leaf digests"
    top = sum(levels[1:])
    tree = image.parts[VERITY]
    leaves = tree[(1 + top) * BLOCK:(1 + top + levels[0]) * BLOCK]
    head = bytearray(tree[:BLOCK])
    head[72:80] = struct.pack("<Q", levels[0])
    image.parts[ROOT] = leaves
    image.parts[VERITY] = bytes(head) + tree[BLOCK:(1 + top) * BLOCK]
    return image.assemble(path)


def digest(path):
    """SHA-256 of a certificate, as the deny list names it."""
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(der).hexdigest()


def spki(path):
    pem = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], stdout=subprocess.PIPE, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(der).hexdigest()


def certificate_der(path):
    return subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout

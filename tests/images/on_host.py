"""The attacks that a file alone can carry: `bartizan image verify` runs the code of the device (supervisor/trust) on them."""
import base64
import json
import os
import random
import resource
import struct
import subprocess

import forge
import roots
from harness import paths, tap

HEX = "0123456789abcdef" * 4
MEMORY = 96 << 20  # more than any verification needs, less than a count from the file could ask for
SECONDS = 60


class Workshop:
    """One directory with keys, a trust directory and a good image."""

    def __init__(self, directory):
        self.directory, self.made = directory, 0
        self.keys = roots.Keys(os.path.join(directory, "keys"))
        for name in ("acme-ca", "site-ca"):
            self.keys.authority(name)
        self.keys.leaf("acme", "acme-ca")
        self.keys.leaf("site", "site-ca")
        self.trust = self.trust_directory("trust")
        self.root = os.path.join(directory, "root")
        os.makedirs(os.path.join(self.root, "bin"))
        with open(os.path.join(self.root, "bin", "probe"), "wb") as out:
            out.write(random.Random(1).randbytes(700000))  # more than 128 blocks: a tree of two levels
        os.chmod(os.path.join(self.root, "bin", "probe"), 0o755)
        self.service = self.file("service.ini", b"[service]\ncommand = /bin/probe\n")
        self.good = self.build("acme.web")
        verify(self.good, self.trust, 0)

    def at(self, name):
        return os.path.join(self.directory, name)

    def new(self):
        self.made += 1
        return self.at(f"{self.made}.raw")

    def file(self, name, data):
        with open(self.at(name), "wb") as out:
            out.write(data)
        return self.at(name)

    def build(self, name, version="1.0", signer="acme", arch="x86_64"):
        path = self.new()
        roots.run(paths.host_tool(), "image", "build", "--rootfs", self.root, "--service", self.service, "--name", name, "--version",
                  version, "--epoch", "1", "--arch", arch, *self.keys.pair(signer), "-o", path)
        return path

    def trust_directory(self, name, threshold=1, more="", anchors=None):
        directory = self.at(name)
        os.makedirs(directory)
        for ca in ("acme-ca", "site-ca"):
            text = (anchors or {}).get(ca) or open(self.keys.at(ca + ".pem"), encoding="ascii").read()
            with open(os.path.join(directory, ca + ".pem"), "w", encoding="ascii") as out:
                out.write(text)
        with open(os.path.join(directory, "trust.conf"), "w", encoding="ascii") as out:
            out.write(f"[trust]\nversion = 1\n\n[signer acme]\nanchor = acme-ca.pem\nallow = acme.*\nthreshold = {threshold}\n\n"
                      f"[signer site]\nanchor = site-ca.pem\nallow = site.*\n{more}")
        return directory

    def signed(self, *ders, root_hash=None):
        """The good image with other signatures."""
        return forge.Image(self.good).with_signatures(*ders, root_hash=root_hash).assemble(self.new())

    def sign(self, signer, *options, content=None, tool="smime"):
        key, certificate = self.keys.at(signer + ".key"), self.keys.at(signer + ".pem")
        return forge.sign(content or forge.Image(self.good).root_hash(), key, certificate, *options, tool=tool)


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def verify(image, trust, exit_code=5):
    done = subprocess.run([paths.host_tool(), "image", "verify", "--trust", trust, image, "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, preexec_fn=limits, timeout=SECONDS)
    tap.equal(done.returncode, exit_code, f"exit ({done.stdout}{done.stderr})")
    return done.stderr


def refused(w, image, reason, trust=None, what=""):
    said = verify(image, trust or w.trust)
    tap.check(reason in said, f"{what}: says {said!r}, not {reason!r}")


def truncated(w):
    size = os.path.getsize(w.good)
    for length in (0, 100, 512, 1024, 20479, size // 2, size - 17408 - 4096, size - 4096, size - 1):
        data = open(w.good, "rb").read()[:length]
        reason = "truncated" if length > 2048 else "no partition table" if length != 1024 else "truncated"
        refused(w, w.file("short.raw", data), reason, what=f"{length} bytes")


def partition_table(w):
    h, e = forge.SECTOR, forge.TABLE  # header, first entry
    far = struct.pack("<Q", 2**64 - 1)
    sectors = struct.pack("<Q", os.path.getsize(w.good) // 512 + 99)
    first = open(w.good, "rb").read()[e + 32:e + 48]
    rows = (
        ("header checksum", [(h + 24, b"\x02")], False, "header checksum is wrong"),
        ("checksum of entries", [(e + 60, b"x")], False, "checksum of the entries is wrong"),
        ("entries of 256 bytes", [(h + 84, struct.pack("<I", 256))], True, "must be 128 of 128"),
        ("2^32 - 1 entries", [(h + 80, b"\xff" * 4)], True, "must be 128 of 128"),
        ("first LBA 2^64 - 1", [(e + 32, far)], True, "impossible range"),
        ("last LBA 2^64 - 1", [(e + 40, far)], True, "truncated"),
        ("partitions that overlap", [(e + 128 + 32, first)], True, "overlaps another"),
        ("end behind the file", [(h + 32, sectors)], True, "image is truncated"),
        ("two tables", [(4096, b"EFI PART")], True, "two partition tables"),
        ("backup only", [(h, bytes(92))], False, "no partition table"),
        ("a type of its own", [(e, b"\x11" * 16)], True, "does not belong into an image"),
        ("a header elsewhere", [(h + 24, struct.pack("<Q", 2))], True, "not in their place"),
    )
    for what, changes, sums, reason in rows:
        refused(w, forge.patched(w.new(), w.good, changes, sums), reason, what=what)


def signature_text(w):
    good = forge.Image(w.good).signature()
    root = good["rootHash"]
    deep = '{"rootHash":"' + root + '","x":' + "[" * 2000 + "]" * 2000 + "}"
    rows = (
        ("4 MiB", json.dumps(good).encode() + b" " * (4 << 20), "larger than 64 KiB"),
        ("deep", deep, "a string is expected"),
        ("a key twice", json.dumps(good)[:-1] + ',"rootHash":"' + HEX + '"}', "key is repeated"),
        ("a NUL inside", json.dumps(good).encode().replace(b",", b",\0", 1), "bytes behind a NUL"),
        ("an upper-case hash", json.dumps(dict(good, rootHash=root.upper())), "must be lowercase hex"),
        ("63 characters", json.dumps(dict(good, rootHash=root[1:])), "must have 64 characters"),
        ("65 characters", json.dumps(dict(good, rootHash=root + "0")), "must have 64 characters"),
        ("a number", '{"rootHash":1}', "a string is expected"),
        ("an array", "[]", "'{' is expected"),
    )
    for what, text, reason in rows:
        refused(w, forge.Image(w.good).with_json(text).assemble(w.new()), reason, what=what)


def superblock(w):
    image = forge.Image(w.good)
    at = struct.unpack_from("<Q", image.entries[forge.VERITY], 32)[0] * 512
    blocks = len(image.parts[forge.ROOT]) // 4096
    rows = (
        ("shrunk", 72, struct.pack("<Q", blocks - 1), "data blocks, the root partition has"),
        ("grown", 72, struct.pack("<Q", blocks + 1), "data blocks, the root partition has"),
        ("hash type 0", 12, bytes(4), "version or hash type is not 1"),
        ("sha1", 32, b"sha1\0\0\0\0", "algorithm is not sha256"),
        ("blocks of 512", 64, struct.pack("<I", 512), "block size is not 4096"),
        ("salt of 300", 80, struct.pack("<H", 300), "salt of 300 bytes, must be 32"),
        ("padding", 83, b"\1", "unused bytes are not zero"),
        ("behind the salt", 200, b"\1", "unused bytes are not zero"),
    )
    for what, offset, new, reason in rows:
        refused(w, forge.patched(w.new(), w.good, [(at + offset, new)]), reason, what=what)


def unsigned(w):
    removed = forge.patched(w.new(), w.good, [(forge.TABLE + 256, bytes(128))])
    refused(w, removed, "no signature partition: image is unsigned")
    root = forge.Image(w.good).root_hash()
    refused(w, forge.Image(w.good).with_json(json.dumps({"rootHash": root})).assemble(w.new()), "image is unsigned")
    no_tree = forge.patched(w.new(), w.good, [(forge.TABLE + 128, bytes(128))])
    refused(w, no_tree, "nothing protects its content")


def strangers(w):
    w.keys.authority("nobody-ca")
    w.keys.leaf("nobody", "nobody-ca")
    refused(w, w.signed(w.sign("nobody")), "unknown certificate authority")
    refused(w, w.signed(w.sign("nobody-ca")), "unknown certificate authority")  # self-signed, in the blob
    refused(w, w.build("acme.web", signer="site"), "signer site is not allowed for name acme.web")


def purposes(w):
    leaf = "basicConstraints=critical,CA:FALSE\n"
    sign, code = "keyUsage=critical,digitalSignature\n", "extendedKeyUsage=codeSigning\n"
    authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyCertSign\n" + code
    rows = (
        ("server", leaf + sign + "extendedKeyUsage=serverAuth\n", "lacks the codeSigning"),
        ("none", leaf + sign, "lacks the codeSigning"),
        ("any", leaf + sign + "extendedKeyUsage=anyExtendedKeyUsage\n", "lacks the codeSigning"),
        ("code-any", leaf + sign + "extendedKeyUsage=codeSigning,anyExtendedKeyUsage\n", "for any purpose"),
        ("no-ku", leaf + code, "lacks the digitalSignature"),
        ("other-ku", leaf + "keyUsage=critical,keyAgreement\n" + code, "lacks the digitalSignature"),
        ("authority", authority, "certificate authority's own key"),
    )
    for name, extensions, reason in rows:
        w.keys.leaf("use-" + name, "acme-ca", extensions)
        refused(w, w.signed(w.sign("use-" + name)), reason, what=name)
    w.keys.leaf("under-acme", "acme")  # acme is no authority: nothing vouches for this one
    refused(w, w.signed(w.sign("under-acme")), "unknown certificate authority")
    path_length(w)


def path_length(w):
    """An intermediate below a root that allows none, both as anchors."""
    keys = w.keys
    roots.run("openssl", "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
              keys.at("short-ca.key"), "-subj", "/CN=short", "-days", "99", "-out", keys.at("short-ca.pem"), "-addext",
              "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign")
    keys.leaf("between", "short-ca", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
    keys.leaf("below", "between")
    both = open(keys.at("between.pem"), encoding="ascii").read() + open(keys.at("short-ca.pem"), encoding="ascii").read()
    trust = w.trust_directory("short", anchors={"acme-ca": both})
    said = verify(w.signed(w.sign("below")), trust, exit_code=1)
    tap.check("breaks the path length of its root" in said, said)


def weak(w):
    """Keys and digests that are refused, or not even built in."""
    unreadable, chain = "not detached PKCS#7 with one certificate", "uses a weak key or digest"
    rows = (("rsa1024", ("genrsa", "1024"), chain), ("rsa2048", ("genrsa", "2048"), chain),
            ("p192", ("ecparam", "-name", "prime192v1", "-genkey", "-noout"), unreadable),
            ("k256", ("ecparam", "-name", "secp256k1", "-genkey", "-noout"), unreadable),
            ("ed25519", ("genpkey", "-algorithm", "ed25519"), unreadable))
    good = w.sign("acme")
    for name, kind, reason in rows:
        if kind[0] == "genrsa":  # its number of bits stands at the end
            roots.run("openssl", "genrsa", "-out", w.keys.at(name + ".key"), kind[1])
        w.keys.leaf(name, "acme-ca", kind=kind)
        if name == "ed25519":  # openssl makes no PKCS#7 with it: a good one with that certificate
            der = forge.change_certificate(good, forge.certificate_der(w.keys.at(name + ".pem")))
        else:
            der = w.sign(name)
        refused(w, w.signed(der), reason, what=name)
    roots.run("openssl", "genrsa", "-out", w.keys.at("rsa3072.key"), "3072")
    w.keys.leaf("rsa3072", "acme-ca")
    for md, reason in (("md5", unreadable), ("sha1", unreadable), ("sha512", "a digest other than SHA-256 and SHA-384")):
        der = w.sign("rsa3072", "-binary", "-noattr", "-outform", "DER", "-md", md)
        refused(w, w.signed(der), reason, what=md)
    der = w.sign("rsa3072", "-binary", "-noattr", "-outform", "DER", "-md", "sha256", "-keyopt", "rsa_padding_mode:pss", tool="cms")
    refused(w, w.signed(der), unreadable, what="pss")


def envelopes(w):
    good = w.sign("acme")
    usual = ("-binary", "-outform", "DER", "-md", "sha256")
    w.keys.leaf("acme2", "acme-ca")
    second = ("-signer", w.keys.at("acme2.pem"), "-inkey", w.keys.at("acme2.key"))

    def empty(fields):
        fields[-1] = (0x04, b"")

    def other_digest(fields):
        fields[2] = (0x30, join_oid("2.16.840.1.101.3.4.2.2"))
    rows = (
        ("a byte behind it", good + b"\0", "signature is not DER"),
        ("indefinite length", b"\x30\x80" + forge.split(good)[1] + b"\0\0", "signature is not DER"),
        ("attributes", w.sign("acme", *usual), "no attributes"),
        ("empty", forge.change_signer(good, empty), "signature does not match the root hash"),
        ("another digest named", forge.change_signer(good, other_digest), "not detached PKCS#7"),
        ("two signers", w.sign("acme", *usual, "-noattr", *second), "not detached PKCS#7 with one certificate"),
        ("content inside", w.sign("acme", *usual, "-noattr", "-nodetach"), "not detached PKCS#7"),
    )
    for what, der, reason in rows:
        refused(w, w.signed(der), reason, what=what)
    root = forge.Image(w.good).root_hash()
    many = [{"format": "pkcs7", "data": base64.b64encode(good).decode()[:40]}] * 1000
    text = json.dumps({"rootHash": root, "signature": base64.b64encode(good).decode(), "x-bartizan-signatures": many})
    refused(w, forge.Image(w.good).with_json(text[:65536] if len(text) > 65536 else text).assemble(w.new()), "more than 8 signatures", what="1000 signers")
    refused(w, w.signed(good + bytes(9000)), "larger than 8 KiB", what="a thousand signers in one")
    refused(w, w.signed(*[good] * 9), "more than 8 signatures")


def join_oid(text):
    """An AlgorithmIdentifier's content: the OID and NULL."""
    first, second, *rest = map(int, text.split("."))
    octets = bytes([first * 40 + second])
    for number in rest:
        piece = [number & 0x7F]
        while number := number >> 7:
            piece.insert(0, number & 0x7F | 0x80)
        octets += bytes(piece)
    return forge.join(0x06, octets) + b"\x05\x00"


def stripped_attributes(w):
    """The signature over the attributes, offered without them: then it is one over 64 characters that it never saw."""
    with_attributes = w.sign("acme", "-binary", "-outform", "DER", "-md", "sha256")

    def strip(fields):
        fields[:] = [field for field in fields if field[0] != 0xA0]
    refused(w, w.signed(forge.change_signer(with_attributes, strip)), "signature does not match the root hash")
    attributes = forge.attributes(with_attributes).hex()
    refused(w, w.signed(w.sign("acme"), root_hash=attributes), "must have 64 characters")


def one_key_twice(w):
    trust = w.trust_directory("two", threshold=2)
    w.keys.leaf("acme-again", "acme-ca")  # another key of the same signer ...
    with open(w.keys.at("acme.key"), "rb") as source, open(w.keys.at("acme-same.key"), "wb") as out:
        out.write(source.read())
    w.keys.leaf("acme-same", "acme-ca")  # ... and another certificate for the first
    good = w.sign("acme")
    reason = "signed with 1 distinct keys of signer acme, 2 are needed"
    refused(w, w.signed(good, good), reason, trust, "one signature twice")
    refused(w, w.signed(good, w.sign("acme")), reason, trust, "two signatures of one key")
    refused(w, w.signed(good, w.sign("acme-same")), reason, trust, "two certificates of one key")
    refused(w, w.signed(good, w.sign("site")), reason, trust, "another signer's key")
    verify(w.signed(good, w.sign("acme-again")), trust, 0)


def mixed(w):
    other = w.build("acme.web", version="2.0")
    one, two = forge.Image(w.good), forge.Image(other)
    one.parts[forge.VERITY:], ids = two.parts[forge.VERITY:], two.root_hash()
    refused(w, one.assemble(w.new()), "root hash and partition ids differ", what="ids of the first")
    one.with_hash(ids)
    said = verify(one.assemble(w.new()), w.trust)
    tap.check("hash tree" in said or "data blocks" in said, "ids of the second:", said)


def revoked(w):
    keys = w.keys
    rows = (("spki", forge.spki(keys.at("acme.pem")), "revoked key or certificate"),
            ("cert", forge.digest(keys.at("acme.pem")), "revoked key or certificate"),
            ("root_hash", forge.Image(w.good).root_hash(), "revoked by its root hash"))
    for key, value, reason in rows:
        trust = w.trust_directory("revoked-" + key, more=f"\n[revoke]\n{key} = sha256:{value}\n")
        refused(w, w.good, reason, trust, key)


def level(w):
    refused(w, forge.level_as_data(w.new(), w.good), "erofs", what="a level of the tree as data")

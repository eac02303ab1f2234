"""Roots, trust policies and trust bundles for the tests: two generations of roots, two keys each, both of which must sign."""
import os
import subprocess

from harness import paths

CODE = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n"


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout.strip()


class Keys:
    """Authorities and leaves in one directory; a leaf may have expired."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)

    def at(self, name):
        return os.path.join(self.directory, name)

    def pair(self, name):
        return ["--key", self.at(name + ".key"), "--cert", self.at(name + ".pem")]

    def authority(self, name, days="3650"):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.at(name + ".key"))
        run("openssl", "req", "-x509", "-new", "-key", self.at(name + ".key"), "-subj", f"/CN=BARTIZAN TEST {name}", "-days", days,
            "-sha256", "-out", self.at(name + ".pem"), "-addext", "keyUsage=critical,keyCertSign")

    def leaf(self, name, authority, extensions=CODE, days="3650", kind=("ecparam", "-name", "prime256v1", "-genkey", "-noout")):
        if not os.path.exists(self.at(name + ".key")):
            run("openssl", kind[0], *kind[1:], "-out", self.at(name + ".key"))
        with open(self.at(name + ".ext"), "w", encoding="ascii") as out:
            out.write(extensions)
        run("openssl", "req", "-new", "-key", self.at(name + ".key"), "-subj", f"/CN=BARTIZAN TEST {name}", "-out", self.at(name + ".csr"))
        ca = authority if os.path.isabs(authority) else self.at(authority)
        run("openssl", "x509", "-req", "-in", self.at(name + ".csr"), "-CA", ca + ".pem", "-CAkey", ca + ".key", "-set_serial",
            "0x" + os.urandom(15).hex(), "-days", days, "-sha256", "-extfile", self.at(name + ".ext"), "-out", self.at(name + ".pem"))


class Roots(Keys):
    """root1 and root2 with two leaves each: root1a root1b root2a root2b."""

    def __init__(self, directory, others=""):
        """others: more sections of every trust.conf; the certificates that they name lie in the directory."""
        super().__init__(directory)
        self.others = others
        for root in ("root1", "root2"):
            self.authority(root)
            for letter in "ab":
                self.leaf(root + letter, root)

    def conf(self, version, root, more=""):
        text = f"[trust]\nversion = {version}\n{more}\n[signer roots]\nanchor = {root}.pem\nallow = trust\nthreshold = 2\n\n"
        path = self.at(f"trust-{version}-{root}.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(text + self.others)
        return path

    def bundle(self, name, conf, signers, arch="x86_64"):
        """A bundle signed by these leaves; its path."""
        path = self.at(name + ".raw")
        run(paths.host_tool(), "trust", "build", "--conf", conf, "--anchors", self.directory, "--arch", arch, *self.pair(signers[0]),
            "-o", path)
        self.sign(path, signers[1:])
        return path

    def sign(self, path, signers):
        for signer in signers:
            run(paths.host_tool(), "image", "sign", path, *self.pair(signer), "-o", path)

"""Certificates of collectors that are not as they should be, made by openssl(1) below a directory of the caller's."""
import os
import shutil
import subprocess
import time

from packages import TREE

KEYS = os.path.abspath(os.environ.get("BARTIZAN_KEYS") or os.path.join(TREE, "build/keys"))
YEAR = 365
DAY = 86400


def _openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def authority(directory, name="other-ca"):
    """A CA of its own: DIRECTORY/NAME.pem and .key."""
    base = os.path.join(directory, name)
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", base + ".key", "-out",
             base + ".pem", "-days", str(YEAR), "-subj", "/CN=BARTIZAN TEST " + name, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return base


def server(directory, name, san="DNS:collector,IP:127.0.0.1", days=YEAR, ca=None, usage="serverAuth"):
    """A certificate of a collector, signed by @ca (base name; the collectors' own). Negative @days: it has expired."""
    base = os.path.join(directory, name)
    ca = ca or os.path.join(KEYS, "collector-ca")
    with open(base + ".ext", "w", encoding="ascii") as out:
        out.write(f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\nsubjectAltName={san}\n")
    _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", base + ".key", "-out",
             base + ".csr", "-subj", "/CN=BARTIZAN TEST " + name)
    # `openssl ca`, because `openssl x509` of Debian 12 sets no end in the past.
    conf = base + ".conf"
    with open(conf, "w", encoding="ascii") as out:
        out.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={base}.db\nnew_certs_dir={directory}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
                  "unique_subject=no\n[p]\ncommonName=supplied\n")
    open(base + ".db", "w", encoding="ascii").close()
    now = time.time()
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(t)) for t in (min(now, now + days * DAY) - DAY, now + days * DAY))
    _openssl("ca", "-batch", "-notext", "-config", conf, "-in", base + ".csr", "-cert", ca + ".pem", "-keyfile", ca + ".key", "-out",
             base + ".pem", "-extfile", base + ".ext", "-startdate", begin, "-enddate", end)
    return base


def client(directory, name, **more):
    return server(directory, name, san="DNS:" + name, usage="clientAuth", **more)


def fingerprint(base):
    """SHA-256 of the certificate's DER, in hex without colons."""
    return _openssl("x509", "-in", base + ".pem", "-noout", "-fingerprint", "-sha256").decode().split("=")[1].strip().replace(":", "").lower()


def install(base, to, name):
    """Certificate and key of @base as @name in the directory @to, each replaced at once."""
    for end in (".pem", ".key"):
        shutil.copy(base + end, os.path.join(to, name + end + ".new"))
        os.rename(os.path.join(to, name + end + ".new"), os.path.join(to, name + end))

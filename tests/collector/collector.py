"""Collectors for tests: a real rsyslogd or syslog-ng with TLS and mutual authentication on 127.0.0.1.

    with Collector(keys="build/keys") as c:     # or .start() / .stop()
        ... the device ships to 127.0.0.1:c.port ...
        for r in c.records(): print(r["n"], r["event"], r["text"])

Every message goes to a file of its own line as it came (control bytes escaped by rsyslog), in order of arrival.
"""
import glob
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import packages  # noqa: E402
from rfc5424 import parse  # noqa: E402

CONFIG = """
global(workDirectory="{dir}"
       defaultNetstreamDriver="{driver}"
       defaultNetstreamDriverCAFile="{keys}/collector-ca.pem"
       defaultNetstreamDriverCertFile="{keys}/server.pem"
       defaultNetstreamDriverKeyFile="{keys}/server.key"
       maxMessageSize="64k"
       parser.escapeControlCharactersOnReceive="on")
module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="x509/name"
       permittedPeer=["BARTIZAN TEST shipper"])
template(name="whole" type="string" string="<%pri%>%rawmsg-after-pri%\\n")
input(type="imtcp" port="{port}" address="{address}" ruleset="keep")
ruleset(name="keep") {{
    action(type="omfile" file="{out}" template="whole" asyncWriting="off" ioBufferSize="4k" flushOnTXEnd="on")
}}
"""


SYSLOG_NG = """@version: 3.38
options {{ keep-hostname(yes); log-msg-size(65536); stats-freq(0); time-reopen(1); }};
source s {{ syslog(ip("{address}") port({port}) transport("tls") flags(no-parse) max-connections(20) log-iw-size(20000)
    tls(key-file("{keys}/server.key") cert-file("{keys}/server.pem") ca-file("{keys}/collector-ca.pem")
        peer-verify(required-trusted))); }};
destination d {{ file("{out}" template("$MSG\\n")); }};
log {{ source(s); destination(d); flags(flow-control); }};
"""

DRIVERS = ("ossl", "gtls", "syslog-ng")  # rsyslogd with either driver; syslog-ng


def held_port():
    """(socket, port): nobody else gets the port while the socket is open, as the source of a connection or as a listener of a test beside
    this one; a collector can listen on it all the same (SO_REUSEADDR), and until it does whoever connects is refused."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held, held.getsockname()[1]


class CollectorError(Exception):
    """The collector does not run; the text holds what it said."""


class Collector:
    """port 0: a free one, known at once. Keys and cache default to build/ of the tree."""

    def __init__(self, keys=None, cache=None, port=0, out_file=None, driver="ossl", address="127.0.0.1"):
        build = os.path.join(packages.TREE, "build")
        self.keys = os.path.abspath(keys or os.environ.get("BARTIZAN_KEYS") or os.path.join(build, "keys"))
        self.cache = os.path.abspath(cache or os.environ.get("BARTIZAN_CACHE") or os.path.join(build, "cache"))
        self.held, self.port = (None, port) if port else held_port()
        self.dir = tempfile.mkdtemp(prefix="collector-")
        self.out = out_file or os.path.join(self.dir, "messages")
        self.log = os.path.join(self.dir, "rsyslogd.log")
        self.driver = driver
        self.address = address
        self.process = None

    def _command(self, root, libs):
        """What to run, its configuration written."""
        config = os.path.join(self.dir, "conf")
        text = SYSLOG_NG if self.driver == "syslog-ng" else CONFIG
        with open(config, "w", encoding="utf-8") as f:
            f.write(text.format(dir=self.dir, driver=self.driver, keys=self.keys, port=self.port, out=self.out, address=self.address))
        files = {name: os.path.join(self.dir, name) for name in ("pid", "persist", "control")}
        if self.driver != "syslog-ng":
            return [os.path.join(root, "usr/sbin/rsyslogd"), "-n", "-f", config, "-i", files["pid"], "-M", os.path.join(libs[0], "rsyslog")]
        modules = glob.glob(os.path.join(root, "usr/lib/syslog-ng/*/"))[0]
        return [os.path.join(root, "usr/sbin/syslog-ng"), "-F", "--no-caps", "-f", config, "-p", files["pid"], "-R", files["persist"],
                "-c", files["control"], "--module-path", modules]

    def start(self, wait=10):
        root = packages.unpack(self.cache)
        libs = [os.path.join(root, d) for d in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")]
        command = self._command(root, libs)
        log = open(self.log, "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env=dict(os.environ, LD_LIBRARY_PATH=":".join([*libs, os.path.join(root, "usr/lib/syslog-ng")])))
        log.close()
        self._wait_for_port(wait)
        return self

    def _wait_for_port(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection((self.address, self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        self.kill()
        with open(self.log, encoding="utf-8", errors="replace") as f:
            raise CollectorError("the collector does not listen: " + f.read()[-2000:])

    def _end(self, sig):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(sig)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        try:
            os.unlink(os.path.join(self.dir, "pid"))
        except FileNotFoundError:
            pass

    def stop(self):
        """End in order: rsyslogd writes out what it has read."""
        self._end(signal.SIGTERM)

    def kill(self):
        """kill -9."""
        self._end(signal.SIGKILL)

    def freeze(self):
        """Alive for the kernel, dead for everybody else."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def lines(self):
        """Complete lines so far."""
        try:
            with open(self.out, "rb") as f:
                data = f.read()
        except FileNotFoundError:
            return []
        return data[:data.rfind(b"\n") + 1].decode("utf-8", "replace").splitlines()

    def records(self):
        """In order of arrival: {n, b, sn, producer, app, event, msg, text, pri, part, total ...}; parts are not joined."""
        return [parse(line) for line in self.lines()]

    def wait_for(self, condition, seconds=30):
        """Poll until condition(records) is true; the records then, or None."""
        end = time.monotonic() + seconds
        size = -1
        while True:
            now = os.path.getsize(self.out) if os.path.exists(self.out) else 0
            if now != size:
                size = now
                records = self.records()
                if condition(records):
                    return records
            if time.monotonic() > end:
                return None
            time.sleep(0.1)

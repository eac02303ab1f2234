"""A booted device: machine, agent, state disk and collector in one object, with the questions that tests ask."""
import json
import os
import threading
import time

from . import overlay, paths, state, wire
from .machine import Machine

# A service is settled when nothing more happens to it by itself.
SETTLED = ("running", "stopped", "refused", "failed", "backoff")
# Linux on x86 gives up when it misses the first ticks of the timer (check_timer() of io_apic.c).
NO_TICKS = "IO-APIC + timer doesn't work"
build_lock = threading.Lock()
built = set()
HELPERS = ("launcher", "supervisor", "recorder", "shipper")


def base_initramfs(board, version):
    """The product's archive for a kernel: `make initramfs`, once for each process."""
    out = paths.board_out(board)
    path = os.path.join(out, f"initramfs-{version}.cpio")
    with build_lock:
        if path not in built and os.environ.get("BARTIZAN_BUILD") != "no":
            paths.make(out, "initramfs", f"KERNEL={version}")
        built.add(path)
    if not os.path.exists(path):
        raise paths.Missing(f"{path} is not built: make initramfs KERNEL={version}")
    return path


class Device:
    """Use as a context manager: boot() starts it, leaving the block cuts its power."""

    def __init__(self, board="qemu-x86_64", kernel=None, images=(), trust=None, conf=None, overlays=(), append="",
                 state_file=None, collector=None, on_console=None, state_extra=None, no_state=False, extra=(),
                 with_agent=True):
        self.board = board
        values = paths.board_conf(board)
        self.version = kernel or values["default"]
        self.kernel = paths.kernel(board, self.version)
        self.command_line = values["command_line"] + (" " + append if append else "")
        self.options = {"conf": conf, "trust": trust, "overlays": overlays, "with_agent": with_agent}
        self.images, self.state_file, self.state_extra, self.no_state = images, state_file, state_extra, no_state
        self.collector, self.on_console, self.extra = collector, on_console, extra
        self.machine, self.agent, self.boot_ms, self.release, self.own_state = None, None, None, None, None
        self.sent_signals = 0

    # ---- life

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.machine:
            self.machine.close()
        if self.own_state and os.path.exists(self.own_state):
            os.unlink(self.own_state)

    def _disk(self):
        """The state disk: the caller's file, made when absent, or one that lives as long as this object."""
        if self.no_state:
            return None
        path = self.state_file
        if path is None:
            path = self.own_state = os.path.join(paths.OUT, "tests", f"state-{os.getpid()}-{id(self):x}.ext4")
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path):
            state.make(path, self.images, paths.BOARDS[self.board][1], extra=self.state_extra)
        return path

    def power_on(self):
        """Start QEMU and return at once. A device can be powered on again after it went off: same state disk."""
        if self.machine:
            self.machine.close()
        base = open(base_initramfs(self.board, self.version), "rb").read()
        port = self.collector.port if self.collector else None
        initrd = overlay.build(base, self.board, port=port, **self.options)
        self.machine = Machine(self.board, self.kernel, initrd, self.command_line, self._disk(), self.on_console,
                               self.extra)
        self.agent = self.machine.agent

    def boot(self, timeout=120):
        """Power on and wait until init has its root and the agent answers."""
        value, body = self._hello(timeout)
        self.boot_ms = int((time.monotonic() - self.machine.started) * 1000)
        self.release = body.decode(errors="replace")
        return value

    def _hello(self, timeout):
        """An emulator that got too little of the processor is started again: its kernel has not come as far as our programs."""
        for left in reversed(range(3)):
            self.power_on()
            try:
                return self.agent.hello.wait(timeout)
            except wire.Gone:
                if not left or NO_TICKS not in self.machine.console:
                    raise
        return None

    def power_off(self, timeout=60):
        """The ordered way, by the command line; True when the machine went off by itself."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                done = self.agent.run(["bartizan", "poweroff"], timeout)
            except wire.Gone:
                break
            except TimeoutError:
                return False
            if done.exit == 0:
                break
            if done.exit != 7:
                return False
            if self.machine.wait_off(0.3):
                return True
            if not self.processes("supervisor"):
                return False
        return self.machine.wait_off(max(1, deadline - time.monotonic()))

    # ---- questions

    def run(self, command, timeout=60):
        return self.agent.run(command, timeout)

    def json(self, command, timeout=60):
        """Standard output of a command with --json, parsed; None when it is not JSON."""
        done = self.run(command, timeout)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return None

    def services(self, timeout=30):
        """[{"name", "state", "pid", "uid", "reason", ...}], or None while nobody answers."""
        try:
            rows = self.json(["bartizan", "ps", "--json"], timeout)
        except (TimeoutError, wire.GuestError):
            return None
        if isinstance(rows, dict):
            rows = rows.get("services")
        return rows if isinstance(rows, list) else None

    def service(self, name):
        return next((s for s in self.services() or [] if s["name"] == name), None)

    def wait_for(self, question, timeout, pause=0.2):
        """The first true answer of a function; its last answer when the time is over."""
        deadline = time.monotonic() + timeout
        while True:
            answer = question()
            if answer or time.monotonic() > deadline:
                return answer
            time.sleep(pause)

    def settle(self, timeout=90):
        """Wait until every named service is ready, failed or refused; their rows."""
        def settled():
            rows = self.services()
            return rows if rows is not None and all(is_settled(row) for row in rows) else None
        return self.wait_for(settled, timeout)

    def wait_state(self, name, states, timeout=60):
        """Wait until a service is in one of the states; its row, or None."""
        def reached():
            row = self.service(name)
            return row if row and row["state"] in states else None
        return self.wait_for(reached, timeout)

    def kill(self, program, signal=9, nth=0):
        self.sent_signals += 1
        return self.agent.kill(program, signal, nth)

    def processes(self, program=None):
        """Processes of the guest; of one program when named, without those that are a service's and have not executed yet."""
        rows = self.agent.processes()
        return [p for p in rows if program is None
                or os.path.basename(p.exe) == program and (program != "launcher" or "/services/" not in p.cgroup)]

    def lives(self, name):
        """(the process that is the service's first, the parked one of its next life); None for one that is not there."""
        found = {True: None, False: None}
        for process in self.processes():
            if f"/services/{name}/" in process.cgroup + "/" and "/probe-" not in process.cgroup and process.exe:
                waits = os.path.basename(process.exe) == "launcher"
                found[waits] = found[waits] or process
        return found[False], found[True]

    def given(self, block):
        """Bytes that a block device has given so far."""
        return int(self.agent.text(f"/sys/block/{block}/stat").split()[2]) * 512

    def given_at_rest(self, block, pause=0.5, turns=4, limit=120):
        """The same, once it stands still: a program that was just executed is read page by page, as fast as it comes to run."""
        seen, since = self.given(block), 0
        for _ in range(limit):
            time.sleep(pause)
            now = self.given(block)
            seen, since = now, since + 1 if now == seen else 0
            if since == turns:
                break
        return seen

    def loop_of(self, name):
        """The loop device of a service's image; None without."""
        for block in self.agent.list("/sys/block"):
            try:
                if block.startswith("loop") and f"/{name}.raw.v/" in self.agent.text(f"/sys/block/{block}/loop/backing_file"):
                    return block
            except OSError:
                continue
        return None

    def records(self):
        """Every record of the spool, decisions and output, in the order of n; lines of log_driver = spool have numbers of their own."""
        found = []
        for directory in ["/state/spool/audit"] + self._service_spools():
            for name in self._names(directory):
                if name.endswith(".log"):
                    found += parse_lines(self.agent.text(f"{directory}/{name}"))
        return sorted(found, key=lambda record: record.get("n", 0))

    def _names(self, directory):
        try:
            return sorted(self.agent.list(directory))
        except wire.GuestError:
            return []

    def _service_spools(self):
        return [f"{place}/{name}" for place in ("/state/spool/svc", "/state/spool/local") for name in self._names(place)]

    def wait_record(self, event, timeout=30, **fields):
        """The first record of an event whose fields are these; None when it does not come."""
        def found():
            return next(iter(matching(self.records(), event, **fields)), None)
        return self.wait_for(found, timeout, 0.5)

    def said(self, event, word, timeout=30, **fields):
        """Is there a record of the event that has the word in its reason? It may come a little after the answer to a command."""
        def found():
            return any(word in str(r["d"].get("reason", "")) for r in matching(self.records(), event, **fields))
        return bool(self.wait_for(found, timeout, 0.2))


def is_settled(row):
    """Running and not on the way to its first good health check, or at an end."""
    return row.get("state") in SETTLED and row.get("health") not in ("starting",)


def parse_lines(text):
    """The JSON lines of a segment; a half line at the end is being written."""
    records = []
    for line in text.split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def matching(records, event, **fields):
    """Records of one event, newest last; "service" is the subject, everything else a field of the record."""
    def fits(record):
        data = record.get("d") or {}
        return record.get("e") == event and all(
            (record.get("s") if key == "service" else data.get(key)) == value for key, value in fields.items())
    return [record for record in records if fits(record)]

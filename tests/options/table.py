"""What a module of cases/ is made of, and the questions that a case asks of a running service."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "qemu"))
from harness import tap  # noqa: E402
from harness.device import matching  # noqa: E402

check, equal = tap.check, tap.equal


class Service:
    """One service of the boot: the lines of its [service], those of its section in supervisor.conf, the word of its probe.

    start: at boot; otherwise the case starts it. refused: its start must be refused, and `probe` prints nothing.
    """

    def __init__(self, lines="", conf="", word="facts", start=True, refused=False, files=()):
        self.lines, self.conf, self.word, self.start, self.refused = lines, conf, word, start, refused
        self.files = dict(files)  # path in the image: (bytes, mode)


class Seen:
    """A service that ran: what its probe printed, what the kernel says of its cgroup."""

    def __init__(self, device, name):
        self.device, self.name = device, name
        self.facts = {}

    def output(self):
        return [r["d"]["line"] for r in matching(self.device.records(), "OUTPUT", service=self.name)]

    def complete(self):
        """True when the probe has said everything; the facts are kept."""
        self.facts = dict(line.split("=", 1) for line in self.output() if "=" in line)
        return "facts" in self.facts

    def __getitem__(self, key):
        check(key in self.facts, f"{self.name}: the probe said nothing of {key}; it said", sorted(self.facts))
        return self.facts[key]

    def all(self, prefix):
        return {k[len(prefix):]: v for k, v in self.facts.items() if k.startswith(prefix)}

    def errno(self, key, *wanted):
        """The attempt ended like this: one of these errno values, 0 = it worked."""
        check(int(self[key]) in wanted, f"{self.name}: {key} gave {self[key]}, wanted", *wanted)

    def cgroup(self, name):
        return self.device.agent.text(f"/sys/fs/cgroup/bartizan/services/{self.name}/{name}").strip()

    def row(self):
        found = self.device.service(self.name)
        check(found, f"ps does not know {self.name}")
        return found

    def run(self, words, code=0, timeout=60):
        done = self.device.run(f"bartizan {words}", timeout)
        check(done.exit == code, f"bartizan {words}: exit {done.exit}, wanted {code}:", done.stdout, done.stderr)
        return done

    def record(self, event, timeout=60, **fields):
        found = self.device.wait_record(event, timeout, service=self.name, **fields)
        check(found, f"{self.name} has no {event} record with", fields)
        return found

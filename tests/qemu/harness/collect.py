"""The real collector (tests/collector) beside a boot."""
import importlib.util
import os
import time

from . import paths


def _module():
    path = os.path.join(paths.TOP, "tests", "collector", "collector.py")
    if not os.path.exists(path):
        raise paths.Missing(f"{path} is not there")
    spec = importlib.util.spec_from_file_location("bartizan_collector", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Collector:
    """rsyslogd on a free port of 127.0.0.1; the device reaches it as 10.0.2.2. start=False only takes the port."""

    def __init__(self, start=True):
        self.real = _module().Collector(keys=paths.KEYS, cache=paths.CACHE)
        self.port = self.real.port
        if start:
            self.start()

    def start(self):
        self.real.start()

    def stop(self):
        self.real.stop()

    def log(self):
        """What rsyslogd said."""
        try:
            with open(self.real.log, encoding="utf-8", errors="replace") as said:
                return said.read()
        except FileNotFoundError:
            return "it was not started"

    def messages(self):
        """[{"n", "b", "app", "event", "text", ...}] in the order of arrival."""
        return self.real.records()

    def problems(self, last):
        """What is wrong with everything received: holes, order, chain; last: {producer: greatest counter of the device}."""
        import sequence  # beside collector.py, which put it on the path
        found, facts, _ = sequence.check(self.messages(), last)
        return found, facts

    def wait_for_last(self, records, timeout):
        """Until the newest of these records has arrived."""
        wanted = records[-1]["n"] if records else 0
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if any(m["n"] >= wanted for m in self.messages()):
                return True
            time.sleep(0.3)
        return False

"""TAP for suites whose cases share a boot."""
import subprocess
import sys
import threading
import time
import traceback


class Failed(Exception):
    """A case did not hold; the text says what was seen."""


class Skipped(Exception):
    """A case cannot be tried here; the text is the reason that tests/skips must know."""


CHROOT = "the root is no mount point, as in a chroot"


def in_chroot():
    """Where the root is no mount point nobody can make mounts private or user namespaces (mount_namespaces(7),
    user_namespaces(7)): what launches on this machine itself cannot be tried."""
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return "propagation" in done.stderr


def check(condition, *seen):
    """The case fails unless the condition holds; what was seen goes into the report."""
    if not condition:
        raise Failed(" ".join(str(word) for word in seen) or "the condition does not hold")


def equal(got, wanted, what=""):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


class Report:
    """Prints one line a case, as it ends; several threads may report."""

    def __init__(self, only=None):
        self.count, self.failed, self.only = 0, 0, only
        self.lock = threading.Lock()

    def line(self, ok, name, seconds=0.0, directive="", notes=""):
        with self.lock:
            self.count += 1
            self.failed += 0 if ok else 1
            print(f"{'ok' if ok else 'not ok'} {self.count} - {name}{directive}")
            if seconds >= 0.1:
                print(f"# time={seconds:.1f}s {name}")
            for note in notes.rstrip("\n").split("\n") if notes else []:
                print(f"# {note}")
            sys.stdout.flush()

    def wants(self, name):
        return not self.only or any(word in name for word in self.only)

    def case(self, name, function, *arguments):
        """Run one case; whatever it raises is its failure."""
        if not self.wants(name):
            return True
        began = time.monotonic()
        try:
            function(*arguments)
        except Skipped as reason:
            self.line(True, name, directive=f" # SKIP {reason}")
            return True
        except Failed as reason:
            self.line(False, name, time.monotonic() - began, notes=str(reason)[:4000])
            return False
        except Exception:  # noqa: BLE001  a case may fail in any way and the next ones still run
            self.line(False, name, time.monotonic() - began, notes=traceback.format_exc()[-4000:])
            return False
        self.line(True, name, time.monotonic() - began)
        return True

    def fail_all(self, names, reason):
        """The boot that these cases share did not come up."""
        for name in names:
            if self.wants(name):
                self.line(False, name, notes=str(reason)[-4000:])

    def skip_all(self, names, reason):
        for name in names:
            if self.wants(name):
                self.line(True, name, directive=f" # SKIP {reason}")

    def end(self):
        print(f"1..{self.count}")
        sys.stdout.flush()
        return 1 if self.failed else 0

"""What the style suites share: TAP on stdout, C sources without their comments and strings."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUPERVISOR = os.path.join(TOP, "supervisor")
OUT = os.environ.get("BARTIZAN_OUT") or os.path.join(TOP, "build", "out")


def sysroots():
    """Where the third-party libraries are: TRIPLE/pkg/NAME/{include,lib}."""
    cache = os.environ.get("BARTIZAN_CACHE") or os.path.join(TOP, "build", "cache")
    return subprocess.run([os.path.join(TOP, "toolchain", "deps"), "--cache", cache, "--where"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


class Tap:
    """Collects results; done() prints the plan and exits."""

    def __init__(self):
        self.count = 0
        self.bad = 0

    def result(self, name, complaints):
        """One test: it fails when there are complaints, which are printed as its diagnosis."""
        self.count += 1
        complaints = list(complaints)
        self.bad += bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {self.count} - {name}")
        for text in complaints[:50]:
            print(f"# {text}")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.bad else 0)


def sources(*roots, endings=(".c", ".h")):
    """Paths below the given directories of the tree, relative to it, in order."""
    found = []
    for root in roots:
        for where, _, names in os.walk(os.path.join(TOP, root)):
            found += [os.path.relpath(os.path.join(where, n), TOP) for n in names if n.endswith(endings)]
    return sorted(found)


def text(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return source.read()


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(path):
    """The text with comments and the insides of strings blanked; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[0]
    return TOKEN.sub(blank, text(path))


def line_of(body, position):
    return body.count("\n", 0, position) + 1


def layers():
    """[[directory, ...], ...] of supervisor/LAYERS, lowest first."""
    rows = [line.split("#")[0].split() for line in text("supervisor/LAYERS").splitlines()]
    return [row for row in rows if row]

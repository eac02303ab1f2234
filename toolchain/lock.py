"""The lock file: rows of accepted versions, newest first within a name."""
import collections
import hashlib
import os

Row = collections.namedtuple("Row", "name version sha256 url package suites")
HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.path.join(HERE, "sources.lock")


def rows(name=None, path=PATH):
    """All rows in order, or those of one name.  A malformed row is an error, not a row less."""
    found = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        fields = line.split("#")[0].split()
        if not fields:
            continue
        if len(fields) != 6 or len(fields[2]) != 64 or set(fields[2]) - set("0123456789abcdef"):
            raise SystemExit(f"{path}:{number}: a row is 'name version sha256 url package suites'")
        row = Row(*fields)
        if name in (None, row.name):
            found.append(row._replace(suites=row.suites.split(",")))
    return found


def names():
    return list(dict.fromkeys(row.name for row in rows()))


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()

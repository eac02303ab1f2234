"""guide.tsv: every literal of the hardening guide, with its verdict here.

The guide itself is not in the tree: the corpus names the lines of its fenced blocks. With GUIDE=its path in the environment that is
compared too, and that each quoted literal stands on its line.
"""
import importlib
import os

import lint
from harness import tap

CORPUS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guide.tsv")
COLUMNS = ("line", "literal", "place", "form", "verdict", "row", "text")
DEVICE = "[device]\nname = gateway\n"
SYSLOG = "[syslog]\nname = c\nca = a.pem\ncert = b.pem\nkey = c.pem\n"
SERVICE = "[service it]\n"
# Where a form goes: what stands before and behind it in supervisor.conf.
PLACES = {"device": (DEVICE + SERVICE, ""), "syslog": (DEVICE + SYSLOG, SERVICE), "audit": (DEVICE + "[audit]\n", SERVICE),
          "device-head": (DEVICE, SERVICE)}


def rows():
    found = []
    for line in open(CORPUS, encoding="utf-8").read().split("\n"):
        if line and not line.startswith("#"):
            found.append(dict(zip(COLUMNS, line.split("\t"))))
    return found


def verdict(directory, row):
    """(exit status, what was said without the file) of the product's own reader."""
    form = row["form"].replace("\\n", "\n") + "\n"
    if row["place"] == "service":
        code, said = lint.lint(directory, lint.HEAD + form)
    else:
        before, behind = PLACES[row["place"]]
        code, said = lint.lint(directory, lint.HEAD, before + form + behind)
    return code, said.split(": ", 1)[1] if code else said


def corpus(directory):
    wrong = []
    for row in rows():
        if row["verdict"] == "outside":
            continue
        code, said = verdict(directory, row)
        if row["verdict"] == "accepted" and code:
            wrong.append(f"{row['line']}: {row['form']}: refused: {said}")
        if row["verdict"] == "refused" and (not code or said != row["text"]):
            wrong.append(f"{row['line']}: {row['form']}: exit {code}: {said}, wanted {row['text']}")
    tap.check(not wrong, "\n".join(wrong))


def well_formed(_):
    seen, last = set(), 0
    for row in rows():
        tap.equal(set(row), set(COLUMNS), f"columns of {row}")
        tap.check(row["verdict"] in ("accepted", "refused", "outside") and row["row"].isdigit() and row["text"], row)
        tap.check((row["place"] == "other") == (row["verdict"] == "outside"), row)
        tap.check(int(row["line"]) >= last, "order of lines at", row)
        tap.check((row["line"], row["form"], row["text"]) not in seen, "twice:", row)
        seen.add((row["line"], row["form"], row["text"]))
        last = int(row["line"])
    tap.check(len(seen) > 150, len(seen), "rows")


def effects(_):
    """What is accepted names the case of this suite that shows its effect from inside."""
    keys = set()
    for name in os.listdir(os.path.dirname(os.path.abspath(__file__))):
        if name.endswith(".py"):
            module = importlib.import_module(name[:-3])
            keys |= set(getattr(module, "INSIDE", {})) | set(getattr(module, "ELSEWHERE", {}))
    for row in rows():
        if row["verdict"] == "accepted" and row["place"] == "service":
            tap.check(row["text"] in keys, "no case shows", row["text"], "of", row)


def numbers(word):
    """The line numbers of "# WORD: 1 3-5" in the corpus."""
    found = set()
    for line in open(CORPUS, encoding="utf-8").read().split("\n"):
        if line.startswith(f"# {word}: "):
            for part in line.split(": ", 1)[1].split():
                first, _, last = part.partition("-")
                found |= set(range(int(first), int(last or first) + 1))
    return found


def complete(_):
    """Every line inside a fence has a row, or is listed as one that asks for nothing; nothing is both."""
    covered = {int(row["line"]) for row in rows()}
    fenced, silent = numbers("fenced"), numbers("silent")
    tap.check(fenced and not fenced - covered - silent, "without a row:", sorted(fenced - covered - silent))
    tap.check(not silent & covered and not silent - fenced, "silent:", sorted(silent & covered), sorted(silent - fenced))
    path = os.environ.get("GUIDE")
    if not path:
        return
    lines, inside, found = open(path, encoding="utf-8").read().split("\n"), False, set()
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            inside = not inside
        elif inside and line.strip():
            found.add(number)
    tap.equal(fenced, found, "lines inside of fences")
    for row in rows():
        tap.check(row["literal"] in lines[int(row["line"]) - 1], f"line {row['line']} does not hold {row['literal']}")


HOST = {
    "the hardening guide: every literal has its verdict": corpus,
    "the hardening guide: the corpus is well formed": well_formed,
    "the hardening guide: what is accepted is tested": effects,
    "the hardening guide: nothing of it is left out": complete,
}

"""What must hold for everything that a collector received, duplicates included."""
import hashlib
import json
from collections import defaultdict

from rfc5424 import line


def _join(pieces):
    """Parts of one record -> its message with the whole text of d, or None when some are missing."""
    if pieces[0]["part"] is None:
        return pieces[0]
    pieces = sorted({p["part"]: p for p in pieces}.values(), key=lambda p: p["part"])
    whole = "".join(p["msg"] for p in pieces)
    if [p["part"] for p in pieces] != list(range(1, len(pieces) + 1)) or len(whole.encode()) != pieces[0]["total"]:
        return None
    return dict(pieces[0], msg=whole)


def _first_arrivals(records, problems):
    """Records once each, in order of their first arrival; counts duplicates."""
    seen = {}
    order = []
    duplicates = 0
    for r in records:
        key = (r["b"], r["n"], r["part"])
        if r["n"] is None:
            problems.append(f"no n: {r['text'][:120]}")
        elif key in seen:
            duplicates += 1
            if seen[key] != r["text"]:
                problems.append(f"n={r['n']} came twice with different text")
        else:
            seen[key] = r["text"]
            order.append(r)
    return order, duplicates


def _check_order(order, problems):
    last = 0
    for r in order:
        if r["n"] < last:
            problems.append(f"n={r['n']} arrives after n={last}")
        last = max(last, r["n"])


def _marked(records):
    """{(boot, producer): count} of what GAP records confess."""
    marked = defaultdict(int)
    for r in records:
        if r["event"] == "GAP":
            d = json.loads(r["msg"])
            marked[r["b"], d["producer"]] += d["count"]
    return marked


def _check_producers(whole, marked, problems, last):
    by = defaultdict(list)
    for r in whole:
        if r["sn"] is not None:
            by[r["b"], r["producer"]].append(r["sn"])
    # Segments that had to go before they were shipped are confessed together, as producer "audit".
    pool = {boot: marked.get((boot, "audit"), 0) for boot, _ in by}
    for (boot, producer), numbers in by.items():
        once = set(numbers)
        if len(once) != len(numbers):
            twice = sorted(n for n in once if numbers.count(n) > 1)[:5]
            problems.append(f"{producer}: sn {twice} in two records")
        end = last.get(producer, max(once)) if last else max(once)
        missing = end - len([n for n in once if n <= end])
        unmarked = missing - marked.get((boot, producer), 0)
        if 0 < unmarked <= pool[boot]:
            pool[boot] -= unmarked
        elif unmarked > 0:
            holes = [n for n in range(1, end + 1) if n not in once][:5]
            problems.append(f"{producer}: {missing} of 1..{end} missing (first {holes}), {marked.get((boot, producer), 0)} marked by GAP")


def _check_numbers(whole, marked, problems):
    """Holes in n inside a boot must be marked, too."""
    by = defaultdict(list)
    for r in whole:
        by[r["b"]].append(r["n"])
    for boot, numbers in by.items():
        missing = max(numbers) - min(numbers) + 1 - len(set(numbers))
        confessed = sum(count for (b, _), count in marked.items() if b == boot)
        if missing > confessed:
            problems.append(f"boot {boot}: {missing} numbers missing, {confessed} marked by GAP")


def _check_chain(whole, problems):
    """h of each chained record against the one before, computed from what arrived. Returns how many were checked."""
    head = None
    checked = 0
    for r in sorted((r for r in whole if r["h"]), key=lambda r: r["n"]):
        text = line(r, r["msg"]).encode()
        if head is not None:
            checked += 1
            if hashlib.sha256(head + text).hexdigest() != r["h"]:
                problems.append(f"n={r['n']}: its hash does not follow from the record before")
        head = bytes.fromhex(r["h"])
    return checked


def check(records, last=None):
    """(problems, facts). @last: {producer: greatest sn} that must be there, for a single boot."""
    problems = []
    order, duplicates = _first_arrivals(records, problems)
    _check_order(order, problems)
    pieces = defaultdict(list)
    for r in order:
        pieces[r["b"], r["n"]].append(r)
    whole = []
    for (_, n), parts in pieces.items():
        joined = _join(parts)
        if joined is None:
            problems.append(f"n={n}: parts missing")
        else:
            whole.append(joined)
    marked = _marked(whole)
    _check_producers(whole, marked, problems, last)
    _check_numbers(whole, marked, problems)
    checked = _check_chain(whole, problems)
    for producer in (last or {}):
        if last[producer] and not any(r["producer"] == producer for r in whole):
            problems.append(f"nothing of {producer}")
    facts = {"records": len(whole), "duplicates": duplicates, "chained": checked,
             "gaps": {f"{p}": c for (_, p), c in marked.items()}}
    return problems, facts, whole

"""RFC 5424, read strictly and independently of the C code that writes it."""
import re

BOM = "\ufeff"
HEAD = re.compile(r"<(0|[1-9][0-9]{0,2})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$")
NAME = r'[!#-<>-\\^-~]{1,32}'


class FormatError(ValueError):
    """The text is no RFC 5424 message."""


def _value(text, at):
    """PARAM-VALUE from behind its opening quote: (value, index behind the closing quote)."""
    out = []
    while True:
        if at >= len(text):
            raise FormatError("PARAM-VALUE without end")
        c = text[at]
        if c == '"':
            return "".join(out), at + 1
        if c == "]":
            raise FormatError("']' must be escaped")
        if c == "\\" and at + 1 < len(text) and text[at + 1] in '"\\]':
            at += 1
            c = text[at]
        out.append(c)
        at += 1


def _element(text, at):
    match = re.compile(r"\[(" + NAME + ")").match(text, at)
    if not match:
        raise FormatError(f"SD-ELEMENT expected at {at}: {text[at:at + 20]!r}")
    name = match.group(1)
    at = match.end()
    params = {}
    while True:
        match = re.compile(r" (" + NAME + r')="').match(text, at)
        if not match:
            break
        value, at = _value(text, match.end())
        if match.group(1) in params:
            raise FormatError(f"{match.group(1)} twice")
        params[match.group(1)] = value
    if text[at:at + 1] != "]":
        raise FormatError("SD-ELEMENT without end")
    return name, params, at + 1


def message(text):
    """Strict parse: dict with pri, time, host, app, pid, event, sd {id: {name: value}}, msg."""
    head = HEAD.match(text)
    if not head or int(head.group(1)) > 191:
        raise FormatError(f"header: {text[:80]!r}")
    pri, when, host, app, pid, event = head.groups()
    if when != "-" and not TIME.match(when):
        raise FormatError(f"timestamp: {when!r}")
    if any(not 33 <= ord(c) <= 126 for field in (host, app, pid, event) for c in field):
        raise FormatError("header fields are printable ASCII")
    at = head.end()
    sd = {}
    if text[at:at + 1] == "-":
        at += 1
    else:
        while text[at:at + 1] == "[":
            name, params, at = _element(text, at)
            if name in sd:
                raise FormatError(f"{name} twice")
            sd[name] = params
    msg = text[at:]
    if msg and not msg.startswith(" "):
        raise FormatError("MSG is separated by a space")
    return {"pri": int(pri), "time": when, "host": host, "app": app, "pid": pid, "event": event, "sd": sd,
            "msg": msg[1:].removeprefix(BOM), "bom": msg[1:].startswith(BOM)}


def parse(text):
    """A message of ours: the above with n, b, m, sn, producer, h, part, total taken out of the structured data."""
    out = message(text)
    ours = out["sd"].get("bartizan@32473", {})
    number = lambda key: int(ours[key]) if key in ours else None  # noqa: E731
    out.update({"text": text, "n": number("n"), "b": ours.get("b"), "m": number("m"), "sn": number("sn"),
                "producer": ours.get("producer"), "h": ours.get("h"), "part": number("part"),
                "total": number("total")})
    return out


def line(record, d):
    """The line of the spool up to its hash, rebuilt from a message (or from the joined parts' text @d)."""
    when = "null" if record["time"] == "-" else f'"{record["time"]}"'
    text = (f'{{"v":1,"n":{record["n"]},"b":"{record["b"]}","m":{record["m"]},"t":{when},'
            f'"q":{record["sd"]["timeQuality"]["isSynced"]},"p":{record["pri"]},"s":"{record["app"]}","e":"{record["event"]}"')
    if record["producer"] is not None:
        text += f',"o":"{record["producer"]}","sn":{record["sn"]}'
    return text + f',"d":{d}'

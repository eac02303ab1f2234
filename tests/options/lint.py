"""The host side: the same reader as on the device says yes, or the exact message."""
import os
import subprocess

from harness import paths, tap

SHOWN = 48          # characters of a value that a message repeats
SECRET = ("env", "secret")   # keys whose values no message repeats
HEAD = "[service]\ncommand = /bin/probe\n"


def lint(directory, text, conf=None):
    """Exit status and what was said, for a file called service.ini."""
    command = [paths.host_tool(), "lint", "service.ini"]
    with open(os.path.join(directory, "service.ini"), "w", encoding="utf-8") as out:
        out.write(text)
    if conf is not None:
        with open(os.path.join(directory, "supervisor.conf"), "w", encoding="utf-8") as out:
            out.write(conf)
        command += ["--device", "supervisor.conf", "--name", "it"]
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.rstrip("\n")


def device(lines):
    return "[device]\nname = gateway\n[service it]\n" + "".join(line + "\n" for line in lines.split("\n") if line)


def shown(line):
    """The line as a message repeats it."""
    key, value = (part.strip() for part in line.split("=", 1))
    if key in SECRET:
        return f"{key} = (not shown)"
    return f"{key} = {value[:SHOWN]}{'...' if len(value) > SHOWN else ''}"


def expected(text, lines, wanted):
    """FILE:LINE: [section] key = value: WANTED, for the last of these lines unless one is marked with a leading '>'."""
    culprit = next((line[1:] for line in lines if line.startswith(">")), lines[-1])
    number = text.split("\n").index(culprit) + 1
    if wanted.startswith("= "):  # the reason names another value than the line's: a sum
        return f"service.ini:{number}: [service] {culprit.split('=')[0].strip()} {wanted}"
    return f"service.ini:{number}: [service] {shown(culprit)}: {wanted}"


def with_lines(lines):
    """A file of these lines; one that names its own command replaces the usual one."""
    clean = [line.lstrip(">") for line in lines]
    head = "[service]\n" if any(line.startswith("command") for line in clean) else HEAD
    return head + "".join(line + "\n" for line in clean)


def accepted(directory, _, values):
    for value in values:
        code, said = lint(directory, with_lines(value.split("\n")))
        tap.check(code == 0, f"{value}: exit {code}:", said)


def refused(directory, _, values):
    for value, wanted in values:
        lines = value.split("\n")
        text = with_lines(lines)
        code, said = lint(directory, text)
        tap.check(code != 0, f"{value}: is accepted")
        tap.equal(said, expected(text, lines, wanted), value)


def bounded(directory, _, rows):
    """(lines, device lines that grant it, device lines that do not, message)."""
    for value, grants, denies, wanted in rows:
        lines = value.split("\n")
        text = with_lines(lines)
        code, said = lint(directory, text, device(grants))
        tap.check(code == 0, f"{value} with {grants!r}: exit {code}:", said)
        code, said = lint(directory, text, device(denies))
        tap.equal(said, expected(text, lines, wanted), f"{value} with {denies!r}")
        tap.equal(code, 5, "exit code")


def device_refused(directory, _, rows):
    """(lines of [service it] in supervisor.conf, message)."""
    for value, wanted in rows:
        code, said = lint(directory, HEAD, device(value))
        tap.check(code != 0, f"{value}: is accepted")
        tap.equal(said, f"supervisor.conf:{3 + len(value.split(chr(10)))}: [service] {shown(value.split(chr(10))[-1])}: {wanted}", value)

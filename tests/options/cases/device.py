"""supervisor.conf: control, memory of all services together, deny and require rules; and what its sections refuse."""
import os

import lint
from table import check, equal

HEAD = "[device]\nname = gateway\n"

# id: (the rule, lines that keep to it, lines that break it, "[service] ..." as the message says it after the line)
RULES = {
    "no-admin": ("deny.no-admin = cap_add NET_ADMIN", "cap_add = NET_RAW", "cap_add = NET_ADMIN",
                 "cap_add = NET_ADMIN: the rule no-admin denies NET_ADMIN"),
    "no-raw": ("deny.no-raw = cap_add NET_*", "cap_add = SYS_NICE", "cap_add = NET_RAW", "cap_add = NET_RAW: the rule no-raw denies NET_*"),
    "no-device": ("deny.no-device = devices", "", "devices = /dev/rtc0", "devices = /dev/rtc0: the rule no-device denies it"),
    "no-jit": ("deny.no-jit = mdwe no", "mdwe = yes", "mdwe = no", "mdwe = no: the rule no-jit denies no"),
    "no-moby": ("deny.no-moby = seccomp builtin:moby", "", "seccomp = builtin:moby",
                "seccomp = builtin:moby: the rule no-moby denies builtin:moby"),
    "no-data": ("deny.no-data = volume *:/data:*", "volume = a:/d", "volume = a:/data",
                "volume = a:/data:ro,Z,size=16m: the rule no-data denies *:/data:*"),
    "no-proxy": ("deny.no-proxy = env HTTP_PROXY=*", "env = A=B", "env = HTTP_PROXY=x", "env = (not shown): the rule no-proxy denies it"),
    "no-msg": ("deny.no-msg = sysctl.kernel.msgmax", "sysctl.kernel.msgmnb = 4096", "sysctl.kernel.msgmax = 4096",
               "sysctl. = kernel.msgmax=4096: the rule no-msg denies kernel.msgmax=*"),
    "probe": ("require.probe = health_cmd", "health_cmd = /bin/x", "", "default health_cmd = none: the rule probe requires it"),
    "site": ("require.site = label.site north*", "label.site = north-7", "label.site = south",
             "label. = site=south: the rule site requires site=north*"),
    "limit": ("require.limit = memory", "memory = 8m", "", "default memory = 64m: the rule limit requires it"),
    "restarts": ("require.restarts = restart on-failure:*", "", "restart = no", "restart = no: the rule restarts requires on-failure:*"),
    "no-swap": ("require.no-swap = memory_swap 64m", "", "memory = 64m\nmemory_swap = 65m",
                "memory_swap = 65m: the rule no-swap requires 64m"),
}
GRANTS = "cap_add = NET_RAW\ncap_add = NET_ADMIN\nnice = 5\ndevices = /dev/rtc0\nallow_jit = yes\nallow_moby = yes\n"
HINT = "[policy] of supervisor.conf holds the rule"


def rules(directory):
    for name, (rule, good, bad, wanted) in RULES.items():
        conf = f"{HEAD}[policy]\n{rule}\n[service it]\n{GRANTS}"
        lines = good.split("\n") if good else []
        code, said = lint.lint(directory, lint.with_lines(lines), conf)
        check(code == 0, f"{name}: {good}: exit {code}:", said)
        lines = bad.split("\n") if bad else []
        text = lint.with_lines(lines)
        code, said = lint.lint(directory, text, conf)
        place = f":{len(text.rstrip(chr(10)).split(chr(10)))}" if lines else ""
        equal(said, f"service.ini{place}: [service] {wanted}; {HINT}", name)
        equal(code, 5, f"{name}: exit")


TIME = "time: 500ms 10s 5m 1h"
# section, line, message
REFUSED_CONF = (
    ("device", "control = tcp://0.0.0.0:2376",
     "this is always unix; control is a socket for root of this device; nothing listens on a network"),
    ("device", "overcommit = maybe", "neither yes nor no; yes or no"),
    ("device", "memory_reserve = x", 'not of the form "bytes: 512k 64m 1g"; bytes: 512k 64m 1g'),
    ("audit", "enabled = no", "this is always yes; a device without a trail cannot say what happened to it"),
    ("audit", "format = text", "this is always json; one JSON object a line, chained by SHA-256"),
    ("audit", "path = /var/log/audit.log",
     "the trail has its place on the state partition, which no service reaches; leave it out; bartizan events reads it"),
    ("audit", "max_size = 0", "out of range: 64k to 1g; bytes: 512k 64m 1g"),
    ("audit", "max_file = 1", "out of range: 2 to 1000; number: 64"),
    ("syslog", "retry_max = 999ms", f"out of range: 1s to 300s; {TIME}"),
    ("syslog", "retry_max = 301s", f"out of range: 1s to 300s; {TIME}"),
    ("syslog", "retry_max = never", f'not of the form "{TIME}"; {TIME}'),
    ("monitor x", "on = nothing",
     "not one of the words for it; seccomp exec outside open apparmor limit pressure module damage"),
    ("monitor x", "match = ", "has no value; globs: init_module|finit_module"),
    ("monitor x", "match = a||b", "a glob is empty; globs: init_module|finit_module"),
    ("monitor x", "match = a b", "holds a blank, a control character or one outside of ASCII; globs: init_module|finit_module"),
    ("monitor x", "match = " + 128 * "a", "longer than 127 characters; globs: init_module|finit_module"),
    ("monitor x", "service = A/B", "holds a character other than a-z A-Z 0-9 . - *; services: web-*"),
    ("monitor x", "service = " + 33 * "a", "longer than 32 characters; services: web-*"),
    ("monitor x", "severity = loud", "not one of the words for it; emergency alert critical error warning notice info debug"),
    ("monitor x", "action = reboot", "not one of the words for it; log kill stop"),
    ("monitor x", "enabled = maybe", "neither yes nor no; yes or no"),
    ("monitor x", "rule = x", "unknown key; the reference lists all keys"),
    ("policy", "deny.x = nokey", "nokey is not a key of [service]; `bartizan explain` lists them"),
    ("policy", "deny.X = memory", '"X" is not a name for a rule; KEY or KEY PATTERN: cap_add NET_*'),
    ("policy", "memory = 1k", "out of range: 4m to 1024g; bytes: 512k 64m 1g"),
    ("policy", "nice = 21", "out of range: 0 to 20; number: 64"),
    ("policy", "cap_add = SYS_ADMIN", "is root by another name; name what the service needs"),
    ("service it", "image_digest = latest",
     'not of the form "sha256:<64 hex digits>": no other digest and no tag is a pin; sha256:<64 hex digits>'),
    ("service it", "image_digest = sha256:" + 64 * "A", "sha256: must be followed by 64 lower-case hex digits; sha256:<64 hex digits>"),
    ("service it", "image_digest = sha256:" + 62 * "a", "sha256: must be followed by 64 lower-case hex digits; sha256:<64 hex digits>"),
    ("service it", "image_digest = md5:" + 32 * "a",
     'not of the form "sha256:<64 hex digits>": no other digest and no tag is a pin; sha256:<64 hex digits>'),
    ("service it", "seccomp_record = maybe", "neither yes nor no; yes or no"),
    ("service it", "start = maybe", "neither yes nor no; yes or no"),
    ("service it", "sysfs = /sys/x", "not the path of an attribute below /sys; attribute below /sys: class/thermal/thermal_zone0/temp"),
    ("service it", "devices = /dev/sda", "block devices hold everybody's files; no device policy can grant it"),
    ("service it", "min_version = a_b", "holds a character other than a-z A-Z 0-9 . + ~ ^ -; version: 1.4.2"),
)


def conf(directory):
    for section, line, wanted in REFUSED_CONF:
        text = "[device]\nname = gateway\n" + (f"{line}\n" if section == "device" else f"[{section}]\n{line}\n")
        text += "" if section == "service it" else "[service it]\n"
        code, said = lint.lint(directory, lint.HEAD, text)
        check(code != 0, f"[{section}] {line} is accepted")
        number = text.split("\n").index(line) + 1
        equal(said, f"supervisor.conf:{number}: [{section.split()[0]}] {lint.shown(line)}: {wanted}", line)


RULE = "on = exec\nmatch = sh\n"
# Sections of supervisor.conf, what is said behind "supervisor.conf".
MONITORS = (
    ("[monitor x]\non = exec\n", ": [monitor x] is no built-in rule and has no match; on = seccomp, match = ptrace"),
    ("[monitor x]\nmatch = sh\n", ": [monitor x] is no built-in rule and has no on; on = seccomp, match = ptrace"),
    ("[monitor X]\n" + RULE, ":3: [monitor X]: not a name"),
    (f"[monitor a]\n{RULE}[monitor a]\n{RULE}", ":6: [monitor a]: named twice"),
    ("".join(f"[monitor m{i}]\n{RULE}" for i in range(33)), ":99: [monitor m32]: more than 32 rules"),
)


def monitors(directory):
    for sections, wanted in MONITORS:
        code, said = lint.lint(directory, lint.HEAD, f"{HEAD}{sections}[service it]\n")
        check(code != 0, f"{sections} is accepted")
        equal(said, "supervisor.conf" + wanted, sections)
    for sections in ("[monitor shell]\nseverity = info\n", "".join(f"[monitor m{i}]\n{RULE}" for i in range(32))):
        code, said = lint.lint(directory, lint.HEAD, f"{HEAD}{sections}[service it]\n")
        check(code == 0, sections, said)


NOT_BUILT = "not built in; leave it out; nothing replaces it silently"
# Names that a service file does not have: rows 18 to 24 of the networks, what is the device's, what Docker calls otherwise.
NAMES = {
    "publish = 127.0.0.1:8080:80": NOT_BUILT, "egress = 192.0.2.1:443/tcp": NOT_BUILT, "sockets = tcp:127.0.0.1:8080": NOT_BUILT,
    "driver = routed": NOT_BUILT, "driver = macvlan": NOT_BUILT, "internal = yes": NOT_BUILT,
    "networks = a": "written as network; network = none: loopback and nothing else",
    "ports = 80:80": "written as publish, which is not built in; leave it out",
    "critical = yes": "is the device's to say; critical = yes in [service NAME] of supervisor.conf",
    "time_source = yes": "not built in; leave it out; no service sets the clock",
    "privileged = yes": "no service is privileged; name what it needs: cap_add, devices, volume",
    "runtime = runc": "not built in; isolation = strict gives own namespaces, uid, filter and limits",
    "use_api_socket = yes": "the control socket is never inside a service; leave it out",
    "jit = yes": "written as mdwe = no; the device must allow it: allow_jit = yes",
    "allow_shell = yes": "is the device's to say; allow_shell = yes in [service NAME] of supervisor.conf",
    "seccomp_record = yes": "is the device's to say; seccomp_record = yes in [service NAME] of supervisor.conf",
    "memroy = 8m": "unknown key; did you mean memory?",
}


def names(directory):
    for line, wanted in NAMES.items():
        code, said = lint.lint(directory, lint.HEAD + line + "\n")
        check(code != 0, f"{line} is accepted")
        equal(said, f"service.ini:3: [service] {line}: {wanted}", line)


def every_refusal(directory):
    """Each name of refusals.def is refused with what stands there, and none is a key at the same time."""
    text = open(os.path.join(lint.paths.TOP, "supervisor", "policy", "refusals.def"), encoding="utf-8").read()
    found = [part.split('"')[1] for part in text.split("\n") if part.startswith(("{\"", "NOT_BUILT(\"", "OF_DEVICE(\""))]
    check(len(found) > 100 and len(set(found)) == len(found), "names:", len(found))
    for name in found:
        code, said = lint.lint(directory, lint.HEAD + f"{name} = x\n")
        check(code != 0 and said.startswith(f"service.ini:3: [service] {name} = x: ") and "; " in said and "unknown key" not in said,
              name, said)


HOST = {
    "deny and require rules": rules,
    "supervisor.conf: what its sections refuse": conf,
    "supervisor.conf: rules of [monitor] as a whole": monitors,
    "names that a service file does not have": names,
    "every name of refusals.def has its reason": every_refusal,
}

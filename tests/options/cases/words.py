"""The words of the image and the command: what the program is started with."""
import errno

from table import Service, check, equal

SERVICES = {
    "words": Service("env = COLOUR=blue\nenv = EMPTY=\nlabel.site = north\nworking_dir = /etc\numask = 0027\nuser = 20000:20001\n"
                     "pid = new\nipc = new\nuts = new\nuserns = new\ncgroupns = new\nisolation = strict\nnetwork = none\nread_only = yes\n"
                     "no_new_privs = yes\n",
                     word="facts 'two words' \"it's\""),
    # The uid of another: the device gives it to one service only.
    "second": Service("user = 20000:20000\ndepends_on = words\n", refused=True),
}


def command(words, plain):
    equal([words[f"argv.{i}"] for i in range(4)], ["/bin/probe", "facts", "two words", "it's"], "arguments")
    equal([plain[f"argv.{i}"] for i in range(2)], ["/bin/probe", "facts"], "arguments")


def env(words, plain):
    equal(words.all("env."), {"COLOUR": "blue", "EMPTY": ""}, "environment")
    equal(plain.all("env."), {}, "environment")


def working_dir(words, plain):
    equal((plain["cwd"], words["cwd"]), ("/", "/etc"), "directory")


def umask(words, plain):
    equal((plain["umask"], words["umask"]), ("0077", "0027"), "umask")


def user(words, plain, second):
    equal(words["status.Uid"].split(), ["20000"] * 4, "uid")
    equal(words["status.Gid"].split(), ["20001"] * 4, "gid")
    own = str(plain.row()["uid"])
    check(10000 <= int(own) <= 59999 and own != "20000", own)
    equal(plain["status.Uid"].split(), [own] * 4, "uid of its own")
    equal(plain["status.Groups"].split(), [], "groups")
    row = second.row()
    equal(row["state"], "refused", "a uid that another service has")
    check("user = 20000 belongs to service words" in row["reason"], row)


def label(words):
    check("site=north" in words.run("inspect words").stdout, words.run("inspect words").stdout)


def read_only(plain):
    check(plain["mount./"].split()[1].startswith("ro,nosuid,nodev"), plain["mount./"])
    check(plain["mount./dev"].split()[1].startswith("ro,nosuid"), plain["mount./dev"])
    for path in ("/new", "/etc/new", "/dev/new"):
        plain.errno("create" + path, errno.EROFS)


def no_new_privs(plain):
    equal(plain["status.NoNewPrivs"], "1", "no_new_privs")


def network(plain):
    links = plain.device.agent.text(f"/proc/{plain.row()['pid']}/net/dev").split("\n")[2:]
    equal([line.split(":")[0].strip() for line in links if line], ["lo"], "interfaces")
    plain.errno("net.bind8080", 0)
    plain.errno("net.connect", errno.ENETUNREACH)


def isolation(plain):
    """Each protection of strict has a case of its own; together they are what attest.c counted."""
    check(int(plain.record("ATTESTED")["d"]["proofs"]) >= 7, plain.record("ATTESTED"))


def namespaces(plain):
    """Its own: every link differs from process 1's of the device."""
    ours = {kind: plain.device.agent.link(f"/proc/1/ns/{kind}") for kind in ("pid", "ipc", "uts", "user", "cgroup", "net", "mnt")}
    pid = plain.row()["pid"]
    for kind, link in ours.items():
        check(link and plain.device.agent.link(f"/proc/{pid}/ns/{kind}") not in ("", link), kind)


INSIDE = {
    "command": (command, "words", "plain"),
    "env": (env, "words", "plain"),
    "working_dir": (working_dir, "words", "plain"),
    "umask": (umask, "words", "plain"),
    "user": (user, "words", "plain", "second"),
    "label": (label, "words"),
    "read_only": (read_only, "plain"),
    "no_new_privs": (no_new_privs, "plain"),
    "network": (network, "plain"),
    "isolation": (isolation, "plain"),
    "ipc": (namespaces, "words"),
    "uts": (namespaces, "words"),
    "cgroupns": (namespaces, "words"),
}

PROGRAM = "write it as /usr/bin/program; there is no PATH and no shell"
COMMAND = "/path/to/program arguments; '...' and \"...\" keep spaces"
PATH = "absolute path: /var/lib/data"
OCTAL = "octal: 0077"
USER = "UID:GID, both 10000 to 59999"
NAMES = f'not of the form "{USER}": names are not looked up in an image; {USER}'
RANGE = f"uid and gid must be numbers from 10000 to 59999; {USER}"
NEW = "this is always new; every service has namespaces of its own"
NETWORK = "network = none: loopback and nothing else"
LOADER = "makes a loader run code that was not named in command; NAME=VALUE"
RESERVED = "the prefixes bartizan. and security. are reserved; text"


def looks_secret(name):
    return f"{name} looks like a secret: its value would lie in the image; provision it and write {name}_FILE=/run/secrets/NAME"


ACCEPTED = {
    "command": ("command = /bin/probe 'a b' \"c\"",),
    "env": ("env = TZ=UTC\nenv = A=", "env = API_KEY_FILE=/run/secrets/api_key"),
    "user": ("user = 10000:10000", "user = 59999:59999"),
    "working_dir": ("working_dir = /", "working_dir = /var/lib/data"),
    "umask": ("umask = 0777", "umask = 0000"),
    "label": ("label.a-b.c_d = some text",),
}

REFUSED = {
    "command": (
        ("command = bin/probe", f"the program must be an absolute path; {PROGRAM}"),
        ("command = /bin/../probe", f"the program must be a plain path: no //, /./, /../; {PROGRAM}"),
        ("command = /bin/probe 'open", f"a quote is not closed; {COMMAND}"),
        ("command = /bin/probe\n>command = /bin/probe x", "is repeated; it can only have one value"),
    ),
    "env": (
        ("env = API_KEY=secret123", looks_secret("API_KEY")),
        ("env = PASSWORD=mypassword", looks_secret("PASSWORD")),
        ("env = dbPassword=x", looks_secret("dbPassword")),
        ("env = MY_TOKEN=x", looks_secret("MY_TOKEN")),
        ("env = CLIENT_SECRET=x", looks_secret("CLIENT_SECRET")),
        ("env = API_KEY_FILE=/etc/key", looks_secret("API_KEY_FILE")),
        ("env = X", "not of the form NAME=VALUE; NAME=VALUE"),
        ("env = 1A=2", "the name may hold letters, digits and _ only; NAME=VALUE"),
        ("env = A=1\nenv = A=2", '"A" is set twice; NAME=VALUE'),
        ("env = NOTIFY_SOCKET=/x", "NOTIFY_SOCKET is the launcher's to set; ready = notify"),
    ) + tuple((f"env = {name}=/x", f"{name} {LOADER}") for name in (
        "LD_PRELOAD", "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "ENV", "PERL5LIB", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GCONV_PATH")),
    "user": (
        ("user = 0:0", RANGE), ("user = 1001:1001", RANGE), ("user = 9999:10000", RANGE), ("user = 60000:60000", RANGE),
        ("user = appuser:appgroup", RANGE), ("user = root", NAMES), ("user = 10001", NAMES),
    ),
    "working_dir": (
        ("working_dir = tmp", f"not an absolute path; {PATH}"),
        ("working_dir = /a/../b", f"leads upwards with ..; {PATH}"),
        ("working_dir = /a/", f"not a plain path: no //, /. or / at the end; {PATH}"),
    ),
    "umask": (
        ("umask = 77", f'not of the form "{OCTAL}"; {OCTAL}'),
        ("umask = 0888", f'not of the form "{OCTAL}"; {OCTAL}'),
        ("umask = 01777", f"out of range: 0000 to 0777; {OCTAL}"),
    ),
    "label": (
        ("label.security.policy = strict", RESERVED),
        ("label.bartizan.x = y", RESERVED),
        ("label.X = y", "a label's name may hold a-z 0-9 . - _ only; text"),
        ("label.a = b\nlabel.a = c", '"a" is set twice; text'),
        ("label." + 33 * "a" + " = x", "a label's name has at most 32 characters; text"),
        ("label.a = " + 256 * "x", "not of the form label.NAME = VALUE within 256 characters; text"),
    ),
    "read_only": (("read_only = no", "this is always yes; the root is a signed read-only file system; write to a tmpfs"),),
    "no_new_privs": (("no_new_privs = no", "this is always yes; no program of a service may gain privileges"),),
    "network": (
        ("network = host", f"the host's network is never shared; {NETWORK}"),
        ("network = container:web", f"every service has a network of its own; {NETWORK}"),
        ("network = bridge", f"not built in; {NETWORK}"),
        ("network = frontend-net", f"not built in; {NETWORK}"),
    ),
    "isolation": (
        ("isolation = runsc", "this is always strict; strict gives own namespaces, uid, filter and limits to every service"),
        ("isolation = none", "this is always strict; strict gives own namespaces, uid, filter and limits to every service"),
    ),
    "pid": (("pid = host", NEW), ("pid = container:web", NEW)),
    "ipc": (("ipc = host", NEW), ("ipc = shareable", NEW)),
    "uts": (("uts = host", NEW),),
    "userns": (("userns = host", NEW),),
    "cgroupns": (("cgroupns = host", NEW),),
    "proc": (("proc = full", "this is always pid; the files outside of /proc/PID concern the device"),),
    "sys": (("sys = full", "this is always none; /sys concerns the device"),),
}

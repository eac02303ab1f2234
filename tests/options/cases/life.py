"""The life of a service: readiness, order, health, restart, stop, output."""
import errno
import json

from harness.device import matching
from table import Service, check, equal

SERVICES = {
    # Leaves orphans; is healthy at once; ends by another signal.
    "life": Service("stop_signal = USR1\nhealth_cmd = /bin/probe exit 0\nhealth_interval = 1s\nhealth_timeout = 1s\nhealth_retries = 1\n",
                    word="orphans"),
    "minder": Service("init = yes\ndepends_on = teller\ndepends_on = life:healthy\ndepends_on = number:started\n", word="orphans"),
    "teller": Service("ready = notify\n", word="notify"),
    "number": Service("ready = fd:5\n", word="number 5"),
    "mute": Service("ready = notify\n"),
    "patient": Service("depends_on = mute\n", start=False),
    "deaf": Service("stop_timeout = 1s\nhealth_cmd = /bin/probe exit 1\nhealth_interval = 1s\nhealth_timeout = 1s\nhealth_retries = 1\n"
                    "health_start_period = 1h\nrestart = no\n", conf="critical = yes", word="deaf", start=False),
    "sick": Service("health_cmd = /bin/probe exit 1\nhealth_interval = 1s\nhealth_timeout = 1s\nhealth_retries = 2\non_fail = none\n"),
    "sick2": Service("health_cmd = /bin/probe hang\nhealth_interval = 1s\nhealth_timeout = 1s\nhealth_retries = 1\non_fail = stop\n",
                     refused=True),
    "crash": Service("restart = on-failure:1\n", word="exit 3", refused=True),
    "loud": Service("log_rate = 5/s\nlog_burst = 20\noverflow = drop\nlog_facility = local3\n", word="print 200"),
    "logger": Service("device_log = yes\nlog_tag = edge/{{.ImageName}}\nenv = TZ=UTC\nenv = OTHER=x\nlog_env = TZ\nlabel.site = hall \"2\"\n",
                      word="syslog"),
    "blocked": Service("log_rate = 1000/s\nlog_burst = 100\noverflow = block\nlog_max_size = 128k\nlog_max_file = 2\n", word="print 1200 500"),
}


def place(seen, event, **fields):
    """When its producer wrote the first such record of the service; streams of two producers have no other order."""
    return seen.record(event, **fields)["m"]


def said(seen, line):
    found = [r["n"] for r in matching(seen.device.records(), "OUTPUT", service=seen.name) if r["d"]["line"] == line]
    check(found, f"{seen.name} did not say {line}")
    return found[0]


def ready(teller, number, mute, patient, plain):
    equal(teller["notify.path"], "/run/notify/socket", "NOTIFY_SOCKET")
    for key in ("notify.connect", "notify.other", "notify.ready"):
        teller.errno(key, 0)
    teller.errno("notify.after", errno.EPIPE, errno.ECONNREFUSED)
    number.errno("number.ready", 0)
    number.errno("number.below", errno.EBADF)
    check(len(matching(teller.device.records(), "READY", service="teller")) == 1, "READY more than once")
    # Output and the supervisor's records are two streams, without an order between them: that nobody is ready who does not say so shows
    # in mute.
    for seen, line in ((teller, "notify.now=yes"), (number, "number.now=yes")):
        seen.record("READY")
        said(seen, line)
    for event in ("START", "READY"):
        plain.record(event)
    # One that never says it: who depends on it waits, and is told for whom.
    equal(mute.row()["state"], "running", "mute")
    check(not matching(mute.device.records(), "READY", service="mute"), "mute was never ready")
    started = patient.device.agent.start("/usr/bin/bartizan start patient", 5)
    check(patient.device.wait_state("patient", ("waiting",), 30), patient.row())
    equal(patient.row()["reason"], "waits for mute, which has not said that it is ready", "why it waits")
    # Another supervisor hears what has not been said yet, and knows what was.
    patient.device.kill("supervisor")
    check(patient.device.wait_for(lambda: patient.device.service("patient"), 60), "no supervisor came")
    equal(len(matching(teller.device.records(), "READY", service="teller")), 1, "READY of teller")
    patient.run("stop patient")
    del started


def depends_on(minder, teller, life, number):
    begun = place(minder, "START")
    check(begun > place(teller, "READY"), "before teller was ready")
    check(begun > place(number, "READY"), "before number was ready")
    check(begun > place(life, "HEALTHY"), "before life was healthy")


def init(minder, life):
    equal(minder["pid"], "2", "the program is process 2")
    equal(life["pid"], "1", "without it the program is process 1")
    count = minder.device.wait_for(lambda: minder.cgroup("pids.current") == "2", 30)
    check(count, "processes:", minder.cgroup("pids.current"))
    equal(life.cgroup("pids.current"), "9", "eight orphans that nobody reaps")
    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000"):
        check(line in minder.device.agent.text(f"/proc/{minder.row()['pid']}/status"), line)
    # A signal goes on to the program, and its end is the end of both.
    minder.run("stop minder")
    check(minder.device.wait_for(lambda: "signal=15" in minder.output(), 30), minder.output()[-3:])
    equal(minder.device.wait_state("minder", ("stopped",))["state"], "stopped", "minder")


def stop_signal(life):
    life.run("stop life")
    check(life.device.wait_for(lambda: "signal=10" in life.output(), 30), life.output()[-3:])
    equal(life.record("STOP")["d"]["signal"], "USR1", "signal")


def deaf_starts(deaf):
    """Started by the cases, because a boot would wait for its first good probe."""
    if deaf.row()["state"] != "running":
        deaf.device.agent.run("/usr/bin/bartizan start deaf", 60)
    check(deaf.device.wait_for(lambda: "facts=done" in deaf.output(), 60), deaf.row())


def health_start_period(deaf):
    deaf_starts(deaf)
    equal(deaf.row()["health"], "starting", "failures that do not count")
    check(not matching(deaf.device.records(), "UNHEALTHY", service="deaf"), "unhealthy within the start period")


def stop_timeout(deaf):
    deaf_starts(deaf)
    deaf.run("stop deaf")
    whys = [r["d"]["why"] for r in matching(deaf.device.records(), "STOP", service="deaf")]
    equal(whys, ["asked", "stop_timeout"], "how it was stopped")


def health(life, sick):
    equal(life.record("HEALTHY")["e"], "HEALTHY", "life")
    equal(sick.record("UNHEALTHY")["d"]["failures"], 2, "retries")


def on_fail(sick, sick2):
    sick.record("UNHEALTHY")
    row = sick.row()
    equal((row["state"], row["health"]), ("running", "unhealthy"), "on_fail = none")
    sick2.record("UNHEALTHY")
    equal(sick2.device.wait_state("sick2", ("stopped",), 60)["state"], "stopped", "on_fail = stop")
    equal(sick2.record("STOP")["d"]["why"], "unhealthy", "why")
    check(not matching(sick2.device.records(), "RESTART", service="sick2"), "on_fail = stop restarts")


def health_timeout(sick2):
    """Its probe never ends by itself."""
    equal(sick2.record("UNHEALTHY")["d"]["failures"], 1, "failures")


def restart(crash):
    row = crash.device.wait_state("crash", ("failed",), 60)
    check(row, crash.row())
    equal(row["reason"], "exit status 3", "why")
    equal(len(matching(crash.device.records(), "RESTART", service="crash")), 1, "restarts")
    equal(crash.record("FAILED")["d"]["attempts"], 2, "attempts")


def lines(seen):
    return [line for line in seen.output() if line.startswith("line ")]


def log_rate(loud):
    dropped = sum(r["d"]["lines"] for r in matching(loud.device.records(), "SUPPRESSED", service="loud"))
    check(dropped > 0, "nothing was dropped")
    equal(len(lines(loud)) + dropped, 200, "every line is there or counted")


def log_burst(loud):
    check(20 <= len(lines(loud)) <= 80, "lines that got through:", len(lines(loud)))
    equal(lines(loud)[19], "line 0019 of many that say nothing but how many there are", "the burst is whole")


def overflow(blocked):
    check(not matching(blocked.device.records(), "SUPPRESSED", service="blocked"), "block drops")
    equal(lines(blocked)[-1], "line 1199 of many that say nothing but how many there are".ljust(500, "."), "the last line")


def context(seen):
    record = matching(seen.device.records(), "OUTPUT", service=seen.name)[-1]
    return record["s"], record.get("x")


def log_tag(logger, plain):
    """What is stored is what the collector is told: tests/collector sees it there."""
    equal(context(plain), ("plain", None), "nothing was asked for")
    service, added = context(logger)
    equal(service, "logger", "the service")
    version = next(s["version"] for s in logger.device.services() if s["name"] == "logger")
    equal(added, {"tag": f"edge/logger:{version}", "l.site": 'hall "2"', "e.TZ": "UTC"}, "what a line carries")


def device_log(logger, plain):
    """syslog(3) of an ordinary C library, and two messages that lie about whose they are."""
    logger.errno("log.forge", 0)
    logger.errno("log.other", 0)
    for seen, there in ((logger, True), (plain, False)):
        equal("log" in seen.device.agent.list(f"/proc/{seen.row()['pid']}/root/dev"), there, "/dev/log")
    found = [r for r in matching(logger.device.records(), "SYSLOG") if r["d"]["service"] == "logger"]
    equal([(r["s"], r["d"]["facility"], r["d"]["severity"], r["d"]["tag"], r["d"]["line"]) for r in found],
          [("logger", 3, 4, "probe", "of an ordinary program"), ("logger", 1, 0, "kernel", "panic"), ("logger", 1, 5, "plain", "x\nSECCOMP")],
          "messages")
    check(not [r for r in matching(logger.device.records(), "SYSLOG") if r["s"] != "logger"], "another service's message")
    # The next life of the service writes to the same socket, and so does one after another recorder came.
    logger.device.kill("recorder")
    logger.run("restart logger", timeout=120)
    check(logger.device.wait_for(lambda: len([r for r in matching(logger.device.records(), "SYSLOG", service="logger")]) == 6, 30),
          "messages of the next life")
    check(any("probe: of an ordinary program" == line for line in logger.run("logs logger").stdout.splitlines()), "bartizan logs")


def log_driver(jit, plain):
    """Kept where the shipper does not look, numbered by itself."""
    equal(jit.device.agent.list("/state/spool/local"), ["jit"], "what stays here")
    check("plain" in jit.device.agent.list("/state/spool/svc"), "what is shipped")
    check("jit" not in jit.device.agent.list("/state/spool/svc"), "it is shipped")
    said = jit.run("logs --json jit").stdout.splitlines()
    equal([json.loads(line)["n"] for line in said], list(range(1, len(said) + 1)), "numbers")
    check(any('"facts=done"' in line for line in said), "bartizan logs")


def log_max(blocked):
    directory = "/state/spool/svc/blocked"
    segments = [name for name in blocked.device.agent.list(directory) if name.endswith(".log")]
    check(1 <= len(segments) <= 2, "segments:", segments)
    check(max(len(blocked.device.agent.text(f"{directory}/{name}")) for name in segments) <= 132 * 1024, "size of a segment")
    check(len(lines(blocked)) < 500, "what was kept of 1200 lines:", len(lines(blocked)))


INSIDE = {
    "ready": (ready, "teller", "number", "mute", "patient", "plain"),
    "depends_on": (depends_on, "minder", "teller", "life", "number"),
    "init": (init, "minder", "life"),
    "restart": (restart, "crash"),
    "health_cmd": (health, "life", "sick"),
    "health_interval": (health, "life", "sick"),
    "health_retries": (health, "life", "sick"),
    "health_timeout": (health_timeout, "sick2"),
    "health_start_period": (health_start_period, "deaf"),
    "on_fail": (on_fail, "sick", "sick2"),
    "log_rate": (log_rate, "loud"),
    "log_burst": (log_burst, "loud"),
    "overflow": (overflow, "blocked"),
    "log_tag": (log_tag, "logger", "plain"),
    "log_env": (log_tag, "logger", "plain"),
    "log_driver": (log_driver, "jit", "plain"),
    "device_log": (device_log, "logger", "plain"),
    "log_max_size": (log_max, "blocked"),
    "log_max_file": (log_max, "blocked"),
    # Last: they end what others look at.
    "stop_signal": (stop_signal, "life"),
    "stop_timeout": (stop_timeout, "deaf"),
}

def critical(deaf):
    """Dead for good: the watchdog is not fed any more, and the machine is reset, which ends this QEMU."""
    deaf_starts(deaf)
    deaf.device.run(f"/tests/feed kill {deaf.row()['pid']}")
    held = deaf.record("WATCHDOG_HELD")
    equal(held["d"]["state"], "failed", "why")
    check(deaf.device.wait_for(lambda: deaf.device.machine.process.poll() is not None, 300, 1), "the machine goes on")


# After everything else: the device is gone then.
LAST = {"critical (supervisor.conf): takes effect": (critical, "deaf")}

ELSEWHERE = {"log_facility": "PRI of the lines that a real rsyslogd gets: tests/collector; its word here"}

TIME = "time: 500ms 10s 5m 1h"
COUNT = "number: 64"
BYTES = "bytes: 512k 64m 1g"
RATE = "per second: 1000/s"
TAG = "text, {{.Name}} {{.ImageName}} {{.ID}} {{.ImageID}} {{.DaemonName}}"
TAG_LETTERS = "holds a character other than a-z A-Z 0-9 - . _ / : @ + ~"
TAG_NAME = "could be the name of another service: add a character that no name has, as in edge/{{.Name}}"
READY = "exec, notify or fd:3 to fd:9"
DEPENDS = "NAME, NAME:started or NAME:healthy"
RESTART = "no or on-failure:COUNT"
ALWAYS = "a restart without limit hides a service that cannot work; write on-failure:5; a failed service is retried every 10 minutes"
SIGNALS = "TERM INT QUIT HUP USR1 USR2"
PROBE = "the program must be an absolute path; put the probe into the image: a program that asks and exits 0"
WORDS = "not one of the words for it"

ACCEPTED = {
    "ready": ("ready = exec", "ready = notify", "ready = fd:3", "ready = fd:9"),
    "restart": ("restart = no", "restart = on-failure:1", "restart = on-failure:100"),
    "depends_on": ("depends_on = a\ndepends_on = b:started\ndepends_on = c:healthy",),
    "on_fail": ("on_fail = restart", "on_fail = stop", "on_fail = none"),
    "init": ("init = yes", "init = no"),
    "stop_signal": ("stop_signal = SIGTERM", "stop_signal = QUIT"),
    "stop_timeout": ("stop_timeout = 0", "stop_timeout = 500ms"),
    "log_facility": ("log_facility = local7", "log_facility = 0", "log_facility = 23"),
    "log_rate": ("log_rate = 10", "log_rate = 10/s"),
    "device_log": ("device_log = yes", "device_log = no"),
    "log_driver": ("log_driver = spool", "log_driver = spool+syslog"),
    "log_tag": ("log_tag = {{.Name}}", "log_tag = {{.ImageName}}", "log_tag = {{.DaemonName}}/{{.Name}}/{{.ID}}@{{.ImageID}}", "log_tag = A"),
    "log_env": ("env = A=b\nlog_env = A", "env = " + 32 * "A" + "=b\nlog_env = " + 32 * "A"),
}

REFUSED = {
    "ready": (
        ("ready = fd:2", f"the descriptor must be 3 to 9; {READY}"),
        ("ready = fd:10", f"the descriptor must be 3 to 9; {READY}"),
        ("ready = fd:x", f"the descriptor must be 3 to 9; {READY}"),
        ("ready = later", f"neither exec nor notify nor fd:N; {READY}"),
    ),
    "init": (("init = /sbin/init", "neither yes nor no; yes or no"),),
    "depends_on": (
        ("depends_on = Foo", f'"Foo" is not a service name; {DEPENDS}'),
        ("depends_on = a:ready", f'"ready" is neither started nor healthy; {DEPENDS}'),
        ("depends_on = a\ndepends_on = a:healthy", f"a is named twice; {DEPENDS}"),
    ),
    "restart": (
        ("restart = always", ALWAYS), ("restart = unless-stopped", ALWAYS), ("restart = on-failure", ALWAYS),
        ("restart = on-failure:0", f'not of the form "{RESTART}"; {RESTART}'),
        ("restart = on-failure:101", f'not of the form "{RESTART}"; {RESTART}'),
    ),
    "stop_signal": (
        ("stop_signal = KILL", f"not one of {SIGNALS}; KILL follows by itself when stop_timeout is over"),
        ("stop_signal = STOP", f"not one of {SIGNALS}; TERM INT QUIT HUP USR1 or USR2"),
        ("stop_signal = 9", f"not one of {SIGNALS}; TERM INT QUIT HUP USR1 or USR2"),
    ),
    "stop_timeout": (
        ("stop_timeout = 11m", f"out of range: 0 to 600s; {TIME}"),
        ("stop_timeout = 10", f'not of the form "{TIME}"; {TIME}'),
    ),
    "health_cmd": (
        ("health_cmd = http://localhost/", PROBE), ("health_cmd = tcp://127.0.0.1:80", PROBE), ("health_cmd = CMD /bin/x", PROBE),
        ("health_cmd = probe", "the program must be an absolute path; write it as /usr/bin/program; there is no PATH and no shell"),
    ),
    "health_interval": (("health_interval = 0", f"out of range: 1s to 86400s; {TIME}"),),
    "health_timeout": (
        ("health_timeout = 10ms", f"out of range: 100ms to 3600s; {TIME}"),
        ("health_cmd = /bin/x\nhealth_interval = 2s\nhealth_timeout = 3s", f"longer than health_interval; {TIME}"),
    ),
    "health_start_period": (("health_start_period = 2h", f"out of range: 0 to 3600s; {TIME}"),),
    "health_retries": (("health_retries = 0", f"out of range: 1 to 100; {COUNT}"),),
    "on_fail": (("on_fail = reboot", f"{WORDS}; restart stop none"),),
    "log_rate": (
        ("log_rate = 0", f"out of range: 1/s to 100000/s; {RATE}"),
        ("log_rate = 1000/m", f'not of the form "{RATE}"; {RATE}'),
    ),
    "log_burst": (("log_burst = 0", f"out of range: 1 to 1000000; {COUNT}"),),
    "overflow": (("overflow = wait", f"{WORDS}; drop block"),),
    "log_max_size": (
        ("log_max_size = 127k", f"out of range: 128k to 1g; {BYTES}"),
        ("log_max_size = 0", f"out of range: 128k to 1g; {BYTES}"),
        ("log_max_size = -1", f'not of the form "{BYTES}"; {BYTES}'),
    ),
    "log_max_file": (("log_max_file = 0", f"out of range: 1 to 100; {COUNT}"),),
    "device_log": (("device_log = /dev/log", "neither yes nor no; yes or no"),),
    "log_driver": (
        ("log_driver = json-file", f"{WORDS}; spool+syslog spool"),
        ("log_driver = none", f"{WORDS}; spool+syslog spool"),
    ),
    "log_tag": (
        ("log_tag = {{.Nmae}}", f"no field of that name, and no template logic; {TAG}"),
        ("log_tag = {{if .Name}}x{{end}}", f"no field of that name, and no template logic; {TAG}"),
        ("log_tag = {{ .Name }}", f"no field of that name, and no template logic; {TAG}"),
        ("log_tag = edge {{.Name}}", f"{TAG_LETTERS}; {TAG}"),
        ("log_tag = edge[{{.Name}}]", f"{TAG_LETTERS}; {TAG}"),
        ("log_tag = mosquitto", f"{TAG_NAME}; {TAG}"),
        ("log_tag = bartizan", f"{TAG_NAME}; {TAG}"),
        ("log_tag = we{{.Name}}", f"{TAG_NAME}; {TAG}"),
        ("log_tag = {{.ImageID}}", f"{TAG_NAME}; {TAG}"),
        ("log_tag = /" + 63 * "x", f"longer than 63 characters; {TAG}"),
    ),
    "log_env": (
        ("log_env = A", "no env sets it; env = A=VALUE"),
        ("env = A=b\nlog_env = A B", "the name may hold letters, digits and _ only; NAME of an env"),
        ("env = A=b\nlog_env = A\n>log_env=A", '"A" is set twice; NAME of an env'),
        ("log_env = " + 33 * "A", "a name of structured data has 1 to 32 characters; NAME of an env"),
        ("env = A=" + 300 * "b" + "\nlabel.a = " + 210 * "c" + "\nlog_env = A",
         "labels and log_env are more than 512 bytes in all; each line carries them to the collector"),
    ),
    "log_facility": (
        ("log_facility = local8", f"{WORDS}; `bartizan explain` lists them"),
        ("log_facility = 24", f"{WORDS}; `bartizan explain` lists them"),
    ),
}

MAX = "above the device's bound {}; ask for less, or raise it in [service NAME] of supervisor.conf"

BOUNDS = {
    "stop_timeout": (("stop_timeout = 31s", "stop_timeout = 31s", "", MAX.format("30s")),),
    "log_rate": (("log_rate = 1001/s", "log_rate = 1001/s", "", MAX.format("1000/s")),),
    "log_burst": (("log_burst = 5001", "log_burst = 5001", "", MAX.format("5000")),),
    "log_max_size": (("log_max_size = 5m", "log_max_size = 5m", "", MAX.format("4m")),),
    "log_max_file": (("log_max_file = 9", "log_max_file = 9", "", MAX.format("8")),),
}

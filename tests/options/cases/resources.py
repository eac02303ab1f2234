"""Resources: what the cgroup files and getrlimit(2) say."""
from table import Service, check, equal

SERVICES = {
    "plain": Service(),
    "sized": Service("memory = 48m\nmemory_high = 40m\nmemory_swap = 56m\nmemory_reservation = 16m\ncpus = 0.5\ncpu_shares = 512\n"
                     "pids_limit = 32\nulimit = nofile=100:200\nulimit = cpu=600\nulimit = stack=4m:8m\nulimit = core=0\n"
                     "ulimit = memlock=32k\nstandby = yes\n",
                     conf="memory = 64m\nmemory_swap = 64m\nmemory_reservation = 16m\n"),
}


def memory(plain, sized):
    equal(plain.cgroup("memory.max"), str(64 << 20), "default")
    equal(sized.cgroup("memory.max"), str(48 << 20), "memory.max")
    equal(sized.cgroup("memory.oom.group"), "1", "killed as a whole")


def memory_high(plain, sized):
    equal(plain.cgroup("memory.high"), str((64 << 20) // 10 * 9 // 4096 * 4096), "default")
    equal(sized.cgroup("memory.high"), str(40 << 20), "memory.high")


def memory_swap(plain, sized):
    equal(plain.cgroup("memory.swap.max"), "0", "default: no swap")
    equal(sized.cgroup("memory.swap.max"), str(8 << 20), "total less memory")


def memory_reservation(plain, sized):
    equal(plain.cgroup("memory.low"), "0", "default")
    equal(sized.cgroup("memory.low"), str(16 << 20), "memory.low")


def cpus(plain, sized):
    equal(plain.cgroup("cpu.max"), "100000 100000", "default")
    equal(sized.cgroup("cpu.max"), "50000 100000", "half of one")


def cpu_shares(plain, sized):
    equal(plain.cgroup("cpu.weight"), "100", "default")
    equal(sized.cgroup("cpu.weight"), "59", "512 shares")


def pids_limit(plain, sized):
    equal(plain.cgroup("pids.max"), "64", "default")
    equal(sized.cgroup("pids.max"), "32", "pids.max")


def ulimit(plain, sized):
    for key, value in {"core": "0 0", "nofile": "1024 4096", "nproc": "65 65", "memlock": "65536 65536", "cpu": "-1 -1",
                       "fsize": "-1 -1", "nice": "0 0", "rtprio": "0 0"}.items():
        equal(plain["limit." + key], value, f"default of {key}")
    for key, value in {"core": "0 0", "nofile": "100 200", "nproc": "33 33", "memlock": "32768 32768", "cpu": "600 600",
                       "stack": f"{4 << 20} {8 << 20}"}.items():
        equal(sized["limit." + key], value, key)


def standby(plain, sized):
    def parked():
        return sized.device.lives("sized")[1]
    waiting = sized.device.wait_for(parked, 60)
    check(waiting, "no parked life:", sized.device.lives("sized"))
    check(plain.device.lives("plain")[1] is None, "parked without having been asked for")
    equal(sized.cgroup("pids.current"), "2", "counts against the service's own limit")
    record = sized.record("ATTESTED", pid=waiting.pid)
    check(record["d"]["generation"] > 1, "its number", record)


INSIDE = {
    "standby": (standby, "plain", "sized"),
    "memory": (memory, "plain", "sized"),
    "memory_high": (memory_high, "plain", "sized"),
    "memory_swap": (memory_swap, "plain", "sized"),
    "memory_reservation": (memory_reservation, "plain", "sized"),
    "cpus": (cpus, "plain", "sized"),
    "cpu_shares": (cpu_shares, "plain", "sized"),
    "pids_limit": (pids_limit, "plain", "sized"),
    "ulimit": (ulimit, "plain", "sized"),
}

SIZE = "bytes: 512k 64m 1g"

COUNT = "number: 64"
CPUS = "CPUs: 0.5"
LIMIT = "NAME=SOFT or NAME=SOFT:HARD"


def not_form(form):
    return f'not of the form "{form}"; {form}'


ACCEPTED = {
    "standby": ("standby = yes", "standby = no", "standby = yes\npids_limit = 2"),
    "memory_swap": ("memory = 8m\nmemory_swap = 8m", "memory = 8m\nmemory_swap = 16m"),
    "memory_reservation": ("memory_reservation = 0", "memory = 8m\nmemory_reservation = 8m"),
    "pids_limit": ("pids_limit = 1", "pids_limit = 4096"),
    "cpu_shares": ("cpu_shares = 2", "cpu_shares = 262144"),
    "memory": ("memory = 4m", "memory = 512m", "memory = 512MB", "memory = 67108864"),
    "cpus": ("cpus = 0.01", "cpus = 1.5", "cpus = 2"),
    "ulimit": ("ulimit = nproc=1024:2048\nulimit = nofile=1024:2048",),
}

REFUSED = {
    "standby": (
        ("standby = warm", "neither yes nor no; yes or no"),
        ("restart = no\nstandby = yes", "restart = no starts no next life; restart = on-failure"),
        ("ready = notify\nstandby = yes",
         "not built in beside ready = notify or fd:N; ready = exec: a parked life has nobody to tell yet"),
        ("pids_limit = 1\nstandby = yes", "counts as one process; pids_limit and ulimit nproc of 2 at least"),
    ),
    "memory": (
        ("memory = 1k", f"out of range: 4m to 1024g; {SIZE}"),
        ("memory = 4095k", f"out of range: 4m to 1024g; {SIZE}"),
        ("memory = 0", f"out of range: 4m to 1024g; {SIZE}"),
        ("memory = 1025g", f"out of range: 4m to 1024g; {SIZE}"),
        ("memory = unlimited", not_form(SIZE)), ("memory = -1", not_form(SIZE)), ("memory = 50%", not_form(SIZE)),
    ),
    "memory_high": (
        ("memory = 8m\nmemory_high = 9m", f"above memory; {SIZE}"),
        ("memory_high = 0", f"out of range: 1m to 1024g; {SIZE}"),
    ),
    "memory_swap": (
        ("memory_swap = 80m", "stands without memory; it counts memory and swap together: say both"),
        ("memory = 8m\nmemory_swap = 7m",
         "below memory; it is memory and swap together; the same as memory means no swap"),
        ("memory_swap = -1", not_form(SIZE)),
    ),
    "memory_reservation": (
        ("memory = 8m\nmemory_reservation = 9m", f"above memory; {SIZE}"),
        ("memory_reservation = -1", not_form(SIZE)),
    ),
    "cpus": (
        ("cpus = 0", f"out of range: 0.01 to 1024.00; {CPUS}"),
        ("cpus = 0.001", f"out of range: 0.01 to 1024.00; {CPUS}"),
        ("cpus = 0.015", f"finer than a hundredth of a CPU; {CPUS}"),
        ("cpus = 1,5", not_form(CPUS)), ("cpus = NaN", not_form(CPUS)), ("cpus = 1e3", not_form(CPUS)), ('cpus = "1.5"', not_form(CPUS)),
    ),
    "cpu_shares": (
        ("cpu_shares = 1", f"out of range: 2 to 262144; {COUNT}"),
        ("cpu_shares = 262145", f"out of range: 2 to 262144; {COUNT}"),
    ),
    "pids_limit": (
        ("pids_limit = 0", f"out of range: 1 to 4096; {COUNT}"),
        ("pids_limit = 4097", f"out of range: 1 to 4096; {COUNT}"),
        ("pids_limit = -1", not_form(COUNT)),
    ),
    "ulimit": (
        ("ulimit = nofile=2:1", f"the soft limit is above the hard limit; {LIMIT}"),
        ("ulimit = nofile=unlimited", f"open files must have a bound; {LIMIT}"),
        ("ulimit = nofile=-1", f"open files must have a bound; {LIMIT}"),
        ("ulimit = core=1", f"core files would carry memory out of the sandbox; {LIMIT}"),
        ("ulimit = nproc=5000", f"processes are bounded by pids_limit, 4096 at most; {LIMIT}"),
        ("ulimit = memlock=65m", f"locked memory must have a bound; {LIMIT}"),
        ("ulimit = foo=1", f'"foo" is not a resource limit; {LIMIT}'),
        ("ulimit = nproc", not_form(LIMIT)),
        ("ulimit = nofile=x", f'"x" is not a limit; {LIMIT}'),
    ),
}

MAX = "above the device's bound {}; ask for less, or raise it in [service NAME] of supervisor.conf"

BOUNDS = {
    "memory": (("memory = 257m", "memory = 257m\nmemory_swap = 257m", "memory_swap = 257m", MAX.format("256m")),),
    "memory_swap": (("memory = 8m\nmemory_swap = 257m", "memory_swap = 257m", "", MAX.format("256m")),),
    "memory_reservation": (("memory_reservation = 1m", "memory_reservation = 1m", "", MAX.format("0")),),
    "cpus": (("cpus = 1.01", "cpus = 1.01", "", MAX.format("1.00")),),
    "cpu_shares": (("cpu_shares = 1025", "cpu_shares = 1025", "", MAX.format("1024")),),
    "pids_limit": (("pids_limit = 129", "pids_limit = 129", "", MAX.format("128")),),
    "ulimit": (("ulimit = nofile=1:4097", "nofile = 4097", "", MAX.format("4096")),),
}

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
MAX = "above the device's bound {}; ask for less, or raise it in [service NAME] of supervisor.conf"

ACCEPTED = {
    "standby": ("standby = yes", "standby = no", "standby = yes\npids_limit = 2"),
    "memory": ("memory = 4m", "memory = 512m", "memory = 512MB", "memory = 67108864"),
    "cpus": ("cpus = 0.01", "cpus = 1.5", "cpus = 2"),
    "ulimit": ("ulimit = nproc=1024:2048\nulimit = nofile=1024:2048",),
}

REFUSED = {
    "standby": (
        ("standby = warm", "neither yes nor no; yes or no"),
        ("restart = no\nstandby = yes", "restart = no starts no next life; restart = on-failure"),
        ("pids_limit = 1\nstandby = yes", "counts as one process; pids_limit and ulimit nproc of 2 at least"),
    ),
    "memory": (
        ("memory = 1k", f"out of range: 4m to 1024g; {SIZE}"),
        ("memory = unlimited", f"not of the form \"{SIZE}\"; {SIZE}"),
    ),
}

"""What becomes capabilities, sysctls, devices, processors, namespaces."""
import errno

from table import Service, check, equal

SERVICES = {
    "ports": Service("cap_add = NET_BIND_SERVICE\ncap_drop = ALL\nsysctl.kernel.msgmax = 4096\nsysctl.kernel.shm_rmid_forced = 1\n"
                     "sysctl.net.ipv4.tcp_keepalive_time = 77\nsysctl.net.ipv4.ip_default_ttl = 42\nsysctl.kernel.sem = 100 200 30 40\n"
                     "sysctl.net.ipv4.ip_forward = 0\nsysctl.net.ipv6.conf.all.forwarding = 0\n"
                     "hostname = front.example\ncpuset_cpus = 0\ncpu_weight = 300\n", conf="cpu_weight = 300\n"),
    "raw": Service("cap_add = net_raw\ncap_add = CAP_NET_ADMIN\ncap_add = SYS_NICE\ndevices = /dev/hwrng:r\ndevices = /dev/rtc0:r\n",
                   conf="cap_add = NET_RAW\ncap_add = NET_ADMIN\nnice = 5\nrtprio = 3\ndevices = /dev/hwrng:r\ndevices = /dev/rtc0\n"),
    "absent": Service("cpuset_cpus = 0,9\n", refused=True),
    "nodev": Service("devices = /dev/nosuchdevice\n", conf="devices = /dev/nosuchdevice\n", refused=True),
}
NO = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENOSPC)
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def cap_drop(plain, ports):
    for s in (plain, ports):
        for name in SETS:
            equal(int(s["status." + name], 16), 0, f"{s.name} {name}")


def cap_add(plain, ports, raw):
    plain.errno("net.bind80", errno.EACCES)
    plain.errno("net.bind8080", 0)
    ports.errno("net.bind80", 0)
    plain.errno("net.raw", errno.EACCES)  # AppArmor is asked before the capability is
    raw.errno("net.raw", 0)
    raw.errno("net.bind80", errno.EACCES)
    plain.errno("net.mtu", errno.EPERM)
    raw.errno("net.mtu", 0)
    for name in SETS:
        equal(int(raw["status." + name], 16), 1 << 12 | 1 << 13, f"raw {name}")
    for name in ("nice", "fifo"):
        plain.errno(name, errno.EPERM, errno.EACCES)
        raw.errno(name, 0)
    equal(raw["limit.nice"], "25 25", "nice")
    equal(raw["limit.rtprio"], "3 3", "rtprio")


def sysctl(plain, ports):
    equal(plain["kernel.msgmax"], "8192", "default of msgmax")
    equal(ports["kernel.msgmax"], "4096", "msgmax")
    equal(ports["net.ipv4.tcp_keepalive_time"], "77", "keepalive")
    equal(plain["net.ipv4.tcp_keepalive_time"], "7200", "default of keepalive")
    equal(ports["net.ipv4.ip_default_ttl"], "42", "ttl")
    equal(ports["kernel.sem.semmni"], "40", "semaphore sets")
    for s in (plain, ports):
        s.errno("shm.detached", errno.EINVAL, errno.EIDRM)


def cpuset_cpus(plain, ports, absent):
    equal(ports["affinity"].split(), ["0"], "affinity")
    equal(ports.cgroup("cpuset.cpus"), "0", "cpuset.cpus")
    check(plain["affinity"].split()[0] == "0", plain["affinity"])
    row = absent.row()
    check("cpuset_cpus = 0,9: not all of them are online" in row["reason"], "reason", row)


def cpu_weight(ports):
    equal(ports.cgroup("cpu.weight"), "300", "cpu.weight")


def hostname(plain, ports):
    equal(plain["hostname"], "plain", "default")
    equal(ports["hostname"], "front.example", "hostname")
    ports.errno("sethostname", *NO)


def devices(plain, raw, nodev):
    equal(set(plain["dev"].split()), {"null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr"}, "/dev")
    for s in (plain, raw):
        for path in ("/dev/null", "/dev/zero", "/dev/urandom"):
            s.errno("open" + (".rw" if path == "/dev/null" else "") + path, 0)
        s.errno("open/dev/mem", errno.ENOENT)
        s.errno("mknod", *NO)
    plain.errno("open/dev/rtc0", errno.ENOENT)
    raw.errno("open/dev/rtc0", 0, errno.EBUSY)
    check("No such file" in nodev.row()["reason"], nodev.row())


def proc(plain):
    equal(sorted(e for e in plain["proc"].split() if not e.isdigit()), ["self", "thread-self"], "/proc")
    for name in ("open/proc/kcore", "open/proc/sysrq-trigger", "open/proc/sys/kernel/hostname"):
        plain.errno(name, errno.ENOENT)
    check("subset=pid" in plain["mount./proc"] and "hidepid=" in plain["mount./proc"], plain["mount./proc"])


def sys_none(plain):
    check(plain["sys"].startswith("errno") or not plain["sys"].split(), plain["sys"])
    check("/sys" not in plain.all("mount."), plain.all("mount."))


def namespaces(plain):
    equal(plain["pid"], "1", "pid")
    plain.errno("unshare", *NO)


def userns(plain):
    uid = str(plain.row()["uid"])
    equal({inside: rest.split() for inside, rest in plain.all("map.").items()}, {uid: [uid, "1"]}, "uid_map")
    plain.errno("setuid0", errno.EINVAL, errno.EPERM)


INSIDE = {
    "cap_drop": (cap_drop, "plain", "ports"),
    "cap_add": (cap_add, "plain", "ports", "raw"),
    "sysctl": (sysctl, "plain", "ports"),
    "cpuset_cpus": (cpuset_cpus, "plain", "ports", "absent"),
    "cpu_weight": (cpu_weight, "ports"),
    "hostname": (hostname, "plain", "ports"),
    "devices": (devices, "plain", "raw", "nodev"),
    "proc": (proc, "plain"),
    "sys": (sys_none, "plain"),
    "pid": (namespaces, "plain"),
    "userns": (userns, "plain"),
}

ALWAYS0 = "this is always 0; leave it out, or write it so"
DROPPED = "all are dropped, so there is none to name; cap_drop = ALL, or leave it out"
ONE_UID = "a service has one uid: there is nothing this would apply to"
INITIAL = "only works in the initial user namespace, where no service is"
CPUS = "CPUs: all 0 0,2 0-3"
DEVICE = "/dev/NAME or /dev/NAME:r"
NODE = "host name: gateway-7"
BLOCK = "block devices hold everybody's files; no device policy can grant it"


def no_cpu(text):
    return f'"{text}" is neither a CPU from 0 to 63 nor a range FIRST-LAST; {CPUS}'


ACCEPTED = {
    "cap_add": ("cap_add = NET_BIND_SERVICE", "cap_add = CAP_NET_RAW\ncap_add = net_admin\ncap_add = sys_nice"),
    "cap_drop": ("cap_drop = ALL", "cap_drop = all"),
    "sysctl": ("sysctl.kernel.shm_rmid_forced = 1\nsysctl.net.ipv4.ip_forward = 0\nsysctl.net.ipv6.conf.all.forwarding = 0",),
    "cpuset_cpus": ("cpuset_cpus = all", "cpuset_cpus = 0,1", "cpuset_cpus = 0-3,7"),
    "cpu_weight": ("cpu_weight = 1", "cpu_weight = 10000"),
    "devices": ("devices = none", "devices = /dev/ttyS1\ndevices = /dev/i2c-0:r"),
    "hostname": ("hostname = a", "hostname = " + 64 * "a"),
}

REFUSED = {
    "cap_drop": (("cap_drop = NET_RAW", DROPPED), ("cap_drop = FOO", DROPPED)),
    "cap_add": (
        ("cap_add = CHOWN", f"{ONE_UID}; files are created with the service's own uid"),
        ("cap_add = DAC_OVERRIDE", f"{ONE_UID}; give the files the right mode in the image"),
        ("cap_add = FOWNER", f"{ONE_UID}; files are created with the service's own uid"),
        ("cap_add = FSETID", f"{ONE_UID}; no set-user-id program can be in an image"),
        ("cap_add = SETUID", f"{ONE_UID}; user = UID:GID pins the uid"),
        ("cap_add = SETGID", f"{ONE_UID}; user = UID:GID pins the gid"),
        ("cap_add = KILL", f"{ONE_UID}; signals to the service's own processes need no capability"),
        ("cap_add = SYS_PTRACE", f"{ONE_UID}; debug on the build host"),
        ("cap_add = SYS_TIME", "never works in a user namespace; time_source = yes in [service NAME] of supervisor.conf"),
        ("cap_add = IPC_LOCK", f"{INITIAL}; ulimit = memlock=BYTES"),
        ("cap_add = SYS_RESOURCE", f"{INITIAL}; ulimit = NAME=SOFT:HARD raises single limits"),
        ("cap_add = MKNOD", f"{INITIAL}; devices = /dev/NAME"),
        ("cap_add = SYSLOG", f"{INITIAL}; kernel messages go to the audit trail"),
        ("cap_add = BPF", f"{INITIAL}; leave it out"),
        ("cap_add = IPC_OWNER", f"{INITIAL}; leave it out"),
        ("cap_add = AUDIT_WRITE", f"{INITIAL}; what a service prints is recorded"),
        ("cap_add = SYS_ADMIN", "is root by another name; name what the service needs"),
        ("cap_add = ALL", "every capability at once is root by another name; name what the service needs"),
        ("cap_add = FOO", "not the name of a capability; capabilities(7) lists them; NET_BIND_SERVICE is one"),
        ("cap_add = NET_RAW\ncap_add = net_raw", "is listed twice; NET_BIND_SERVICE NET_RAW NET_ADMIN or SYS_NICE"),
    ),
    "sysctl": (
        ("sysctl.net.ipv4.ip_forward = 1", ALWAYS0),
        ("sysctl.net.ipv6.conf.all.forwarding = 1", ALWAYS0),
        ("sysctl.net.ipv4.conf.all.route_localnet = 1", ALWAYS0),
        ("sysctl.kernel.shm_rmid_forced = 0", "this is always 1; leave it out, or write it so"),
        ("sysctl.kernel.hostname = x", "has a key of its own; hostname = NAME"),
        ("sysctl.vm.swappiness = 1",
         "is not held by a namespace: it would change the whole device; memory limits are keys: memory, memory_high"),
        ("sysctl.net.ipv4.tcp_wmem = x", "is not a setting that a service may have; the reference lists those that it may"),
        ("sysctl.kernel.msgmax = 1\nsysctl.kernel.msgmax = 2", "is set twice; numbers, one space between two"),
    ),
    "cpuset_cpus": (("cpuset_cpus = 0-", no_cpu("0-")), ("cpuset_cpus = 3-1", no_cpu("3-1")), ("cpuset_cpus = 64", no_cpu("64")),
                    ("cpuset_cpus =", f"has no value; {CPUS}")),
    "cpu_weight": (
        ("cpu_weight = 0", "out of range: 1 to 10000; number: 100"),
        ("cpu_weight = 10001", "out of range: 1 to 10000; number: 100"),
        ("cpu_shares = 2\ncpu_weight = 5", "stands beside cpu_shares; both say the same in two scales: keep one"),
    ),
    "devices": (
        ("devices = /dev/sda", BLOCK), ("devices = /dev/mmcblk0p1", BLOCK), ("devices = /dev/loop0", BLOCK),
        ("devices = /dev/mem", "memory of the device; no device policy can grant it"),
        ("devices = /dev/kmem", "memory of the device; no device policy can grant it"),
        ("devices = /dev/kvm", "virtual machines are not built in; no device policy can grant it"),
        ("devices = /dev/fuse", "file systems come from the signed image; no device policy can grant it"),
        ("devices = /dev/tty*", "holds a character other than a-z A-Z 0-9 - _ /; one device per line; there are no wildcards"),
        ("devices = all", f"not the path of a device below /dev; {DEVICE}"),
        ("devices = /dev/ttyS1:/dev/x", f"a device keeps its name inside; {DEVICE}"),
        ("devices = /dev/ttyS1:x", f'"x" is neither r nor rw; {DEVICE}'),
        ("devices = /dev/ttyS1\ndevices = /dev/ttyS1:r", f"is named twice; {DEVICE}"),
    ),
    "hostname": (
        ("hostname = -x", f"labels must begin and end with a letter or digit; {NODE}"),
        ("hostname = a_b", f"holds a character other than a-z A-Z 0-9 - .; {NODE}"),
        ("hostname = " + 65 * "a", f"longer than 64 characters; {NODE}"),
    ),
}

GRANTS = "not granted by the device; {} in [service NAME] of supervisor.conf grants it"

BOUNDS = {
    "cap_add": (
        ("cap_add = NET_RAW", "cap_add = NET_RAW", "cap_add = NET_ADMIN", GRANTS.format("cap_add = NET_RAW")),
        ("cap_add = NET_ADMIN", "cap_add = NET_ADMIN", "", GRANTS.format("cap_add = NET_ADMIN")),
        ("cap_add = SYS_NICE", "nice = 5", "", GRANTS.format("nice = 5")),
    ),
    "cpuset_cpus": (
        ("cpuset_cpus = 0-1", "cpuset_cpus = 0-3", "cpuset_cpus = 0",
         "the device grants 0; ask for less, or raise it in [service NAME] of supervisor.conf"),
    ),
    "cpu_weight": (
        ("cpu_weight = 101", "cpu_weight = 101", "",
         "above the device's bound 100; ask for less, or raise it in [service NAME] of supervisor.conf"),
    ),
    "devices": (
        ("devices = /dev/ttyS1", "devices = /dev/ttyS1", "devices = /dev/ttyS1:r", GRANTS.format("devices = /dev/ttyS1")),
        ("devices = /dev/ttyS1:r", "devices = /dev/ttyS1", "", GRANTS.format("devices = /dev/ttyS1:r")),
    ),
}

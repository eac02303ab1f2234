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
    plain.errno("net.raw", errno.EPERM)
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

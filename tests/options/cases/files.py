"""What brings files into a service: tmpfs, volumes, secrets."""
import errno
import json
import threading

from table import Service, check, equal

MIB = 1 << 20
# statvfs(3): 1 ro, 2 nosuid, 4 nodev, 8 noexec, 0x2000 nosymfollow
RO, SAFE, NO_LINKS = 1, 2 | 4 | 8, 0x2000

SERVICES = {
    # Two tmpfs, one of them small, and a volume of a mebibyte.
    "files": Service("landlock = 2\napparmor = docker-default\nshm_size = 1m\nsysfs = class/misc/hw_random/rng_current\ntmpfs = /tmp\ntmpfs = /small:size=64k,mode=0750,nr_inodes=8\nvolume = data:/data:rw,size=1m\n"
                     "volume = kept:/kept\nvolume = box:/out:rw,z\n",
                     conf="shared_volume = files/box\nsysfs = class/misc/hw_random/rng_current\n",
                     word="do show:/proc/self/attr/apparmor/current fill:/proc/self/comm:1 show:/sys/class/misc/hw_random/rng_current list:/sys list:/sys/class/misc/hw_random "
                          "info:/sys/class/misc/hw_random/rng_current fill:/sys/class/misc/hw_random/rng_current:1 fill:/sys/class/x:1 "
                          "info:/dev/shm fill:/dev/shm/all:1048576 fill:/dev/shm/over:1 program:/dev/shm/p fill:/out/hello:5 info:/tmp info:/small program:/tmp/p fill:/tmp/all:8388608 fill:/tmp/over:1 fill:/small/all:65536 "
                          "fill:/small/over:1 remove:/small/all remove:/small/over many:/small:20 "
                          "info:/data list:/data fill:/data/most:786432 fill:/data/over:786432 remove:/data/over many:/data:2000 "
                          "program:/out/p link:/out/l:/etc list:/out/l info:/kept fill:/kept/x:1"),
    # The same names, and the volume of the other.
    "files2": Service("cap_add = NET_RAW\nvolume = data:/data:rw,size=2m\nvolume = files/box:/in:ro,z\ndepends_on = files\n",
                      conf="cap_add = NET_RAW\nshared_volume = files/box\n",
                      word="do show:/proc/self/attr/apparmor/current list:/data fill:/data/most:1572864 info:/in info:/in/hello fill:/in/mine:1"),
    "files3": Service("volume = files/box:/in:rw,z\ndepends_on = files2\napparmor = own\n",
                      conf="shared_volume = files/box:rw\napparmor = own\n",
                      word="do show:/proc/self/attr/apparmor/current fill:/in/forbidden:1 fill:/in/mine:7 info:/in/mine"),
    # Z is exclusive; the device would allow it.
    "files4": Service("volume = files/data:/in:ro,z\ndepends_on = files\n", conf="shared_volume = files/data\n", refused=True),
    # Refused at boot: nothing is provisioned then.
    "safe": Service("secret = db_password\nexternal = yes\nenv = DB_PASSWORD_FILE=/run/secrets/db_password\nrestart = no\n",
                    refused=True,
                    word="do info:/run/secrets list:/run/secrets show:/run/secrets/db_password info:/run/secrets/db_password "
                         "fill:/run/secrets/db_password:1 fill:/run/secrets/new:1 program:/run/secrets/p"),
    # A directory is no attribute.
    "nosys": Service("sysfs = class/misc/hw_random\n", conf="sysfs = class/misc/hw_random\n", refused=True),
    "safe2": Service("secret = token\nrestart = no\n", refused=True, word="do list:/run/secrets show:/run/secrets/db_password"),
}
SERVICES["files"].conf += "shared_volume = files/data\n"


def info(seen, path, mode, flags):
    found = seen[f"info:{path}"].split()
    uid = seen.row()["uid"]
    equal(found[0], mode, f"mode of {path}")
    equal(found[1], f"{uid}:{uid}", f"owner of {path}")
    equal(int(found[2], 16) & (RO | SAFE | NO_LINKS), flags, f"mount flags of {path}")


def tmpfs(files):
    info(files, "/tmp", "40700", SAFE)
    info(files, "/small", "40750", SAFE)
    files.errno("program:/tmp/p", errno.EACCES)
    files.errno("fill:/tmp/over", errno.ENOSPC)
    files.errno("fill:/small/all", 0)
    files.errno("fill:/small/over", errno.ENOSPC)
    files.errno("many:/small", errno.ENOSPC)
    equal(files["many./small"], "7", "files beside the directory itself")


def volume(files, files2, files3, files4):
    info(files, "/data", "40700", SAFE | NO_LINKS)
    info(files, "/kept", "40700", SAFE | NO_LINKS | RO)
    equal(files["list:/data"], "", "a new volume is empty")
    files.errno("fill:/kept/x", errno.EROFS)
    files.errno("program:/out/p", errno.EACCES)
    files.errno("link:/out/l", 0)
    files.errno("list:/out/l", errno.ELOOP)
    # The quota: of this volume alone, in bytes and in files.
    files.errno("fill:/data/most", 0)
    files.errno("fill:/data/over", errno.EDQUOT, errno.ENOSPC)
    files.errno("many:/data", errno.EDQUOT, errno.ENOSPC)
    check(int(files["many./data"]) < 64, "files in a volume of 1m:", files["many./data"])
    # Another service with a volume of the same name has another volume, and its own room.
    equal(files2["list:/data"], "", "the volume data of another service")
    files2.errno("fill:/data/most", 0)
    # Shared: seen as its own, read-only or not as the device says.
    info(files2, "/in", "40700", SAFE | NO_LINKS | RO)
    info(files2, "/in/hello", "100600", SAFE | NO_LINKS | RO)
    files2.errno("fill:/in/mine", errno.EROFS)
    files3.errno("fill:/in/mine", 0)
    info(files3, "/in/mine", "100600", SAFE | NO_LINKS)
    equal(files4.row()["state"], "refused", "a volume that is exclusive")
    equal(files4.record("START_REFUSED")["d"]["reason"], "volume files/data: files does not share its volume data", "reason")


def shm_size(files, plain):
    info(files, "/dev/shm", "40700", SAFE)
    files.errno("fill:/dev/shm/all", 0)
    files.errno("fill:/dev/shm/over", errno.ENOSPC)
    files.errno("program:/dev/shm/p", errno.EACCES)
    check("shm" not in plain["dev"].split(), plain["dev"])


ATTRIBUTE = "/sys/class/misc/hw_random/rng_current"


def sysfs(files, nosys):
    equal(files[f"show:{ATTRIBUTE}"], files.device.agent.text(ATTRIBUTE).strip(), "the attribute")
    equal(int(files[f"info:{ATTRIBUTE}"].split()[2], 16) & (RO | SAFE), RO | SAFE, "mount flags")
    files.errno(f"fill:{ATTRIBUTE}", errno.EROFS, errno.EACCES)
    files.errno("fill:/sys/class/x", errno.EROFS, errno.EACCES)
    equal((files["list:/sys"].split(), files["list:/sys/class/misc/hw_random"].split()), (["class"], ["rng_current"]), "/sys")
    why = nosys.record("START_REFUSED")["d"]
    equal((why["reason"], why["hint"]),
          ("sysfs = class/misc/hw_random is not an attribute", "directories are not granted: name one file"), "a directory")


VALUE = "hunter2-xyzzy"
FEED = "/tests/feed"
TOOL = "/usr/bin/bartizan secret"


def feed(seen, text, words, code=0):
    done = seen.device.run(f"{FEED} {text} {TOOL} {words}")
    equal(done.exit, code, f"secret {words}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def run_again(seen):
    """Started by hand, because the boot refused it; until its probe has said everything."""
    if seen.row()["state"] != "running":
        seen.run(f"start {seen.name}")
    check(seen.device.wait_for(seen.complete, 60), f"{seen.name} said only", seen.output())


def provision(safe):
    if safe.row()["state"] == "refused":
        why = safe.record("START_REFUSED")["d"]
        equal((why["reason"], why["hint"]), ("secret db_password is not provisioned", "bartizan secret add safe db_password"), "refusal")
    feed(safe, VALUE, "add safe db_password")
    feed(safe, "other-plugh", "add safe2 token")


def secret(safe, safe2, files):
    provision(safe)
    run_again(safe)
    run_again(safe2)
    info(safe, "/run/secrets", "40500", SAFE | NO_LINKS | RO)
    info(safe, "/run/secrets/db_password", "100400", SAFE | NO_LINKS | RO)
    equal(safe["show:/run/secrets/db_password"], VALUE, "the value")
    safe.errno("fill:/run/secrets/db_password", errno.EACCES, errno.EROFS)
    safe.errno("fill:/run/secrets/new", errno.EROFS)
    # Its own, and nobody else's.
    equal(safe["list:/run/secrets"].split(), ["db_password"], "files")
    equal(safe2["list:/run/secrets"].split(), ["token"], "files of another service")
    safe2.errno("show:/run/secrets/db_password", errno.ENOENT)
    mounts = safe.device.agent.text(f"/proc/{safe.row()['pid']}/mountinfo")
    check(" /run/secrets ro,nosuid,nodev,noexec,relatime,nosymfollow - ramfs " in mounts, mounts)
    check("/run/secrets" not in safe.device.agent.text(f"/proc/{files.row()['pid']}/mountinfo"), "a service without secrets has the mount")
    environment = safe.device.agent.text(f"/proc/{safe.row()['pid']}/environ")
    equal(environment.strip("\0"), "DB_PASSWORD_FILE=/run/secrets/db_password", "environment")
    values_unseen(safe)
    wiped(safe)


def values_unseen(safe):
    """Not in a record, nor in what ps and inspect print; add and the rest of the verbs."""
    told = [r for r in safe.device.records() if r["e"] != "OUTPUT"]
    check(VALUE not in json.dumps(told), "the value stands in a record")
    check(VALUE not in safe.run("inspect safe").stdout, "inspect prints the value")
    added = safe.record("SECRET", verb="add", name="db_password", exit=0)
    equal(added["d"]["uid"], 0, "who added it")
    check("1 to 524288 bytes" in feed(safe, "zeros:524289", "add safe big", 1), "more than 512 KB")
    feed(safe, "zeros:524288", "add safe big")
    equal(sorted(safe.run("secret ls safe").stdout.split()), ["big", "db_password"], "ls")
    safe.run("secret rm safe big")
    safe.run("secret rm safe big", 1)
    for name in ("../x", ".new", "a/b", "..", "a..b"):
        feed(safe, "x", f"add safe {name}", 2)
    feed(safe, "x", "add stranger name", 4)


def wiped(safe):
    """Whoever still has the file open sees zeros when the life is over, also when another launcher ends it."""
    path = f"/proc/{safe.row()['pid']}/root/run/secrets/db_password"
    ends = []
    thread = threading.Thread(target=lambda: ends.append(safe.device.run(f"{FEED} watch {path}", 60).exit))
    thread.start()

    def is_open():
        return any(safe.device.agent.link(f"/proc/{p.pid}/fd/{n}").endswith("/db_password")
                   for p in safe.device.processes("feed") for n in (3, 4, 5))
    check(safe.device.wait_for(is_open, 30), "the file was never open")
    safe.device.kill("launcher")
    safe.device.wait_record("HELPER_EXIT", 30, helper="launcher")
    safe.run("stop safe")
    thread.join(60)
    equal(ends, [0], "what was in memory is overwritten")
    check(" ramfs " not in safe.device.agent.text("/proc/1/mountinfo"), "a mount is left")


def external(safe):
    """The key changes nothing: what it says is always so."""
    provision(safe)
    run_again(safe)
    equal(safe["show:/run/secrets/db_password"], VALUE, "from the store of the device")


INSIDE = {
    "secret": (secret, "safe", "safe2", "files"),
    "external": (external, "safe"),
    "tmpfs": (tmpfs, "files"),
    "volume": (volume, "files", "files2", "files3", "files4"),
    "shm_size": (shm_size, "files", "plain"),
    "sysfs": (sysfs, "files", "nosys"),
}

TMPFS = "known: size= mode= nr_inodes=; the owner is always the service itself"
TMPFS_FORM = "/path or /path:size=8m,mode=0700,nr_inodes=4096"
FORM = "NAME:/path or NAME:/path:rw,z,size=16m"
HINT = "volume = app-data:/data:ro"
SOCKET = f"the control socket is never inside a service; {FORM}"


def host(path):
    return f"{path} is a path of the device, and a volume is a name; {HINT}"


ACCEPTED = {
    "shm_size": ("shm_size = 0", "shm_size = 16m"),
    "sysfs": ("sysfs = class/thermal/thermal_zone0/temp", "sysfs = devices/system/cpu/online"),
    "secret": ("secret = db_password", "secret = A.b-c_1\nsecret = " + 32 * "a",
               "secret = db\nenv = DB_PASSWORD_FILE=/run/secrets/db"),
    "external": ("external = yes",),
    "tmpfs": ("tmpfs = /tmp", "tmpfs = /tmp:size=1m,mode=1777,nr_inodes=10,rw,noexec,nosuid,nodev", "tmpfs = /a\ntmpfs = /b"),
    "volume": ("volume = data:/data", "volume = data:/data:ro", "volume = data:/data:rw,Z,size=1m", "volume = data:/data:z",
               "volume = other/data:/data:ro,z", "volume = app-data:/data:ro"),
}

NAME = "name: db_password"
ABOVE = "larger than memory, which it is charged to"
BYTES = "bytes: 512k 64m 1g"
SYSFS = "attribute below /sys: class/thermal/thermal_zone0/temp"

REFUSED = {
    "shm_size": (
        ("shm_size = 65m", f"{ABOVE}; {BYTES}"),
        ("memory = 8m\nshm_size = 9m", f"{ABOVE}; {BYTES}"),
        ("shm_size = 50%", f'not of the form "{BYTES}"; {BYTES}'),
    ),
    "sysfs": (
        ("sysfs = /sys/class/x", f"not the path of an attribute below /sys; {SYSFS}"),
        ("sysfs = uevent_helper", f"not the path of an attribute below /sys; {SYSFS}"),
        ("sysfs = class/thermal/", f"not the path of an attribute below /sys; {SYSFS}"),
        ("sysfs = class/../kernel/x", f"not a plain path: no . and .. on the way; {SYSFS}"),
        ("sysfs = class/thermal/*", f"holds a character other than a-z A-Z 0-9 - _ . : , @ + /; {SYSFS}"),
        ("sysfs = a/b\nsysfs = a/c", "is repeated; it can only have one value"),
    ),
    "secret": (
        ("secret = a/b", f"not the name of a secret: no path, no ..; {NAME}"),
        ("secret = ../x", f"not the name of a secret: no path, no ..; {NAME}"),
        ("secret = a..b", f"not the name of a secret: no path, no ..; {NAME}"),
        ("secret = .x", f"not the name of a secret: no path, no ..; {NAME}"),
        ("secret = " + 33 * "a", f"not the name of a secret: no path, no ..; {NAME}"),
        ("secret = db_password=hunter2",
         "a value or option has no place here; secret = NAME; `bartizan secret add SERVICE NAME` stores it"),
    ),
    "external": (("external = no", "this is always yes; no secret comes with an image, so each is external"),),
    "tmpfs": (
        ("tmpfs = /tmp:size=0", f"size=0 is not a size of 4k or more; {TMPFS_FORM}"),
        ("tmpfs = /tmp:size=50%", f"size must be in bytes: a share of the device's memory is not a bound; {TMPFS_FORM}"),
        ("tmpfs = /tmp:exec", f"exec: programs come from the signed image only; {TMPFS_FORM}"),
        ("tmpfs = /tmp:suid", f"suid: set-user-id programs have no place in a sandbox; {TMPFS_FORM}"),
        ("tmpfs = /tmp:dev", f"dev: devices are given by name, not by mknod; {TMPFS_FORM}"),
        ("tmpfs = /tmp:ro", f"ro: an empty read-only directory holds nothing; {TMPFS_FORM}"),
        ("tmpfs = /tmp:swap", f"swap: memory of a service is not written to a disk; {TMPFS_FORM}"),
        ("tmpfs = /tmp:mpol=bind", f"mpol=bind: the kernel places memory; {TMPFS_FORM}"),
        ("tmpfs = /tmp:huge=always", f"huge=always: memory is counted in pages; {TMPFS_FORM}"),
        ("tmpfs = /tmp:nr_blocks=1", f"nr_blocks=1: written as size=; {TMPFS_FORM}"),
        ("tmpfs = /tmp:uid=10005", f"uid=10005: the owner is always the service itself; {TMPFS_FORM}"),
        ("tmpfs = /tmp:gid=10005", f"gid=10005: the owner is always the service itself; {TMPFS_FORM}"),
        ("tmpfs = /tmp:colour=blue", f'"colour=blue" is not an option of tmpfs here; {TMPFS}'),
        ("tmpfs = /tmp:mode=2777", f"mode=2777 is not an octal mode up to 1777; {TMPFS_FORM}"),
        ("tmpfs = /tmp:nr_inodes=0", f"nr_inodes=0 is not 1 to 1048576; {TMPFS_FORM}"),
        ("tmpfs = /", f"the mount point must be an absolute path other than /; {TMPFS_FORM}"),
        ("tmpfs = tmp", f"the mount point must be an absolute path other than /; {TMPFS_FORM}"),
        ("tmpfs = /proc/x", f"the mount point would cover /proc; {TMPFS_FORM}"),
        ("tmpfs = /sys", f"the mount point would cover /sys; {TMPFS_FORM}"),
        ("tmpfs = /dev", f"the mount point would cover /dev; {TMPFS_FORM}"),
        ("tmpfs = /run", f"the mount point would cover /run/secrets; {TMPFS_FORM}"),
        ("tmpfs = /tmp\ntmpfs = /tmp/a", f"/tmp and /tmp/a overlap; {TMPFS_FORM}"),
        ("tmpfs = /dev/shm", f"the mount point would cover /dev; {TMPFS_FORM}"),
        ("tmpfs = /run/notify", f"the mount point would cover /run/notify; {TMPFS_FORM}"),
        ("tmpfs = /tmp/../etc", f"the mount point must be a plain path: no //, /./, /../; {TMPFS_FORM}"),
    ),
    "volume": (
        ("volume = /:/host", host("/")),
        ("volume = /etc:/etc2:ro", host("/etc")),
        ("volume = /proc:/p", host("/proc")),
        ("volume = /sys:/s", host("/sys")),
        ("volume = /dev:/d", host("/dev")),
        ("volume = /boot:/b", host("/boot")),
        ("volume = /lib:/l", host("/lib")),
        ("volume = /run:/r", host("/run")),
        ("volume = /usr:/u", host("/usr")),
        ("volume = /var/lib/x:/v", host("/var/lib/x")),
        ("volume = ./data:/data", host("./data")),
        ("volume = /var/run/docker.sock:/var/run/docker.sock", SOCKET),
        ("volume = /run/bartizan/control:/c", SOCKET),
        ("volume = ../other:/data", f"the source leads upwards with ..; {FORM}"),
        ("volume = Data:/data", f'"Data" is not a name: a-z first, then a-z 0-9 . - and at most 32 characters; {FORM}'),
        ("volume = data", f'not of the form "{FORM}"; {FORM}'),
        ("volume = data:/", f"the mount point must be an absolute path other than /; {FORM}"),
        ("volume = data:/proc", f"the mount point would cover /proc; {FORM}"),
        ("volume = data:/sys", f"the mount point would cover /sys; {FORM}"),
        ("volume = data:/dev/x", f"the mount point would cover /dev; {FORM}"),
        ("volume = a:/data\nvolume = b:/data", f"/data and /data overlap; {FORM}"),
        ("tmpfs = /data\nvolume = b:/data/x", f"/data and /data/x overlap; {FORM}"),
        ("volume = a:/x\nvolume = a:/y", f"volume a is mounted twice; {FORM}"),
        ("volume = a:/x:rw,ro", f'"ro" is said twice or contradicts; {FORM}'),
        ("volume = a:/x:exec", f"exec: programs come from the signed image only; {FORM}"),
        ("volume = a:/x:rshared", f"rshared: no mount travels out of a service or into it; {FORM}"),
        ("volume = a:/x:size=1k", f"size=1k is not a size of 64k or more; {FORM}"),
        ("volume = o/a:/x", "o/a belongs to another service, so it is shared; volume = o/a:/x:ro,z"),
        ("volume = o/a:/x:rw,Z", "o/a belongs to another service, so it is shared; volume = o/a:/x:rw,z"),
        ("volume = o/a:/x:z,size=1m", f"its owner bounds the size of o/a; {FORM}"),
    ),
}

MAX = "above the device's bound {}; ask for less, or raise it in [service NAME] of supervisor.conf"

BOUNDS = {
    "shm_size": (
        ("shm_size = 2m", "tmpfs = 2m", "tmpfs = 1m", "= 2m in all: " + MAX.format("1m")),
        ("tmpfs = /a:size=1m\nshm_size = 1m", "tmpfs = 2m", "tmpfs = 1m", "= 2m in all: " + MAX.format("1m")),
    ),
    "sysfs": (
        ("sysfs = class/a/b", "sysfs = class/a/b", "sysfs = class/a/c",
         "not granted by the device; sysfs = the same in [service NAME] of supervisor.conf grants it"),
    ),
    "tmpfs": (
        ("tmpfs = /tmp:size=2m", "tmpfs = 2m", "tmpfs = 1m", "= 2m in all: " + MAX.format("1m")),
        ("tmpfs = /a:size=1m\ntmpfs = /b:size=1m", "tmpfs = 2m", "tmpfs = 1m", "= 2m in all: " + MAX.format("1m")),
    ),
    "volume": (
        ("volume = data:/data:size=2m", "volume = 2m", "volume = 1m", "= 2m in all: " + MAX.format("1m")),
        ("volume = data:/data:size=65m", "volume = 65m", "", "= 65m in all: " + MAX.format("64m")),
    ),
}

DEVICE_REFUSED = {
    "shared_volume": (
        ("shared_volume = data", "not of the form OWNER/NAME or OWNER/NAME:rw; OWNER/NAME or OWNER/NAME:rw"),
        ("shared_volume = /etc", "not of the form OWNER/NAME or OWNER/NAME:rw; OWNER/NAME or OWNER/NAME:rw"),
        ("shared_volume = a/../b", "not of the form OWNER/NAME or OWNER/NAME:rw; OWNER/NAME or OWNER/NAME:rw"),
    ),
}

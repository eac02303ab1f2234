"""System call filters: seccomp, seccomp_arch, mdwe."""
import errno
import os

from table import TOP, Service, check, equal


def corpus(name):
    with open(os.path.join(TOP, "tests", "fuzz", "corpus", "docker_json", name), "rb") as file:
        return file.read()


FILE = "seccomp = /etc/profile.json\n"
SERVICES = {
    "moby": Service("seccomp = builtin:moby\n", conf="allow_moby = yes\n"),
    "profile": Service(FILE, conf="allow_seccomp_file = yes\n", files={"etc/profile.json": (corpus("current.json"), 0o644)}),
    "oldprofile": Service(FILE, conf="allow_seccomp_file = yes\n", files={"etc/profile.json": (corpus("old.json"), 0o644)}),
    "jit": Service("mdwe = no\nlog_driver = spool\n", conf="allow_jit = yes\n"),
}
NEVER = ("ptrace", "unshare", "mount", "chroot", "keyctl", "settimeofday", "bpf", "userfaultfd", "io_uring")


def seccomp(plain, moby, profile, oldprofile):
    for seen in (plain, moby, profile, oldprofile):
        equal(seen["status.Seccomp"], "2", f"{seen.name}: mode")
        equal(seen["status.Seccomp_filters"], "1", f"{seen.name}: filters")
        seen.errno("pthread", 0)
        equal(seen["spawn"], "7", f"{seen.name}: a spawned child")
        for call in NEVER:
            seen.errno(call, errno.EPERM)
        seen.errno("clone3", errno.ENOSYS)
        seen.errno("call.unknown", errno.ENOSYS)
    for seen in (moby, profile):
        seen.errno("setxattr", errno.EOPNOTSUPP, errno.ENOENT, errno.EROFS)
        seen.errno("socket.vsock.high", errno.EPERM)
    for seen in (plain, moby, profile):
        seen.errno("call.newest", errno.EPERM if seen is plain else errno.EBADF, errno.ENOSYS)
        seen.errno("personality", errno.EPERM)
        seen.errno("socket.alg", errno.EPERM)
        seen.errno("socket.vsock", errno.EPERM)
    plain.errno("setxattr", errno.EPERM)
    plain.errno("socket.packet", errno.EPERM)
    oldprofile.errno("call.newest", errno.ENOSYS)
    plain.record("SECCOMP", syscall="unshare", signal=0)
    profile.record("SECCOMP", syscall="ptrace", signal=0)


def seccomp_arch(plain, profile):
    for seen in (plain, profile):
        for way in ("int80", "x32"):
            equal(seen[way], "31", f"{seen.name}: {way} ends in SIGSYS")
    plain.record("SECCOMP", syscall="architecture 1073741827 call 20", signal=31)


def mdwe(plain, moby, profile, jit):
    for seen in (plain, moby, profile):
        seen.errno("mprotect.exec", errno.EACCES)
        seen.errno("wx.mmap", errno.EACCES)
        check(seen["wx.shmat"] != "0", f"{seen.name}: executable shared memory")
    jit.errno("mprotect.exec", 0)
    jit.errno("wx.mmap", 0)


INSIDE = {
    "seccomp": (seccomp, "plain", "moby", "profile", "oldprofile"),
    "seccomp_arch": (seccomp_arch, "plain", "profile"),
    "mdwe": (mdwe, "plain", "moby", "profile", "jit"),
}

SYNTAX = "builtin:strict, builtin:moby or a file of the image: /etc/profile.json"

ACCEPTED = {
    "seccomp": ("seccomp = builtin:strict", "seccomp = builtin:moby", "seccomp = /etc/profile.json"),
    "seccomp_arch": ("seccomp_arch = native",),
    "mdwe": ("mdwe = yes", "mdwe = no"),
}

REFUSED = {
    "seccomp": (
        ("seccomp = unconfined", "every service has a filter; leave it out, or name what the program needs in a profile"),
        ("seccomp = {}", "not builtin:strict, builtin:moby or a file of the image; a profile lies in the image: seccomp = "
                         "/etc/profile.json"),
        ("seccomp = /etc/../profile.json", f"not a plain absolute path of the image; {SYNTAX}"),
        ("seccomp = /etc/profile", f"the file's name does not end in .json; {SYNTAX}"),
    ),
    "mdwe": (("mdwe = maybe", "neither yes nor no; yes or no"),),
    "seccomp_arch": (
        ("seccomp_arch = x32", "this is always native; calls of another architecture end the process"),
    ),
}

BOUNDS = {
    "seccomp": (
        ("seccomp = builtin:moby", "allow_moby = yes", "allow_seccomp_file = yes",
         "not granted by the device; allow_moby = yes in [service NAME] of supervisor.conf grants it"),
        ("seccomp = /etc/p.json", "allow_seccomp_file = yes", "allow_moby = yes",
         "not granted by the device; allow_seccomp_file = yes in [service NAME] of supervisor.conf grants it"),
    ),
    "mdwe": (
        ("mdwe = no", "allow_jit = yes", "",
         "not granted by the device; allow_jit = yes in [service NAME] of supervisor.conf grants it"),
    ),
}

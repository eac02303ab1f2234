"""Landlock and AppArmor; the services are those of other modules. A profile that is not loaded is in escape/, a newer ABI in unit/."""
import errno

from table import equal

def landlock(files):
    files.errno("fill:/tmp/all", errno.ENOSPC)
    # Procfs is for reading, whatever the mode of a file says; what was written does not run.
    files.errno("fill:/proc/self/comm", errno.EACCES)
    files.errno("program:/tmp/p", errno.EACCES)


def apparmor(files, files2, files3):
    for seen, profile in ((files, "builtin"), (files2, "builtin-net"), (files3, "own")):
        equal(seen["show:/proc/self/attr/apparmor/current"], f"{profile} (enforce)", seen.name)
    # What the firmware's own profile refuses and no other protection does.
    files3.errno("fill:/in/forbidden", errno.EACCES)
    files3.record("APPARMOR", profile="own", operation="mknod", name="/in/forbidden")


INSIDE = {
    "landlock": (landlock, "files"),
    "apparmor": (apparmor, "files", "files2", "files3"),
}

ACCEPTED = {
    "landlock": ("landlock = board", "landlock = 1", "landlock = 6"),
    "apparmor": ("apparmor = builtin", "apparmor = docker-default", "apparmor = my-own_profile.2"),
}

ABI = "board, or the least ABI: 1 to 6"
NAME = "builtin, or the name of a profile that the firmware loads"

REFUSED = {
    "landlock": (
        ("landlock = no", "every service has it where the board declares it; a path that the program needs is a tmpfs or a volume"),
        ("landlock = 0", "every service has it where the board declares it; a path that the program needs is a tmpfs or a volume"),
        ("landlock = 7", f"neither board nor an ABI from 1 to 6; {ABI}"),
        ("landlock = yes", f"neither board nor an ABI from 1 to 6; {ABI}"),
    ),
    "apparmor": (
        ("apparmor = unconfined", "no service is unconfined; leave it out, or name a profile that the firmware loads"),
        ("apparmor = no", "no service is unconfined; leave it out, or name a profile that the firmware loads"),
        ("apparmor = a profile", f"not the name of a profile: letters, digits, - . _; {NAME}"),
        ("apparmor = -x", f"not the name of a profile: letters, digits, - . _; {NAME}"),
        ("apparmor = builtin//null-x", f"not the name of a profile: letters, digits, - . _; {NAME}"),
        ("apparmor = " + "a" * 32, f"longer than 31 characters; {NAME}"),
    ),
}

BOUNDS = {
    "apparmor": (
        ("apparmor = own", "apparmor = own", "apparmor = other",
         "not granted by the device; apparmor = own in [service NAME] of supervisor.conf grants it"),
        ("apparmor = own", "apparmor = own", "",
         "not granted by the device; apparmor = own in [service NAME] of supervisor.conf grants it"),
    ),
}

DEVICE_REFUSED = {
    "apparmor": (("apparmor = unconfined", "no service is unconfined; leave it out, or name a profile that the firmware loads"),),
}

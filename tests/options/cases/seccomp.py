"""System call filters: seccomp, seccomp_arch, mdwe."""
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

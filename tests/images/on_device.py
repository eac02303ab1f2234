"""The attacks that need the launcher, dm-verity or a boot: all bad images on one state disk, tried in one boot; other clocks in two more."""
import os
import random
import re
import shutil
import struct
import subprocess

import clocks
import forge
import roots
import rotation
from harness import cpio, overlay, paths, services, tap
from harness.collect import Collector
from harness.device import Device, base_initramfs, matching

BOARD, ARCH, KERNEL = "qemu-x86_64", "x86_64", "6.12"
HERE = os.path.dirname(os.path.abspath(__file__))
POLITE = "[service]\ncommand = /bin/probe polite\nmemory = 8m\npids_limit = 4\n"
FACTS = "[service]\ncommand = /bin/probe facts\nmemory = 32m\npids_limit = 16\ntmpfs = /tmp:size=1m\n"
STARTS = int(os.environ.get("STARTS", "20"))

# name: what the device must say. The maker of each is the method make_NAME, without the number; "plain" where there is none.
REFUSED = {
    "a5-level": "root partition holds neither erofs nor squashfs",
    "a6-data": "data does not match the signed root hash",
    "a6-tree": "does not match its hash tree",
    "a9-link": "image path leads through a link or mount",
    "a9-pipe": "image is not a regular file",
    "a9-hard": "image file has 2 links",
    "a9-node": "cannot open the image",
    "a9-manifest": "image has no readable /usr/lib/bartizan/service.ini",
    "a10-owner": "image file belongs to uid 1000",
    "a10-mode": "image file is writable by others",
    "a11-unsigned": "image is unsigned",
    "a11-arch": "image is for aarch64, this device is x86_64",
    "a12-scope": "signer site is not allowed for name a12-scope",
    "a18-floor": "epoch 1 is below the floor 5",
    "a18-version": "version 1.0 is below min_version 2.0 of the device policy",
    "a19-name": "the image is named other, not a19-name",
    "a20-board": "image is for board nemo, this is qemu-x86_64",
    "a21-root": "image has no readable /usr/lib/bartizan/service.ini",
    "a22-hash": "image is revoked by its root hash",
    "b26-epoch": "epoch 1 is below the floor 4",
    "c-pinned": "the device policy pins another image digest",
    "a34-huge": "image is larger than 4 GiB",
}
RUNNING = ("good", "late", "heal", "swap", "suid")
CONF = {"a18-version": "min_version = 2.0", "c-pinned": "image_digest = sha256:" + "ab" * 32}


class Maker:
    """Keys, trust, images and the state disk of the first boot."""

    def __init__(self, directory):
        self.directory = directory
        self.images, self.disk = {}, []
        self.roots = roots.Roots(self.at("keys"))
        for ca in ("acme-ca", "site-ca"):
            self.roots.authority(ca)
        self.roots.leaf("acme", "acme-ca")
        self.roots.leaf("site", "site-ca")
        self.tree = self.at("root")
        services.rootfs(self.tree, overlay.built(BOARD, "probe", [os.path.join(services.DEMO, "probe.c")]))
        os.makedirs(os.path.join(self.tree, "share"))
        with open(os.path.join(self.tree, "share", "big"), "wb") as out:
            out.write(random.Random(2).randbytes(1 << 20))
        for name in (*REFUSED, *RUNNING):
            getattr(self, "make_" + re.sub("^[a-c][0-9]*-", "", name), self.make_plain)(name)
        self.state()

    def at(self, *names):
        return os.path.join(self.directory, *names)

    def target(self, name):
        self.images[name] = self.at(f"{name}_1.0_{ARCH}.raw")
        return self.images[name]

    def build(self, name, service=POLITE, inside=None, signer="acme", arch=ARCH, tree=None, sign=None, version="1.0"):
        ini = self.at(name + ".ini")
        with open(ini, "w", encoding="ascii") as out:
            out.write(service)
        roots.run(paths.host_tool(), "image", "build", "--rootfs", tree or self.tree, "--service", ini, "--name", inside or name,
                  "--version", version, "--epoch", "1", "--arch", arch, *(sign or self.roots.pair(signer)), "-o", self.target(name))
        return self.images[name]

    def elsewhere(self, name, change, service=POLITE, more=""):
        """With other people's tools, which refuse nothing: change(tree) spoils a copy of the root file system."""
        tree = self.at(name + ".root")
        shutil.copytree(self.tree, tree, symlinks=True)
        ini = self.at(name + ".ini")
        with open(ini, "w", encoding="ascii") as out:
            out.write(f"[image]\nname = {name}\nversion = 1.0\nepoch = 1\narch = {ARCH}\n{more}\n{service}")
        change(tree)
        key = self.roots.at("acme.key"), self.roots.at("acme.pem")
        roots.run(os.path.join(HERE, "mkimage"), "--arch", ARCH, tree, ini, name + "_1.0", *key, self.target(name))

    # ---- one a name

    def make_plain(self, name):
        self.build(name)

    def make_level(self, name):
        forge.level_as_data(self.build(name), self.images[name])

    def make_data(self, name):
        path = self.build(name)
        program = open(os.path.join(self.tree, "bin", "probe"), "rb").read(4096)
        flip(path, open(path, "rb").read().find(program) + 100)

    def make_tree(self, name):
        path = self.build(name)
        image = forge.Image(path)
        first = struct.unpack_from("<Q", image.entries[forge.VERITY], 32)[0] * 512
        flip(path, first + 2 * 4096)  # behind superblock and top level: the digest of the first block

    def make_link(self, name):
        self.build(name)
        self.disk += [f"rm {inside(name)}", f"symlink {inside(name)} ../good.raw.v/good_1.0_{ARCH}.raw"]

    def make_pipe(self, name):
        self.build(name)
        self.disk += [f"rm {inside(name)}", f"cd /images/{name}.raw.v", f"mknod {os.path.basename(inside(name))} p", "cd /"]

    def make_node(self, name):
        self.build(name)
        self.disk += [f"rm {inside(name)}", f"cd /images/{name}.raw.v", f"mknod {os.path.basename(inside(name))} c 1 3", "cd /"]

    def make_hard(self, name):
        self.build(name)
        self.disk += [f"ln {inside(name)} /images/second", f"sif {inside(name)} links_count 2"]

    def make_owner(self, name):
        self.build(name)
        self.disk += [f"sif {inside(name)} uid 1000"]

    def make_mode(self, name):
        self.build(name)
        self.disk += [f"sif {inside(name)} mode 0100622"]

    def make_huge(self, name):
        self.build(name)
        self.disk += [f"sif {inside(name)} size {(4 << 30) + 4096}"]

    def make_manifest(self, name):
        def link(tree):
            os.makedirs(os.path.join(tree, "usr", "lib", "bartizan"))
        self.elsewhere(name, link)
        tree, ini = self.at(name + ".root"), os.path.join("usr", "lib", "bartizan")
        shutil.copyfile(self.at(name + ".ini"), os.path.join(tree, ini, "elsewhere.ini"))
        os.symlink("elsewhere.ini", os.path.join(tree, ini, "service.ini"))
        self.pack(name, tree)

    def pack(self, name, tree):
        """A tree as it is, signed by acme: nothing is put into it."""
        work = self.at(name + ".erofs")
        roots.run("mkfs.erofs", "--quiet", "-T0", "--all-root", work, tree)
        size = os.path.getsize(work)
        os.truncate(work, size + -size % 4096)
        text = roots.run("veritysetup", "format", "--salt=" + "11" * 32, work, work + ".tree")
        root_hash = re.search(r"Root hash:\s+([0-9a-f]{64})", text).group(1)
        image = forge.Image(self.images.get("good") or self.build("good"))
        image.parts[forge.ROOT], image.parts[forge.VERITY] = open(work, "rb").read(), open(work + ".tree", "rb").read()
        image.with_hash(root_hash)
        der = forge.sign(root_hash, self.roots.at("acme.key"), self.roots.at("acme.pem"))
        image.with_signatures(der, root_hash=root_hash).assemble(self.target(name))

    def make_unsigned(self, name):
        self.build(name, sign=("--unsigned",))

    def make_arch(self, name):
        self.build(name, arch="aarch64")

    def make_scope(self, name):
        self.build(name, signer="site")

    def make_name(self, name):
        self.build(name, inside="other")

    def make_board(self, name):
        self.elsewhere(name, lambda tree: None, more="compatible = nemo\n")

    def make_root(self, name):
        """An operating system's root that the same organisation signed: no manifest in it."""
        self.pack(name, self.tree)

    def make_suid(self, name):
        def spoil(tree):
            os.mkdir(os.path.join(tree, "tmp"))
            os.chmod(os.path.join(tree, "bin", "probe"), 0o4755)
            if os.getuid() == 0:
                os.mknod(os.path.join(tree, "null"), 0o20666, os.makedev(1, 3))
                capability = struct.pack("<5I", 0x02000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0)
                os.setxattr(os.path.join(tree, "bin", "probe"), "security.capability", capability)
        self.elsewhere(name, spoil, FACTS)

    # ---- the device

    def conf(self, names, syslog=False):
        return services.configuration(self.at(f"supervisor-{len(names)}.conf"),
                                      {name: CONF.get(name, "") + "\nstart = no" * (name not in ("good",)) for name in names}, syslog)

    def trust(self, version=1, root="root1", more=""):
        directory = self.at(f"trust-{version}")
        os.makedirs(directory)
        shutil.copyfile(self.roots.conf(version, root, more), os.path.join(directory, "trust.conf"))
        for ca in ("root1", "root2", "acme-ca", "site-ca"):
            shutil.copyfile(self.roots.at(ca + ".pem"), os.path.join(directory, ca + ".pem"))
        return directory

    def state(self):
        """The overlay, the trust of the firmware and what else the disk remembers."""
        revoked = forge.Image(self.images["a22-hash"]).root_hash()
        allow = "".join(f"allow = {glob}\n" for glob in ("a*", "c*", *RUNNING))
        self.roots.others = (f"[signer acme]\nanchor = acme-ca.pem\n{allow}\n[signer high]\nanchor = acme-ca.pem\nallow = b*\n"
                             f"min_epoch = 4\n\n[signer site]\nanchor = site-ca.pem\nallow = site.*\n\n"
                             f"[revoke]\nroot_hash = sha256:{revoked}\n")
        rotation.make(self.roots, self.bundle_of_service, self.at("overlay"))
        shutil.copyfile(overlay.built(BOARD, "meddle", [os.path.join(HERE, "meddle.c")]), self.at("overlay", "tests", "meddle"))
        os.chmod(self.at("overlay", "tests", "meddle"), 0o755)
        evil = self.build("evil", inside="swap", signer="site")
        self.images.pop("evil")
        newer = self.build("newer", inside="good", version="2.0")
        self.images.pop("newer")
        healed = self.build("healed", inside="heal", version="2.0")
        self.heal_2 = self.images.pop("healed")
        floor = struct.pack("<33s3xII", b"a18-floor", 5, 1)
        self.extra = {"floors": struct.pack("<II", 0x42464C31, 1) + floor + bytes(44 * 255),
                      "images/swap.raw.v/evil": open(evil, "rb").read(),
                      f"images/heal.raw.v/heal_2.0_{ARCH}.raw": open(healed, "rb").read(),
                      "incoming/" + os.path.basename(clocks.IMAGE): open(newer, "rb").read()}

    def bundle_of_service(self, pair, target):
        self.build("trust", sign=pair)
        os.rename(self.images.pop("trust"), target)


def inside(name):
    return f"/images/{name}.raw.v/{name}_1.0_{ARCH}.raw"


def flip(path, offset):
    with open(path, "r+b") as image:
        image.seek(offset)
        byte = image.read(1)[0]
        image.seek(offset)
        image.write(bytes([byte ^ 0x10]))


class Bench:
    """The devices of the attacks; the first boot is made when the first case asks."""

    def __init__(self, directory):
        self.maker = Maker(directory)
        self.state_file = self.maker.at("state.ext4")
        self.device = None

    def boot(self, names, trust, syslog=False, extra=(), overlays=()):
        self.close()
        new = not os.path.exists(self.state_file)
        self.device = Device(BOARD, KERNEL, images=[f"{n}={p}" for n, p in self.maker.images.items()], trust=trust,
                             overlays=[self.maker.at("overlay"), *overlays], conf=self.maker.conf(names, syslog), extra=extra,
                             state_file=self.state_file, state_extra=self.maker.extra, collector=Collector() if syslog else None)
        if new:
            self.device._disk()
            commands = "\n".join(self.maker.disk) + "\n"
            done = subprocess.run(["debugfs", "-w", "-f", "-", self.state_file], input=commands, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=True)
            tap.check("not found" not in done.stdout, done.stdout)
        self.device.boot()
        tap.check(self.device.settle(120), "the services did not settle:", self.device.services())
        return self.device

    def close(self):
        if self.device:
            self.device.close()
            if self.device.collector:
                self.device.collector.stop()
        self.device = None

    # ---- questions

    def kernel(self):
        """What images have left there: loop devices with a file, mappings, mounts of init."""
        agent, loops = self.device.agent, 0
        for name in agent.list("/sys/block"):
            if name.startswith("loop"):
                try:
                    agent.text(f"/sys/block/{name}/loop/backing_file")
                    loops += 1
                except OSError:
                    continue
        mappings = [n for n in agent.list("/sys/block") if n.startswith("dm-")]
        return {"loops": loops, "mappings": len(mappings), "mounts": len(agent.text("/proc/1/mountinfo").splitlines()),
                "descriptors": len(agent.list(f"/proc/{self.device.processes('launcher')[0].pid}/fd"))}

    def output(self, name):
        lines = [r["d"]["line"] for r in matching(self.device.records(), "OUTPUT", service=name)]
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def meddle(self, *words):
        done = self.device.run(["/tests/meddle", *map(str, words)], 120)
        tap.equal(done.exit, 0, f"meddle {words}")


def refused(b, name):
    """The start is refused with the reason, on record, nothing runs, nothing stays in the kernel."""
    before = b.kernel()
    done = b.device.run(f"bartizan start {name}", 90)
    tap.equal(done.exit, 5, f"start of {name} ({done.stdout}{done.stderr})")
    tap.check(REFUSED[name] in done.stderr + done.stdout, f"{name}: says {done.stderr!r}, not {REFUSED[name]!r}")

    def on_record():
        found = [r for event in ("IMAGE_REFUSED", "START_REFUSED") for r in matching(b.device.records(), event, service=name)]
        return any(REFUSED[name] in r["d"]["reason"] for r in found)
    tap.check(b.device.wait_for(on_record, 60), f"no record of {name} says {REFUSED[name]!r}")
    tap.equal([p for p in b.device.processes() if f"/services/{name}/" in p.cgroup], [], "processes")
    b.device.run(f"bartizan stop {name}", 60)
    tap.check(b.device.wait_for(lambda: b.kernel() == before, 20), f"{name} leaves {b.kernel()}, before {before}")


def all_refused(*names):
    def case(b):
        for name in names:
            refused(b, name)
    return case


def changed_later(b):
    """A block changed after the mount is not handed out; the next start is refused."""
    tap.equal(b.device.run("bartizan start late", 60).exit, 0, "start")
    pid = b.device.service("late")["pid"]
    size = os.path.getsize(b.maker.images["late"])
    b.meddle("flip", "/state" + inside("late"), 20480 + 4096, size - 40960)
    try:
        b.device.agent.read(f"/proc/{pid}/root/share/big")
        raise tap.Failed("a changed block was read")
    except OSError as error:
        tap.equal(error.errno, 5, "reading a changed block")
    b.device.run("bartizan stop late", 60)
    done = b.device.run("bartizan start late", 60)
    tap.equal(done.exit, 5, f"start after the change ({done.stdout}{done.stderr})")
    tap.check(b.device.wait_record("IMAGE_REFUSED", 30, service="late"), "no record")


def damaged_while_running(b):
    """Damage behind what was read well: quarantined at once, restarted from the version before, on record."""
    tap.equal(b.device.run("bartizan start heal", 60).exit, 0, "start")
    row = b.device.wait_state("heal", ("running",))
    tap.equal(row["version"], "2.0", "version at first")
    big = f"/proc/{row['pid']}/root/share/big"
    wanted = open(os.path.join(b.maker.tree, "share", "big"), "rb").read()
    tap.check(b.device.agent.read(big) == wanted, "share/big is other bytes")
    at = open(b.maker.heal_2, "rb").read().find(wanted[4096 * 200:4096 * 201])
    b.meddle("flip", f"/state/images/heal.raw.v/heal_2.0_{ARCH}.raw", at, at + 4096)
    tap.check(b.device.agent.read(big) == wanted, "what is in memory has changed")
    tap.equal(b.device.service("heal")["version"], "2.0", "version before the damage is met")
    b.device.agent.write("/proc/sys/vm/drop_caches", b"3")
    try:
        b.device.agent.read(big)
        raise tap.Failed("a changed block was read")
    except OSError as error:
        tap.equal(error.errno, 5, "reading a changed block")
    found = b.device.wait_record("QUARANTINED", 30, service="heal", version="2.0")
    tap.check(found, "no QUARANTINED record")
    tap.check(b.device.wait_record("IMAGE_CORRUPT", 30, service="heal"), "no IMAGE_CORRUPT record")
    again = b.device.wait_for(lambda: (lambda r: r if r["version"] == "1.0" and r["state"] == "running" else None)(
        b.device.service("heal")), 60)
    tap.check(again and again["pid"] != row["pid"], "1.0 does not run:", b.device.service("heal"))
    rows = {r["version"]: r for r in b.device.json("bartizan image list heal --json")}
    tap.equal((rows["2.0"]["state"], rows["2.0"]["active"], rows["1.0"]["active"]), ("quarantined", False, True), "list")
    done = b.device.run("bartizan image activate heal 2.0", 60)
    tap.check(done.exit == 5 and "damaged" in done.stderr, "activate of a quarantined version:", done.exit, done.stderr)
    tap.equal(b.device.run("bartizan stop heal", 60).exit, 0, "stop")


def exchanged(b):
    """The file is renamed over another, again and again, while it is verified: only the good content ever runs."""
    good = forge.Image(b.maker.images["swap"]).root_hash()
    place = "/state/images/swap.raw.v/"
    running = b.device.agent.start(["/tests/meddle", "exchange", f"{place}swap_1.0_{ARCH}.raw", place + "evil", "20000"], 60)
    started = []
    for _ in range(8):
        done = b.device.run("bartizan start swap", 60)
        row = b.device.service("swap")
        if done.exit == 0:
            started.append(row["root_hash"])
        b.device.run("bartizan stop swap", 60)
    tap.equal(b.device.agent.finish(running).exit, 0, "meddle")
    tap.check(set(started) <= {good}, "what ran:", started, "good is", good)
    verified = {r["d"]["root_hash"] for r in matching(b.device.records(), "IMAGE_VERIFIED", service="swap")}
    tap.check(verified <= {good}, "what was verified:", verified)


def privileges_inside(b):
    """setuid bit, device node and file capabilities of a signed image have no effect."""
    tap.equal(b.device.run("bartizan start suid", 60).exit, 0, "start")
    facts = b.device.wait_for(lambda: (lambda f: f if "facts" in f else None)(b.output("suid")), 40, 1)
    tap.check(facts, "no facts of suid")
    uid = str(b.device.service("suid")["uid"])
    tap.equal(facts["status.Uid"].split(), [uid] * 4, "Uid")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        tap.equal(int(facts["status." + name], 16), 0, name)
    tap.equal(int(facts["root.flags"]) & 7, 7, "ro, nosuid, nodev of /")


def nodes_out_of_reach(b):
    """No loop or dm node in /dev of a service, none that it could make, and no way to the image file."""
    facts = b.output("suid")
    tap.check(facts.get("dev"), "no facts of suid")
    tap.check(not [n for n in facts["dev"].split() if n.startswith(("loop", "dm", "mapper", "vd"))], "/dev:", facts["dev"])
    tap.check(int(facts["mknod"]) in (1, 13, 38), "mknod gave", facts["mknod"])
    pid = b.device.service("suid")["pid"]
    tap.check("state" not in b.device.agent.list(f"/proc/{pid}/root"), "the state partition is inside")
    for name in [n for n in b.device.agent.list("/sys/block") if n.startswith("loop")]:
        tap.equal(b.device.agent.text(f"/sys/block/{name}/ro").strip() if loop_used(b, name) else "1", "1", f"ro of {name}")


def loop_used(b, name):
    try:
        b.device.agent.text(f"/sys/block/{name}/loop/backing_file")
        return True
    except OSError:
        return False


def many_failures(b):
    """Failing starts, one that is mapped before it fails and one that is not, leave nothing."""
    before = b.kernel()
    for i in range(STARTS):
        name = ("a6-tree", "a11-unsigned")[i % 2]
        tap.check(b.device.run(f"bartizan start {name}", 60).exit != 0, f"{name} was started")
    tap.check(b.device.wait_for(lambda: b.kernel() == before, 20), f"after {STARTS} starts {b.kernel()}, before {before}")


def floors_gone(b):
    """Without the file, the floor of the verified root stays, and the loss is on record."""
    refused(b, "b26-epoch")
    tap.check(not matching(b.device.records(), "FLOORS_LOST"), "FLOORS_LOST without a loss")
    tap.check(b.device.power_off(60), "no power off")
    subprocess.run(["debugfs", "-w", "-R", "rm /floors", b.state_file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    device = b.boot(("b26-epoch", "good"), b.maker.at("trust-1"))
    tap.check(device.wait_record("FLOORS_LOST", 30), "no FLOORS_LOST record")
    done = device.run("bartizan start b26-epoch", 60)
    tap.check(done.exit == 5 and REFUSED["b26-epoch"] in done.stderr, done.stderr)


def damaged_chain(b):
    """A stored bundle that is no longer whole ends the chain in front of it, aloud; half an installation is cleared away."""
    tap.equal(rotation.stored(b), ["2.raw", "3.raw", "4.raw"], "stored")
    tap.check(b.device.power_off(60), "no power off")
    half = b.maker.at("half.raw")
    with open(b.maker.at("overlay", "tests", "bundles", "third.raw"), "rb") as whole, open(half, "wb") as out:
        out.write(whole.read()[:-4096])
    commands = f"cd /trust\nrm 4.raw\nwrite {half} 4.raw\nwrite {half} new\n"
    subprocess.run(["debugfs", "-w", "-f", "-", b.state_file], input=commands, text=True, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE, check=True)
    device = b.boot(("good",), b.maker.at("trust-1"))
    tap.equal(rotation.version(b), 3, "version")
    tap.check(device.said("TRUST_REFUSED", "truncated"), "no TRUST_REFUSED record")
    tap.check("new" not in rotation.stored(b), "what was left of an installation is there:", rotation.stored(b))
    tap.equal(device.service("good")["state"], "running", "good")
    done = clocks.bundle(b, "third")
    tap.equal(done.exit, 0, f"trust install over the damaged one: {done.stderr}")
    tap.equal(rotation.version(b), 4, "version after it was installed again")


def first_boot(b):
    device = b.boot((*REFUSED, *RUNNING), b.maker.trust())
    tap.equal(device.service("good")["state"], "running", "good")
    tap.check(not matching(device.records(), "CERTIFICATE_EXPIRED"), "certificates have expired")


def without_verity(b):
    """A kernel that cannot do dm-verity: no service, and the reason is on record."""
    base = b.maker.at("no-verity")
    module = "lib/modules/dm_verity.ko"
    tap.check(cpio.extract(open(base_initramfs(BOARD, KERNEL), "rb").read(), module), f"the initramfs has no {module}")
    os.makedirs(os.path.dirname(os.path.join(base, module)))
    with open(os.path.join(base, module), "wb") as out:
        out.write(b"not a module")
    device = b.boot(("good",), b.maker.at("trust-5"), overlays=[base])
    tap.equal([p for p in device.processes() if "/services/" in p.cgroup], [], "what runs")
    tap.check(device.run("bartizan start good", 60).exit != 0, "good was started")
    tap.check(device.said("LOCKED_DOWN", "dm_verity"), "no LOCKED_DOWN record")


def in_first_boot(function):
    """The first boot is made by the first case that wants it, also when only some cases are run."""
    def case(b):
        if not b.device:
            first_boot(b)
        function(b)
    return case


# In this order: those of the first boot, then the other clocks, the newer firmware, the kernel that can less.
CASES = {test: in_first_boot(function) for test, function in {
    "level": all_refused("a5-level"),
    "bits": all_refused("a6-data", "a6-tree"),
    "odd_files": all_refused("a9-link", "a9-pipe", "a9-node", "a9-hard", "a9-manifest"),
    "owners": all_refused("a10-owner", "a10-mode"),
    "no_signature": all_refused("a11-unsigned", "a11-arch"),
    "scope": all_refused("a12-scope"),
    "old_versions": all_refused("a18-floor", "a18-version"),
    "renamed": all_refused("a19-name"),
    "other_board": all_refused("a20-board"),
    "operating_system": all_refused("a21-root"),
    "revoked": all_refused("a22-hash", "c-pinned"),
    "huge": all_refused("a34-huge"),
    "many_failures": many_failures,
    "privileges_inside": privileges_inside,
    "nodes_out_of_reach": nodes_out_of_reach,
    "changed_later": changed_later,
    "damaged_while_running": damaged_while_running,
    "exchanged": exchanged,
    "rotated": rotation.rotation,
    "floors_gone": floors_gone,
    "far_future": clocks.far_future,
    "back_today": clocks.back_today,
    "far_past": clocks.far_past,
    "damaged_chain": damaged_chain,
    "overtaken": clocks.overtaken,
    "always": clocks.always,
    "without_verity": without_verity,
}.items()}

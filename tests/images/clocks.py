"""Attacks 23 and 24: boots at other times. What is installed starts whatever the clock says; installing goes by `expiry` of the trust policy."""
import rotation
from harness import tap
from harness.device import matching

IMAGE = "/state/incoming/good_2.0_x86_64.raw"
EXPIRED = "certificate has expired"


def boot(b, when, trust="trust-1", version=2):
    """At a time ("" is today), with TLS; the installed image runs under the stored trust."""
    extra = ("-rtc", f"base={when}T12:00:00") if when else ()
    device = b.boot(("good", "swap"), b.maker.at(trust), syslog=True, extra=extra)
    tap.equal(device.service("good")["state"], "running", f"good at {when or 'today'}")
    tap.equal(rotation.version(b), version, f"version of the trust at {when or 'today'}")
    return device


def bundle(b, name):
    return b.device.run(f"bartizan trust install {rotation.GUEST}/{name}.raw", 150)


def image(b):
    """The next version, put beside the one that runs."""
    return b.device.run(f"bartizan image install {IMAGE} --stage", 150)


def refused(done, what):
    tap.equal(done.exit, 5, what)
    tap.check(EXPIRED in done.stderr, f"{what} says:", done.stderr)


def works(b, name, version, when):
    """TLS, a trust bundle, an image."""
    # A collector of this boot alone: what it has came over the TLS of this boot.
    tap.check(b.device.wait_for(lambda: b.device.collector.messages(), 90, 1), f"nothing was received {when}")
    done = bundle(b, name)
    tap.equal(done.exit, 0, f"trust install {when}: {done.stderr}")
    tap.equal(rotation.version(b), version, f"version {when}")
    done = image(b)
    tap.equal(done.exit, 0, f"image install {when}: {done.stderr}")


def far_future(b):
    """2099: every certificate has expired; what is installed starts, with a warning, and installing is refused (expiry = install)."""
    boot(b, "2099-01-01")
    tap.check(b.device.wait_record("CERTIFICATE_EXPIRED", 30, service="good"), "no warning")
    refused(bundle(b, "next"), "trust install in 2099")
    refused(image(b), "image install in 2099")
    tap.check(b.device.wait_record("SHIPPER_FAILED", 60), "the collector's certificate did not expire")


def back_today(b):
    """The boot after 2099, at the time that it is: 2099 has left no trace, TLS and installing work."""
    before = len(matching(b.device.records(), "CERTIFICATE_EXPIRED"))
    boot(b, "")
    tap.check(len(matching(b.device.records(), "CERTIFICATE_EXPIRED")) <= before, "a warning")
    works(b, "next", 3, "after 2099 and back")


def far_past(b):
    """1970: judged by the time of the build, so TLS and installing work here too."""
    before = len(matching(b.device.records(), "CERTIFICATE_EXPIRED"))
    boot(b, "1970-01-01", version=3)
    tap.check(len(matching(b.device.records(), "CERTIFICATE_EXPIRED")) <= before, "a warning")
    works(b, "third", 4, "in 1970")


def overtaken(b):
    """A firmware with a newer trust.conf wins over every stored bundle. Its expiry = never: installing works in 2099 too."""
    b.maker.trust(5, "root2", "expiry = never")
    boot(b, "2099-01-01", "trust-5", 5)
    done = image(b)
    tap.equal(done.exit, 0, f"image install in 2099 with expiry = never: {done.stderr}")


def always(b):
    """expiry = always: what has expired does not even start; only who asks for that gets it."""
    device = b.boot(("good",), b.maker.trust(6, "root2", "expiry = always"), extra=("-rtc", "base=2099-01-01T12:00:00"))
    tap.check(device.service("good")["state"] != "running", "good runs")
    tap.check(device.said("IMAGE_REFUSED", EXPIRED, service="good"), "no IMAGE_REFUSED record")

"""The QEMU harness as a library: what tests/qemu/boot and the suites are made of (tests/README.md)."""

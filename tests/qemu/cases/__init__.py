"""The cases of the QEMU suite, by the boot that they share."""

# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := aarch64-linux-musl
CROSS := aarch64-linux-gnu-
KERNEL_HEADERS := /usr/aarch64-linux-gnu/include
ASM_HEADERS := /usr/aarch64-linux-gnu/include/asm
ARCH_CFLAGS := -march=armv8-a -mbranch-protection=standard -mno-outline-atomics
DEB_ARCH := arm64
# Segments aligned to 4 KiB, not 64: each program is 180 KB smaller.  Our boards' kernels have 4 KiB pages.
ARCH_LDFLAGS := -Wl,-z,max-page-size=4096

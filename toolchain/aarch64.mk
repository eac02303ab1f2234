# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := aarch64-linux-musl
CROSS := aarch64-linux-gnu-
KERNEL_HEADERS := /usr/aarch64-linux-gnu/include
ASM_HEADERS := /usr/aarch64-linux-gnu/include/asm
# The stack protector's value: see armv7.mk.
ARCH_CFLAGS := -march=armv8-a -mbranch-protection=standard -mno-outline-atomics -mstack-protector-guard=sysreg -mstack-protector-guard-reg=tpidr_el0 -mstack-protector-guard-offset=-16
DEB_ARCH := arm64
# Segments aligned to 4 KiB, not 64: each program is 180 KB smaller.  Our boards' kernels have 4 KiB pages.
ARCH_LDFLAGS := -Wl,-z,max-page-size=4096
# What every audit record passes (build.mk) and every byte of a TLS session (recipes/mbedtls.mk): here the room is there.
FAST_CFLAGS := -O2

# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := x86_64-linux-musl
CROSS := x86_64-linux-gnu-
KERNEL_HEADERS := /usr/include
ASM_HEADERS := /usr/include/x86_64-linux-gnu/asm
ARCH_CFLAGS := -march=x86-64 -fcf-protection=full
DEB_ARCH := amd64
# Relative relocations packed (DT_RELR), which musl's static-pie start code reads; binutils 2.40 has it for x86 only.
ARCH_LDFLAGS := -Wl,-z,pack-relative-relocs
# What every audit record passes (build.mk) and every byte of a TLS session (recipes/mbedtls.mk): here the room is there.
FAST_CFLAGS := -O2

# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := riscv64-linux-musl
CROSS := riscv64-linux-gnu-
KERNEL_HEADERS := /usr/riscv64-linux-gnu/include
ASM_HEADERS := /usr/riscv64-linux-gnu/include/asm
ARCH_CFLAGS := -march=rv64gc -mabi=lp64d
DEB_ARCH := riscv64

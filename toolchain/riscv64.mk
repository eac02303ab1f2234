# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := riscv64-linux-musl
CROSS := riscv64-linux-gnu-
KERNEL_HEADERS := /usr/riscv64-linux-gnu/include
ASM_HEADERS := /usr/riscv64-linux-gnu/include/asm
# The stack protector's value: see armv7.mk.
ARCH_CFLAGS := -march=rv64gc -mabi=lp64d -mstack-protector-guard=tls -mstack-protector-guard-reg=tp -mstack-protector-guard-offset=-16
DEB_ARCH := riscv64
FAST_CFLAGS := -O2

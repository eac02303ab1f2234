# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := arm-linux-musleabihf
CROSS := arm-linux-gnueabihf-
KERNEL_HEADERS := /usr/arm-linux-gnueabihf/include
ASM_HEADERS := /usr/arm-linux-gnueabihf/include/asm
# The stack protector's value lies in front of the thread pointer (struct pthread of musl ends with it): one load instead of
# the address of __stack_chk_guard, its place in the GOT and two loads, twice in each protected function.
ARCH_CFLAGS := -march=armv7-a+fp -mfloat-abi=hard -mthumb -mstack-protector-guard=tls -mstack-protector-guard-offset=-8
DEB_ARCH := armhf
# In one piece the optimiser finds more that is the same; the assembly of mbedTLS for x86_64 does not link that way.
ARCH_LDFLAGS := -flto-partition=one
# What every audit record passes is as small as all else: the size budget is judged here.
FAST_CFLAGS :=

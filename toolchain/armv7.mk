# One line per value: the Makefile includes this file and toolchain/deps reads it.
TRIPLE := arm-linux-musleabihf
CROSS := arm-linux-gnueabihf-
KERNEL_HEADERS := /usr/arm-linux-gnueabihf/include
ASM_HEADERS := /usr/arm-linux-gnueabihf/include/asm
ARCH_CFLAGS := -march=armv7-a+fp -mfloat-abi=hard -mthumb
DEB_ARCH := armhf
# In one piece the optimiser finds more that is the same; the assembly of mbedTLS for x86_64 does not link that way.
ARCH_LDFLAGS := -flto-partition=one

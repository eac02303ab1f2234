# The build machine's own compiler and libc: unit tests and fuzzers, never shipped.
TRIPLE := native
CROSS :=
KERNEL_HEADERS :=
ASM_HEADERS :=
ARCH_CFLAGS :=
DEB_ARCH :=

# Compiler flags shared by our code and the third-party libraries; one line per value (see <arch>.mk).
# Fat objects: a release links with -flto, a development build takes the machine code that is there too.
HARDEN_CFLAGS := -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero -fno-strict-aliasing -fno-delete-null-pointer-checks
TARGET_CFLAGS := -std=gnu11 -Os -pipe -fPIE -fno-plt -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
TARGET_LTO := -flto -ffat-lto-objects
MUSL_CFLAGS := -Os -pipe -ffunction-sections -fdata-sections -fstack-protector-strong -fno-asynchronous-unwind-tables -fno-unwind-tables
NATIVE_CFLAGS := -std=gnu11 -O1 -g -pipe -fPIE

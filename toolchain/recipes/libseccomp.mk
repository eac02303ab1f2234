# libseccomp without its autotools.  Two libraries from the same source: lib/libseccomp.a knows our four
# architectures (filters are generated and checked for all of them on the build host), lib/device/libseccomp.a
# the target's own.  The others' tables, 90 KB, are in neither.
INPUTS := syscalltable
VERS := $(subst ., ,$(VERSION))
OWN := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ARCHS := x86_64 arm aarch64 riscv64
FLAGS = $(BASE_CFLAGS) -D_GNU_SOURCE -I$(WORK) -I$(PREFIX)/include -I$(SRC)/include -ffile-prefix-map=$(WORK)=libseccomp
LIB = $(MAKE) -f $(TOOLCHAIN)/lib.mk

all: $(WORK)/configure.h $(PREFIX)/include/seccomp.h
	@cp $(SRC)/include/seccomp-syscalls.h $(PREFIX)/include/
	@mkdir -p $(PREFIX)/lib/device $(WORK)/all.o $(WORK)/own.o
	@$(TOOLCHAIN)/syscalltable $(SRC)/src $(WORK)/all $(ARCHS)
	@$(TOOLCHAIN)/syscalltable $(SRC)/src $(WORK)/own $(OWN)
	@$(LIB) OUT=$(PREFIX)/lib/libseccomp.a OBJDIR=$(WORK)/all.o SRCS="$$(echo $(WORK)/all/*.c)" CFLAGS="$(FLAGS)"
	@$(LIB) OUT=$(PREFIX)/lib/device/libseccomp.a OBJDIR=$(WORK)/own.o SRCS="$$(echo $(WORK)/own/*.c)" CFLAGS="$(FLAGS)"

$(WORK)/configure.h:
	@printf '#define HAVE_LINUX_SECCOMP_H 1\n#define PACKAGE_VERSION "%s"\n#define ENABLE_PYTHON 0\n' \
		$(VERSION) >$@

$(PREFIX)/include/seccomp.h: $(SRC)/include/seccomp.h.in
	@sed -e 's/@VERSION_MAJOR@/$(word 1,$(VERS))/' -e 's/@VERSION_MINOR@/$(word 2,$(VERS))/' \
		-e 's/@VERSION_MICRO@/$(word 3,$(VERS))/' $< >$@

.DELETE_ON_ERROR:

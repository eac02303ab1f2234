# libseccomp without its autotools (they want gperf; the generated table is in the tarball).
# All architectures stay in: the launcher's interpreter and the tests check foreign filters too.
VERS := $(subst ., ,$(VERSION))
FILES := $(filter-out %/arch-syscall-dump.c %/arch-syscall-check.c,$(wildcard $(SRC)/src/*.c))

all: $(WORK)/configure.h $(PREFIX)/include/seccomp.h
	@cp $(SRC)/include/seccomp-syscalls.h $(PREFIX)/include/
	@$(MAKE) -f $(TOOLCHAIN)/lib.mk OUT=$(PREFIX)/lib/libseccomp.a OBJDIR=$(WORK) SRCS="$(FILES)" \
		CFLAGS="$(BASE_CFLAGS) -D_GNU_SOURCE -I$(WORK) -I$(PREFIX)/include -I$(SRC)/include"

$(WORK)/configure.h:
	@printf '#define HAVE_LINUX_SECCOMP_H 1\n#define PACKAGE_VERSION "%s"\n#define ENABLE_PYTHON 0\n' \
		$(VERSION) >$@

$(PREFIX)/include/seccomp.h: $(SRC)/include/seccomp.h.in
	@sed -e 's/@VERSION_MAJOR@/$(word 1,$(VERS))/' -e 's/@VERSION_MINOR@/$(word 2,$(VERS))/' \
		-e 's/@VERSION_MICRO@/$(word 3,$(VERS))/' $< >$@

.DELETE_ON_ERROR:

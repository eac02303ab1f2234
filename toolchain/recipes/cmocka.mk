# cmocka: one file; its configure step only asks what every libc of ours has.
VERS := $(subst ., ,$(VERSION))
HAVE := ASSERT_H INTTYPES_H MALLOC_H SETJMP_H SIGNAL_H STDARG_H STDDEF_H STDINT_H STDIO_H STDLIB_H STRINGS_H STRING_H SYS_STAT_H SYS_TYPES_H TIME_H UNISTD_H STRUCT_TIMESPEC UINTPTR_T CLOCK_GETTIME CLOCK_REALTIME GCC_THREAD_LOCAL_STORAGE STRSIGNAL SNPRINTF VSNPRINTF SIGLONGJMP

all: $(WORK)/config.h $(WORK)/cmocka_version.h
	@cp $(SRC)/include/cmocka*.h $(PREFIX)/include/
	@cp $(WORK)/cmocka_version.h $(PREFIX)/include/
	@$(MAKE) -f $(TOOLCHAIN)/lib.mk OUT=$(PREFIX)/lib/libcmocka.a OBJDIR=$(WORK) SRCS=$(SRC)/src/cmocka.c \
		CFLAGS="$(BASE_CFLAGS) -D_GNU_SOURCE -DHAVE_CONFIG_H -I$(WORK) -I$(PREFIX)/include -I$(SRC)/include -I$(SRC)"

$(WORK)/config.h:
	@printf '#define HAVE_%s 1\n' $(HAVE) >$@

# 1.1.7 has no version header; an empty one does no harm there.
$(WORK)/cmocka_version.h:
	@if [ -f $(SRC)/include/cmocka_version.h.cmake ]; then \
		sed -e 's/@cmocka_VERSION_MAJOR@/$(word 1,$(VERS))/' -e 's/@cmocka_VERSION_MINOR@/$(word 2,$(VERS))/' \
		-e 's/@cmocka_VERSION_PATCH@/$(word 3,$(VERS))/' $(SRC)/include/cmocka_version.h.cmake; fi >$@

.DELETE_ON_ERROR:

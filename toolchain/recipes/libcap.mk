# libcap: seven files; the table of names comes from a small program that runs on the build machine.
FILES := cap_alloc cap_proc cap_extint cap_flag cap_text cap_file cap_syscalls
LIBSRC := $(SRC)/libcap
INCLUDES := -I$(LIBSRC)/include/uapi -I$(LIBSRC)/include -I$(WORK) -I$(LIBSRC)
DEFINES := -D_GNU_SOURCE -D_LARGEFILE64_SOURCE -D_FILE_OFFSET_BITS=64

all: $(WORK)/cap_names.h
	@$(MAKE) -f $(TOOLCHAIN)/lib.mk OUT=$(PREFIX)/lib/libcap.a OBJDIR=$(WORK) \
		SRCS="$(FILES:%=$(LIBSRC)/%.c)" CFLAGS="$(BASE_CFLAGS) $(INCLUDES) $(DEFINES)"
	@mkdir -p $(PREFIX)/include/sys
	@cp $(LIBSRC)/include/sys/capability.h $(PREFIX)/include/sys/

$(WORK)/cap_names.list.h: $(LIBSRC)/include/uapi/linux/capability.h
	@sed -n 's/^#define[ \t]\(CAP[_A-Z0-9]*\)[ \t]\{1,\}\([0-9]\{1,\}\)[ \t]*$$/\1 \2/p' $< | \
		grep -v CAP_LAST_CAP | tr 'A-Z' 'a-z' | sed 's/\(.*\) \(.*\)/{"\1",\2},/' >$@

$(WORK)/cap_names.h: $(WORK)/cap_names.list.h
	@gcc -O1 $(INCLUDES) -D_GNU_SOURCE $(LIBSRC)/_makenames.c -o $(WORK)/_makenames
	@$(WORK)/_makenames >$@

.DELETE_ON_ERROR:

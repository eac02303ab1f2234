# inih: one file.  What the parser must refuse is decided here, because the defines shape the code:
# see design, "Errors and resources".  The same defines must be seen by whoever includes ini.h.
DEFINES := -DINI_STOP_ON_FIRST_ERROR=1 -DINI_ALLOW_MULTILINE=0 -DINI_ALLOW_INLINE_COMMENTS=0 -DINI_HANDLER_LINENO=1 -DINI_CALL_HANDLER_ON_NEW_SECTION=1 -DINI_ALLOW_NO_VALUE=0 -DINI_MAX_LINE=4096 -DINI_USE_STACK=1

all:
	@$(MAKE) -f $(TOOLCHAIN)/lib.mk OUT=$(PREFIX)/lib/libinih.a OBJDIR=$(WORK) SRCS=$(SRC)/ini.c \
		CFLAGS="$(BASE_CFLAGS) $(DEFINES)"
	@for d in $(DEFINES); do d=$${d#-D}; echo "#define $${d%=*} $${d#*=}"; done >$(WORK)/defines
	@{ echo '#pragma GCC system_header'; cat $(WORK)/defines $(SRC)/ini.h; } >$(PREFIX)/include/ini.h

# A static library from a list of sources: make -f lib.mk OUT=x.a OBJDIR=dir SRC=dir SRCS="a.c b.c" ...
# Called by toolchain/deps; CC AR CFLAGS and OBJDIR come from the command line.
OBJS := $(addprefix $(OBJDIR)/,$(notdir $(SRCS:.c=.o)))
VPATH := $(sort $(dir $(SRCS)))

$(OUT): $(OBJS)
	@rm -f $@
	@$(AR) rcsD $@ $(OBJS)

$(OBJDIR)/%.o: %.c
	@$(CC) $(CFLAGS) -frandom-seed=$(notdir $<) -w -c $< -o $@

.DELETE_ON_ERROR:

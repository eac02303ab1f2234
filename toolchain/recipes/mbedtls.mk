# mbedTLS with our configuration in place of its own, so that whoever includes its headers sees the
# same structures as the library.  lib/verify/libmbedtls.a can check signatures but make none.
INPUTS := mbedtls/mbedtls_config.h mbedtls/psa_config.h mbedtls/random.c mbedtls/pk_tables.c
OURS := $(TOOLCHAIN)/mbedtls
SOURCES := $(filter-out %/pk_wrap.c,$(wildcard $(SRC)/library/*.c)) $(OURS)/random.c
FLAGS := $(BASE_CFLAGS) -ffile-prefix-map=$(TOOLCHAIN)=toolchain -I$(PREFIX)/include -I$(SRC)/library
# What every byte of a session passes, and the numbers of a handshake, for speed where size has no budget (ARCH.mk).
FAST := $(if $(filter arm-% gcc,$(notdir $(CC))),,aes aesce aesni bignum bignum_core chacha20 chachapoly ecp ecp_curves gcm poly1305)
LIB = $(MAKE) -f $(TOOLCHAIN)/lib.mk

all:
	@cp -r $(SRC)/include/mbedtls $(SRC)/include/psa $(PREFIX)/include/
	@cp $(OURS)/mbedtls_config.h $(PREFIX)/include/mbedtls/mbedtls_config.h
	@cp $(OURS)/psa_config.h $(PREFIX)/include/psa/crypto_config.h
	@mkdir -p $(PREFIX)/lib/verify $(WORK)/verify.o
	@$(if $(FAST),$(LIB) OUT=$(WORK)/fast.a OBJDIR=$(WORK) SRCS="$(FAST:%=$(SRC)/library/%.c)" CFLAGS="$(FLAGS) -O2")
	@$(LIB) OUT=$(PREFIX)/lib/libmbedtls.a OBJDIR=$(WORK) SRCS="$(SOURCES) $(OURS)/pk_tables.c" CFLAGS="$(FLAGS)"
	@$(LIB) OUT=$(PREFIX)/lib/verify/libmbedtls.a OBJDIR=$(WORK)/verify.o SRCS=$(OURS)/pk_tables.c CFLAGS="$(FLAGS) -DVERIFY_ONLY"
	@$(AR) qcsD $(PREFIX)/lib/verify/libmbedtls.a $(patsubst %.c,$(WORK)/%.o,$(notdir $(SOURCES)))

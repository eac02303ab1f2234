# mbedTLS with our configuration in place of its own, so that whoever includes its headers sees the
# same structures as the library.  lib/verify/libmbedtls.a can check signatures but make none.
# On x86 its AES-GCM is BearSSL's (mbedtls/gcm_bearssl.c).
INPUTS := mbedtls/mbedtls_config.h mbedtls/psa_config.h mbedtls/random.c mbedtls/pk_tables.c mbedtls/gcm_bearssl.c mbedtls/gcm_alt.h
USES := bearssl
OURS := $(TOOLCHAIN)/mbedtls
X86 := $(filter x86_64-%,$(shell $(CC) -dumpmachine))
SOURCES := $(filter-out %/pk_wrap.c $(if $(X86),%/gcm.c),$(wildcard $(SRC)/library/*.c)) $(OURS)/random.c $(if $(X86),$(OURS)/gcm_bearssl.c)
FLAGS := $(BASE_CFLAGS) -ffile-prefix-map=$(TOOLCHAIN)=toolchain -I$(PREFIX)/include -I$(SRC)/library -I$(SRC_bearssl)/inc
# What every byte of a session passes, and the numbers of a handshake, for speed where size has no budget (ARCH.mk).
FAST := $(if $(filter arm-% gcc,$(notdir $(CC))),,aes aesce bignum bignum_core chacha20 chachapoly ecp ecp_curves gcm gcm_bearssl poly1305)
BEARSSL := aead/gcm codec/dec32le codec/enc32le hash/ghash_ctmul64 hash/ghash_pclmul symcipher/aes_common symcipher/aes_ct64 symcipher/aes_ct64_ctr \
	symcipher/aes_ct64_enc symcipher/aes_x86ni symcipher/aes_x86ni_ctr
LIB = $(MAKE) -f $(TOOLCHAIN)/lib.mk

all:
	@cp -r $(SRC)/include/mbedtls $(SRC)/include/psa $(PREFIX)/include/
	@cp $(OURS)/mbedtls_config.h $(OURS)/gcm_alt.h $(PREFIX)/include/mbedtls/
	@cp $(OURS)/psa_config.h $(PREFIX)/include/psa/crypto_config.h
	@mkdir -p $(PREFIX)/lib/verify $(WORK)/verify.o $(WORK)/bearssl
	@$(if $(FAST),$(LIB) OUT=$(WORK)/fast.a OBJDIR=$(WORK) SRCS="$(foreach f,$(FAST),$(filter %/$(f).c,$(SOURCES)))" CFLAGS="$(FLAGS) -O2")
	@$(LIB) OUT=$(PREFIX)/lib/libmbedtls.a OBJDIR=$(WORK) SRCS="$(SOURCES) $(OURS)/pk_tables.c" CFLAGS="$(FLAGS)"
	@$(if $(X86),$(LIB) OUT=$(WORK)/bearssl.a OBJDIR=$(WORK)/bearssl SRCS="$(BEARSSL:%=$(SRC_bearssl)/src/%.c)" \
		CFLAGS="$(FLAGS) -O2 -I$(SRC_bearssl)/src")
	@$(if $(X86),$(AR) qcsD $(PREFIX)/lib/libmbedtls.a $(patsubst %,$(WORK)/bearssl/%.o,$(notdir $(BEARSSL))))
	@$(LIB) OUT=$(PREFIX)/lib/verify/libmbedtls.a OBJDIR=$(WORK)/verify.o SRCS=$(OURS)/pk_tables.c CFLAGS="$(FLAGS) -DVERIFY_ONLY"
	@$(AR) qcsD $(PREFIX)/lib/verify/libmbedtls.a $(patsubst %.c,$(WORK)/%.o,$(notdir $(SOURCES)))

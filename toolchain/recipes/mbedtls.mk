# mbedTLS with our configuration in place of its own, so that whoever includes its headers sees the
# same structures as the library.
INPUTS := mbedtls/mbedtls_config.h mbedtls/random.c

all:
	@cp -r $(SRC)/include/mbedtls $(SRC)/include/psa $(PREFIX)/include/
	@cp $(TOOLCHAIN)/mbedtls/mbedtls_config.h $(PREFIX)/include/mbedtls/mbedtls_config.h
	@$(MAKE) -f $(TOOLCHAIN)/lib.mk OUT=$(PREFIX)/lib/libmbedtls.a OBJDIR=$(WORK) \
		SRCS="$(wildcard $(SRC)/library/*.c) $(TOOLCHAIN)/mbedtls/random.c" \
		CFLAGS="$(BASE_CFLAGS) -ffile-prefix-map=$(TOOLCHAIN)=toolchain -I$(PREFIX)/include -I$(SRC)/library"

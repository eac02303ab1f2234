# What is checked.  Every check is a suite that prints TAP; tests/tally runs them and adds up.
#
# A unit test is tests/unit/test_NAME.c, a fuzz target tests/fuzz/fuzz_NAME.c.  The first line of each,
# "/* links: base ipc mbedtls */", names the supervisor directories and third-party libraries it links;
# "programs/init" stands for that program's files but main.c.  Units are built by gcc, fuzz targets by
# clang, both for this machine with address and undefined-behaviour sanitizers that stop at the first hit.

include $(O)/.config
include toolchain/flags.mk
NATIVE := $(shell toolchain/deps --cache $(CACHE) --where)/native
comma := ,
ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

LIB_mbedtls := mbedtls/lib/libmbedtls.a
LIB_seccomp := libseccomp/lib/libseccomp.a
LIB_cap := libcap/lib/libcap.a
LIB_inih := inih/lib/libinih.a
THIRD_PARTY := mbedtls libseccomp libcap inih cmocka
WARN_CFLAGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wformat=2 -Wvla -Wswitch-enum -Wcast-qual -Wwrite-strings $(if $(filter 1,$(WERROR)),-Werror)
BASE_CFLAGS := -D_GNU_SOURCE -DBARTIZAN_TEST_SOURCES=\"$(CURDIR)\" -iquote supervisor -iquote tests/unit -I$(O)/include \
	$(foreach l,$(THIRD_PARTY),-isystem $(NATIVE)/pkg/$(l)/include) $(NATIVE_CFLAGS) -fno-omit-frame-pointer \
	$(WARN_CFLAGS) -Werror=unused-function -fno-sanitize-recover=all

# The two sides: directory, compiler, sanitizers for objects, sanitizers for linking.
UNIT := $(O)/native/unit
UNIT_CC := gcc
UNIT_SAN := -fsanitize=address,undefined
FUZZ := $(O)/native/fuzz
FUZZ_CC := clang
FUZZ_SAN := -fsanitize=fuzzer-no-link,address,undefined

# ---- native third-party libraries and a record of what objects depend on

STATE := $(O)/native/state
.PHONY: FORCE
$(STATE): FORCE
	@mkdir -p $(@D)
	@flock $(CACHE)/lock toolchain/deps --cache $(CACHE) native
	@{ cat $(NATIVE)/stamp/mbedtls $(NATIVE)/stamp/libseccomp $(NATIVE)/stamp/libcap $(NATIVE)/stamp/inih \
		$(NATIVE)/stamp/cmocka; echo '$(BASE_CFLAGS)'; } >$@.part
	@cmp -s $@.part $@ && rm $@.part || mv $@.part $@

# ---- objects and libraries of one side

DIRS := $(sort $(patsubst supervisor/%/,%,$(filter-out supervisor/programs/,$(dir $(wildcard supervisor/*/*.c)))) \
	$(patsubst supervisor/%/,%,$(dir $(wildcard supervisor/programs/*/*.c))))
library_sources = $(filter-out %/main.c,$(wildcard supervisor/$(1)/*.c))

# side(label, directory variable, compiler, sanitizers)
define side
$(2)/obj/%.o: supervisor/%.c $(STATE) $(O)/include/generated/autoconf.h
	$$(call say,$(1)CC,$$*.o)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(3) $$(BASE_CFLAGS) $(4) -MMD -MP -c $$< -o $$@
$(foreach d,$(DIRS),$(call archive,$(2),$(d)))
endef
define archive

$(1)/lib/$(2).a: $(patsubst supervisor/%.c,$(1)/obj/%.o,$(call library_sources,$(2)))
	$$(Q)mkdir -p $$(@D) && rm -f $$@
	$$(Q)ar rcsD $$@ $$^
-include $(patsubst supervisor/%.c,$(1)/obj/%.d,$(call library_sources,$(2)))
endef
$(eval $(call side,UNIT,$(UNIT),$(UNIT_CC),$(UNIT_SAN)))
$(eval $(call side,FUZZ,$(FUZZ),$(FUZZ_CC),$(FUZZ_SAN)))

# ---- test programs: one rule each, from the first line of its source

UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_TESTS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
links = $(shell sed -n '1s,^/\* links: *\(.*\) \*/.*,\1,p' $(1))

# A directory of headers only is a legal word and gives no library.
unknown = $(foreach w,$(1),$(if $(LIB_$(w))$(wildcard supervisor/$(w)/),,$(w)))

# executable(directory, source, compiler, flags, extra libraries, link words)
define executable
ifeq ($(strip $(6)),)
$$(error $(2): the first line is not "/* links: ... */")
endif
ifneq ($(strip $(call unknown,$(6))),)
$$(error $(2): links what is neither a directory nor a library: $(call unknown,$(6)))
endif
$(1)/bin/$(basename $(notdir $(2))): $(2) $(foreach d,$(filter $(DIRS),$(6)),$(1)/lib/$(d).a) $(STATE)
	$$(call say,TEST,$$(@F))
	$$(Q)mkdir -p $$(@D) $(1)/dep
	$$(Q)$(3) $$(BASE_CFLAGS) $(4) -MMD -MP -MF $(1)/dep/$(basename $(notdir $(2))).d -o $$@ $(2) -Wl,--start-group \
		$(foreach d,$(filter $(DIRS),$(6)),$(1)/lib/$(d).a) -Wl,--end-group \
		$(foreach l,$(6),$(if $(LIB_$(l)),$(NATIVE)/pkg/$(LIB_$(l)))) $(5)
-include $(1)/dep/$(basename $(notdir $(2))).d
endef
CMOCKA := $(NATIVE)/pkg/cmocka/lib/libcmocka.a
$(foreach t,$(UNIT_TESTS),$(eval $(call executable,$(UNIT),$(t),$(UNIT_CC),$(UNIT_SAN),$(CMOCKA),$(call links,$(t)))))
$(foreach t,$(FUZZ_TESTS),$(eval $(call executable,$(FUZZ),$(t),$(FUZZ_CC),-fsanitize=fuzzer$(comma)address$(comma)undefined,,$(call links,$(t)))))
UNIT_BINS := $(patsubst tests/unit/%.c,$(UNIT)/bin/%,$(UNIT_TESTS))
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(FUZZ)/bin/%,$(FUZZ_TESTS))

# ---- suites

# What a suite may need to know; BARTIZAN_OUT/board/<name> is the build of that board.
export BARTIZAN_OUT := $(O)
export BARTIZAN_CACHE := $(CACHE)
export BARTIZAN_KEYS := $(KEYS)
export BARTIZAN_FUZZ := $(FUZZ)/bin
export ASAN_OPTIONS ?= detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS ?= print_stacktrace=1
TALLY := tests/tally --logs $(O)/test-logs
# suite(NAME, PATH, ARGUMENTS); one that is not there fails
suite = "$(1)=$(2)$(if $(3), $(3))"

STYLE_SUITES := $(addprefix tests/style/,layers links forbidden length commits tools)
UNIT_SUITES := $(UNIT_BINS)
FUZZ_SUITES := "fuzz=tests/style/fuzz-replay"
IMAGES_SUITES := $(call suite,images,tests/images/run) $(call suite,attacks,tests/images/attacks)
COLLECTOR_SUITES := $(call suite,collector,tests/collector/run,--bin $(O)/bin)
AUDIT_SUITES := $(foreach s,audit:run audit-network:network audit-load:load,$(call \
	suite,$(firstword $(subst :, ,$(s))),tests/audit/$(lastword $(subst :, ,$(s))),--bin $(O)/bin --host $(O)/host/bartizan))
POWER_SUITES := $(call suite,audit-power,tests/audit/power,--bin $(O)/bin --host $(O)/host/bartizan)
NS_SUITES := $(call suite,ns,tests/ns/run)
HOSTILE_SUITES := $(call suite,hostile,tests/hostile/run)
ESCAPE_SUITES := $(call suite,escape,tests/escape/run) $(call suite,escape-neighbour,tests/escape/neighbour/run)
QEMU_SUITES := $(call suite,qemu,tests/qemu/suite) $(call suite,qemu-contract,tests/qemu/contract)
CRASH_SUITES := $(call suite,crash,tests/crash/run)
FAULT_SUITES := $(call suite,fault,tests/fault/run)
LEAK_SUITES := $(call suite,leaks,tests/images/attacks,'attack 31')
CUT_SUITES := $(call suite,power,tests/power/run)
OPTIONS_SUITES := $(call suite,options,tests/options/run)
COMPLIANCE_SUITES := $(call suite,compliance,tests/compliance/run)
SECCOMP_SUITES := $(call suite,seccomp,tests/seccomp/run)
MONITOR_SUITES := $(call suite,monitor,tests/monitor/run)
BENCH_SUITES := $(call suite,bench,tests/bench/launch/check)

.PHONY: test style check-unit check-fuzz check-style check-images check-collector check-audit check-audit-power check-ns check-hostile check-escape check-qemu check-crash check-options check-seccomp check-fault check-compliance check-monitor check-power check-leaks
check-unit: $(UNIT_BINS)
	@$(TALLY) --jobs 2 $(UNIT_SUITES)
check-fuzz: $(FUZZ_BINS)
	@$(TALLY) $(FUZZ_SUITES)
check-style:
	@$(TALLY) $(STYLE_SUITES)
check-images:
	@$(TALLY) $(IMAGES_SUITES)
check-collector:
	@$(TALLY) $(COLLECTOR_SUITES)
# All twenty faults by number, fault 9 in short, and which figures were reached.
check-audit:
	@CUTS=$(or $(CUTS),10) $(TALLY) $(AUDIT_SUITES) $(POWER_SUITES); s=$$?; \
		tests/audit/figures $(O)/test-logs audit audit-network audit-load audit-power && exit $$s
check-audit-power:
	@$(TALLY) --timeout 7200 $(POWER_SUITES)
check-ns:
	@$(TALLY) $(NS_SUITES)
check-hostile:
	@$(TALLY) $(HOSTILE_SUITES)
check-escape:
	@$(TALLY) $(ESCAPE_SUITES)
check-qemu:
	@$(TALLY) $(QEMU_SUITES)
check-seccomp:
	@$(TALLY) $(SECCOMP_SUITES)
check-options:
	@$(TALLY) $(OPTIONS_SUITES)
check-monitor:
	@$(TALLY) $(MONITOR_SUITES)
check-compliance:
	@$(TALLY) $(COMPLIANCE_SUITES)
# The whole campaign; `make test` has a short form.
check-crash:
	@$(TALLY) --timeout 7200 $(CRASH_SUITES)
check-fault:
	@$(TALLY) --timeout 14400 $(FAULT_SUITES)
check-leaks:
	@STARTS=$(or $(STARTS),1000) $(TALLY) --timeout 14400 $(LEAK_SUITES)
check-power:
	@$(TALLY) --timeout 14400 $(CUT_SUITES)

# Most suites keep one processor busy, or wait: two run side by side, the longest first. Those that watch delays, which a
# neighbour would stretch, and those that boot two machines at once have the processors for themselves afterwards.
ALONE := qemu,crash,escape-neighbour,audit-load,power,bench
test: $(UNIT_BINS) $(FUZZ_BINS)
	@COUNT=$(or $(COUNT),20) CYCLES=$(or $(CYCLES),150) CUTS=$(or $(CUTS),10) $(TALLY) --jobs 2 --alone $(ALONE) \
		$(IMAGES_SUITES) $(AUDIT_SUITES) $(OPTIONS_SUITES) $(ESCAPE_SUITES) $(COLLECTOR_SUITES) $(HOSTILE_SUITES) $(COMPLIANCE_SUITES) \
		$(MONITOR_SUITES) $(SECCOMP_SUITES) $(POWER_SUITES) $(NS_SUITES) $(FUZZ_SUITES) $(FAULT_SUITES) $(STYLE_SUITES) $(UNIT_SUITES) \
		$(QEMU_SUITES) $(CRASH_SUITES) $(CUT_SUITES) $(BENCH_SUITES)

# clang-tidy reads the headers of the native libraries.
style: $(STATE)
	@$(TALLY) --jobs 2 $(STYLE_SUITES) tests/style/format tests/style/tidy tests/style/cppcheck

.DELETE_ON_ERROR:
.SECONDARY:

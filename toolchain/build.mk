# The build proper; called by the top Makefile with O, CACHE, KEYS, V in the environment and O/.config made.
#
# A directory of supervisor/ is one static library, O/lib/<dir>.a.  supervisor/LINKS says which libraries
# a program links, and nothing else is linked.  "host/" rows are built for the build machine.

include $(O)/.config
include toolchain/flags.mk
unquote = $(patsubst "%",%,$(1))
BOARD := $(call unquote,$(CONFIG_BOARD))
ARCH := $(call unquote,$(CONFIG_ARCH))
include toolchain/x86_64.mk
HOST_FAST_CFLAGS := $(FAST_CFLAGS)
HOST_LDFLAGS := $(ARCH_LDFLAGS)
ARCH_LDFLAGS :=
include toolchain/$(ARCH).mk
TARGET_TRIPLE := $(TRIPLE)
TARGET_LDFLAGS := $(ARCH_LDFLAGS)
HOST_ARCH := x86_64
HOST_TRIPLE := x86_64-linux-musl

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

# LTO=0 or LTO=1 on the command line wins over the configuration.
USE_LTO := $(if $(LTO),$(filter-out 0 n,$(LTO)),$(CONFIG_LTO))
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
export BUILD_ID ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)

WARN_CFLAGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wformat=2 -Wvla -Wswitch-enum -Wcast-qual -Wwrite-strings -Wnull-dereference \
	$(if $(filter 1,$(WERROR)),-Werror)
LIBRARIES := mbedtls libseccomp libcap inih
lib_of_mbedtls := mbedtls/lib/libmbedtls.a
lib_of_mbedtls_for_verify := mbedtls/lib/verify/libmbedtls.a
lib_of_seccomp := libseccomp/lib/device/libseccomp.a
host_lib_of_seccomp := libseccomp/lib/libseccomp.a
lib_of_cap := libcap/lib/libcap.a
lib_of_inih := inih/lib/libinih.a

# ---- what there is to build: LINKS, less what is not in the tree

LINKS_MK := $(O)/gen/links.mk
-include $(LINKS_MK)
$(LINKS_MK): supervisor/LINKS toolchain/links.awk
	$(Q)mkdir -p $(@D)
	$(Q)awk -f toolchain/links.awk $< >$@

PROGRAMS_DIR := supervisor/programs
SUPERVISOR_DIRS := $(sort $(patsubst supervisor/%/,%,$(filter-out $(PROGRAMS_DIR)/,$(dir $(wildcard supervisor/*/*.c)))))
sources_of = $(wildcard $(1)/*.c)
program_sources = $(strip $(foreach p,$(1) $(if $(filter multicall,$(1)),$(MULTICALL)),$(wildcard $(PROGRAMS_DIR)/$(p)/*.c)))
# A directory without .c files (only tables, or not there yet) gives no library.
dirs_of = $(filter $(SUPERVISOR_DIRS),$(DIRS_$(1)))
PRESENT := $(foreach p,$(PROGRAMS),$(if $(call program_sources,$(p)),$(p)))
HOST_PRESENT := $(foreach p,$(HOST_PROGRAMS),$(if $(call program_sources,$(p)),$(p)))
# Programs that share one file: what they are linked from is the sum of their rows.
SHARED := $(if $(CONFIG_MULTICALL),$(filter $(MULTICALL),$(PRESENT)))
SEPARATE := $(filter-out $(SHARED),$(PRESENT)) $(if $(SHARED),multicall)
DIRS_multicall := $(sort $(foreach p,$(MULTICALL),$(DIRS_$(p))))
LIBS_multicall := $(sort $(foreach p,$(MULTICALL),$(LIBS_$(p))))
ABSENT := $(filter-out $(PRESENT),$(PROGRAMS)) $(addprefix host/,$(filter-out $(HOST_PRESENT),$(HOST_PROGRAMS)))

.PHONY: all libraries programs host initramfs absent weakened board-link
all: libraries programs host board-link absent weakened
libraries: $(SUPERVISOR_DIRS:%=$(O)/lib/%.a)
programs: $(SEPARATE:%=$(O)/bin/%) $(SHARED:%=$(O)/bin/%)
host: $(HOST_PRESENT:%=$(O)/host/%)

absent:
	@$(if $(strip $(ABSENT)),echo '  SKIP    not in the tree yet: $(strip $(ABSENT))',:)

weakened:
	@if grep -q '^CONFIG_ALLOW_WEAKENING=y' $(O)/.config; then \
		sed -n 's/^# CONFIG_\(HARDEN_[A-Z_]*\) is not set/  WEAK    \1 is switched off/p' $(O)/.config; fi

# O/board/<name> is the build of that board wherever it is; the harness looks nowhere else.
board-link:
	$(Q)mkdir -p $(O)/board
	$(Q)for link in $(O)/board/*; do if [ -L "$$link" ]; then rm "$$link"; fi; done
	$(Q)rm -rf $(O)/board/$(BOARD) && ln -s .. $(O)/board/$(BOARD)

# ---- sysroots and libraries: the script's stamps decide; its summary changes only when they do

SYSROOTS := $(shell toolchain/deps --cache $(CACHE) --where)

DEPS_STATE := $(O)/gen/deps.state
$(DEPS_STATE): FORCE
	@mkdir -p $(CACHE) $(@D)
	@flock $(CACHE)/lock toolchain/deps --cache $(CACHE) $(sort $(ARCH) $(HOST_ARCH))
	@cat $(SYSROOTS)/$(TARGET_TRIPLE)/stamp/* $(SYSROOTS)/$(HOST_TRIPLE)/stamp/* | grep -aE '^[0-9a-f]{64}' >$@.part; \
		cmp -s $@.part $@ && rm $@.part || mv $@.part $@

# ---- compiling and linking, once for the target and once for the host

COMMON_CFLAGS := -D_GNU_SOURCE -iquote supervisor -I$(O)/include $(TARGET_CFLAGS) $(HARDEN_CFLAGS) -g \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(O)=out -ffile-prefix-map=$(SYSROOTS)=sysroots \
	$(if $(USE_LTO),$(TARGET_LTO)) $(WARN_CFLAGS)
# norelro: musl's start code of static programs makes nothing read-only again, so the room it takes protects nothing.
LINK_FLAGS := $(TARGET_CFLAGS) $(HARDEN_CFLAGS) $(if $(USE_LTO),-flto=$(shell nproc),-fno-lto) \
	-Wl,--gc-sections -Wl,--build-id=none -Wl,--fatal-warnings -Wl,-z,norelro
$(O)/gen/%.ld: toolchain/ld.awk $(DEPS_STATE)
	$(call say,GEN,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(SYSROOTS)/$*/bin/$*-gcc -nostdlib -Wl,--verbose -xc /dev/null -o /dev/null 2>/dev/null | awk -f $< >$@

# A change of flags or libraries rebuilds; the file changes only when its text does.
FLAGS_STATE := $(O)/gen/flags.state
FLAGS_TEXT = $(COMMON_CFLAGS) $(FAST_CFLAGS) $(FAST) $(LINK_FLAGS) $(TARGET_LDFLAGS) $(BOARD) $(ARCH) $(SHARED)
.PHONY: FORCE
$(FLAGS_STATE): FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS_TEXT)' | cmp -s - $@ || \
		echo '$(FLAGS_TEXT)' >$@

includes = $(foreach l,$(LIBRARIES),-isystem $(SYSROOTS)/$(1)/pkg/$(l)/include)
objects = $(patsubst supervisor/%.c,$(1)/obj/%.o,$(2))

# What every audit record passes, from the ring into the spool and from there to the collector.
FAST := base/str base/text ipc/ring audit/audit crypto/sha256 crypto/sha256_arm crypto/sha256_x86 export/syslog \
	$(addprefix spool/,line merge parse reader spool time) $(addprefix programs/,recorder/monitor recorder/rings \
	recorder/stamp recorder/store shipper/pump)
$(FAST:%=$(O)/obj/%.o): private SPEED := $(FAST_CFLAGS)
$(FAST:%=$(O)/host/obj/%.o): private SPEED := $(HOST_FAST_CFLAGS)

# A program that shares its file has no function "main" (base/program.h).
$(SHARED:%=$(O)/obj/programs/%/main.o): private SPEED = -DPROGRAM_MAIN=$(notdir $(@D))_main

# side(output directory, triple, extra defines): rules for the objects and libraries of one side
define side
$(1)/obj/%.o: supervisor/%.c $(FLAGS_STATE) $(DEPS_STATE) $(O)/include/generated/autoconf.h
	$$(call say,$(4)CC,$$*.o)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(SYSROOTS)/$(2)/bin/$(2)-gcc $$(COMMON_CFLAGS) $$(SPEED) $(3) $$(call includes,$(2)) -frandom-seed=$$* \
		-MMD -MP -c $$< -o $$@

$(1)/obj/gen/%.o: $(O)/gen/%.c $(FLAGS_STATE) $(DEPS_STATE)
	$$(call say,$(4)CC,gen/$$*.o)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(SYSROOTS)/$(2)/bin/$(2)-gcc $$(COMMON_CFLAGS) $(3) $$(call includes,$(2)) -frandom-seed=$$* \
		-MMD -MP -c $$< -o $$@

$(foreach d,$(SUPERVISOR_DIRS),$(call archive,$(1),$(2),$(d),$(4)))
endef

define archive

$(1)/lib/$(3).a: $(call objects,$(1),$(call sources_of,supervisor/$(3))) $(LINKS_MK)
	$$(call say,$(4)AR,$(3).a)
	$$(Q)mkdir -p $$(@D) && rm -f $$@
	$$(Q)$(SYSROOTS)/$(2)/bin/$(2)-ar rcsD $$@ $(call objects,$(1),$(call sources_of,supervisor/$(3)))
-include $(patsubst %.o,%.d,$(call objects,$(1),$(call sources_of,supervisor/$(3))))
endef

# program(side, triple, name, LINKS row, generated objects, label): the unstripped program, then the stripped one
define program
$(1)/debug/$(3): $(call objects,$(1),$(call program_sources,$(3))) $(5) \
		$(foreach d,$(call dirs_of,$(4)),$(1)/lib/$(d).a) $(O)/gen/$(2).ld $(FLAGS_STATE) $(DEPS_STATE)
	$$(call say,$(6)LINK,$(3))
	$$(Q)mkdir -p $$(@D) $(1)/map
	$$(Q)$(SYSROOTS)/$(2)/bin/$(2)-gcc $$(LINK_FLAGS) $(if $(filter HOST,$(6)),$(HOST_LDFLAGS),$(TARGET_LDFLAGS)) -Wl,-T,$(O)/gen/$(2).ld -Wl,-Map=$(1)/map/$(3).map -o $$@ \
		$(call objects,$(1),$(call program_sources,$(3))) $(5) -Wl,--start-group \
		$(foreach d,$(call dirs_of,$(4)),$(1)/lib/$(d).a) $(foreach l,$(LIBS_$(4)),$(SYSROOTS)/$(2)/pkg/$(or $(if $(6),$(host_lib_of_$(l)),$(lib_of_$(l)_for_$(3))),$(lib_of_$(l)))) \
		-lc -lgcc -Wl,--end-group
-include $(patsubst %.o,%.d,$(call objects,$(1),$(call program_sources,$(3))))

$(7)/$(3): $(1)/debug/$(3) toolchain/relr
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@
	$$(Q)$(SYSROOTS)/$(2)/bin/$(2)-strip --strip-all -R .comment -R .note.GNU-stack -o $$@ $$<
	$$(Q)toolchain/relr $$@
endef

# Programs that carry generated C: the board's facts, and the filters of the helpers.
FILTERS := $(if $(filter filtergen,$(HOST_PRESENT)),$(O)/obj/gen/helper_filters.o)
GEN_init := $(O)/obj/gen/board.o
GEN_launcher := $(O)/obj/gen/board.o $(FILTERS)
GEN_bartizan := $(O)/obj/gen/board.o
GEN_multicall = $(sort $(foreach p,$(SHARED),$(GEN_$(p))))
GEN_recorder := $(if $(filter filtergen,$(HOST_PRESENT)),$(O)/obj/gen/syscall_names.o)

$(eval $(call side,$(O),$(TARGET_TRIPLE),-DBARTIZAN_DEVICE=1,))
$(eval $(call side,$(O)/host,$(HOST_TRIPLE),-DBARTIZAN_HOST=1,HOST))
$(foreach p,$(SEPARATE),$(eval $(call program,$(O),$(TARGET_TRIPLE),$(p),$(p),$(GEN_$(p)),,$(O)/bin)))
$(SHARED:%=$(O)/bin/%): $(O)/bin/multicall
	$(Q)ln -sfn multicall $@
$(foreach p,$(HOST_PRESENT),$(eval $(call program,$(O)/host,$(HOST_TRIPLE),$(p),host/$(p),,HOST,$(O)/host)))

# ---- generated C

BOARD_STATE := $(O)/gen/board.state
$(BOARD_STATE): FORCE
	@mkdir -p $(@D)
	@echo '$(BOARD) $(SOURCE_DATE_EPOCH) $(BUILD_ID)' | cmp -s - $@ || \
		echo '$(BOARD) $(SOURCE_DATE_EPOCH) $(BUILD_ID)' >$@

$(O)/gen/board.c: board/$(BOARD)/board.conf board/$(BOARD)/modules toolchain/boardgen $(BOARD_STATE)
	$(call say,GEN,board.c)
	$(Q)toolchain/boardgen board/$(BOARD) >$@

$(O)/gen/helper_filters.c: $(O)/host/filtergen
	$(call say,GEN,helper_filters.c)
	$(Q)$< $(ARCH) >$@

$(O)/gen/syscall_names.c: $(O)/host/filtergen
	$(call say,GEN,syscall_names.c)
	$(Q)$< $(ARCH) names >$@

# ---- initramfs

DEFAULT_KERNEL = $(shell sed -n 's/^default = //p' board/$(BOARD)/board.conf)
USE_KERNEL = $(or $(KERNEL),$(DEFAULT_KERNEL))
initramfs: programs
	$(Q)toolchain/kernel --cache $(CACHE) $(BOARD) $(USE_KERNEL) >/dev/null
	$(call say,CPIO,initramfs-$(USE_KERNEL).cpio)
	$(Q)toolchain/mkinitramfs --board board/$(BOARD) --programs $(O)/bin --conf conf --keys $(KEYS) \
		--kernel $(CACHE)/kernels/$(BOARD)-$(USE_KERNEL) --out $(O)/initramfs-$(USE_KERNEL).cpio

.DELETE_ON_ERROR:
.SECONDARY:

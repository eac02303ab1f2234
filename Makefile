# Bartizan.  `make help` lists the targets.  This file installs what is missing, makes the configuration
# and hands over: what is built and how is in toolchain/build.mk, what is checked in toolchain/check.mk.

O ?= build/out
CACHE ?= build/cache
KEYS ?= build/keys
V ?= 0
JOBS ?= $(shell nproc)

override O := $(abspath $(O))
override CACHE := $(abspath $(CACHE))
override KEYS := $(abspath $(KEYS))
export O CACHE KEYS V LTO WERROR KERNEL

BOARDS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard board/*/defconfig)))))
DEFAULT_BOARD := qemu-x86_64
# The boards that `make size` weighs and `make test` boots.
QEMU_BOARDS := qemu-x86_64 qemu-armv7 qemu-aarch64 qemu-riscv64
BOOTED_BOARDS := qemu-x86_64 qemu-armv7 qemu-aarch64

ARCH = $(shell sed -n 's/^CONFIG_ARCH="\(.*\)"/\1/p' $(O)/.config 2>/dev/null)
BOARD = $(shell sed -n 's/^CONFIG_BOARD="\(.*\)"/\1/p' $(O)/.config 2>/dev/null)
GROUP_x86_64 :=
GROUP_armv7 := arm
GROUP_aarch64 := aarch64
GROUP_riscv64 := riscv64

MAKE_JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
BUILD = +@$(MAKE) --no-print-directory $(MAKE_JOBS) -f toolchain/build.mk
CHECK = +@$(MAKE) --no-print-directory $(MAKE_JOBS) -f toolchain/check.mk
TESTS := unit fuzz style images collector audit audit-power ns hostile escape qemu crash options seccomp fault compliance monitor power leaks
CHECKS := $(addprefix check-,$(TESTS))

.PHONY: all help size keys clean distclean repro reference style test run bench bench-launch bench-boot bench-image bench-start bench-audit initramfs boards format fuzz \
	config compiler packages menuconfig savedefconfig olddefconfig $(BOARDS:%=%_defconfig) $(BOARDS:%=board-%) $(CHECKS)

all: compiler
	$(BUILD) all

help:
	@echo 'make BOARD_defconfig   choose a board:'
	@echo '                         $(BOARDS)'
	@echo 'make menuconfig        change the configuration; savedefconfig, olddefconfig as elsewhere'
	@echo 'make                   programs into O/bin (unstripped in O/debug, host tools in O/host)'
	@echo 'make initramfs         O/initramfs-KERNEL.cpio and its kernel (KERNEL=6.12 or 6.1)'
	@echo 'make run               boot the demo in QEMU'
	@echo 'make test              everything that is checked; check-{$(subst $() ,$(comma),$(TESTS))} for a part'
	@echo 'make style             clang-format, clang-tidy, cppcheck and the own style checks'
	@echo 'make format            let clang-format lay out the code'
	@echo 'make reference         write the tables of conf/README.md anew'
	@echo 'make fuzz SECONDS=600  every fuzz target for that long'
	@echo 'make size              each program per architecture, against the budget'
	@echo 'make bench             the benchmarks; bench-launch, bench-boot, bench-image, bench-start, bench-audit for one'
	@echo 'make repro             two builds in different places by different users, compared byte for byte'
	@echo 'make boards            all QEMU boards, in O/board'
	@echo 'make keys              development keys in build/keys (test boards only)'
	@echo 'make clean distclean   remove O; remove everything that was built or fetched'
	@echo
	@echo 'O=DIR output (build/out)   CACHE=DIR sysroots and downloads (build/cache)   V=1 show commands'
	@echo 'LTO=0 link fast            JOBS=N (all processors)                          WERROR=1'
comma := ,

# ---- configuration

# Everything that a target needs in one go; what is named here beside "base" is needed by that target only.
PACKAGES := base
run: PACKAGES := base kernel qemu image
packages:
	@toolchain/setup $(PACKAGES)

config: packages
	@[ -f $(O)/.config ] || { echo '  CONFIG  $(DEFAULT_BOARD)'; toolchain/kconfig $(O) defconfig $(DEFAULT_BOARD); }
	@toolchain/kconfig $(O) header

# A recipe of its own: only now the configuration says which architecture it is for.
compiler: config
	@toolchain/setup base $(GROUP_$(ARCH))

$(BOARDS:%=%_defconfig): %_defconfig: packages
	@toolchain/kconfig $(O) defconfig $*
	@echo '  CONFIG  $*'

menuconfig: config
	@toolchain/kconfig $(O) menuconfig

olddefconfig: config
	@toolchain/kconfig $(O) olddefconfig

savedefconfig: config
	@toolchain/kconfig $(O) savedefconfig $(O)/defconfig
	@echo 'saved as $(O)/defconfig; a board keeps it as board/$(BOARD)/defconfig'

# ---- other boards: each a build of its own under O/board; the configured one is O itself

$(BOARDS:%=board-%): board-%: config
	@if [ '$(BOARD)' = '$*' ]; then $(MAKE) --no-print-directory all; else \
		if [ -L $(O)/board/$* ]; then rm $(O)/board/$*; fi; \
		if [ ! -f $(O)/board/$*/.config ]; then toolchain/kconfig $(O)/board/$* defconfig $*; fi; \
		$(MAKE) --no-print-directory O=$(O)/board/$* all; fi

boards:
	+@for b in $(QEMU_BOARDS); do $(MAKE) --no-print-directory $(MAKE_JOBS) board-$$b || exit 1; done

# ---- what is made from it

initramfs: all keys
	@toolchain/setup kernel
	$(BUILD) initramfs

keys: packages
	@toolchain/keys $(KEYS)

# What comes over the network is fetched while the compiler works.
run: config
	@toolchain/setup kernel qemu image
	+@{ toolchain/kernel --cache $(CACHE) $(BOARD) && tests/demo/make-demo --board $(BOARD) --fetch && \
			tests/collector/packages.py $(CACHE); } \
			>$(O)/fetch.log 2>&1 & fetched=$$!; \
		$(MAKE) --no-print-directory all keys || { kill $$fetched; exit 1; }; \
		wait $$fetched || { cat $(O)/fetch.log >&2; exit 1; }; tests/qemu/run-demo

size: boards
	@toolchain/size $(O)/board $(QEMU_BOARDS)

bench: bench-launch bench-boot bench-image bench-start bench-audit

bench-launch: all
	@toolchain/setup bench
	@BARTIZAN_OUT=$(O) BARTIZAN_CACHE=$(CACHE) tests/bench/launch/run

bench-image: all keys
	@toolchain/setup image
	@BARTIZAN_OUT=$(O) BARTIZAN_CACHE=$(CACHE) BARTIZAN_KEYS=$(KEYS) tests/bench/image/run

bench-start: all keys
	@toolchain/setup kernel qemu image
	@BARTIZAN_OUT=$(O) BARTIZAN_CACHE=$(CACHE) BARTIZAN_KEYS=$(KEYS) tests/bench/start/run

bench-audit: all keys
	@BARTIZAN_OUT=$(O) BARTIZAN_CACHE=$(CACHE) BARTIZAN_KEYS=$(KEYS) tests/bench/audit/run

bench-boot: keys board-qemu-x86_64
	@toolchain/setup base kernel qemu image
	@BARTIZAN_OUT=$(O) BARTIZAN_CACHE=$(CACHE) BARTIZAN_KEYS=$(KEYS) tests/bench/boot/run

repro: all keys
	@toolchain/setup kernel image
	@toolchain/repro

# ---- what is checked

# What a check needs beyond the compiler, and whether it looks at the built programs.
GROUPS_unit :=
GROUPS_fuzz := fuzz
GROUPS_style := check
GROUPS_images := kernel qemu image
GROUPS_collector := image
GROUPS_audit := image
GROUPS_audit-power :=
GROUPS_ns := check
GROUPS_hostile := kernel qemu image
GROUPS_escape := kernel qemu image
GROUPS_qemu := kernel qemu image
GROUPS_fault :=
GROUPS_crash := kernel qemu image
GROUPS_power := kernel qemu image
GROUPS_leaks := kernel qemu image
GROUPS_options := kernel qemu image
GROUPS_compliance := kernel qemu image shell
GROUPS_monitor := kernel qemu image
GROUPS_seccomp := kernel qemu image seccomp

.PHONY: tested-boards
check-unit check-fuzz: config
check-style check-ns check-images check-collector check-audit check-audit-power check-hostile check-escape check-crash check-options check-seccomp check-fault check-compliance check-monitor check-power check-leaks: all keys
check-qemu test: tested-boards keys
tested-boards:
	+@for b in $(BOOTED_BOARDS); do $(MAKE) --no-print-directory $(MAKE_JOBS) board-$$b || exit 1; done

$(CHECKS): check-%:
	@toolchain/setup base $(GROUPS_$*)
	$(CHECK) $@

test:
	@toolchain/setup base $(sort $(foreach t,$(TESTS),$(GROUPS_$(t))))
	$(CHECK) test

style: all
	@toolchain/setup base check style
	$(CHECK) style

# conf/README.md: its introduction stays, the tables come from the program.
reference: all
	@sed '/^## service.ini/,$$d' conf/README.md >$(O)/reference.md
	@$(O)/host/bartizan explain | sed 1d >>$(O)/reference.md
	@mv $(O)/reference.md conf/README.md

format:
	@toolchain/setup style
	find supervisor tests -name '*.[ch]' -exec clang-format -i {} +

# The long form of check-fuzz; the corpora in the tree are not changed.
fuzz: config
	@toolchain/setup base fuzz
	+@BARTIZAN_FUZZ_RUNS=-1 BARTIZAN_FUZZ_SECONDS=$(or $(SECONDS),600) $(MAKE) --no-print-directory $(MAKE_JOBS) \
		-f toolchain/check.mk check-fuzz

clean:
	rm -rf $(O)

distclean:
	rm -rf $(O) $(CACHE) $(KEYS)

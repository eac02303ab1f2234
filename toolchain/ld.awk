# The linker's own script (ld --verbose) with two changes that make files smaller:
# - Segments meet within a page of the file instead of being filled up to the next one.  A page at a border is
#   mapped twice, with the rights of each side; no page is writable and executable.
# - Relocations lie behind the initialised data, where toolchain/relr can shorten them.
/^=====/ { inside = !inside; next }
!inside { next }
/^  \. = ALIGN\(CONSTANT \(MAXPAGESIZE\)\);/ {
	sub(/ALIGN\(CONSTANT \(MAXPAGESIZE\)\)/, "& + (. \\& (CONSTANT (MAXPAGESIZE) - 1))")
}
/^  \. = DATA_SEGMENT_ALIGN / {
	$0 = "  . = ALIGN(CONSTANT (MAXPAGESIZE)) + (. & (CONSTANT (MAXPAGESIZE) - 1));"
}
# They belong to DATA_SEGMENT_ALIGN; nothing is made read-only again (norelro, build.mk).
/^  \. = DATA_SEGMENT_(RELRO_END|END) / { next }
/^  \.rela?\.dyn / { held = 1 }
held {
	blocks = blocks $0 "\n"
	if (/^    }/)
		held = 0
	next
}
/^  __bss_start = \.;/ { printf "%s", blocks; moved = 1 }
{ print }
END {
	if (!moved || !blocks) {
		print "ld.awk: the linker's script has another form" >"/dev/stderr"
		exit 1
	}
}

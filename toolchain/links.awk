# supervisor/LINKS -> make variables: PROGRAMS, HOST_PROGRAMS, DIRS_<row>, LIBS_<row>, MULTICALL.
# A row is "name: dir dir ... [+ library library ...]"; "host/name" is built for the build machine;
# "multicall = name name ..." are the programs that may share one file.
/^[ \t]*(#|$)/ { next }
/^multicall =[a-z ]+$/ {
	sub(/^multicall =/, "")
	print "MULTICALL :=" $0
	next
}
!/^[a-z\/]+:[a-z ]+(\+[a-z ]+)?$/ {
	print "$(error supervisor/LINKS:" NR ": not a row: " $0 ")"
	next
}
{
	name = $0
	sub(/:.*/, "", name)
	rest = $0
	sub(/^[^:]*:/, "", rest)
	libs = ""
	if (rest ~ /\+/) {
		libs = rest
		sub(/^[^+]*\+/, "", libs)
		sub(/\+.*/, "", rest)
	}
	print "DIRS_" name " :=" rest
	print "LIBS_" name " :=" libs
	if (name ~ /^host\//) {
		sub(/^host\//, "", name)
		host = host " " name
	} else
		target = target " " name
}
END {
	print "PROGRAMS :=" target
	print "HOST_PROGRAMS :=" host
}

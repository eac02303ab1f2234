#!/bin/sh
# compliance-check.sh: the compliance check of the hardening guide, for a device that runs Bartizan.
#
# Usage: compliance-check.sh [-t N] [SERVICE]...
#   -t N   the least score of every service (default 90)
#   SERVICE...   only these; without any, every service that runs
#
# Runs as root where `bartizan` is; $BARTIZAN names another one. Plain POSIX sh, no other program.
# Exit: 0 when everything holds; else the worst of what `bartizan check` said: 1 something fails or a
# score is too low, 3 nothing runs, 4 unknown service, 7 the launcher does not answer; 2 usage.
set -u

bartizan=${BARTIZAN:-bartizan}
threshold=90
worst=0
bad=

usage()
{
	echo "usage: compliance-check.sh [-t N] [SERVICE]..." >&2
	exit 2
}

while getopts t: option; do
	case $option in
	t) threshold=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
case $threshold in
'' | *[!0-9]*) usage ;;
esac

# step TITLE WORD...: one `bartizan check`, whose exit code counts.
step()
{
	title=$1
	shift
	echo "== $title"
	"$bartizan" check "$@"
	code=$?
	[ $code -eq 0 ] || bad="$bad, $title"
	[ $code -le $worst ] || worst=$code
}

step "kernel" harden
[ $# -gt 0 ] || set -- ''
for service; do
	for profile in guide cis; do
		step "${service:-services}: $profile" --profile $profile --threshold "$threshold" ${service:+"$service"}
	done
done

if [ $worst -eq 0 ]; then
	echo "compliance-check: passed"
else
	echo "compliance-check: failed: ${bad#, }"
fi
exit $worst

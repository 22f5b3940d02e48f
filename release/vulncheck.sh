#!/usr/bin/env bash
# Looks with govulncheck for known vulnerabilities in the packages that the program is built from. The
# database is Go's own at vuln.go.dev. If it cannot be reached, the script uses the module
# golang.org/x/vulndb, which has the same reports, sometimes weeks later. Exit statuses:
#
#	0  no vulnerability, or only vulnerabilities of Go's own library
#	1  the database cannot be reached, and ALPACA_REQUIRE_VULNDB=1. Without the variable, the status is 0.
#	3  a package has a vulnerability. With -scan symbol, one that the program cannot reach does not count.
#	   A vulnerability of Go's own library counts only with ALPACA_REQUIRE_GO_FIXED=1, which a release sets.
set -euo pipefail
cd "$(dirname "$0")"
go=${GO:-go}
export CGO_ENABLED=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nothing() {
	echo "vulncheck: SKIPPED: $*, so NOTHING was checked" >&2
	[ "${ALPACA_REQUIRE_VULNDB-}" != 1 ] || exit 1
	exit 0
}
if curl -sSf -o /dev/null --max-time 20 https://vuln.go.dev/index/db.json 2>/dev/null; then
	db=(-db https://vuln.go.dev) from=vuln.go.dev
elif module=$(cd / && timeout 120 $go mod download -json golang.org/x/vulndb@latest 2>/dev/null); then
	# govulncheck accepts a folder of reports as a database.
	dir=$(sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p' <<<"$module")
	[ -d "$dir/data/osv" ] || { echo "vulncheck: $dir has no data/osv" >&2; exit 1; }
	db=(-db "file://$dir/data/osv") from=$(sed -n 's/^\t"Version": "\(.*\)",\{0,1\}$/golang.org\/x\/vulndb \1/p' <<<"$module")
else
	nothing "neither vuln.go.dev nor the module golang.org/x/vulndb can be reached"
fi
govulncheck=$($go tool -n govulncheck) || { echo "vulncheck: govulncheck cannot be built" >&2; exit 1; }
cd ..
status=0
"$govulncheck" "${db[@]}" "$@" ./... >"$work/found" || status=$?
grep -v '^      #' "$work/found" || true # leaves out the traces, which are hundreds of lines; govulncheck -db shows them
echo "vulncheck: database: $from"
if [ $status -eq 3 ] && ! grep -q '^  Module:' "$work/found"; then
	echo "vulncheck: all the vulnerabilities are in Go's own library: a release newer than $($go env GOVERSION) fixes them"
	[ "${ALPACA_REQUIRE_GO_FIXED-}" = 1 ] || status=0
fi
exit $status

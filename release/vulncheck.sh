#!/usr/bin/env bash
# Looks for known weaknesses in what is linked, with govulncheck. The database is Go's own, at
# vuln.go.dev, or else the module golang.org/x/vulndb, which has the same reports and comes from
# where all modules come from, now and then some weeks later. Where neither can be reached
# nothing was looked for: it says so and ends with 0, or with 1 for ALPACA_REQUIRE_VULNDB=1.
# A weakness in a package that is linked, or with -scan symbol one that the program can reach,
# ends with 3. Those of Go's own library are the compiler's
# matter: they are told, and end with 3 for ALPACA_REQUIRE_GO_FIXED=1, which a release asks for.
set -euo pipefail
cd "$(dirname "$0")"
go=${GO:-go}
export CGO_ENABLED=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nothing() {
	echo "vulncheck: SKIPPED: $*, so NOTHING was looked for" >&2
	[ "${ALPACA_REQUIRE_VULNDB-}" != 1 ] || exit 1
	exit 0
}
if curl -sSf -o /dev/null --max-time 20 https://vuln.go.dev/index/db.json 2>/dev/null; then
	db=(-db https://vuln.go.dev) from=vuln.go.dev
elif module=$(cd / && timeout 120 $go mod download -json golang.org/x/vulndb@latest 2>/dev/null); then
	# govulncheck reads a folder of reports as it is.
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
grep -v '^      #' "$work/found" || true # the traces: hundreds of lines; govulncheck -db shows them
echo "vulncheck: database: $from"
if [ $status -eq 3 ] && ! grep -q '^  Module:' "$work/found"; then
	echo "vulncheck: all of them are in Go's own library: $($go env GOVERSION) has a successor that mends them"
	[ "${ALPACA_REQUIRE_GO_FIXED-}" = 1 ] || status=0
fi
exit $status

#!/usr/bin/env bash
# Looks for known weaknesses in what is linked, with govulncheck. The database is Go's own, at
# vuln.go.dev, or else the module golang.org/x/vulndb, which has the same reports and comes from
# where all modules come from, now and then some weeks later. Where neither can be reached
# nothing was looked for: it says so and ends with 0, or with 1 for ALPACA_REQUIRE_VULNDB=1.
# A weakness that the program can reach ends with 3.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
go=${GO:-go}
export CGO_ENABLED=0
if curl -sSf -o /dev/null --max-time 20 https://vuln.go.dev/index/db.json 2>/dev/null; then
	db=() from=vuln.go.dev
elif module=$(cd / && $go mod download -json golang.org/x/vulndb@latest 2>/dev/null); then
	# govulncheck reads a folder of reports as it is.
	dir=$(sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p' <<<"$module")
	[ -d "$dir/data/osv" ] || { echo "vulncheck: $dir has no data/osv" >&2; exit 1; }
	db=(-db "file://$dir/data/osv") from=$(sed -n 's/^\t"Version": "\(.*\)",\{0,1\}$/golang.org\/x\/vulndb \1/p' <<<"$module")
else
	echo "vulncheck: SKIPPED: neither vuln.go.dev nor the module golang.org/x/vulndb can be reached, so NOTHING was looked for" >&2
	[ "${ALPACA_REQUIRE_VULNDB-}" != 1 ] || exit 1
	exit 0
fi
$go tool -n govulncheck >/dev/null
status=0
cd ..
"$(cd "$here" && $go tool -n govulncheck)" "${db[@]}" "$@" ./... || status=$?
echo "vulncheck: database: $from"
exit $status

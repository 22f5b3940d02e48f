#!/usr/bin/env bash
# Builds a release twice and compares all bytes. The second build uses a copy of the tree in another
# folder, another time zone and another umask. With FRESH=1, it also uses an empty build cache.
#
#	release/check.sh [PLATFORMS]     such as linux/amd64,linux/armv7 (default: all)
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
platforms=${1-}
go build -trimpath -o "$work/first-release" .
"$work/first-release" -snapshot -o "$work/first" -platforms "$platforms"

tag=$(git describe --tags --always --dirty)
mkdir "$work/tree"
git -C .. ls-files -z | (cd .. && tar --null -T - -cf -) | tar -C "$work/tree" -xf -
(
	umask 077
	export TZ=Asia/Tokyo LC_ALL=C
	[ "${FRESH-}" != 1 ] || export GOCACHE=$work/cache
	cd "$work/tree/release"
	go build -trimpath -o "$work/second-release" .
	"$work/second-release" -root .. -snapshot -o "$work/second" -platforms "$platforms" -tag "$tag" -commit "$(git -C "$OLDPWD" rev-parse HEAD)" -epoch "$(git -C "$OLDPWD" log -1 --format=%ct)"
)
diff -r "$work/first" "$work/second"
echo "$(wc -l <"$work/first/SHA256SUMS") files, the same in both builds"

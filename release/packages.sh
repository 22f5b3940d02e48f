#!/usr/bin/env bash
# Checks the files that "make release" wrote:
#
#	checksums, and the contents of archives and packages
#	dpkg installs and removes each Debian package
#	groff renders the manual pages without a warning
#	the shells accept the completions
#	each SBOM lists the modules that are linked into the program
#	the program for this machine prints the tag and the commit
#
# If a tool is not installed, the script prints SKIPPED and leaves that check out.
#
#	release/packages.sh DIST [TAG COMMIT]
set -euo pipefail
[ $# -ge 1 ] && [ -e "$1/SHA256SUMS" ] || { echo "usage: $0 DIST [TAG COMMIT]: a folder that make release wrote" >&2; exit 2; }
dist=$(realpath "$1")
tag=${2-} commit=${3-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$0: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null || { echo "SKIPPED, $1 is not installed: $2"; return 1; }; }

cd "$dist"
sha256sum --quiet -c SHA256SUMS
[ "$(ls | wc -l)" -eq "$(($(wc -l <SHA256SUMS) + 1))" ] || fail "SHA256SUMS does not name every file"
echo "checksums: $(wc -l <SHA256SUMS) files"

# Archives.
wanted="LICENSE LICENSES.txt README.md CHANGELOG.md man/alpaca.1 man/alpaca-run.1 completions/alpaca.bash completions/_alpaca completions/alpaca.fish completions/alpaca.ps1"
pages=
for archive in *.tar.gz *.zip; do
	[ -e "$archive" ] || continue
	name=${archive%.tar.gz} name=${name%.zip}
	mkdir "$work/$name"
	program=alpaca
	if [[ $archive == *.zip ]]; then
		has unzip "$archive" || continue
		unzip -q "$archive" -d "$work/$name"
		program=alpaca.exe
	else
		tar -C "$work/$name" -xf "$archive"
	fi
	for file in $program $wanted; do
		[ -s "$work/$name/$file" ] || fail "$archive has no $file"
	done
	pages=$work/$name
	# The SBOM and what the linker wrote into the program must name the same modules.
	go version -m "$work/$name/$program" | awk '$1 == "dep" { print $2 "@" $3 }' | sort >"$work/linked"
	python3 - "$name.cdx.json" >"$work/listed" <<-'EOF'
		import json, sys
		sbom = json.load(open(sys.argv[1]))
		assert sbom["bomFormat"] == "CycloneDX" and sbom["metadata"]["component"]["name"] == "alpaca", sbom["metadata"]
		print("\n".join(sorted(f"{c['name']}@{c['version']}" for c in sbom["components"] if c["name"] != "std")))
	EOF
	LC_ALL=C sort -o "$work/linked" "$work/linked"
	LC_ALL=C sort -o "$work/listed" "$work/listed"
	diff "$work/linked" "$work/listed" || fail "$name.cdx.json does not list what is linked"
done
[ -n "$pages" ] || fail "there was no archive to check"
echo "archives: programs, licences, $(ls "$pages/man" | wc -l) manual pages and completions are in all; SBOMs list what is linked"
if python3 -c 'import cyclonedx.validation.json' 2>/dev/null; then
	python3 - *.cdx.json <<-'EOF'
		import sys
		from cyclonedx.schema import SchemaVersion
		from cyclonedx.validation.json import JsonStrictValidator
		import json
		for path in sys.argv[1:]:
		    text = open(path).read()
		    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
		    if error := JsonStrictValidator(version).validate_str(text):
		        sys.exit(f"{path}: {error}")
		print(f"SBOMs: {len(sys.argv) - 1} follow CycloneDX's schema")
	EOF
else
	echo "SKIPPED, Python's cyclonedx-python-lib[json-validation] is not installed: the SBOMs' schema"
fi

# Manual pages and completions are the same in all archives.
if has groff "manual pages"; then
	for page in "$pages"/man/*.1; do
		groff -k -man -Tutf8 -ww -W break -P-cbou "$page" >"$work/page" 2>"$work/warnings"
		[ ! -s "$work/warnings" ] || fail "$(cat "$work/warnings")"
		grep -q NAME "$work/page" || fail "$page: no NAME"
	done
	echo "manual pages: all are rendered without a warning"
fi
mkdir "$work/bin"
cp "$pages/completions/_alpaca" "$work/bin/_alpaca"
# The completions of the shells call the program for this machine.
case $(uname -m) in x86_64) here=amd64 ;; aarch64) here=arm64 ;; *) here=none ;; esac
native=$(find "$work" -path "*_linux_$here/alpaca" | head -n 1)
if [ -n "$native" ]; then
	cp "$native" "$work/bin/alpaca"
	export PATH=$work/bin:$PATH
	said=$(alpaca version)
	echo "version: $(head -n 1 <<<"$said")"
	[[ $said == *"${tag}"* && $said == *"${commit:0:7}"* ]] || fail "version does not print $tag and $commit: $said"
	complete() { # SHELL TEXT: checks what the shell proposes after "alpaca quanti"
		grep -q quantize <<<"$2" || fail "$1 does not complete quanti: $2"
		echo "completions: $1 takes them, and completes quanti to quantize"
	}
	if [ -e /usr/share/bash-completion/bash_completion ]; then
		complete bash "$(bash -c '. /usr/share/bash-completion/bash_completion; . "$1"
			COMP_WORDS=(alpaca quanti) COMP_CWORD=1 COMP_LINE="alpaca quanti" COMP_POINT=13 COMP_TYPE=9
			$(complete -p alpaca | sed -E "s/.*-F ([^ ]+).*/\1/") alpaca quanti alpaca; echo "${COMPREPLY[@]}"' - "$pages/completions/alpaca.bash" 2>&1)"
	else
		echo "SKIPPED, bash-completion is not installed: bash's completions"
	fi
	if has zsh "its completions"; then
		complete zsh "$(zsh -f -c 'fpath=($1 $fpath); zmodload zsh/zpty; zpty -b z zsh -f
			zpty -w z "PS1=; fpath=($1 \$fpath); autoload -U compinit; compinit -D -u"; sleep 1
			zpty -w -n z $'"'alpaca quanti\t'"'; sleep 2; zpty -r -t z x; while zpty -r -t z y; do x+=$y; done; print -r -- $x' - "$work/bin" 2>&1 | grep -o 'quantize' | head -n 1)"
	fi
	if has fish "its completions"; then
		complete fish "$(HOME=$work fish --no-config -c "source '$pages/completions/alpaca.fish'; complete -C 'alpaca quanti'" 2>&1)"
	fi
	if has pwsh "PowerShell's completions"; then
		complete pwsh "$(pwsh -NoProfile -Command ". '$pages/completions/alpaca.ps1'; (TabExpansion2 'alpaca quanti' 13).CompletionMatches.CompletionText" 2>&1)"
	fi
else
	echo "SKIPPED, no program for this machine is in $dist: version, completions"
fi

# Install each Debian package into an empty root, and remove it again.
if has dpkg "Debian packages"; then
	version=none
	for deb in *.deb; do
		[ -e "$deb" ] || continue
		root=$work/root-${deb%.deb}
		mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" "$root/var/log"
		: >"$root/var/lib/dpkg/status"
		dpkg --root="$root" --force-architecture --force-not-root -i "$deb" >"$work/log" 2>&1 || fail "$deb: $(cat "$work/log")"
		for file in usr/bin/alpaca usr/share/doc/alpaca/copyright usr/share/man/man1/alpaca-run.1.gz usr/share/bash-completion/completions/alpaca \
			usr/share/zsh/vendor-completions/_alpaca usr/share/fish/vendor_completions.d/alpaca.fish; do
			[ -s "$root/$file" ] || fail "$deb does not install $file"
		done
		(cd "$root" && grep -q . var/lib/dpkg/info/alpaca.md5sums && md5sum --quiet -c var/lib/dpkg/info/alpaca.md5sums) || fail "$deb: md5sums"
		version=$(dpkg-deb -f "$deb" Version)
		dpkg --root="$root" --force-not-root -r alpaca >"$work/log" 2>&1 || fail "$deb: $(cat "$work/log")"
		[ ! -e "$root/usr/bin/alpaca" ] || fail "$deb leaves its program behind"
	done
	echo "Debian packages: $(ls *.deb 2>/dev/null | wc -l), version $version, are installed and removed"
fi

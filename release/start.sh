#!/usr/bin/env bash
# Runs the programs for other CPUs with emulators, and asks the built-in model ten questions. The
# answers must be the same, to the byte, as those of the program for this machine.
#
#	release/start.sh DIST [NAME...]     NAMEs such as linux_armv7 (default: all that can run here)
set -euo pipefail
[ $# -ge 1 ] && [ -d "$1" ] || { echo "usage: $0 DIST [NAME...]: a folder that make release wrote" >&2; exit 2; }
dist=$1
here=$(realpath "$(dirname "$0")")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

prompts=("Who are you?" "Tell me a story about a fox." "Put this sentence in the past tense: Anna walks to the castle."
	"What is the opposite of hot?" "Where does an owl live?" "Reverse this list: moon, river, bread" "What is 3 plus 4?"
	"Say hello." "Write a short story about a boy and a kite." "Which animal lives in the sea?")

# answers COMMAND...: runs a program, with its emulator in front, and prints its answers.
answers() {
	local prompt
	for prompt in "${prompts[@]}"; do
		ALPACA_MODEL='' "$@" run -m builtin -p "$prompt" --temp 0 -q 2>&1
	done
}

# emulator NAME: prints the command that runs the program of a platform, or nothing if there is none.
emulator() {
	case $1 in
	linux_amd64) echo "qemu-x86_64-static -cpu Nehalem" ;;
	linux_arm64) echo "qemu-aarch64-static -cpu cortex-a53" ;;
	linux_armv6) echo "qemu-arm-static -cpu arm1176" ;;
	linux_armv7) echo "qemu-arm-static -cpu cortex-a7" ;;
	linux_riscv64) echo "qemu-riscv64-static" ;;
	# A 64-bit CPU runs 32-bit programs without an emulator. Under qemu-i386
	# of version 7.2, Go's programs crash when they start a second thread.
	linux_386) [ "$(uname -m)" = x86_64 ] && echo "setarch i686" || echo "qemu-i386-static" ;;
	# On Android the dynamic linker relocates the program. The linker of Debian's libc6-arm64-cross can do so, too.
	android_arm64) echo "qemu-aarch64-static -cpu cortex-a76 /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1" ;;
	windows_amd64) echo "wine" ;;
	esac
}

# windows makes a Windows folder for wine. Wine before version 9 lacks a library, which is then built
# with gcc-mingw-w64-x86-64.
windows() {
	wineboot -i >/dev/null 2>&1 || true
	local library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
	if [ ! -e "$library" ] && command -v x86_64-w64-mingw32-gcc >/dev/null; then
		x86_64-w64-mingw32-gcc -shared -O1 -nostdlib -e 0 -o "$library" "$here/wine/prng.c" -ladvapi32
	fi
}

unpack() { # NAME
	mkdir -p "$work/$1"
	if [[ $1 == windows_* ]]; then
		unzip -q "$dist"/alpaca_*_"$1".zip -d "$work/$1"
	else
		tar -C "$work/$1" -xf "$(ls "$dist"/alpaca_*_"$1".tar.gz)"
	fi
}

(cd "$here/.." && CGO_ENABLED=0 go build -o "$work/native" ./cmd/alpaca)
answers "$work/native" >"$work/want"
[ $# -gt 0 ] || set -- linux_amd64 linux_arm64 linux_armv6 linux_armv7 linux_riscv64 linux_386 android_arm64 windows_amd64
export WINEPREFIX=$work/wine WINEDEBUG=-all # a folder of its own, and no debug output
failed=0
for name in "$@"; do
	read -ra with <<<"$(emulator "$name")"
	if [ ${#with[@]} -eq 0 ]; then
		echo "$name: SKIPPED, nothing here can start it"
		continue
	fi
	if ! command -v "${with[0]}" >/dev/null || { [[ ${with[-1]} == /* ]] && [ ! -x "${with[-1]}" ]; }; then
		echo "$name: SKIPPED, not installed: ${with[*]}"
		continue
	fi
	[ "$name" != windows_amd64 ] || windows
	unpack "$name"
	program=$work/$name/alpaca
	[ -e "$program" ] || program=$program.exe
	start=$SECONDS
	answers "${with[@]}" "$program" | tr -d '\r' >"$work/got" || true
	if cmp -s "$work/want" "$work/got"; then
		echo "$name: ${#prompts[@]} answers are the same (${with[*]}, $((SECONDS - start)) s), $("${with[@]}" "$program" version | head -n 1)"
	else
		echo "$name: answers DIFFER"
		diff "$work/want" "$work/got" | head -n 10 || true
		failed=1
	fi
done
exit $failed

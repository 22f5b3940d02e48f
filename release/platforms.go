package main

import (
	"fmt"
	"slices"
	"strings"
)

// A platform is a target for which the program is built.
type platform struct {
	os, arch, arm string
	debian        string // architecture of the Debian package, or "" for no package
	entry         bool   // the program's entry point is alpaca_entry, which checks limits before Go's runtime starts (internal/machine/start)
}

// platforms are the platforms of a release. The Debian package for armhf has the program for
// ARMv6, because Raspberry Pi OS for ARMv6 is also called armhf, and newer CPUs can run it.
var platforms = []platform{
	{os: "linux", arch: "amd64", debian: "amd64", entry: true},
	{os: "linux", arch: "arm64", debian: "arm64", entry: true},
	{os: "linux", arch: "arm", arm: "6", debian: "armhf"},
	{os: "linux", arch: "arm", arm: "7"},
	{os: "linux", arch: "riscv64", debian: "riscv64"},
	{os: "linux", arch: "386", debian: "i386"},
	{os: "windows", arch: "amd64"},
	{os: "windows", arch: "arm64"},
	{os: "darwin", arch: "amd64"},
	{os: "darwin", arch: "arm64"},
	{os: "freebsd", arch: "amd64"},
	{os: "android", arch: "arm64"},
}

// name returns the platform's name in names of files, such as linux_armv7.
func (p platform) name() string {
	if p.arm != "" {
		return p.os + "_" + p.arch + "v" + p.arm
	}
	return p.os + "_" + p.arch
}

// program returns the name of the program's file on p.
func (p platform) program() string {
	if p.os == "windows" {
		return "alpaca.exe"
	}
	return "alpaca"
}

// environ returns the environment variables with which the go command builds for p. The other
// variables that affect the program's bytes get their defaults.
func (p platform) environ() []string {
	env := []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GO386=sse2", "GORISCV64=rva20u64", "GOWORK=off"}
	if p.arm != "" {
		env = append(env, "GOARM="+p.arm)
	}
	return env
}

// choose returns the platforms in a list such as linux/amd64,linux/armv7. An empty list stands
// for all platforms.
func choose(list string) (chosen []platform, err error) {
	if list == "" {
		return platforms, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(platforms, func(p platform) bool { return p.name() == strings.ReplaceAll(name, "/", "_") })
		if i < 0 {
			return nil, fmt.Errorf("no platform %q", name)
		}
		chosen = append(chosen, platforms[i])
	}
	return chosen, nil
}

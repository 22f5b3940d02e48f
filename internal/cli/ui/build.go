package ui

import (
	"cmp"
	"runtime/debug"
	"strings"
)

// Build says which source the program was built from.
type Build struct {
	Version  string // the tag of the release, or else the version of the module; "unknown" if there is neither
	Commit   string // "" if it is not known
	Modified bool   // the source differed from the commit
}

// Short returns the first 12 digits of the commit, or the version if the commit is not known.
// It identifies the program to clients.
func (b Build) Short() string { return cmp.Or(b.Commit[:min(len(b.Commit), 12)], b.Version) }

// String returns the version and the commit as text for people.
func (b Build) String() string {
	s := b.Version
	if b.Commit != "" {
		s += ", commit " + b.Short()
	}
	if b.Modified {
		s += ", modified"
	}
	return s
}

// In releases, the linker sets tag and commit. Go does not record the commit in releases, because
// the bytes of the program would then depend on the kind of checkout.
var tag, commit string

// ReadBuild returns the version that the linker or Go wrote into the program.
func ReadBuild() Build {
	if tag != "" {
		clean, dirty := strings.CutSuffix(tag, "-dirty")
		return Build{Version: clean, Commit: commit, Modified: dirty}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: "unknown"}
	}
	b := Build{Version: info.Main.Version}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

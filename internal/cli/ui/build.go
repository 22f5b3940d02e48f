package ui

import (
	"cmp"
	"runtime/debug"
)

// Build says what the program was made of.
type Build struct {
	Version  string // of the module, or "unknown"
	Commit   string // "" where it is not known
	Modified bool   // the source differed from the commit
}

// Short names the program's version for clients.
func (b Build) Short() string { return cmp.Or(b.Commit[:min(len(b.Commit), 12)], b.Version) }

// ReadBuild returns what Go wrote into the program.
func ReadBuild() Build {
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

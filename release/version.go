package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// described is what git says of a commit behind a tag: the tag, how many commits behind it, the
// commit's beginning.
var described = regexp.MustCompile(`^(.+)-([0-9]+)-g([0-9a-f]+)$`)

// number returns the version of what git describe calls tag, and whether that is a release: a
// commit with a tag such as v1.2.0 or v1.2.0-rc.1, without changes. Other commits lie between
// releases, and so do their versions, for Debian's tools too: v1.2.0-5-g1234567 is
// 1.2.1-dev.5+g1234567, newer than 1.2.0 and older than 1.2.1. As it stands it would be a version
// before 1.2.0.
func number(tag string) (version string, released bool, err error) {
	name, dirty := strings.CutSuffix(tag, "-dirty")
	behind, commit := "0", ""
	if m := described.FindStringSubmatch(name); m != nil {
		name, behind, commit = m[1], m[2], "g"+m[3]
	} else if !strings.HasPrefix(name, "v") {
		name, commit = "v0.0.0-untagged", "g"+name // no tag before this commit
	}
	v, err := semver.StrictNewVersion(strings.TrimPrefix(name, "v"))
	if err != nil || name[0] != 'v' {
		return "", false, fmt.Errorf("tag %q is no version such as v1.2.0 or v1.2.0-rc.1", name)
	}
	if commit == "" && !dirty {
		return v.String(), true, nil
	}
	next, pre := *v, v.Prerelease()+".dev."+behind
	if v.Prerelease() == "" {
		next, pre = v.IncPatch(), "dev."+behind
	}
	if next, err = next.SetPrerelease(pre); err != nil {
		return "", false, err
	}
	var build []string
	if commit != "" {
		build = append(build, commit)
	}
	if dirty {
		build = append(build, "dirty")
	}
	next, err = next.SetMetadata(strings.Join(build, "."))
	return next.String(), false, err
}

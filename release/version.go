package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// described matches the output of git describe for a commit that has no tag itself. The groups
// are the last tag before it, the number of commits since that tag, and the commit's abbreviated
// hash.
var described = regexp.MustCompile(`^(.+)-([0-9]+)-g([0-9a-f]+)$`)

// number returns the version for tag, the output of git describe, and whether it is a release. A
// release is a commit with a tag such as v1.2.0 or v1.2.0-rc.1 and without changed files. The
// version of any other commit lies between two releases, also in the order of Debian's tools.
// For example, v1.2.0-5-g1234567 becomes 1.2.1-dev.5+g1234567, which is newer than 1.2.0 and
// older than 1.2.1. By the rules of semantic versions, 1.2.0-5-g1234567 would be older than
// 1.2.0.
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
		return "", false, fmt.Errorf("tag %q is not a version such as v1.2.0 or v1.2.0-rc.1", name)
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

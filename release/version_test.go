package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/goreleaser/nfpm/v2"
)

// TestNumber checks versions. No version may be older than the one before it in the list, by the
// rules of semantic versioning and, if dpkg is installed, by those of dpkg.
func TestNumber(t *testing.T) {
	cases := []struct {
		tag, want string
		released  bool
	}{
		{"0c1d2e3", "0.0.0-untagged.dev.0+g0c1d2e3", false},
		{"0c1d2e3-dirty", "0.0.0-untagged.dev.0+g0c1d2e3.dirty", false},
		{"v1.2.0-rc.1", "1.2.0-rc.1", true},
		{"v1.2.0-rc.1-3-gabcdef0", "1.2.0-rc.1.dev.3+gabcdef0", false},
		{"v1.2.0-rc.2", "1.2.0-rc.2", true},
		{"v1.2.0", "1.2.0", true},
		{"v1.2.0-dirty", "1.2.1-dev.0+dirty", false},
		{"v1.2.0-5-gabcdef0", "1.2.1-dev.5+gabcdef0", false},
		{"v1.2.0-5-gabcdef0-dirty", "1.2.1-dev.5+gabcdef0.dirty", false},
		{"v1.2.0-12-gabcdef0", "1.2.1-dev.12+gabcdef0", false},
		{"v1.2.1", "1.2.1", true},
	}
	var before string
	for _, c := range cases {
		got, released, err := number(c.tag)
		if err != nil || got != c.want || released != c.released {
			t.Errorf("number(%q) = %q, %v, %v; want %q, %v", c.tag, got, released, err, c.want, c.released)
		}
		if before != "" && semver.MustParse(before).Compare(semver.MustParse(got)) > 0 {
			t.Errorf("%s is older than %s", got, before)
		}
		if before != "" && !strings.HasSuffix(got, "dirty") && !strings.HasSuffix(before, "dirty") {
			older(t, before, got)
		}
		before = got
	}
	for _, tag := range []string{"v1.2", "1.2.0-5-gabcdef0", "vx", "v1.2.0-01", "v"} {
		if got, _, err := number(tag); err == nil {
			t.Errorf("number(%q) = %q without an error", tag, got)
		}
	}
}

// older asks dpkg whether the version one is older than the version other, in the form that
// packages have.
func older(t *testing.T, one, other string) {
	t.Helper()
	if _, err := exec.LookPath("dpkg"); err != nil {
		return
	}
	if err := exec.Command("dpkg", "--compare-versions", debian(one), "lt", debian(other)).Run(); err != nil {
		t.Errorf("dpkg: %s is not before %s", debian(one), debian(other))
	}
}

// debian is a version as nfpm writes it into a package.
func debian(version string) string {
	info := nfpm.WithDefaults(&nfpm.Info{Version: version})
	text := info.Version
	if info.Prerelease != "" {
		text += "~" + info.Prerelease
	}
	if info.VersionMetadata != "" {
		text += "+" + info.VersionMetadata
	}
	return text
}

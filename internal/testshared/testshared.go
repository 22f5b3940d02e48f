// Package testshared finds models, vocabularies and golden results that tests need and that
// are not part of the repository. They are in the folder "shared" beside the repository. If
// a file is absent, the test that needs it is skipped with a message. If
// ALPACA_REQUIRE_SHARED is 1, the test fails instead, so that CI cannot mistake a skip for a
// pass. The package also reads golden files, both from "shared" and from the repository.
package testshared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the absolute path of name, a slash-separated path relative to the shared
// folder. If the file does not exist, Path skips or fails the test.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("ALPACA_REQUIRE_SHARED") == "1" {
		t.Fatalf("%s is absent, and ALPACA_REQUIRE_SHARED=1 requires it", path)
	}
	t.Skipf("needs %s, which is absent", path)
	return ""
}

// root returns the shared folder: "../shared" as seen from the module's root,
// which is the first parent of the working directory with a go.mod.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", os.ErrNotExist
		}
		dir = parent
	}
}

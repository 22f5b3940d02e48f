// Package testshared finds the models, vocabularies and golden results that
// tests read in place and that are not part of the repository: the folder
// "shared" beside it. Where it is absent a test that needs it is skipped and says so;
// with ALPACA_REQUIRE_SHARED=1 the absence is a failure, so that CI cannot
// mistake a skip for a pass. It also reads golden files, these and those of the repository.
package testshared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the absolute path of name (slash-separated, relative to the
// shared folder), after making sure that it exists.
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
		t.Fatalf("%s is absent and ALPACA_REQUIRE_SHARED=1 asks for it", path)
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

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// licences returns a file with the licences of Go and of all modules that are linked into the
// program for p. The licences require that their text accompanies the program.
func (r *release) licences(ctx context.Context, p platform) (file, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}", "./cmd/alpaca")
	cmd.Dir, cmd.Stderr, cmd.Env = r.root, os.Stderr, append(os.Environ(), p.environ()...)
	out, err := cmd.Output()
	if err != nil {
		return file{}, err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return file{}, err
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	modules = append([]string{"Go\t" + runtime.Version() + "\t" + strings.TrimSpace(string(goroot))}, slices.Compact(modules)...)
	var b bytes.Buffer
	b.WriteString("The licences of what is linked into alpaca, beside its own.\n")
	for _, m := range modules {
		fields := strings.Split(m, "\t")
		if len(fields) != 3 || fields[0] == "alpaca" {
			continue
		}
		var found []string
		for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*"} {
			names, err := filepath.Glob(filepath.Join(fields[2], pattern))
			if err != nil {
				return file{}, err
			}
			found = append(found, names...)
		}
		if len(found) == 0 {
			return file{}, fmt.Errorf("%s: no licence in %s", fields[0], fields[2])
		}
		for _, name := range found {
			text, err := os.ReadFile(name)
			if err != nil {
				return file{}, err
			}
			fmt.Fprintf(&b, "\n%s\n%s %s: %s\n\n%s\n", strings.Repeat("=", 80), fields[0], fields[1], filepath.Base(name), bytes.TrimSpace(text))
		}
	}
	return file{"LICENSES.txt", b.Bytes(), 0o644}, nil
}

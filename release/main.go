// Command release builds the files of a release. For each platform it makes an archive with the
// program, its manual pages and its completions, and a software bill of materials (SBOM). It
// also makes Debian packages and checksums. The same commit gives the same bytes, wherever and
// whenever it is built with the same Go.
//
//	make release
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A release has the version to build and the commit to build it from.
type release struct {
	root    string // top of the source tree
	out     string
	version string // version of archives and packages: see number
	tag     string // output of git describe for the commit
	commit  string
	date    time.Time // of the commit
}

func main() {
	root := flag.String("root", "..", "top of the source `tree`")
	out := flag.String("o", "../dist", "`folder` to write to, which must not exist")
	only := flag.String("platforms", "", "`list` of platforms such as linux/amd64,linux/armv7 (default: all)")
	tag := flag.String("tag", "", "`version` of a tree that is not a git checkout; give -commit and -epoch, too")
	commit := flag.String("commit", "", "`commit` of a tree that is not a git checkout")
	snapshot := flag.Bool("snapshot", false, "build a commit without a tag, for a trial")
	epoch := flag.Int64("epoch", 0, "`time` of that commit, in seconds since 1970")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := release{root: *root, out: *out, tag: *tag, commit: *commit, date: time.Unix(*epoch, 0).UTC()}
	if err := r.run(ctx, *only, *snapshot); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run builds everything. only is a list of platforms, as choose reads it. The commit must
// have a tag, unless snapshot is true.
func (r *release) run(ctx context.Context, only string, snapshot bool) (err error) {
	if r.root, err = filepath.Abs(r.root); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return err
	}
	if r.tag == "" {
		if err := r.ask(ctx); err != nil {
			return err
		}
	}
	released := false
	if r.version, released, err = number(r.tag); err != nil {
		return err
	}
	if !released && !snapshot {
		return fmt.Errorf("%s is not a release: tag the commit (git tag -a v1.2.0) in a tree without changed files; for a trial, -snapshot builds it as %s", r.tag, r.version)
	}
	list, err := choose(only)
	if err != nil {
		return err
	}
	if err := os.Mkdir(r.out, 0o755); err != nil {
		return err
	}
	pages, err := r.pages()
	if err != nil {
		return err
	}
	for _, p := range list {
		fmt.Println(p.name())
		if err := r.platform(ctx, p, pages); err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
	}
	return r.checksums()
}

// ask sets r's tag, commit and date from git.
func (r *release) ask(ctx context.Context) error {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = r.root
		out, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
		}
		return strings.TrimSpace(string(out)), err
	}
	var err error
	if r.tag, err = git("describe", "--tags", "--always", "--dirty"); err != nil {
		return err
	}
	if r.commit, err = git("rev-parse", "HEAD"); err != nil {
		return err
	}
	seconds, err := git("log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	epoch, err := strconv.ParseInt(seconds, 10, 64)
	r.date = time.Unix(epoch, 0).UTC()
	return err
}

// platform builds the program for p, its SBOM, its archive and, if p has one, its Debian
// package.
func (r *release) platform(ctx context.Context, p platform, pages []file) error {
	dir, err := os.MkdirTemp("", "alpaca-release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, p.program())
	if err := r.build(ctx, p, program); err != nil {
		return err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	licences, err := r.licences(ctx, p)
	if err != nil {
		return err
	}
	files := append([]file{{name: p.program(), data: data, mode: 0o755}, licences}, pages...)
	base := filepath.Join(r.out, "alpaca_"+r.version+"_"+p.name())
	if err := r.sbom(ctx, program, base+".cdx.json"); err != nil {
		return err
	}
	if p.os == "windows" {
		err = r.zip(base+".zip", files)
	} else {
		err = r.tar(base+".tar.gz", files)
	}
	if err == nil && p.debian != "" {
		err = r.deb(p.debian, files)
	}
	return err
}

// build compiles the program.
func (r *release) build(ctx context.Context, p platform, program string) error {
	flags := "-s -w -X alpaca/internal/cli/ui.tag=" + r.tag + " -X alpaca/internal/cli/ui.commit=" + r.commit
	if p.entry {
		flags += " -E alpaca_entry" // as make build does
	}
	// Without -buildvcs=false, Go would record the commit if the tree is an ordinary Git
	// checkout. The program's bytes would then depend on the kind of checkout.
	return r.command(ctx, p.environ(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", program, "./cmd/alpaca")
}

// sbom writes the list of modules that are linked into program, in the format CycloneDX.
func (r *release) sbom(ctx context.Context, program, path string) error {
	here := filepath.Join(r.root, "release")
	cmd := exec.CommandContext(ctx, "go", "tool", "cyclonedx-gomod", "bin", "-json", "-noserial", "-notimestamp", "-std", "-version", r.tag, "-output", path, program)
	cmd.Dir, cmd.Stderr = here, os.Stderr
	return cmd.Run()
}

// command runs a command at the top of the tree.
func (r *release) command(ctx context.Context, environ []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), environ...)
	return cmd.Run()
}

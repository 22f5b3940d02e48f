package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the packager "deb"
	"github.com/goreleaser/nfpm/v2/files"
)

// places maps names of files in the archive to the paths at which the Debian package installs
// them. Manual pages are not listed: see deb.
var places = map[string]string{
	"alpaca":                  "/usr/bin/alpaca",
	"LICENSE":                 "/usr/share/doc/alpaca/copyright",
	"LICENSES.txt":            "/usr/share/doc/alpaca/LICENSES.txt",
	"README.md":               "/usr/share/doc/alpaca/README.md",
	"CHANGELOG.md":            "/usr/share/doc/alpaca/CHANGELOG.md",
	"completions/alpaca.bash": "/usr/share/bash-completion/completions/alpaca",
	"completions/_alpaca":     "/usr/share/zsh/vendor-completions/_alpaca",
	"completions/alpaca.fish": "/usr/share/fish/vendor_completions.d/alpaca.fish",
}

// deb writes the Debian package for an architecture.
func (r *release) deb(arch string, list []file) error {
	dir, err := os.MkdirTemp("", "alpaca-deb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	info := &nfpm.Info{
		Name: "alpaca", Arch: arch, Platform: "linux", Version: r.version, Section: "science", Priority: "optional",
		Maintainer:  "The alpaca authors <maintainers@invalid>",
		Description: "language models on ordinary CPUs\nRuns, serves, converts, measures and trains language models, in one static program.",
		License:     "MIT", MTime: r.date,
	}
	info.Deb.Compression = "xz"
	for _, f := range list {
		to, data := places[f.name], f.data
		if strings.HasPrefix(f.name, "man/") {
			to = "/usr/share/man/man1/" + path.Base(f.name) + ".gz"
			if data, err = compress(data); err != nil {
				return err
			}
		}
		if to == "" {
			continue // the package leaves out PowerShell's completions
		}
		source := filepath.Join(dir, strings.ReplaceAll(f.name, "/", "-"))
		if err := os.WriteFile(source, data, 0o600); err != nil {
			return err
		}
		info.Contents = append(info.Contents, &files.Content{Source: source, Destination: to,
			FileInfo: &files.ContentFileInfo{Mode: f.mode, Owner: "root", Group: "root", MTime: r.date}})
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return err
	}
	packager, err := nfpm.Get("deb")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := packager.Package(info, &b); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, packager.ConventionalFileName(info)), b.Bytes(), 0o644)
}

// compress returns data compressed with gzip, without a date in the header.
func compress(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

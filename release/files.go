package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"alpaca/internal/cli"
)

// A file is one file of the archives and packages.
type file struct {
	name string
	data []byte
	mode fs.FileMode
}

// pages returns the files that accompany the program: LICENSE, README.md, CHANGELOG.md, manual
// pages and shell completions.
func (r *release) pages() (list []file, err error) {
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		data, err := os.ReadFile(filepath.Join(r.root, name))
		if err != nil {
			return nil, err
		}
		list = append(list, file{name, data, 0o644})
	}
	root := cli.Root()
	root.DisableAutoGenTag = true
	if list, err = r.manual(list, root); err != nil {
		return nil, err
	}
	for _, shell := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"completions/alpaca.bash", func(w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
		{"completions/_alpaca", root.GenZshCompletion},
		{"completions/alpaca.fish", func(w io.Writer) error { return root.GenFishCompletion(w, true) }},
		{"completions/alpaca.ps1", root.GenPowerShellCompletionWithDesc},
	} {
		var b bytes.Buffer
		if err := shell.write(&b); err != nil {
			return nil, err
		}
		list = append(list, file{shell.name, b.Bytes(), 0o644})
	}
	return list, nil
}

// manual appends the manual pages of cmd and of all its subcommands to list.
func (r *release) manual(list []file, cmd *cobra.Command) ([]file, error) {
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		var err error
		if list, err = r.manual(list, sub); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	header := &doc.GenManHeader{Section: "1", Date: &r.date, Source: "alpaca " + r.version, Manual: "alpaca"}
	if err := doc.GenMan(cmd, header, &b); err != nil {
		return nil, err
	}
	return append(list, file{"man/" + strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1", b.Bytes(), 0o644}), nil
}

// tar writes files as a .tar.gz archive, for all systems except Windows.
func (r *release) tar(path string, files []file) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: r.date, Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// zip writes files as a ZIP archive, for Windows.
func (r *release) zip(path string, files []file) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.date})
		if err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// checksums writes SHA256SUMS in the form that sha256sum -c reads.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out) // sorted by name
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(b.String()), 0o644)
}

// Package checkpoint opens folders with checkpoints. Checkpoints of Hugging Face have
// config.json. Their weights are in safetensors or pytorch_model.bin, in one file or in
// many files with an index. Meta's checkpoints have params.json and consolidated.NN.pth.
// This package finds the files and their tensors. Package checkpoint/open interprets them.
package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/checkpoint/pth"
	"alpaca/internal/checkpoint/safetensors"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/lazyregexp"
)

// Folder is an open checkpoint.
type Folder struct {
	Dir    string
	Meta   bool          // Meta's own format
	Config config.Object // config.json, or params.json
	Files  []string      // paths of the files with weights
	// Format is the format of the weights, such as "safetensors".
	Format string

	// Shards are the tensors by name. A Hugging Face checkpoint has one map with all tensors.
	// Meta's checkpoints have a map for each file, because each file has a part of every tensor.
	Shards []map[string]*weights.Tensor

	close []func() error
}

// Options change how a folder is opened.
type Options struct {
	// Map says that safetensors files are mapped into memory: see safetensors.Options.
	Map bool
}

// Is reports whether path is a folder with a config.json or params.json, which Open may
// be able to read.
func Is(path string) bool {
	for _, name := range []string{"config.json", "params.json"} {
		if st, err := os.Stat(filepath.Join(path, name)); err == nil && st.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// Open opens all files of the checkpoint in a folder.
func Open(dir string, opt Options) (*Folder, error) {
	f := &Folder{Dir: dir}
	if err := f.open(opt); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close closes all files.
func (f *Folder) Close() error {
	var all []error
	for _, c := range f.close {
		all = append(all, c())
	}
	f.close = nil
	return errors.Join(all...)
}

func (f *Folder) open(opt Options) (err error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	f.Config, err = config.ReadFile(filepath.Join(f.Dir, "config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return f.openMeta(names)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Dir, err)
	}
	for _, form := range []struct {
		format, prefix, suffix, index string
	}{
		{"safetensors", "model", ".safetensors", "model.safetensors.index.json"},
		{"pytorch_model.bin", "pytorch_model", ".bin", "pytorch_model.bin.index.json"},
	} {
		parts := slices.DeleteFunc(slices.Clone(names), func(n string) bool {
			return !strings.HasPrefix(n, form.prefix) || !strings.HasSuffix(n, form.suffix)
		})
		indexed := slices.Contains(names, form.index)
		if len(parts) == 0 && !indexed {
			continue
		}
		f.Format = form.format
		var index map[string]string
		if indexed {
			if index, err = readIndex(filepath.Join(f.Dir, form.index)); err != nil {
				return err
			}
			parts = filesOf(index)
		} else if err := complete(f.Dir, parts); err != nil {
			return err
		}
		return f.openParts(parts, index, opt)
	}
	return fmt.Errorf("%s: no weights: neither model.safetensors nor pytorch_model.bin, in one file or many", f.Dir)
}

// openParts opens the files of weights and checks them against the index, if there is
// one.
func (f *Folder) openParts(parts []string, index map[string]string, opt Options) error {
	all := map[string]*weights.Tensor{}
	f.Shards = []map[string]*weights.Tensor{all}
	for _, name := range parts {
		path := filepath.Join(f.Dir, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: shard %s is missing", f.Dir, name)
		}
		list, err := f.openFile(path, opt)
		if err != nil {
			return err
		}
		for i := range list {
			t := &list[i]
			switch {
			case all[t.Name] != nil:
				return fmt.Errorf("%s: tensor %q is in %s too", path, t.Name, filepath.Base(all[t.Name].File))
			case index != nil && index[t.Name] == "":
				return fmt.Errorf("%s: tensor %q is not in the index", path, t.Name)
			case index != nil && index[t.Name] != name:
				return fmt.Errorf("%s: has tensor %q, but the index says that it is in %s", path, t.Name, index[t.Name])
			}
			all[t.Name] = t
		}
	}
	for name, file := range index {
		if all[name] == nil {
			return fmt.Errorf("%s: tensor %q is missing: the index has it in %s", f.Dir, name, file)
		}
	}
	return nil
}

// openFile opens one file of weights.
func (f *Folder) openFile(path string, opt Options) ([]weights.Tensor, error) {
	f.Files = append(f.Files, path)
	if strings.HasSuffix(path, ".safetensors") {
		s, err := safetensors.Open(path, safetensors.Options{Map: opt.Map})
		if err != nil {
			return nil, err
		}
		f.close = append(f.close, s.Close)
		return s.Tensors, nil
	}
	p, err := pth.Open(path)
	if err != nil {
		return nil, err
	}
	f.close = append(f.close, p.Close)
	return p.Tensors, nil
}

// metaShard matches the names of Meta's files.
var metaShard = lazyregexp.New(`^consolidated\.(\d\d)\.pth$`)

// openMeta opens Meta's files, each of which has a part of every tensor.
func (f *Folder) openMeta(names []string) (err error) {
	f.Config, err = config.ReadFile(filepath.Join(f.Dir, "params.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: neither config.json nor params.json: not a checkpoint", f.Dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Dir, err)
	}
	f.Meta, f.Format = true, "Meta's .pth"
	for _, name := range names {
		m := metaShard().FindStringSubmatch(name)
		if m == nil {
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n != len(f.Shards) {
			return fmt.Errorf("%s: shard consolidated.%02d.pth is missing", f.Dir, len(f.Shards))
		}
		list, err := f.openFile(filepath.Join(f.Dir, name), Options{})
		if err != nil {
			return err
		}
		shard := map[string]*weights.Tensor{}
		for i := range list {
			shard[list[i].Name] = &list[i]
		}
		f.Shards = append(f.Shards, shard)
	}
	if len(f.Shards) == 0 {
		return fmt.Errorf("%s: params.json without consolidated.00.pth", f.Dir)
	}
	return nil
}

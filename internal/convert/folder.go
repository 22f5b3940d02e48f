package convert

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	folders "alpaca/internal/checkpoint"
	hf "alpaca/internal/checkpoint/open"
	"alpaca/internal/quantize"
)

// Auto stands for the type that most of the checkpoint's weights have.
const Auto = "auto"

// FolderOptions are the options for checkpoints of Hugging Face or Meta.
type FolderOptions struct {
	Type  string // type of the output: Auto, or a name that quantize.ParseMix knows
	Name  string // name of the model; "": the checkpoint's name
	Pre   string // see open.Options
	Force bool   // whether the output may replace a file
	Split quantize.Split

	Importance *quantize.Importance // importance matrix; nil: none
	Threads    int
	Progress   func(tensor string, done, total int64)
}

// FolderResult describes a conversion by RunFolder.
type FolderResult struct {
	*quantize.Result
	Format string // format of the input
	Class  string // the architecture's class in config.json
	Mix    quantize.Mix
	Arch   string
	Params int64
	Notes  []string
}

// FolderOf returns the folder of a checkpoint: path itself, or the folder of path if path
// is one of its files. ok is false for other paths.
func FolderOf(path string) (dir string, ok bool) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return "", false
	case st.IsDir():
		return path, true
	}
	switch filepath.Ext(path) {
	case ".safetensors", ".pth", ".json", ".bin", ".model":
		dir = filepath.Dir(path)
		return dir, folders.Is(dir) && !(filepath.Ext(path) == ".bin" && !strings.HasPrefix(filepath.Base(path), "pytorch_model"))
	}
	return "", false
}

// RunFolder converts the checkpoint in a folder directly to any type and writes it to
// out. Only a few rows of a tensor are in memory at a time. If it fails, out is
// unchanged.
func RunFolder(ctx context.Context, dir, out string, opt FolderOptions) (*FolderResult, error) {
	m, err := hf.Open(dir, hf.Options{Pre: opt.Pre})
	if err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	defer m.Close()
	res := &FolderResult{Format: m.Format, Class: m.Class, Arch: m.Arch.Name, Params: m.Counts().Total}
	if res.Mix, err = mixOf(m, opt.Type); err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	if opt.Type == Auto {
		m.Notes = append(m.Notes, fmt.Sprintf("weights stay %s, the type of most weights in the checkpoint (%s)", m.Main, m.Stored))
	}
	if err := m.Describe(dir, opt.Name); err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	debug.FreeOSMemory() // reading the tokenizer needs the most memory
	plan, err := quantize.NewPlan(m.File, quantize.Options{Mix: res.Mix, KeepQuantized: true, HalvesToo: true, Split: opt.Split, Importance: opt.Importance})
	if err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	if res.Notes = m.Notes; plan.Fallbacks() != "" {
		res.Notes = append(res.Notes, plan.Fallbacks())
	}
	res.Result, err = plan.Run(ctx, out, quantize.RunOptions{Threads: opt.Threads, Force: opt.Force, Progress: opt.Progress})
	if err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	return res, nil
}

// mixOf returns the mix with the given name.
func mixOf(m *hf.Model, name string) (quantize.Mix, error) {
	if name == Auto {
		name = m.Main.String()
	}
	mix, err := quantize.ParseMix(name)
	if err == nil && mix.Copy {
		err = fmt.Errorf("COPY is only for GGUF files: use %q for the type of most weights", Auto)
	}
	return mix, err
}

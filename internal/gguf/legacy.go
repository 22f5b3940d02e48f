package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"alpaca/internal/arch"
	"alpaca/internal/lazyregexp"
	"alpaca/internal/quant"
)

// These are the containers of LLaMA models before GGUF, from March to August 2023:
//
//	"ggml"            no version       the alpaca.cpp weights
//	"ggmf" version 1  token scores
//	"ggjt" version 1  data aligned to 32 bytes, one file only
//	"ggjt" version 2, 3                new block layouts
//
//	magic [version] │ 7 numbers │ vocabulary │ tensor: dims, name, type, [padding], data │ tensor │ …
//
// This package presents such a file as if it were GGUF, with GGUF's tensor names. It
// derives the metadata from the seven numbers, the vocabulary and the tensors' shapes.

// legacyMagics maps a file's first four bytes, as a
// little-endian number, to the name of the container.
var legacyMagics = map[uint32]string{
	0x67676d6c: "ggml",
	0x67676d66: "ggmf",
	0x67676a74: "ggjt",
}

// legacyFile is one file, which may be a part of a model.
type legacyFile struct {
	im      *image
	format  string
	version uint32 // 0 for ggml, which has no versions
	hparams legacyParams
	vocab   legacyVocab
	tensors map[string]legacyTensor // by GGUF name
	order   []string                // GGUF names in the order of the file
}

// legacyParams are the seven numbers of a file, in the order of the file.
type legacyParams struct {
	Vocab, Embd, Mult, Heads, Layers, Rot, FType int32
}

// legacyTensor is one tensor record.
type legacyTensor struct {
	kind *arch.Tensor
	typ  quant.Type
	rows int // 1 for a vector
	cols int
	dims int
	at   span
}

// isLegacy reports whether a file that begins with head is from before GGUF.
func isLegacy(head []byte) bool {
	return len(head) >= 4 && legacyMagics[binary.LittleEndian.Uint32(head)] != ""
}

// openLegacy opens the model to which the file im belongs, and sets f to it.
func (f *File) openLegacy(im *image, opt Options) error {
	one, err := readLegacy(im)
	if err != nil {
		return pathError(im.path, err)
	}
	parts := []*legacyFile{one}
	if n := one.parts(); n > 1 {
		if parts, err = f.openLegacyParts(one, n, opt); err != nil {
			return err
		}
	}
	f.Format, f.Version = one.format, one.version
	for _, p := range parts {
		f.Parts = append(f.Parts, p.im.path)
	}
	if f.Tensors, err = joinLegacy(parts); err != nil {
		return pathError(f.Path, err)
	}
	if f.KV, err = parts[0].metadata(f, opt); err != nil {
		return pathError(f.Path, err)
	}
	f.ends = []int{len(f.Tensors)}
	f.index()
	return f.loadSources(im, opt)
}

// readLegacy reads a file, except its tensors' data.
func readLegacy(im *image) (*legacyFile, error) {
	l := &legacyFile{im: im, tensors: map[string]legacyTensor{}}
	err := l.read()
	if err != nil {
		if foreign := l.foreign(); foreign != "" {
			return nil, &ForeignError{im.path, foreign}
		}
		return nil, err
	}
	return l, nil
}

func (l *legacyFile) read() error {
	c, err := l.im.cursor(0, 4+4+7*4)
	if err != nil {
		return err
	}
	l.format = legacyMagics[c.u32()]
	if l.format != "ggml" {
		l.version = c.u32()
	}
	if newest := map[string]uint32{"ggml": 0, "ggmf": 1, "ggjt": 3}[l.format]; l.version > newest || l.format != "ggml" && l.version == 0 {
		return fmt.Errorf("%s version %d: the known versions are 1 to %d", l.format, l.version, newest)
	}
	p := &l.hparams
	for _, field := range []*int32{&p.Vocab, &p.Embd, &p.Mult, &p.Heads, &p.Layers, &p.Rot, &p.FType} {
		*field = c.i32()
	}
	if c.err != nil {
		return c.err
	}
	if err := p.check(); err != nil {
		return err
	}
	end, err := l.readVocab(int64(c.pos))
	if err != nil {
		return err
	}
	return l.readTensors(end)
}

// check refuses numbers that no LLaMA has. It need not check numbers that are not used as sizes.
func (p *legacyParams) check() error {
	for _, x := range []struct {
		name       string
		value, max int32
	}{
		{"vocabulary size", p.Vocab, maxLegacyVocab}, {"embedding length", p.Embd, 1 << 17},
		{"number of heads", p.Heads, 1 << 12}, {"number of layers", p.Layers, 1 << 10},
	} {
		if x.value < 1 || x.value > x.max {
			return fmt.Errorf("%s %d, want 1 to %d", x.name, x.value, x.max)
		}
	}
	if p.Embd%p.Heads != 0 {
		return fmt.Errorf("%d heads do not divide the embedding length %d", p.Heads, p.Embd)
	}
	return nil
}

// parts returns the number of files into which the model is cut. The
// number follows from the columns of the embedding, because these
// are divided among the files. Models in ggjt files are never cut.
func (l *legacyFile) parts() int {
	embd, ok := l.tensors[arch.TokenEmbed.Weight()]
	if !ok || l.format == "ggjt" || embd.cols == 0 {
		return 1
	}
	return int(l.hparams.Embd) / embd.cols
}

// partName matches the name of every part except the first.
var partName = lazyregexp.New(`^(.+)\.([1-9][0-9]?)$`)

// openLegacyParts opens all n parts of a model: MODEL, MODEL.1,
// MODEL.2 and so on. The parameter one is the part that is already open.
func (f *File) openLegacyParts(one *legacyFile, n int, opt Options) ([]*legacyFile, error) {
	if n > 99 {
		return nil, fmt.Errorf("%s: is one of %d parts, at most 99 are read", one.im.path, n)
	}
	dir, base := filepath.Split(one.im.path)
	if m := partName().FindStringSubmatch(base); m != nil {
		if k, _ := strconv.Atoi(m[2]); k < n {
			base = m[1]
		}
	}
	parts := make([]*legacyFile, n)
	for i := range parts {
		path := dir + base
		if i > 0 {
			path += "." + strconv.Itoa(i)
		}
		if path == one.im.path {
			parts[i] = one
			continue
		}
		im, err := f.addImage(path, opt)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("part %d of %d is missing: %w", i+1, n, err)
		}
		if err != nil {
			return nil, err
		}
		if head, err := im.at(0, min(4, im.size)); err != nil || !isLegacy(head) {
			return nil, fmt.Errorf("%s: is not part %d of %s", path, i+1, one.im.path)
		}
		if parts[i], err = readLegacy(im); err != nil {
			return nil, pathError(path, err)
		}
		if parts[i].hparams != one.hparams || parts[i].format != one.format || parts[i].version != one.version {
			return nil, fmt.Errorf("%s: is a part of another model than %s", path, one.im.path)
		}
	}
	return parts, nil
}

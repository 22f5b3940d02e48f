package gguf

import (
	"alpaca/internal/arch"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// source says where a tensor's data are. A tensor has a source if it is divided among files, if
// its layout in the file is not that of its Type, if its file is not mapped, or if it is from
// FromRows.
type source struct {
	typ        quant.Type
	pieces     []span   // one in each file
	cut        arch.Cut // how the tensor is divided among the files
	rows, cols int      // rows and columns of each piece
	plane      bool     // rows consist of planes (see legacy_plane.go)

	made func(dst []byte, lo, hi int) error // the function that FromRows was given; if made is set, no other field is set
}

// span is a place in a file.
type span struct {
	im   *image
	from int64
	n    int64
}

// direct returns a window of the mapping if the data are contiguous
// in it and have the layout of typ. Otherwise it returns nil.
func (s *source) direct() []byte {
	p := s.pieces[0]
	if len(s.pieces) > 1 || s.plane || !p.im.mapped {
		return nil
	}
	return p.im.data[p.from:][:p.n:p.n]
}

// read sets dst to the rows lo to hi-1 of the tensor.
func (s *source) read(dst []byte, lo, hi int) error {
	if s.made != nil {
		return s.made(dst, lo, hi)
	}
	pieceRow := s.typ.RowBytes(s.cols) // bytes
	row := pieceRow
	if s.cut == arch.CutCols {
		row *= len(s.pieces)
	}
	for i, p := range s.pieces {
		from, to, at := lo, hi, 0 // from and to are rows of this piece; at is their offset in dst
		switch s.cut {
		case arch.CutRows:
			from, to = max(lo-i*s.rows, 0), min(hi-i*s.rows, s.rows)
			at = (from + i*s.rows - lo) * row
		case arch.CutCols:
			at = i * pieceRow
		}
		if from >= to {
			continue
		}
		off, n := p.from+int64(from)*int64(pieceRow), (to-from)*pieceRow
		if !s.plane && row == pieceRow {
			if err := p.im.readAt(dst[at:at+n], off); err != nil {
				return pathError(p.im.path, err)
			}
			continue
		}
		src, err := p.im.at(off, int64(n))
		if err != nil {
			return pathError(p.im.path, err)
		}
		for ; len(src) > 0; src, at = src[pieceRow:], at+row {
			if s.plane {
				interleave(s.typ, dst[at:at+pieceRow], src[:pieceRow])
			} else {
				copy(dst[at:at+pieceRow], src[:pieceRow])
			}
		}
	}
	return nil
}

// giveSources gives a source to each tensor of a GGUF file that is not mapped.
func (h *header) giveSources(im *image) {
	for i := range h.tensors {
		t, e := &h.tensors[i], h.places[i]
		at := span{im, int64(h.start + e.start), int64(e.bytes)}
		t.src = &source{typ: t.Type, pieces: []span{at}, rows: t.Rows(), cols: t.Cols()}
	}
}

// Read sets dst to the rows lo to hi-1 of the tensor, even if Options.HeaderOnly left its Data
// nil.
func (t *Tensor) Read(dst []byte, lo, hi int) error {
	row := t.Type.RowBytes(t.Cols())
	dst = dst[:(hi-lo)*row]
	if t.Data != nil {
		copy(dst, t.Data[lo*row:hi*row])
		return nil
	}
	return t.src.read(dst, lo, hi)
}

// loadSources sets the Data of all tensors from their sources. im is the first file.
func (f *File) loadSources(im *image, opt Options) error {
	var rest []*Tensor
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Data = t.src.direct(); t.Data == nil {
			rest = append(rest, t)
		}
	}
	if opt.HeaderOnly || len(rest) == 0 {
		return nil
	}
	var total int64
	for _, t := range rest {
		total += t.Bytes
	}
	if err := im.reserve(total); err != nil {
		return pathError(f.Path, err)
	}
	return pool.Each(len(rest), func(i int) error {
		return Guard(func() error {
			t := rest[i]
			data := make([]byte, t.Bytes)
			if err := t.src.read(data, 0, t.Rows()); err != nil {
				return err
			}
			t.Data = data
			return nil
		})
	})
}

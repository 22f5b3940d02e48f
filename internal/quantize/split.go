package quantize

// Split says how an output is divided among several files. The zero value writes one.
type Split struct {
	MaxBytes   int64 // of a file's tensors; a single one may be larger. 0: no bound
	MaxTensors int   // of a file; 0: no bound
}

// divide decides which file of the output each tensor is in: a file is full when the next
// tensor would be too much.
func (p *Plan) divide() {
	p.parts = 1
	if p.Options.KeepSplit {
		p.parts = max(1, len(p.Input.Parts))
		return
	}
	sizes := make([]int64, len(p.Steps))
	for i := range p.Steps {
		sizes[i] = p.Steps[i].Bytes()
	}
	for i, part := range p.Options.Split.Parts(sizes) {
		p.Steps[i].part = part
		p.parts = part + 1
	}
}

// Parts returns the file, from 0, of each of tensors of the given sizes.
func (s Split) Parts(sizes []int64) []int {
	parts := make([]int, len(sizes))
	part, bytes, count := 0, int64(0), 0
	for i, n := range sizes {
		full := s.MaxBytes > 0 && bytes+n > s.MaxBytes || s.MaxTensors > 0 && count == s.MaxTensors
		if full && count > 0 {
			part, bytes, count = part+1, 0, 0
		}
		parts[i] = part
		bytes, count = bytes+n, count+1
	}
	return parts
}

package quantize

// Split says how the output is divided among several files. The zero value stands for one file.
type Split struct {
	MaxBytes   int64 // largest size of all tensors of a file together, unless a single tensor is larger; 0: no limit
	MaxTensors int   // largest number of tensors in a file; 0: no limit
}

// divide assigns each tensor to an output file.
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

// Parts returns the index of the file for each of the tensors with the given
// sizes. It begins a new file if the next tensor would exceed a limit.
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

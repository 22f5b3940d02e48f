package eval

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/arch"
)

// Imatrix collects the importance matrix of a model over a text: for each column of every weight
// matrix, the mean square of the activations that the column is multiplied by. Quantization then
// rounds the weights of columns with large mean squares most carefully.
type Imatrix struct {
	// Output says whether to include the output matrix. llama.cpp leaves it out by default.
	Output bool

	// Experts is the number of experts if the model's file stacks their matrices in one tensor. It
	// is 0 if each expert has its own tensor, or if there are no experts.
	Experts int

	Dataset   string // the text's name, which files store
	Chunks    int    // windows evaluated
	ChunkSize int    // tokens of a window

	entries map[string]*importance
}

// importance is the statistics of a matrix's input.
type importance struct {
	squares []float64 // [cols] sums of squares over the tokens
	tokens  int
}

// Collect adds the input x [tokens, cols] of a product with the matrix of the given name. It can
// serve as the function Collect of a model.Session.
func (m *Imatrix) Collect(name string, x []float32, tokens, cols int) {
	if _, _, layer := arch.CutLayer(name); !layer && !(m.Output && name == arch.Output.Weight()) {
		return
	}
	if m.entries == nil {
		m.entries = map[string]*importance{}
	}
	e := m.entries[name]
	if e == nil {
		e = &importance{squares: make([]float64, cols)}
		m.entries[name] = e
	}
	if len(e.squares) != cols {
		panic(fmt.Sprintf("eval: imatrix: %s had %d columns first, and %d later", name, len(e.squares), cols))
	}
	for t := range tokens {
		for j, v := range x[t*cols:][:cols] {
			e.squares[j] += float64(v) * float64(v) // the product is exact, so a fused multiply-add gives the same sum
		}
	}
	e.tokens += tokens
}

// stack is the importance of a matrix, or of the stacked matrices of all experts.
type stack struct {
	name    string
	cols    int
	squares []float32 // [len(tokens), cols] sums of squares
	tokens  []int     // number of tokens of each matrix; 0 for an expert without tokens
}

// expertOf splits the name of an expert's matrix. stack is the name of the tensor that stacks all
// experts' matrices, and expert is the expert's number. ok is false for other names.
func expertOf(name string) (stack string, expert int, ok bool) {
	layer, rest, ok := arch.CutLayer(name)
	role, rest, _ := strings.Cut(rest, ".")
	number, end, _ := strings.Cut(rest, ".")
	expert, err := strconv.Atoi(number)
	if t := stackOf(arch.Role(role)); ok && t != nil && end == "weight" && err == nil && expert >= 0 {
		return arch.LayerPrefix(layer) + t.GGUF() + "." + end, expert, true
	}
	return "", 0, false
}

// stacks returns the collected importance, sorted by name as in the files.
func (m *Imatrix) stacks() ([]stack, error) {
	if len(m.entries) == 0 {
		return nil, fmt.Errorf("eval: imatrix: nothing was collected")
	}
	byName := map[string]*stack{}
	for name, e := range m.entries {
		matrix, matrices := 0, 1
		if stack, expert, ok := expertOf(name); ok && m.Experts > 0 {
			name, matrix, matrices = stack, expert, m.Experts
		}
		cols := len(e.squares)
		s := byName[name]
		if s == nil {
			s = &stack{name: name, cols: cols, squares: make([]float32, matrices*cols), tokens: make([]int, matrices)}
			byName[name] = s
		}
		if cols != s.cols || matrix >= matrices {
			return nil, fmt.Errorf("eval: imatrix: %s: expert %d of %d has %d columns, other experts have %d", name, matrix, matrices, cols, s.cols)
		}
		s.tokens[matrix] = e.tokens
		for j, v := range e.squares {
			if !(v <= math.MaxFloat32) {
				return nil, fmt.Errorf("eval: imatrix: %s: column %d is %v", name, j, v)
			}
			s.squares[matrix*cols+j] = float32(v)
		}
	}
	list := make([]stack, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, *byName[name])
	}
	return list, nil
}

// stackOf returns the tensor that stacks the matrices of all experts with the given role. The
// first architecture that has such a tensor decides.
func stackOf(role arch.Role) *arch.Tensor {
	for _, a := range arch.All() {
		if t := a.Stack(role); t != nil {
			return t
		}
	}
	return nil
}

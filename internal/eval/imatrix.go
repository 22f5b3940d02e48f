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

// Imatrix collects the importance matrix of a model over a text: for every
// weight matrix, how strong each of its input columns is on average. Quantizing
// then rounds most carefully what matters most.
type Imatrix struct {
	// Output says whether the output matrix is collected too, which llama.cpp
	// leaves out unless told otherwise.
	Output bool

	// Experts is the number of experts of a model whose file holds the matrices
	// of all in one; 0 where it has one for each, or none.
	Experts int

	Dataset   string // the text's name, stored in the files
	Chunks    int    // windows evaluated
	ChunkSize int    // tokens in one

	entries map[string]*importance
}

// importance is what is known of a matrix's input.
type importance struct {
	squares []float64 // [cols], sums over the tokens
	tokens  int
}

// Collect adds the input x [tokens, cols] of a product with the named matrix. It
// is a model.Session's Collect.
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
		panic(fmt.Sprintf("eval: imatrix: %s has %d columns and then %d", name, len(e.squares), cols))
	}
	for t := range tokens {
		for j, v := range x[t*cols:][:cols] {
			e.squares[j] += float64(v) * float64(v) // exact, so fused or not
		}
	}
	e.tokens += tokens
}

// stack is the importance of a matrix, or of all experts' matrices in one.
type stack struct {
	name    string
	cols    int
	squares []float32 // [len(tokens), cols]
	tokens  []int     // of each matrix; 0 for an expert that none was sent to
}

// expertOf returns the expert whose matrix a name stands for, and the name of the stack that
// holds the matrices of all experts.
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

// stacks returns what was collected in the order of the files, by name.
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
			return nil, fmt.Errorf("eval: imatrix: %s: expert %d of %d with %d columns, others have %d", name, matrix, matrices, cols, s.cols)
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

// stackOf returns the line of the tensor that holds the matrices of all experts for a role, in
// whichever architecture has one.
func stackOf(role arch.Role) *arch.Tensor {
	for _, a := range arch.All() {
		if t := a.Stack(role); t != nil {
			return t
		}
	}
	return nil
}

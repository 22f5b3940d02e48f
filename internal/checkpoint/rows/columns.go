package rows

import (
	"fmt"
	"sync"
	"sync/atomic"

	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
)

// Columns is a matrix of small whole numbers that lies transposed: GPTQ's and AWQ's. Words
// of 32 bits have several of them: of a column in GPTQ, of a row in AWQ, where their order
// is 0 2 4 6 1 3 5 7. A group of columns has a scale and a zero for each row.
// https://github.com/ModelCloud/GPTQModel, nn_modules/qlinear; casper-hansen/AutoAWQ,
// awq/utils/packing_utils.py.
type Columns struct {
	Words, Zeros, Scales *weights.Tensor // of GPTQ [cols/8, rows], [groups, rows/8], [groups, rows]; of AWQ [cols, rows/8], ...
	Groups               *weights.Tensor // group of each column; nil: they follow each other
	Rows, Cols, Bits     int
	Group                int // columns of a group
	AWQ                  bool
	PlusOne              bool // zeros are stored less 1

	Cache *Cache // of all such matrices of a checkpoint

	mu     sync.Mutex // held to load
	loaded atomic.Pointer[columns]
}

// Cache keeps the matrices in memory that were read last: rows are read in order, so that
// few suffice.
type Cache struct {
	mu   sync.Mutex
	list []*Columns
}

// add adds a matrix that is in memory, and forgets an older one.
func (k *Cache) add(c *Columns) {
	const most = 3
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list = append(k.list, c); len(k.list) > most {
		k.list[0].loaded.Store(nil)
		k.list = k.list[1:]
	}
}

// columns is such a matrix in memory.
type columns struct {
	words  []byte
	zeros  []float32 // [groups, rows]
	scales []float32 // [groups, rows]
	group  []int32   // [cols]
}

// load reads the matrix, and forgets one that was read before.
func (c *Columns) load() (*columns, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.loaded.Load(); x != nil {
		return x, nil
	}
	x := &columns{words: make([]byte, c.Words.Bytes())}
	if err := c.Words.ReadAt(x.words, 0); err != nil {
		return nil, err
	}
	var err error
	if x.scales, err = c.Scales.Float32s(); err != nil {
		return nil, err
	}
	packed := make([]byte, c.Zeros.Bytes())
	if err := c.Zeros.ReadAt(packed, 0); err != nil {
		return nil, err
	}
	groups := len(x.scales) / c.Rows
	perWord := 32 / c.Bits
	x.zeros = make([]float32, len(x.scales))
	for g := range groups {
		for r := range c.Rows {
			w := word(packed, g*((c.Rows+perWord-1)/perWord)+r/perWord)
			z := w >> c.shift(r%perWord) & (1<<c.Bits - 1)
			if c.PlusOne {
				z++
			}
			x.zeros[g*c.Rows+r] = float32(z)
		}
	}
	if x.group, err = c.groups(groups); err != nil {
		return nil, err
	}
	c.loaded.Store(x)
	c.Cache.add(c)
	return x, nil
}

// groups returns the group of each column.
func (c *Columns) groups(n int) ([]int32, error) {
	list := make([]int32, c.Cols)
	for i := range list {
		list[i] = int32(min(i/c.Group, n-1))
	}
	if c.Groups == nil {
		return list, nil
	}
	x, err := c.Groups.Float32s()
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i] = int32(x[i]); list[i] < 0 || int(list[i]) >= n {
			return nil, fmt.Errorf("tensor %q: column %d is in group %d of %d", c.Groups.Name, i, list[i], n)
		}
	}
	return list, nil
}

// shift returns how far a number of a word must be shifted, of zeros and of AWQ's weights.
func (c *Columns) shift(i int) int {
	if c.AWQ {
		i = [8]int{0, 4, 1, 5, 2, 6, 3, 7}[i]
	}
	return i * c.Bits
}

// Unpack returns the matrix as typ.
func (c *Columns) Unpack(typ quant.Type) *Rows {
	perWord := 32 / c.Bits
	mask := uint32(1)<<c.Bits - 1
	return Computed(typ, c.Rows, c.Cols, func(dst []float32, lo, hi int) error {
		x, err := c.load()
		if err != nil {
			return err
		}
		for i := range c.Cols {
			at := int(x.group[i]) * c.Rows
			for r := lo; r < hi; r++ {
				var q uint32
				if c.AWQ {
					q = word(x.words, i*((c.Rows+perWord-1)/perWord)+r/perWord) >> c.shift(r%perWord) & mask
				} else {
					q = word(x.words, i/perWord*c.Rows+r) >> (i % perWord * c.Bits) & mask
				}
				dst[(r-lo)*c.Cols+i] = x.scales[at+r] * (float32(q) - x.zeros[at+r])
			}
		}
		return nil
	})
}

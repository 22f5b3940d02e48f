package rows

import (
	"fmt"
	"sync"
	"sync/atomic"

	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
)

// Columns is a transposed matrix of small integers, in GPTQ's or AWQ's format. A 32-bit word
// has several integers. In GPTQ, they belong to neighbouring columns. In AWQ, they belong to
// neighbouring rows, in the order 0 2 4 6 1 3 5 7. A group of columns has a scale and a zero
// point for each row. Sources: https://github.com/ModelCloud/GPTQModel, nn_modules/qlinear,
// and https://github.com/casper-hansen/AutoAWQ, awq/utils/packing_utils.py.
type Columns struct {
	// For integers of 4 bits, Words has the shape [cols/8, rows] (in AWQ [cols, rows/8]),
	// Zeros has the shape [groups, rows/8], and Scales has the shape [groups, rows].
	Words, Zeros, Scales *weights.Tensor
	Groups               *weights.Tensor // the group of each column; nil: groups are consecutive
	Rows, Cols, Bits     int
	Group                int // number of columns of a group
	AWQ                  bool
	PlusOne              bool // the file stores each zero point minus 1

	Cache *Cache // shared by all Columns of a checkpoint

	mu     sync.Mutex // held while loading
	loaded atomic.Pointer[columns]
}

// Cache keeps the most recently loaded matrices in memory. Rows are read in order, so a
// few matrices suffice.
type Cache struct {
	mu   sync.Mutex
	list []*Columns
}

// add adds a loaded matrix, and drops the oldest matrix if there are too many.
func (k *Cache) add(c *Columns) {
	const limit = 3
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list = append(k.list, c); len(k.list) > limit {
		k.list[0].loaded.Store(nil)
		k.list = k.list[1:]
	}
}

// columns is a loaded matrix.
type columns struct {
	words  []byte
	zeros  []float32 // [groups, rows]
	scales []float32 // [groups, rows]
	group  []int32   // [cols]
}

// load returns the loaded matrix. It reads the matrix if it is not in memory.
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

// groups returns the group of each column. n is the number of groups.
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

// shift returns the number of the lowest bit of integer
// i in a word of zero points or of AWQ's weights.
func (c *Columns) shift(i int) int {
	if c.AWQ {
		i = [8]int{0, 4, 1, 5, 2, 6, 3, 7}[i]
	}
	return i * c.Bits
}

// Unpack returns the dequantized matrix as typ.
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

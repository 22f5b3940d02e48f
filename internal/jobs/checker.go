package jobs

import (
	"crypto/sha256"
	"fmt"
)

// Checker checks the lines of an input one after the other: what each says, that no two
// have the same id, and that all ask for one model. Its memory grows by some 50 bytes a line.
type Checker struct {
	lines map[key]int // by their ids
	model string
	first int // the line that names it
}

// key stands for an id.
type key [16]byte

func keyOf(id string) (k key) {
	sum := sha256.Sum256([]byte(id))
	copy(k[:], sum[:])
	return k
}

// Check returns the request of a line; number is the line's, from 1.
func (c *Checker) Check(line []byte, number int) (*Request, error) {
	r, err := ParseRequest(line)
	if err != nil {
		return nil, err
	}
	if c.lines == nil {
		c.lines = map[key]int{}
	}
	k := keyOf(r.CustomID)
	if other, ok := c.lines[k]; ok {
		return nil, fmt.Errorf("custom_id %s is that of line %d, too", clip(r.CustomID), other)
	}
	if r.Model != "" {
		if c.first == 0 {
			c.model, c.first = r.Model, number
		} else if c.model != r.Model {
			return nil, fmt.Errorf("body.model is %s, but %s in line %d: one model answers all of a file", clip(r.Model), clip(c.model), c.first)
		}
	}
	c.lines[k] = number
	return r, nil
}

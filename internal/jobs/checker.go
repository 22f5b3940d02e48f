package jobs

import (
	"crypto/sha256"
	"fmt"
)

// Checker checks the lines of an input one after the other. Each line must
// be a valid request, no two lines may have the same custom_id, and all must
// name the same model. A Checker needs about 50 bytes of memory per line.
type Checker struct {
	lines map[key]int // line numbers by custom_id
	model string
	first int // number of the first line that names the model; 0: none yet
}

// key is a hash of a custom_id.
type key [16]byte

func keyOf(id string) (k key) {
	sum := sha256.Sum256([]byte(id))
	copy(k[:], sum[:])
	return k
}

// Check returns the request of a line. number is the line's number, from 1.
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
		return nil, fmt.Errorf("line %[2]d already has the custom_id %[1]s", clip(r.CustomID), other)
	}
	if r.Model != "" {
		if c.first == 0 {
			c.model, c.first = r.Model, number
		} else if c.model != r.Model {
			return nil, fmt.Errorf("body.model is %s, but %s in line %d: all requests of a file must name the same model", clip(r.Model), clip(c.model), c.first)
		}
	}
	c.lines[k] = number
	return r, nil
}

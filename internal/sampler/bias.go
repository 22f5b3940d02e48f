package sampler

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// biases are added to the model's logits before the chain runs.
type biases []struct {
	id    int32
	delta float32
}

// newBiases returns p.LogitBias and, if p.IgnoreEOS is set, biases that forbid the tokens which
// end the text.
func newBiases(p Params, v Vocab) biases {
	delta := map[int32]float32{}
	for id, d := range p.LogitBias {
		delta[id] = d
	}
	if p.IgnoreEOS {
		for _, id := range v.EOG {
			delta[id] = float32(math.Inf(-1))
		}
	}
	var b biases
	for id, d := range delta { // the order does not matter, because each token occurs once
		b = append(b, struct {
			id    int32
			delta float32
		}{id, d})
	}
	return b
}

// apply changes the candidates, which must still be in the order of their ids.
func (b biases) apply(c *candidates) {
	for _, t := range b {
		i := int(t.id)
		if !c.dense {
			var found bool
			i, found = slices.BinarySearchFunc(c.list, t.id, func(x candidate, id int32) int { return cmp.Compare(x.id, id) })
			if !found {
				continue
			}
		}
		logit := &c.list[i].logit
		if t.delta < -math.MaxFloat32 || *logit < -math.MaxFloat32 {
			*logit, c.ruled = float32(math.Inf(-1)), true // a bias cannot make an impossible token possible
			continue
		}
		*logit = finite(*logit + t.delta)
	}
}

// ParseLogitBias parses a bias from a command line: a token's id, a sign and the amount, such
// as "15043+1.5", "2-inf" or "13-0.5".
func ParseLogitBias(text string) (id int32, bias float32, err error) {
	i := strings.IndexAny(text, "+-")
	if i <= 0 {
		return 0, 0, fmt.Errorf("sampler: logit bias %q: must be a token's id, then + or - and a number, such as 29905-1", text)
	}
	token, err := strconv.ParseInt(text[:i], 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("sampler: logit bias: %q is not a token's id", text[:i])
	}
	amount, err := strconv.ParseFloat(text[i:], 32)
	if err != nil || !(amount <= math.MaxFloat32) {
		return 0, 0, fmt.Errorf("sampler: logit bias: %q is not a number or -inf", text[i:])
	}
	return int32(token), float32(amount), nil
}

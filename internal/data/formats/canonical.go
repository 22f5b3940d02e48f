package formats

import (
	"slices"
	"strings"

	"alpaca/internal/data"
)

// canonical returns a row of any source as an object of the format f. It returns
// nil if f is the format "preference" and the row has no rejected answer.
func (f *Format) canonical(r *data.Row) []byte {
	c := *r
	c.Raw = nil
	if f.Name == "alpaca" || f.Name == "gpteacher" || f.Name == "dolly" || f.Name == "seeds" {
		flatten(&c)
	}
	keys := slices.Clone(f.keys(&c))
	extra := &object{}
	if c.Extra != nil {
		extra = parseObject(c.Extra)
	}
	if f.Name == "preference" && !extra.has("rejected") {
		return nil
	}
	for _, x := range extra.fields {
		if !slices.Contains(keys, x.key) {
			keys = append(keys, x.key)
		}
	}
	return f.object(&c, nil, keys)
}

// flatten turns a conversation into its last question and answer. The earlier questions and
// answers become the value of the key history in Extra, as in LLaMA-Factory.
func flatten(r *data.Row) {
	if len(r.Turns) == 0 {
		return
	}
	var pairs [][2]string
	var question []string
	for _, m := range r.Turns {
		switch m.Role {
		case "system":
		case "assistant":
			pairs = append(pairs, [2]string{strings.Join(question, "\n\n"), m.Content})
			question = nil
		default:
			question = append(question, m.Content)
		}
	}
	if len(pairs) == 0 {
		return
	}
	last := pairs[len(pairs)-1]
	r.Instruction, r.Input, r.Output, r.Turns = last[0], "", last[1], nil
	if len(pairs) == 1 {
		return
	}
	b := []byte{'['}
	for i, p := range pairs[:len(pairs)-1] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(append(append(append(b, '['), data.AppendQuoted(nil, p[0])...), ", "...), data.AppendQuoted(nil, p[1])...), ']')
	}
	fields := []field{{"history", append(b, ']')}}
	if r.Extra != nil {
		fields = append(fields, parseObject(r.Extra).fields...)
	}
	r.Extra = appendObject(nil, fields)
}

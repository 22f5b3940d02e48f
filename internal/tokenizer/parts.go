package tokenizer

import (
	"sort"
	"strings"
)

// Part is a piece of a text that was put together from several sources.
type Part struct {
	Text string
	// Special makes the texts of control tokens in the part those tokens.
	// Without it they stay text, whatever the part says.
	Special bool
}

// PartOptions say what surrounds the parts.
type PartOptions struct {
	Continues     bool // text comes before: no space is put in front
	NoSpacePrefix bool // none is put in front anywhere, whatever the vocabulary says
}

// EncodeParts returns the tokens of the parts joined to one text, and for each
// part the index of the token that its first byte is in. They are those of the whole
// text, but that control tokens come from Special parts only, and span others
// never.
func (t *Tokenizer) EncodeParts(parts []Part, opt PartOptions) (ids []int32, starts []int) {
	var b strings.Builder
	offsets := make([]int, len(parts))
	ends := make([]int, len(parts)) // of the Special parts that follow each other
	for i, p := range parts {
		offsets[i] = b.Len()
		b.WriteString(p.Text)
	}
	text := b.String()
	for i := len(parts) - 1; i >= 0; i-- {
		switch next := i + 1; {
		case !parts[i].Special:
			ends[i] = offsets[i]
		case next < len(parts) && parts[next].Special:
			ends[i] = ends[next]
		default:
			ends[i] = offsets[i] + len(parts[i].Text)
		}
	}
	// special returns the end of what may hold control tokens around a byte.
	special := func(at int) int {
		i := sort.SearchInts(offsets, at+1) - 1
		return ends[i]
	}
	pieces := t.partitionAll().pieces(text, func(id int32, from, to int) bool {
		return t.types[id] == TypeUserDefined || to <= special(from)
	})
	starts = make([]int, len(parts))
	next := 0 // part whose start is not found yet
	prefix := !opt.Continues
	for _, p := range pieces {
		base, end, text := len(ids), p.at+1, ""
		if p.token != None {
			ids = append(ids, p.token)
			prefix = true
		} else {
			end = p.at + len(p.text)
			// Where a template writes the space itself, as Mistral's do after [INST],
			// a second one is not what the model was trained with.
			spaced := p.text[0] == ' ' && special(p.at) > p.at
			text = t.normal(p.text)
			ids = t.appendPlain(ids, text, prefix && !spaced && !opt.NoSpacePrefix)
			prefix = false
		}
		at, moved := t.places(ids[base:], len(text)), text != p.text // by its normal form
		for ; next < len(parts) && offsets[next] < end; next++ {
			starts[next] = base
			if offset := offsets[next] - p.at; offset > 0 {
				if moved {
					offset = len(t.normal(p.text[:offset]))
				}
				starts[next] += at(offset)
			}
		}
	}
	for ; next < len(parts); next++ {
		starts[next] = len(ids)
	}
	return ids, starts
}

// places returns what finds the token that a byte of a text is in, by its index
// among those that the text of that length became. Bytes are asked for in order.
func (t *Tokenizer) places(ids []int32, length int) func(offset int) int {
	end := -length // in the text, after the tokens that were looked at
	for _, id := range ids {
		end += len(t.Piece(id, true))
	}
	end = min(0, -end) // what the tokens have more is the space in front
	at := 0
	return func(offset int) int {
		for at < len(ids) {
			next := end + len(t.Piece(ids[at], true))
			if next > offset {
				break
			}
			end = next
			at++
		}
		return at
	}
}

// appendPlain appends the tokens of text, none of which is a control token: where
// letters would merge into one, they are kept apart.
func (t *Tokenizer) appendPlain(ids []int32, text string, spacePrefix bool) []int32 {
	base := len(ids)
	ids = t.encoder.encode(ids, text, spacePrefix)
	for _, id := range ids[base:] {
		if !t.IsControl(id) || t.Text(id) == "" {
			continue
		}
		if at := strings.Index(text, t.Text(id)); at >= 0 {
			cut := at + max(1, len(t.Text(id))/2)
			ids = t.appendPlain(ids[:base], text[:cut], spacePrefix)
			return t.appendPlain(ids, text[cut:], false)
		}
	}
	return ids
}

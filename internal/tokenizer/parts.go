package tokenizer

import (
	"sort"
	"strings"
)

// Part is one of several pieces that make a text.
type Part struct {
	Text string
	// If Special is true, the text of a control token in this part
	// becomes that token. Otherwise such a text stays ordinary text.
	Special bool
}

// PartOptions say what surrounds the parts.
type PartOptions struct {
	Continues     bool // other text comes before, so no space is put in front
	NoSpacePrefix bool // no space is put in front of a text, even if the vocabulary asks for one
}

// EncodeParts returns the tokens of the joined parts, and for each part the index of the token that
// has its first byte. The tokens are the same as for the whole text, except that control tokens are
// found only inside Special parts.
func (t *Tokenizer) EncodeParts(parts []Part, opt PartOptions) (ids []int32, starts []int) {
	var b strings.Builder
	offsets := make([]int, len(parts))
	ends := make([]int, len(parts)) // end of the run of Special parts from part i on
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
	// special returns the end of the run of Special parts around the byte at offset at. Only such a
	// run may contain control tokens.
	special := func(at int) int {
		i := sort.SearchInts(offsets, at+1) - 1
		return ends[i]
	}
	pieces := t.partitionAll().pieces(text, func(id int32, from, to int) bool {
		return t.types[id] == TypeUserDefined || to <= special(from)
	})
	starts = make([]int, len(parts))
	next := 0 // the first part whose start is not known yet
	prefix := !opt.Continues
	for _, p := range pieces {
		base, end, text := len(ids), p.at+1, ""
		if p.token != None {
			ids = append(ids, p.token)
			prefix = true
		} else {
			end = p.at + len(p.text)
			// If a template writes the space itself, as the templates of Mistral do after [INST],
			// the model was trained without a second space.
			spaced := p.text[0] == ' ' && special(p.at) > p.at
			text = t.normal(p.text)
			ids = t.appendPlain(ids, text, prefix && !spaced && !opt.NoSpacePrefix)
			prefix = false
		}
		at, moved := t.places(ids[base:], len(text)), text != p.text // normalization has changed the text
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

// places returns a function that finds the token with a given byte of a text, by
// the byte's offset. ids are the tokens of the text, and length is the length of
// the text in bytes. The function must be called with ascending offsets.
func (t *Tokenizer) places(ids []int32, length int) func(offset int) int {
	end := -length // offset in the text at which the tokens seen so far end
	for _, id := range ids {
		end += len(t.Piece(id, true))
	}
	end = min(0, -end) // if the tokens are longer than the text, they begin with an added space
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

// appendPlain appends the tokens of text without any control token. If characters would merge
// into a control token, the text is cut between them.
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

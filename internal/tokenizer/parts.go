package tokenizer

import "strings"

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
// part the index of the token that its first byte is in. Words may span parts;
// control tokens do not, and come from Special parts only.
func (t *Tokenizer) EncodeParts(parts []Part, opt PartOptions) (ids []int32, starts []int) {
	e := partsEncoder{t: t, opt: opt, afterSpecial: !opt.Continues, starts: make([]int, len(parts))}
	for i, p := range parts {
		partition := t.partitionUser()
		if p.Special {
			partition = t.partitionAll()
		}
		e.open = append(e.open, openPart{i, len(e.text)})
		for _, f := range partition.split(p.Text) {
			if f.token == None {
				if e.text == "" {
					e.spaced = p.Special && strings.HasPrefix(f.text, " ")
				}
				e.text += f.text
				continue
			}
			e.flush()
			e.ids = append(e.ids, f.token)
			e.afterSpecial = true
		}
	}
	e.flush()
	return e.ids, e.starts
}

// partsEncoder gathers the text between two control tokens.
type partsEncoder struct {
	t            *Tokenizer
	opt          PartOptions
	ids          []int32
	starts       []int
	text         string
	open         []openPart // parts that begin in text
	afterSpecial bool
	// spaced: text begins with a space that a Special part has. Where a template
	// writes the space itself, as Mistral's do after [INST], a second one is not
	// what the model was trained with.
	spaced bool
}

// openPart is a part whose first byte is at an offset of the gathered text.
type openPart struct{ part, offset int }

// flush encodes the gathered text and finds the tokens that its parts begin in.
func (e *partsEncoder) flush() {
	base := len(e.ids)
	e.normalize()
	if e.text != "" {
		e.ids = e.t.appendPlain(e.ids, e.text, e.afterSpecial && !e.spaced && !e.opt.NoSpacePrefix)
		e.afterSpecial = false
	}
	added := e.ids[base:]
	end := -len(e.text) // in the text, after the tokens that were looked at
	for _, id := range added {
		end += len(e.t.Piece(id, true))
	}
	end = min(0, -end) // what the tokens have more is the space in front
	at := 0
	for _, p := range e.open {
		for at < len(added) {
			next := end + len(e.t.Piece(added[at], true))
			if next > p.offset {
				break
			}
			end = next
			at++
		}
		e.starts[p.part] = base + at
	}
	e.text, e.open = "", e.open[:0]
}

// normalize brings the gathered text to its normal form, with the offsets of the
// parts in it.
func (e *partsEncoder) normalize() {
	text := e.t.normal(e.text)
	if text == e.text {
		return
	}
	for i, p := range e.open {
		e.open[i].offset = len(e.t.normal(e.text[:p.offset]))
	}
	e.text = text
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

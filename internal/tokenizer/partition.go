package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
)

// fragment is a piece of a text: a special token, or text between them.
type fragment struct {
	token int32 // None: text
	text  string
}

// partitioner cuts special tokens out of a text. The rule is that of the
// reference: the longest special token is looked for first, from left to right
// in the whole text, then the next longest in what is left, and so on; of equally
// long ones the lower id goes first. Looking for them one after the other would
// take a pass over the text for each, and vocabularies have hundreds; here one
// pass finds them all and a queue gives them their turns.
type partitioner struct {
	find  *automaton
	ids   []int32 // [pattern] longest first
	texts []string
	strip []strip
}

// maxSpecialBytes bounds the texts of special tokens together: an automaton takes some
// eighty times the memory. Vocabularies that were published have a few thousand bytes.
const maxSpecialBytes = 2 << 20

// checkSpecial returns an error if there is too much text of special tokens.
func checkSpecial(texts []string, types []Type) error {
	total := 0
	for id, typ := range types {
		if typ.special() {
			total += len(texts[id])
		}
	}
	if total > maxSpecialBytes {
		return fmt.Errorf("tokenizer: control and user-defined tokens of %d bytes together, at most %d", total, maxSpecialBytes)
	}
	return nil
}

// newPartitioner prepares the special tokens of t: all of them, or only those
// that are cut out of text whoever wrote it.
func newPartitioner(t *Tokenizer, rules map[int32]strip, all bool) *partitioner {
	p := &partitioner{}
	for id, typ := range t.types {
		if typ == TypeUserDefined || (all && typ.special()) {
			p.ids = append(p.ids, int32(id))
		}
	}
	slices.SortStableFunc(p.ids, func(a, b int32) int {
		return cmp.Compare(len(t.tokens[b]), len(t.tokens[a]))
	})
	for _, id := range p.ids {
		p.texts = append(p.texts, t.tokens[id])
		p.strip = append(p.strip, rules[id])
	}
	p.find = newAutomaton(p.texts)
	return p
}

// split cuts text into fragments. None is empty.
func (p *partitioner) split(text string) []fragment {
	pieces := p.pieces(text, nil)
	list := make([]fragment, len(pieces))
	for i, piece := range pieces {
		list[i] = piece.fragment
	}
	return list
}

// piece is a fragment and where it stands in the text.
type piece struct {
	fragment
	at int
}

// pieces is split that takes a special token only where allowed, unless nil, says
// so of its id and its bytes.
func (p *partitioner) pieces(text string, allowed func(id int32, from, to int) bool) []piece {
	if text == "" {
		return nil
	}
	may := func(o occurrence) bool { return allowed == nil || allowed(p.ids[o.pattern], o.at, p.end(o)) }
	waiting := p.occurrences(text, may)
	if len(waiting) == 0 {
		return []piece{{fragment{None, text}, 0}}
	}
	var chosen []occurrence
	taken := make([]bool, len(text))
	for len(waiting) > 0 {
		e := waiting.pop()
		o := occurrence{pattern: p.find.nodes[e.id].pattern, at: int(e.order & (1<<atBits - 1))}
		if taken[o.at] {
			continue
		}
		// Whatever was taken so far is at least as long as this token, so that it
		// covers one of its ends if it touches it at all.
		if !taken[p.end(o)-1] {
			p.take(text, o, taken)
			chosen = append(chosen, o)
			continue
		}
		// It gives way to the longest token at its place that still fits.
		for node := p.find.nodes[e.id].shorter; node != 0; node = p.find.nodes[node].shorter {
			o.pattern = p.find.nodes[node].pattern
			if !taken[p.end(o)-1] && may(o) {
				waiting.push(o.entry(node))
				break
			}
		}
	}
	slices.SortFunc(chosen, func(a, b occurrence) int { return cmp.Compare(a.at, b.at) })
	return p.fragments(text, chosen, taken)
}

// occurrence is a special token in a text.
type occurrence struct {
	pattern int32 // which: its rank, longest first
	at      int   // where it begins
}

// atBits is how much of a queue's order tells the place, the rest being the
// pattern: texts may have 64 GiB, vocabularies 2²⁸ tokens.
const atBits = 36

// entry queues an occurrence by pattern, and by place among those of one pattern.
func (o occurrence) entry(node int32) entry {
	return entry{order: uint64(o.pattern)<<atBits | uint64(o.at), id: node}
}

// end returns where an occurrence ends.
func (p *partitioner) end(o occurrence) int { return o.at + len(p.texts[o.pattern]) }

// occurrences queues the longest special token at every place where one begins that
// may be taken.
func (p *partitioner) occurrences(text string, may func(occurrence) bool) (found queue) {
	if len(p.ids) == 0 {
		return nil
	}
	node := int32(0)
	for at := len(text) - 1; at >= 0; at-- {
		node = p.find.step(node, text[at])
		for longest := p.find.longest(node); longest != 0; longest = p.find.nodes[longest].shorter {
			if o := (occurrence{p.find.nodes[longest].pattern, at}); may(o) {
				found.push(o.entry(longest))
				break
			}
		}
	}
	return found
}

// take marks the ground of an occurrence, with the white space that disappears
// with it.
func (p *partitioner) take(text string, o occurrence, taken []bool) {
	end := p.end(o)
	for i := o.at; i < end; i++ {
		taken[i] = true
	}
	if p.strip[o.pattern].left {
		for i := o.at - 1; i >= 0 && !taken[i] && asciiSpace(text[i]); i-- {
			taken[i] = true
		}
	}
	if p.strip[o.pattern].right {
		for i := end; i < len(text) && !taken[i] && asciiSpace(text[i]); i++ {
			taken[i] = true
		}
	}
}

// fragments lists the chosen occurrences, in the order of the text, and the
// ground that nothing took.
func (p *partitioner) fragments(text string, chosen []occurrence, taken []bool) []piece {
	list := make([]piece, 0, 2*len(chosen)+1)
	free := func(from, to int) {
		for from < to && taken[from] {
			from++
		}
		for to > from && taken[to-1] {
			to--
		}
		if from < to {
			list = append(list, piece{fragment{None, text[from:to]}, from})
		}
	}
	end := 0
	for _, o := range chosen {
		free(end, o.at)
		list = append(list, piece{fragment{token: p.ids[o.pattern]}, o.at})
		end = p.end(o)
	}
	free(end, len(text))
	return list
}

// asciiSpace is C's isspace.
func asciiSpace(b byte) bool { return b == ' ' || (b >= '\t' && b <= '\r') }

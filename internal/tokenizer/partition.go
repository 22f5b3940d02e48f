package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
)

// fragment is a piece of a text: a special token, or text between special tokens.
type fragment struct {
	token int32 // None: text
	text  string
}

// partitioner cuts special tokens out of a text by the rule of llama.cpp, which is called the
// reference here. The longest special token is cut out first, everywhere and from left to right.
// Then the next longest token is cut out of the rest, and so on. If tokens are equally long, the
// lower id comes first. The reference passes over the text once for each of hundreds of tokens.
// Here one pass finds all occurrences, and a queue puts them in the order of the rule.
type partitioner struct {
	find  *automaton
	ids   []int32 // special tokens, longest first; the numbers of the automaton's patterns are indices of this list
	texts []string
	strip []strip
}

// maxSpecialBytes bounds the texts of all special tokens together, because an automaton takes
// about eighty times as much memory. Published vocabularies have a few thousand bytes.
const maxSpecialBytes = 2 << 20

// checkSpecial returns an error if the texts of special tokens exceed maxSpecialBytes.
func checkSpecial(texts []string, types []Type) error {
	total := 0
	for id, typ := range types {
		if typ.special() {
			total += len(texts[id])
		}
	}
	if total > maxSpecialBytes {
		return fmt.Errorf("tokenizer: control and user-defined tokens have %d bytes together, at most %d", total, maxSpecialBytes)
	}
	return nil
}

// newPartitioner returns a partitioner for the special tokens of t. If all is false, it finds only
// user-defined tokens, which are cut out of any text.
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

// split cuts text into fragments, none of which is empty.
func (p *partitioner) split(text string) []fragment {
	pieces := p.pieces(text, nil)
	list := make([]fragment, len(pieces))
	for i, piece := range pieces {
		list[i] = piece.fragment
	}
	return list
}

// piece is a fragment and its offset in the text.
type piece struct {
	fragment
	at int
}

// pieces cuts text into pieces. If allowed is not nil, the special token id at text[from:to]
// counts only if allowed returns true.
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
		// All tokens taken so far are at least as long as the token of o. So if
		// a taken token overlaps o, it covers the first or the last byte of o.
		if !taken[p.end(o)-1] {
			p.take(text, o, taken)
			chosen = append(chosen, o)
			continue
		}
		// Try shorter tokens at this place, the longest first, until one fits.
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
	pattern int32 // index into partitioner.ids
	at      int   // offset in the text
}

// atBits is the number of bits that an entry's order has for the offset in the text. The other bits
// hold the pattern. So texts may have 64 GiB, and vocabularies 2²⁸ tokens.
const atBits = 36

// entry returns the queue entry for o. Entries are ordered by pattern, then by offset. node is the
// node of o's token in the automaton.
func (o occurrence) entry(node int32) entry {
	return entry{order: uint64(o.pattern)<<atBits | uint64(o.at), id: node}
}

// end returns the offset at which an occurrence ends.
func (p *partitioner) end(o occurrence) int { return o.at + len(p.texts[o.pattern]) }

// occurrences returns a queue with the longest special token at each offset of text. An occurrence
// counts only if may(occurrence) is true.
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

// take marks the bytes of an occurrence as taken. It also marks the white space that the token
// strips.
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

// fragments returns the chosen occurrences and the text between them, in order.
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

// asciiSpace does what isspace does in C.
func asciiSpace(b byte) bool { return b == ' ' || (b >= '\t' && b <= '\r') }

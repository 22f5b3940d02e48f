package jobs

import (
	"cmp"
	"encoding/json"
	"slices"
)

const (
	pieceLen = 128 // bytes, about as many as a cache block has tokens
	maxBegin = 512 // largest number of pieces of a prompt: prompts that share 64 KiB count as equal
)

// beginFields are the fields that a prompt begins with, in order.
var beginFields = map[string][]string{
	"/v1/chat/completions": {"tools", "messages"},
	"/v1/completions":      {"prompt"},
	"/v1/responses":        {"tools", "instructions", "input"},
}

// begins returns a hash for each piece of the prompt's text: the hash of the
// text from the beginning to the end of the piece. It only estimates the
// prefixes that the engine will find, because templates add text. For comparing
// prompts this is enough, because the added text is the same for all prompts.
func (r *Request) begins() []uint64 {
	var fields map[string]json.RawMessage
	if json.Unmarshal(r.Body, &fields) != nil {
		return nil
	}
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	var list []uint64
	h, n := uint64(offset), 0
	for _, name := range beginFields[r.URL] {
		for _, c := range fields[name] {
			h = (h ^ uint64(c)) * prime
			if n++; n%pieceLen == 0 {
				if list = append(list, h); len(list) == maxBegin {
					return list
				}
			}
		}
	}
	return append(list, h)
}

// byPrefix sorts lines so that all lines with the same prefix are together, as in a walk through
// the tree of prefixes. Branches are in the order of their first lines.
func byPrefix(list []inputLine) {
	first := map[uint64]int32{} // number of the first line with a prefix, by the prefix's hash
	for _, l := range list {
		for _, h := range l.begins {
			if n, ok := first[h]; !ok || l.number < n {
				first[h] = l.number
			}
		}
	}
	slices.SortFunc(list, func(a, b inputLine) int {
		for i := 0; i < len(a.begins) && i < len(b.begins); i++ {
			if p, q := a.begins[i], b.begins[i]; p != q {
				return cmp.Compare(first[p], first[q])
			}
		}
		return cmp.Or(cmp.Compare(len(a.begins), len(b.begins)), cmp.Compare(a.number, b.number))
	})
}

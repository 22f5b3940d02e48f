package jsonschema

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"alpaca/internal/grammar/fsa"
)

// template spells, in bytes, the characters on the edges of one state. Element 0 has the edges from
// the state itself, the other elements have the edges from nodes within a character. An edge to
// -1-i completes a character of edge i.
type template [][]fsa.Edge

var templates struct {
	sync.Mutex
	m map[string]template
}

// templateOf returns the template of edges.
func templateOf(edges []fsa.Edge, escapes bool) template {
	key := []byte{0}
	if escapes {
		key[0] = 1
	}
	for _, e := range edges {
		key = binary.LittleEndian.AppendUint32(key, uint32(e.Lo))
		key = binary.LittleEndian.AppendUint32(key, uint32(e.Hi))
	}
	templates.Lock()
	t, ok := templates.m[string(key)]
	templates.Unlock()
	if ok {
		return t
	}
	b := &templateBuilder{known: map[string]int32{}}
	var all []spelling
	for i, e := range edges {
		for _, s := range spellings(e.Lo, e.Hi, escapes) {
			all = append(all, spelling{s, int32(-1 - i)})
		}
	}
	b.node(all)
	templates.Lock()
	if templates.m == nil || len(templates.m) > 2000 {
		templates.m = map[string]template{}
	}
	templates.m[string(key)] = b.t
	templates.Unlock()
	return b.t
}

// spelling is a sequence of byte ranges that spells a character, and the number of the
// character's edge.
type spelling struct {
	ranges string // pairs of low and high
	edge   int32
}

type templateBuilder struct {
	t     template
	known map[string]int32
}

// node returns the node from which all spellings in list continue. No spelling in list is empty.
func (b *templateBuilder) node(list []spelling) int32 {
	var key strings.Builder
	for _, s := range list {
		key.WriteString(s.ranges)
		key.Write([]byte{255, 0, byte(s.edge), byte(s.edge >> 8), byte(s.edge >> 16)})
	}
	if n, ok := b.known[key.String()]; ok {
		return n
	}
	n := int32(len(b.t))
	b.known[key.String()] = n
	b.t = append(b.t, nil)
	var bounds []int
	for _, s := range list {
		bounds = append(bounds, int(s.ranges[0]), int(s.ranges[1])+1)
	}
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	for i, lo := range bounds {
		var rest []spelling
		to, done := int32(0), false
		for _, s := range list {
			if int(s.ranges[0]) <= lo && lo <= int(s.ranges[1]) {
				if len(s.ranges) == 2 {
					to, done = s.edge, true
					break
				}
				rest = append(rest, spelling{s.ranges[2:], s.edge})
			}
		}
		if !done && len(rest) == 0 {
			continue
		}
		if !done {
			to = b.node(rest)
		}
		edges := b.t[n]
		if k := len(edges); k > 0 && edges[k-1].To == to && int(edges[k-1].Hi)+1 == lo {
			edges[k-1].Hi = rune(bounds[i+1] - 1)
			continue
		}
		b.t[n] = append(edges, fsa.Edge{Lo: rune(lo), Hi: rune(bounds[i+1] - 1), To: to})
	}
	b.t[n] = hexEdges(b.t[n])
	return n
}

// hexEdges replaces the bytes 0 to 15 by hexadecimal digits in both cases.
func hexEdges(edges []fsa.Edge) []fsa.Edge {
	if len(edges) == 0 || edges[0].Lo > 15 {
		return edges
	}
	var out []fsa.Edge
	for _, set := range [...]struct{ from, to, char rune }{{0, 9, '0'}, {10, 15, 'A'}, {10, 15, 'a'}} {
		for _, e := range edges {
			if a, b := max(e.Lo, set.from), min(e.Hi, set.to); a <= b {
				out = append(out, fsa.Edge{Lo: set.char + a - set.from, Hi: set.char + b - set.from, To: e.To})
			}
		}
	}
	return out
}

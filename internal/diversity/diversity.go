// Package diversity says what instructions ask for: the verb at the root of each and its
// direct object, as Self-Instruct's figure does with a parser. Here word lists and the
// order of English do the work: an instruction mostly begins with its verb, and the last
// noun before a preposition is the object. What is not understood counts as such.
package diversity

import (
	"cmp"
	"slices"
)

// Pair is the verb at the root of an instruction, in its base form, and the head of its
// direct object in the singular. Each is "" where there is none, or none was understood.
type Pair struct{ Verb, Object string }

// Count is how often a verb or an object was found.
type Count struct {
	Word    string  `json:"word"`
	N       int     `json:"n"`
	Objects []Count `json:"objects,omitempty"` // of a verb, the most frequent first
}

// Table counts the pairs of instructions.
type Table struct {
	All     int     // instructions
	Verbs   []Count // the most frequent first, equal ones in the order of the alphabet
	Pairs   int     // instructions with a verb and an object
	Unclear int     // instructions without a verb
	Kinds   int     // different pairs
}

// NewTable counts instructions.
func NewTable(instructions func(yield func(string) bool)) *Table {
	t := &Table{}
	verbs := map[string]map[string]int{}
	for text := range instructions {
		t.All++
		p := Find(text)
		if p.Verb == "" {
			t.Unclear++
			continue
		}
		if verbs[p.Verb] == nil {
			verbs[p.Verb] = map[string]int{}
		}
		verbs[p.Verb][p.Object]++
		if p.Object != "" {
			t.Pairs++
		}
	}
	for verb, objects := range verbs {
		c := Count{Word: verb}
		for object, n := range objects {
			c.N += n
			if object != "" {
				c.Objects = append(c.Objects, Count{Word: object, N: n})
				t.Kinds++
			}
		}
		slices.SortFunc(c.Objects, moreFirst)
		t.Verbs = append(t.Verbs, c)
	}
	slices.SortFunc(t.Verbs, moreFirst)
	return t
}

func moreFirst(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Word, b.Word)) }

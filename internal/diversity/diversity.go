// Package diversity finds what instructions ask for: the root verb of each instruction and the
// direct object of the verb, as in the figure of Self-Instruct. Self-Instruct uses a parser. Here
// word lists and English word order suffice: most instructions begin with the verb, and the last
// noun before a preposition is the object. Instructions without a recognized verb are counted as
// unclear.
package diversity

import (
	"cmp"
	"slices"
)

// Pair is the root verb of an instruction, in its base form, and the
// head noun of its direct object, in the singular. A field is "" if
// the instruction has no such word, or if the word was not recognized.
type Pair struct{ Verb, Object string }

// Count is a verb or an object, and how often it was found.
type Count struct {
	Word    string  `json:"word"`
	N       int     `json:"n"`
	Objects []Count `json:"objects,omitempty"` // objects of a verb, the most frequent first
}

// Table counts the pairs of a verb and its object that instructions have.
type Table struct {
	All     int     // number of instructions
	Verbs   []Count // the most frequent first; verbs with equal counts are in alphabetical order
	Pairs   int     // number of instructions with a verb and an object
	Unclear int     // number of instructions without a verb
	Kinds   int     // number of different pairs
}

// NewTable counts the pairs of a verb and its object that instructions have.
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

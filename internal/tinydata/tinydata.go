// Package tinydata generates the training text of the built-in model: short instructions with
// answers, and stories. Word lists and grammars are the project's own, and every text follows
// from a seed. One in twenty instructions, chosen by a hash, is held out: the model is never
// trained on it. The model's score counts the right answers to held-out instructions.
package tinydata

import (
	"fmt"
	"hash/fnv"
)

// Example is an instruction and its only right answer, or a story to continue.
type Example struct {
	Kind   string // name of the kind, as in Kinds
	Prompt string // the instruction; "" for a plain text
	Answer string // the right answer, or the plain text
}

// HeldOut reports whether the example is held out from training.
// A hash of kind and prompt chooses one in twenty instructions.
func (e Example) HeldOut() bool {
	if e.Prompt == "" {
		return false
	}
	h := fnv.New64a()
	h.Write([]byte(e.Kind))
	h.Write([]byte{0})
	h.Write([]byte(e.Prompt))
	return h.Sum64()%20 == 0
}

// kind is a kind of task.
type kind struct {
	name string
	// weight is how often the kind is drawn, relative to the other kinds' weights. A
	// model learns kinds with copying or arithmetic late, so they have large weights.
	weight int
	// exact says that the answer follows from the prompt alone. A model is scored only on
	// exact kinds, by comparing its answers with the right ones.
	exact bool
	write func(r *random) (prompt, answer string)
}

// kinds are all kinds, in the order of the scores' table.
var kinds = concat(sentenceKinds, factKinds, wordKinds, copyKinds, numberKinds, talkKinds, storyKinds, bindingKinds)

func concat(lists ...[]kind) []kind {
	var all []kind
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// Kinds returns the names of all kinds, and of the exact ones, whose answers follow from
// the prompt.
func Kinds() (all, exact []string) {
	for _, k := range kinds {
		all = append(all, k.name)
		if k.exact {
			exact = append(exact, k.name)
		}
	}
	return all, exact
}

// Generator generates an endless sequence of examples. Only one goroutine may use it at a
// time.
type Generator struct {
	r      random
	weight []int // weight of each kind
	total  int   // sum of weight
}

// New returns a generator whose examples follow from seed and mix.
func New(seed uint64, mix Mix) *Generator {
	g := &Generator{r: newRandom(seed)}
	for _, k := range kinds {
		weight := k.weight
		if w, ok := mix[k.name]; ok {
			weight = w
		}
		g.weight = append(g.weight, weight)
		g.total += weight
	}
	return g
}

// Next returns an example that is not held out.
func (g *Generator) Next() Example {
	for {
		n := g.r.below(g.total)
		i := 0
		for n >= g.weight[i] {
			n -= g.weight[i]
			i++
		}
		if e := write(&kinds[i], &g.r); !e.HeldOut() {
			return e
		}
	}
}

func write(k *kind, r *random) Example {
	prompt, answer := k.write(r)
	return Example{Kind: k.name, Prompt: prompt, Answer: answer}
}

// Questions returns up to n different held-out examples of each exact kind. A
// kind with few instructions has fewer examples. The examples follow from seed.
func Questions(seed uint64, n int) []Example {
	r := newRandom(seed)
	var list []Example
	for i := range kinds {
		if !kinds[i].exact {
			continue
		}
		seen := map[string]bool{}
		for try := 0; try < 400*n && len(seen) < n; try++ {
			e := write(&kinds[i], &r)
			if e.HeldOut() && !seen[e.Prompt] {
				seen[e.Prompt] = true
				list = append(list, e)
			}
		}
	}
	return list
}

// Kind returns n examples of one kind, held out or not, for tests and for inspection.
func Kind(name string, seed uint64, n int) ([]Example, error) {
	for i := range kinds {
		if kinds[i].name == name {
			r := newRandom(seed)
			list := make([]Example, n)
			for j := range list {
				list[j] = write(&kinds[i], &r)
			}
			return list, nil
		}
	}
	return nil, fmt.Errorf("tinydata: no kind %q", name)
}

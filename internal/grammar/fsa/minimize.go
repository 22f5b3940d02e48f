package fsa

// Minimize returns the smallest DFA that accepts d's language. It refines a partition of the
// states until no class splits (Moore, "Gedanken-experiments on sequential machines", 1956).
func (d *DFA) Minimize() *DFA {
	class := make([]int32, len(d.States))
	count := 0 // number of classes; 0 before the first round, which counts them
	for q, s := range d.States {
		if s.Accept {
			class[q] = 1
		}
	}
	for range len(d.States) {
		seen := map[string]int32{}
		next := make([]int32, len(class))
		var key []byte
		for q, s := range d.States {
			key = append(key[:0], byte(class[q]), byte(class[q]>>8), byte(class[q]>>16), byte(class[q]>>24))
			var joined []Edge
			for _, e := range s.Edges {
				joined = addEdge(joined, Edge{e.Lo, e.Hi, class[e.To]})
			}
			for _, e := range joined {
				for _, v := range [...]int32{e.Lo, e.Hi, e.To} {
					key = append(key, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
				}
			}
			c, ok := seen[string(key)]
			if !ok {
				c = int32(len(seen))
				seen[string(key)] = c
			}
			next[q] = c
		}
		class = next
		if len(seen) == count {
			break
		}
		count = len(seen)
	}
	out := &DFA{States: make([]State, count)}
	for q, s := range d.States {
		var edges []Edge
		for _, e := range s.Edges {
			edges = addEdge(edges, Edge{e.Lo, e.Hi, class[e.To]})
		}
		out.States[class[q]] = State{Accept: s.Accept, Edges: edges}
	}
	live := make([]bool, count)
	for i := range live {
		live[i] = true
	}
	return out.renumber(live) // class 0 holds state 0, which is seen first
}

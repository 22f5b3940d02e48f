package tokenizer

// automaton finds every occurrence of many patterns in one pass over a text. Occurrences may
// overlap (Aho and Corasick, 1975). The automaton reads text and patterns backwards, so at each
// place it knows which patterns begin there. A state holds the longest of these patterns, and a
// chain of links leads from the state to the shorter ones.
type automaton struct {
	edges map[uint64]int32 // node<<8 | byte → node
	first [256]int32       // the edges of the root; 0: no edge
	nodes []acNode         // the root is 0
}

// acNode is a state: the bytes read last are a prefix of a reversed pattern.
type acNode struct {
	suffix  int32 // node of the longest proper suffix of these bytes that has a node
	pattern int32 // pattern that is complete here, or -1
	shorter int32 // first node with a pattern on the chain of suffix links; 0: none
}

// newAutomaton makes an automaton for patterns, none of which may be empty. If several patterns are
// equal, the automaton finds the first.
func newAutomaton(patterns []string) *automaton {
	a := &automaton{edges: map[uint64]int32{}, nodes: []acNode{{pattern: -1}}}
	var parents []int32 // parents[i] is the parent of node i+1
	var bytes []byte    // bytes[i] is the byte of the edge from parents[i] to node i+1
	for p, text := range patterns {
		at := int32(0)
		for i := len(text) - 1; i >= 0; i-- {
			next, ok := a.edge(at, text[i])
			if !ok {
				next = int32(len(a.nodes))
				a.nodes = append(a.nodes, acNode{pattern: -1})
				a.edges[uint64(at)<<8|uint64(text[i])] = next
				if at == 0 {
					a.first[text[i]] = next
				}
				parents, bytes = append(parents, at), append(bytes, text[i])
			}
			at = next
		}
		if a.nodes[at].pattern < 0 {
			a.nodes[at].pattern = int32(p)
		}
	}
	for _, node := range byDepth(parents) {
		parent := parents[node-1]
		if parent != 0 {
			a.nodes[node].suffix = a.step(a.nodes[parent].suffix, bytes[node-1])
		}
		suffix := a.nodes[node].suffix
		a.nodes[node].shorter = suffix
		if a.nodes[suffix].pattern < 0 {
			a.nodes[node].shorter = a.nodes[suffix].shorter
		}
	}
	return a
}

// byDepth returns the nodes 1, 2, … in order of their depth. parents[i] is the parent of node i+1.
// The number of a parent is lower than that of its child.
func byDepth(parents []int32) []int32 {
	depth := make([]int, len(parents)+1)
	var count []int // at first the number of nodes at each depth, later the index of the next node at each depth
	for i, parent := range parents {
		d := depth[parent] + 1
		depth[i+1] = d
		for len(count) <= d+1 {
			count = append(count, 0)
		}
		count[d+1]++
	}
	for d := 1; d < len(count); d++ {
		count[d] += count[d-1]
	}
	order := make([]int32, len(parents))
	for i := range parents {
		d := depth[i+1]
		order[count[d]] = int32(i + 1)
		count[d]++
	}
	return order
}

func (a *automaton) edge(node int32, b byte) (next int32, ok bool) {
	if node == 0 {
		next = a.first[b]
		return next, next != 0
	}
	next, ok = a.edges[uint64(node)<<8|uint64(b)]
	return next, ok
}

// step returns the node after byte b. Of the bytes read so far, this node stands for the longest
// suffix that is a prefix of a reversed pattern.
func (a *automaton) step(node int32, b byte) int32 {
	for {
		if next, ok := a.edge(node, b); ok {
			return next
		}
		if node == 0 {
			return 0
		}
		node = a.nodes[node].suffix
	}
}

// longest returns the node of the longest pattern that is complete at node, or 0.
func (a *automaton) longest(node int32) int32 {
	if a.nodes[node].pattern >= 0 {
		return node
	}
	return a.nodes[node].shorter
}

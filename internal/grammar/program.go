package grammar

import (
	"sync/atomic"

	"alpaca/internal/grammar/fsa"
)

// Program is a compiled grammar. It does not change, so it serves many texts at once.
type Program struct {
	rules []rule
	nodes []node
	terms []*term
}

// rule is a compiled rule.
type rule struct {
	start    int32 // the first node
	nullable bool  // the rule matches the empty text
}

// node is a position within a rule.
type node struct {
	final bool // the rule may end here
	tail  bool // only the rule's end can follow: there are no edges
	edges []edge
}

// edgeKind is the kind of text that an edge takes.
type edgeKind byte

const (
	empty    edgeKind = iota // nothing
	terminal                 // text of a term
	call                     // text of a rule
	loop                     // text of a rule, from min to max times
	token                    // one token
)

// edge leads to another node.
type edge struct {
	kind     edgeKind
	not      bool  // for a token: any token except x
	x        int32 // number of the term, rule or token
	min, max int32 // bounds of a loop; max -1: no bound
	to       int32
	id       int32 // unique among all edges
}

// Compile compiles rules. The error is ErrEmpty, a *LeftRecursion, or says that the grammar is too
// large.
func Compile(r *Rules) (*Program, error) {
	if i := leftRecursive(r); i >= 0 {
		return nil, &LeftRecursion{i}
	}
	c := &compiler{sizer: newSizer(r), p: &Program{}, byDFA: map[*fsa.DFA]int32{}}
	c.p.rules = make([]rule, len(r.Body))
	c.pending = append(c.pending, 0)
	c.wanted = map[int]bool{0: true}
	for len(c.pending) > 0 {
		i := c.pending[len(c.pending)-1]
		c.pending = c.pending[:len(c.pending)-1]
		var body Expr
		if i < len(r.Body) {
			body = r.Body[i]
		} else {
			body = c.extra[i-len(r.Body)]
		}
		from, to := c.node(), c.node()
		c.p.rules[i].start = from
		c.p.nodes[to].final = true
		c.add(body, from, to)
		if len(c.p.nodes) > maxNodes || len(c.p.rules) > maxNodes {
			return nil, errTooLarge
		}
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	return c.p, nil
}

// compiler makes nodes from expressions.
type compiler struct {
	*sizer
	p       *Program
	pending []int // rules to compile
	wanted  map[int]bool
	extra   []Expr // rules for loops
	byDFA   map[*fsa.DFA]int32
}

func (c *compiler) node() int32 {
	c.p.nodes = append(c.p.nodes, node{})
	return int32(len(c.p.nodes) - 1)
}

func (c *compiler) edge(from int32, e edge) {
	c.p.nodes[from].edges = append(c.p.nodes[from].edges, e)
}

// add adds edges and nodes for e between two nodes.
func (c *compiler) add(e Expr, from, to int32) {
	if len(c.p.nodes) > maxNodes {
		return
	}
	if d := c.automaton(e); d != nil {
		c.term(d, from, to)
		return
	}
	switch e := e.(type) {
	case Seq:
		c.seq(e, from, to)
	case Alt:
		var regular Alt
		for _, x := range e {
			if z := c.of(x); z.regular && z.states < maxInline/8 {
				regular = append(regular, x)
				continue
			}
			c.add(x, from, to)
		}
		if len(regular) == len(e) { // too large as a whole
			for _, x := range regular {
				c.add(x, from, to)
			}
		} else if len(regular) > 0 {
			c.add(regular, from, to)
		}
	case Repeat:
		c.repeat(e, from, to)
	case Limited:
		c.limited(e, from, to)
	case Ref:
		c.want(int(e))
		c.edge(from, edge{kind: call, x: int32(e), to: to})
	case Token:
		c.edge(from, edge{kind: token, x: e.ID, not: e.Not, to: to})
	}
}

// seq adds e between two nodes. It joins neighbouring elements that are regular.
func (c *compiler) seq(e Seq, from, to int32) {
	whole := c.of(e)
	for i := 0; i < len(e); {
		n, states := 0, 0
		for i+n < len(e) && !(whole.regular && n > 0) {
			z := c.of(e[i+n])
			if !z.regular || states+z.states > maxInline/8 {
				break
			}
			states += z.states
			n++
		}
		next := c.node()
		if n > 1 {
			c.add(e[i:i+n], from, next)
		} else {
			n = 1
			c.add(e[i], from, next)
		}
		from = next
		i += n
	}
	c.edge(from, edge{kind: empty, to: to})
}

// repeat adds e between two nodes. If e.X is regular and none of its texts is a prefix of
// another, a term counts the repetitions. Otherwise a rule is called in a loop.
func (c *compiler) repeat(e Repeat, from, to int32) {
	if e.Max != 0 {
		if d := c.automaton(e.X); d != nil && !d.Empty() && prefixFree(d) {
			maximum := int32(e.Max)
			if e.Max < 0 {
				maximum = unbounded
			}
			c.p.terms = append(c.p.terms, &term{dfa: d, table: make([]atomic.Pointer[[256]int32], len(d.States)), min: int32(e.Min), max: maximum})
			c.edge(from, edge{kind: terminal, x: int32(len(c.p.terms) - 1), to: to})
			if e.Min == 0 {
				c.edge(from, edge{kind: empty, to: to})
			}
			return
		}
	}
	if e.Max == 0 {
		c.edge(from, edge{kind: empty, to: to})
		return
	}
	i, is := e.X.(Ref)
	if !is {
		i = Ref(len(c.p.rules))
		c.p.rules = append(c.p.rules, rule{})
		c.extra = append(c.extra, e.X)
	}
	c.want(int(i))
	c.edge(from, edge{kind: loop, x: int32(i), min: int32(e.Min), max: int32(e.Max), to: to})
	if e.Min == 0 {
		c.edge(from, edge{kind: empty, to: to})
	}
}

// prefixFree reports whether no text of d is empty or a prefix of another.
func prefixFree(d *fsa.DFA) bool {
	for q, s := range d.States {
		if s.Accept && (len(s.Edges) > 0 || q == 0) {
			return false
		}
	}
	return true
}

func (c *compiler) want(i int) {
	if !c.wanted[i] {
		c.wanted[i] = true
		c.pending = append(c.pending, i)
	}
}

// term adds edges for the texts of d between two nodes.
func (c *compiler) term(d *fsa.DFA, from, to int32) {
	if d.Empty() {
		return
	}
	if d.States[0].Accept {
		c.edge(from, edge{kind: empty, to: to})
	}
	if len(d.States[0].Edges) == 0 {
		return
	}
	i, ok := c.byDFA[d]
	if !ok {
		i = int32(len(c.p.terms))
		c.byDFA[d] = i
		c.p.terms = append(c.p.terms, &term{dfa: d, table: make([]atomic.Pointer[[256]int32], len(d.States))})
	}
	c.edge(from, edge{kind: terminal, x: i, to: to})
}

// Package speculate decides how many tokens of a draft a step of the engine evaluates. It
// learns how long steps take, by their number of rows, and how often drafts are right. A
// budget of time bounds the loss: a small part of every step and all that drafts have saved
// go into it, and a draft is evaluated only if the budget covers its failure. Drafts change
// no text, so that the clock may decide.
package speculate

import "time"

const (
	mostRows = 64   // of a step with drafts
	part     = 0.01 // of all time, that may be lost
	first    = 1    // steps of one text that may be lost before anything is known
	purse    = 8    // steps that are saved up at most
	unknown  = 0.4  // of what a row costs, that more rows than ever seen are taken to cost
	worth    = 1.02 // the least gain that is worth it
	again    = 32   // occasions without a draft until one is tried
	doubled  = 4    // times that again is, while what is tried is wrong
	old      = 512  // steps until a cost is no longer known
	weight   = 1. / 8
)

// Kind is where a draft comes from, and how sure its source is.
type Kind int

// The kinds.
const (
	Forced  Kind = iota // a grammar leaves no choice
	Resumed             // the text has left what it repeats, and may have come back
	Pair                // its last two or three tokens stand earlier, too
	Phrase              // at least four
	Passage             // at least eight
	Model               // another model wrote it
	kinds
)

// Offer is a draft that could be evaluated.
type Offer struct {
	Kind   Kind
	Others int  // rows of the step without it
	Tokens int  // of the draft
	Ends   bool // nothing is known of what follows it
}

// Controller is what is known of a model on a machine. It is not safe for concurrent use.
type Controller struct {
	cost  [mostRows + 1]cost // by rows, each with logits
	steps int
	open  bool           // the purse is
	left  float64        // nanoseconds in it
	all   Sources        // of all drafts: what those of a new text are expected to be like
	price [kinds]float64 // nanoseconds that a token takes to be drafted; 0: nothing, or it is not known

	always bool
}

// cost is how long a step takes.
type cost struct {
	time float64 // nanoseconds; 0: not known
	when int     // it was last seen
}

// Sources is what is known of the drafts of one text.
type Sources [kinds]source

// source is what is known of those of a kind.
type source struct {
	rate, last float64 // how often a token is right; the last of a draft may be a part of a longer one
	refused    int     // drafts in a row whose first token was wrong
	idle       int     // occasions that have passed since the last draft
}

// New returns a controller that knows nothing.
func New() *Controller {
	c := &Controller{}
	for i := range c.all {
		c.all[i] = source{rate: 0.5, last: 0.5}
	}
	return c
}

// Always returns a controller by which all drafts are evaluated: who measures them, and tests
// of what drafts must not change, want many.
func Always() *Controller { return &Controller{always: true} }

// Sources returns what is expected of the drafts of a new text: that they are like those of
// the texts before it.
func (c *Controller) Sources() Sources { return c.all }

// known returns how long steps of n rows took, 0 if that is not known.
func (c *Controller) known(n int) float64 {
	if s := c.cost[n]; c.steps-s.when < old {
		return s.time
	}
	return 0
}

// estimate returns what a step of n rows is expected to take, and what it takes at most; 0
// if nothing is known.
func (c *Controller) estimate(n int) (likely, most float64) {
	if t := c.known(n); t > 0 {
		return t, t
	}
	below, above := n-1, n+1
	for below > 0 && c.known(below) == 0 {
		below--
	}
	for above <= mostRows && c.known(above) == 0 {
		above++
	}
	if below <= 0 {
		return 0, 0
	}
	lo, more := c.known(below), float64(n-below)
	if above <= mostRows {
		hi := max(lo, c.known(above))
		return lo + (hi-lo)*more/float64(above-below), hi
	}
	row := lo / float64(below) // a row of a larger step is not dearer than those of smaller ones
	return lo + unknown*row*more, lo + row*more
}

// Pass notes that a draft of a text was not worth it.
func (c *Controller) Pass(t *Sources, kind Kind) {
	t[kind].idle++
	c.all[kind].idle++
}

// Length returns how many tokens, the first ones, of a draft for a text are worth
// evaluating.
func (c *Controller) Length(t *Sources, o Offer) int {
	n, others, s := o.Tokens, o.Others, &t[o.Kind]
	most := min(n, mostRows-others)
	if most <= 0 || c.always {
		return max(most, 0)
	}
	base, _ := c.estimate(others)
	if base == 0 {
		return 0
	}
	if s.refused > 1 && s.idle+1 < min(1<<s.refused, again) {
		return 0
	}
	price := c.price[o.Kind]
	if o.Kind == Model && price == 0 {
		most = 1 // the first one tells
	}
	best, reach := 0, 0
	score := worth * float64(others) / base
	expected, likely := float64(others), 1.
	for k := 1; k <= most; k++ {
		rate := s.rate
		if k == n && o.Ends {
			rate = s.last
		}
		likely *= rate
		expected += likely
		cost, highest := c.estimate(others + k)
		cost, highest = cost+price*float64(k), highest+price*float64(k)
		if highest-base > c.left {
			continue // but more rows may take less time, where another kernel begins
		}
		reach = k
		if v := expected / cost; v > score {
			best, score = k, v
		}
	}
	switch {
	case best > 0:
	case s.idle+1 >= again<<min(max(s.refused-1, 0), doubled): // what is known may no longer be true
		if best = min(reach, 4); s.refused > 0 {
			best = min(reach, 1) // a row tells as much where the first token is wrong
		}
	case c.known(others+1) == 0:
		best = min(reach, 1)
	}
	return best
}

// Judge notes that the first accepted ones of k tokens of a draft were right. Ends reports
// whether nothing was known of what follows these.
func (c *Controller) Judge(t *Sources, o Offer, accepted int) {
	k := o.Tokens
	for _, s := range []*source{&t[o.Kind], &c.all[o.Kind]} {
		for j := range min(accepted+1, k) {
			rate := &s.rate
			if o.Ends && j == k-1 {
				rate = &s.last
			}
			if *rate -= *rate * weight; j < accepted {
				*rate += weight
			}
		}
		if s.refused = min(s.refused+1, 8); accepted > 0 {
			s.refused = 0
		}
		s.idle = 0
	}
}

// Charge notes that it took d to draft n tokens, in a step of its own or others.
func (c *Controller) Charge(kind Kind, n int, d time.Duration) {
	c.left -= float64(d)
	if n == 0 {
		return
	}
	each := float64(d) / float64(n)
	if p := &c.price[kind]; *p > 0 {
		*p += (min(max(each, *p/2), *p*2) - *p) * weight
	} else {
		*p = each
	}
}

// Learn notes a step of n rows that took d, the making of drafts included where Charge was
// not told of it. drafted of the rows were tokens of drafts, of which accepted were right;
// the others were the last tokens of texts.
func (c *Controller) Learn(n, drafted, accepted int, d time.Duration) {
	if n > mostRows || n <= drafted {
		return
	}
	c.steps++
	took := float64(d)
	if t := c.known(n); t > 0 { // what else the machine does is not taken for the step
		took = min(max(took, t/2), t*2)
		c.cost[n] = cost{t + (took-t)*weight, c.steps}
	} else {
		if _, most := c.estimate(n); most > 0 {
			took = min(took, most)
		}
		c.cost[n] = cost{took, c.steps}
	}
	others := float64(n - drafted)
	base, _ := c.estimate(n - drafted)
	if base == 0 {
		return
	}
	if !c.open {
		c.open, c.left = true, first*base/others
	}
	without := base * (1 + float64(accepted)/others)
	c.left += part * without
	if drafted > 0 {
		c.left += without - took
	}
	c.left = min(c.left, purse*base)
}

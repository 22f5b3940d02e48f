// Package speculate decides how many tokens of a draft a step of the engine evaluates. It
// learns how long steps take, by their number of rows, and how often drafts are right. A budget
// limits the time that wrong drafts may waste. It grows by a small part of every step and by
// the time that drafts save. A draft is evaluated only if the budget covers the loss in case
// the draft is wrong. Drafts never change a text, so the decision may depend on measured times.
package speculate

import "time"

const (
	maxRows = 64     // the largest number of rows in a step with drafts
	part    = 0.01   // the share of the total time that drafts may waste
	first   = 1      // the budget at the start; the unit is the time of a step for one text
	purse   = 8      // the largest budget; the unit is that of first
	unknown = 0.4    // the expected cost of a row beyond the largest measured step, relative to the time per row of that step
	worth   = 1.02   // a draft must raise the tokens per time by this factor
	again   = 32     // after this many drafts that were not evaluated, a draft of the same kind is tried
	doubled = 4      // each trial with a wrong draft doubles this distance between trials, but at most this many times
	old     = 512    // the measured time of a step is forgotten after this many steps
	weight  = 1. / 8 // the weight of a new measurement in an average
)

// Kind says where a draft comes from. Drafts of one kind are about equally often right.
type Kind int

// The kinds.
const (
	Forced  Kind = iota // a grammar leaves no choice
	Resumed             // the text repeated an earlier place, left it, and may have come back
	Pair                // the last two or three tokens of the text occur earlier, too
	Phrase              // the last four or more tokens occur earlier
	Passage             // the last eight or more tokens occur earlier
	Model               // a small model wrote it
	kinds
)

// Offer is a draft that could be evaluated.
type Offer struct {
	Kind   Kind
	Others int  // rows of the step without the draft
	Tokens int  // tokens of the draft
	Ends   bool // nothing is known about the text after the draft, so the last token may be part of a longer token
}

// Controller decides about the drafts for one model, from what it has measured. It is not
// safe for concurrent use.
type Controller struct {
	cost  [maxRows + 1]cost // indexed by the number of a step's rows, which all have logits
	steps int
	open  bool           // the budget has got its first value
	left  float64        // the budget in nanoseconds; negative after a loss
	all   Sources        // statistics of all texts, with which a new text begins
	price [kinds]float64 // nanoseconds to draft one token; 0: drafting takes no time, or the time is unknown

	always bool // all drafts are evaluated
}

// cost is how long a step takes.
type cost struct {
	time float64 // nanoseconds; 0: unknown
	when int     // the number of the last step with this number of rows
}

// Sources are the statistics of the drafts of one text, by Kind.
type Sources [kinds]source

// source has the statistics of one kind of drafts.
type source struct {
	rate, last float64 // the share of right tokens: among all tokens, and among the last tokens of drafts with Ends
	refused    int     // how many drafts in a row had a wrong first token
	idle       int     // how many drafts were not evaluated since the last evaluated draft
}

// New returns a Controller without any measurements.
func New() *Controller {
	c := &Controller{}
	for i := range c.all {
		c.all[i] = source{rate: 0.5, last: 0.5}
	}
	return c
}

// Always returns a Controller that lets all drafts be evaluated, whatever they cost. It is
// for measurements and tests, which need many drafts.
func Always() *Controller { return &Controller{always: true} }

// Sources returns the statistics with which a new text begins: those of all texts before it.
func (c *Controller) Sources() Sources { return c.all }

// known returns the measured time of steps of n rows in nanoseconds, or 0 if it is unknown.
func (c *Controller) known(n int) float64 {
	if s := c.cost[n]; c.steps-s.when < old {
		return s.time
	}
	return 0
}

// estimate returns the expected time of a step of n rows, and an upper bound, both in
// nanoseconds. It returns 0 if no step of at most n rows was measured.
func (c *Controller) estimate(n int) (likely, highest float64) {
	if t := c.known(n); t > 0 {
		return t, t
	}
	below, above := n-1, n+1
	for below > 0 && c.known(below) == 0 {
		below--
	}
	for above <= maxRows && c.known(above) == 0 {
		above++
	}
	if below <= 0 {
		return 0, 0
	}
	lo, more := c.known(below), float64(n-below)
	if above <= maxRows {
		hi := max(lo, c.known(above))
		return lo + (hi-lo)*more/float64(above-below), hi
	}
	row := lo / float64(below) // a row costs no more in a larger step than in a smaller one
	return lo + unknown*row*more, lo + row*more
}

// Pass records that a draft was not evaluated because it was not worth its time.
func (c *Controller) Pass(t *Sources, kind Kind) {
	t[kind].idle++
	c.all[kind].idle++
}

// Length returns how many of the first tokens of a draft are worth evaluating, or 0 for none.
func (c *Controller) Length(t *Sources, o Offer) int {
	n, others, s := o.Tokens, o.Others, &t[o.Kind]
	limit := min(n, maxRows-others)
	if limit <= 0 || c.always {
		return max(limit, 0)
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
		limit = 1 // one token is enough to measure the price
	}
	best, reach := 0, 0
	score := worth * float64(others) / base
	expected, likely := float64(others), 1.
	for k := 1; k <= limit; k++ {
		rate := s.rate
		if k == n && o.Ends {
			rate = s.last
		}
		likely *= rate
		expected += likely
		cost, highest := c.estimate(others + k)
		cost, highest = cost+price*float64(k), highest+price*float64(k)
		if highest-base > c.left {
			continue // more rows may take less time, if another kernel computes them
		}
		reach = k
		if v := expected / cost; v > score {
			best, score = k, v
		}
	}
	switch {
	case best > 0:
	case s.idle+1 >= again<<min(max(s.refused-1, 0), doubled): // the statistics may be out of date
		if best = min(reach, 4); s.refused > 0 {
			best = min(reach, 1) // one row shows whether the first token is still wrong
		}
	case c.known(others+1) == 0:
		best = min(reach, 1)
	}
	return best
}

// Judge records the outcome of a draft. accepted is how many tokens at its beginning were
// right.
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

// Charge records that drafting n tokens took the time d. The time that Learn records does not
// include it.
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

// Learn records a step of n rows that took d. d includes the time to make the drafts, except the
// time that Charge has recorded. drafted is the number of rows with drafted tokens, and accepted
// is the number of drafted tokens that were right. The other rows had the last tokens of texts.
func (c *Controller) Learn(n, drafted, accepted int, d time.Duration) {
	if n > maxRows || n <= drafted {
		return
	}
	c.steps++
	took := float64(d)
	if t := c.known(n); t > 0 { // limit the effect of other programs on the measurement
		took = min(max(took, t/2), t*2)
		c.cost[n] = cost{t + (took-t)*weight, c.steps}
	} else {
		if _, highest := c.estimate(n); highest > 0 {
			took = min(took, highest)
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

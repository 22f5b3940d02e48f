package speculate

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// curve returns the cost of a step of n rows, in units of a step of one row.
type curve func(n int) float64

// table returns a curve through the costs of 1, 2, 4, 8, 16, 32 and 64 rows.
func table(at ...float64) curve {
	return func(n int) float64 {
		lo := 1
		for i := 0; ; i++ {
			if n <= 2*lo || i == len(at)-2 {
				return at[i] + (at[i+1]-at[i])*float64(n-lo)/float64(lo)
			}
			lo *= 2
		}
	}
}

// curves has measured curves of models, and some curves that no model has.
var curves = map[string]curve{
	"free":           func(int) float64 { return 1 },
	"from memory":    table(1, 1.05, 1.2, 2, 2.1, 3, 6),
	"from the cache": table(1, 2.1, 2.5, 3, 4.2, 6.5, 12),
	"each row":       func(n int) float64 { return float64(n) },
	"cliff":          table(1, 1, 4, 8, 16, 32, 64),
}

// play makes a text of about n tokens, in which runs of drafted tokens alternate with other tokens.
// It returns the time spent and the number of tokens. The unit of time is a step of one row.
func play(r *rand.Rand, c *Controller, cost curve, rate, noise float64, n int) (spent, made float64) {
	s := c.Sources()
	step := func(drafted, accepted int) {
		t := cost(1 + drafted)
		spent += t
		made += 1 + float64(accepted)
		t *= 1 + noise*(2*r.Float64()-1)
		if noise > 0 && r.IntN(50) == 0 {
			t *= 8 // another process has the CPU
		}
		c.Learn(1+drafted, drafted, accepted, time.Duration(t*float64(time.Millisecond)))
	}
	for made < float64(n) {
		for range r.IntN(8) {
			step(0, 0)
		}
		for run := 2 + r.IntN(9); run > 0; {
			k, accepted := c.Length(&s, Offer{Others: 1, Tokens: run, Ends: true}), 0
			for accepted < k && r.Float64() < rate {
				accepted++
			}
			if step(k, accepted); k > 0 {
				c.Judge(&s, Offer{Tokens: k, Ends: k == run}, accepted)
			} else {
				c.Pass(&s, Forced)
			}
			run -= accepted + 1
		}
	}
	return spent, made
}

// TestGain checks that texts take at most 2 % longer than without drafts, even if rows are
// expensive and all drafts are wrong. If rows are cheap and drafts are right, texts must be
// faster.
func TestGain(t *testing.T) {
	most := map[string]map[float64]float64{ // largest time of ten texts, relative to texts without drafts
		"free":           {0.2: 1, 0.6: 0.85, 0.95: 0.55, 1: 0.5},
		"from memory":    {0.2: 1, 0.6: 0.88, 0.95: 0.62, 1: 0.57},
		"from the cache": {0.95: 0.85, 1: 0.8},
		"cliff":          {0.4: 0.97, 0.95: 0.75, 1: 0.75},
	}
	for name, cost := range curves {
		for _, rate := range []float64{0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1} {
			for _, noise := range []float64{0, 0.2} {
				for _, texts := range []int{1, 10} {
					spent, without := 0., 0.
					for seed := range uint64(12) {
						r := rand.New(rand.NewPCG(seed, 0))
						c := New()
						for range texts {
							s, m := play(r, c, cost, rate, noise, 120)
							spent += s
							without += m
						}
					}
					bound := 1.02
					if b, ok := most[name][rate]; ok && texts > 1 {
						bound = b
					}
					require.LessOrEqual(t, spent/without, bound, "%s, %v right, noise %v, %d texts", name, rate, noise, texts)
				}
			}
		}
	}
}

// TestLength checks that few rows of unknown cost are
// tried, and that known costs and rates decide the length.
func TestLength(t *testing.T) {
	c := New()
	s := c.Sources()
	nine := Offer{Kind: Phrase, Others: 1, Tokens: 9}
	require.Zero(t, c.Length(&s, nine), "without a known rate, nothing is drafted")
	c.Learn(1, 0, 0, time.Millisecond)
	require.Equal(t, 1, c.Length(&s, nine), "one more row is tried")
	require.Zero(t, c.Length(&s, Offer{Others: 1}))
	c.Learn(2, 1, 0, 3*time.Millisecond)
	c.Judge(&s, Offer{Kind: Phrase, Tokens: 1}, 0)
	require.Zero(t, c.Length(&s, nine), "the time for trying is used up")

	for n := range 30 {
		c.Learn(1+n, 0, 0, time.Millisecond)
	}
	for range 20 {
		c.Judge(&s, nine, 9)
	}
	for range 100 {
		c.Learn(1, 0, 0, time.Millisecond)
	}
	require.Equal(t, 9, c.Length(&s, nine))
	require.Zero(t, c.Length(&s, Offer{Kind: Phrase, Others: maxRows, Tokens: 9}), "a step with drafts must not have more than maxRows rows")
	for range 3 {
		c.Judge(&s, nine, 0)
	}
	require.Zero(t, c.Length(&s, nine), "after three wrong drafts, nothing is drafted")
	for range again {
		c.Pass(&s, Phrase)
	}
	require.Positive(t, c.Length(&s, nine), "after a while, a draft is tried again")
}

// TestEnds checks that the last tokens of drafts with Ends have a separate rate. They may be
// wrong even if the other tokens are right.
func TestEnds(t *testing.T) {
	c := New()
	s := c.Sources()
	for n := range 8 { // only the eighth row takes additional time
		c.Learn(1+n, 0, 0, time.Millisecond+time.Duration(n/7)*50*time.Microsecond)
	}
	o := Offer{Kind: Forced, Others: 1, Tokens: 7, Ends: true}
	for range 40 {
		c.Judge(&s, o, 6)
		c.Learn(1, 0, 0, time.Millisecond)
	}
	require.Equal(t, 6, c.Length(&s, o))
	o.Ends = false
	require.Equal(t, 7, c.Length(&s, o))
}

// TestPrice checks that a draft counts the time that drafting takes. Before this time is known,
// only one token is drafted.
func TestPrice(t *testing.T) {
	for _, tt := range []struct {
		price time.Duration // the time to draft a token
		rate  int           // how many of eight drafted tokens are right
		want  bool
	}{{100 * time.Microsecond, 8, true}, {990 * time.Microsecond, 8, false}, {2 * time.Millisecond, 8, false}, {300 * time.Microsecond, 1, false}} {
		c := New()
		s := c.Sources()
		for n := range 9 {
			c.Learn(1+n, 0, 0, time.Millisecond)
		}
		o := Offer{Kind: Model, Others: 1, Tokens: 8}
		require.Equal(t, 1, c.Length(&s, o))
		c.Charge(Model, 1, tt.price)
		for range 20 {
			c.Judge(&s, o, tt.rate)
		}
		for range 2000 {
			c.Learn(1, 0, 0, time.Millisecond)
		}
		require.Equal(t, tt.want, c.Length(&s, o) > 1, "%v", tt)
		o.Kind = Phrase
		require.Positive(t, c.Length(&s, o))
	}
	c := New()
	s := c.Sources()
	c.Learn(1, 0, 0, time.Millisecond)
	c.Charge(Model, 0, 10*time.Millisecond)
	require.Zero(t, c.Length(&s, Offer{Kind: Phrase, Others: 1, Tokens: 8}), "the time for trying is used up")
}

// TestPassages checks that a text that repeats long passages soon gets long drafts. Noise in the
// measured times must not prevent that.
func TestPassages(t *testing.T) {
	for name, tt := range map[string]struct {
		cost curve
		max  map[float64]float64 // largest time of a token, by the rate of right tokens
	}{
		"in the cache": {table(1, 0.87, 1.09, 1.6, 2.8, 4.4, 8.8), map[float64]float64{0.9: 0.38, 0.97: 0.26, 1: 0.17}},
		"from memory":  {table(1, 1.26, 1.43, 1.78, 2.74, 4.8, 9), map[float64]float64{0.9: 0.4, 0.97: 0.28, 1: 0.19}},
	} {
		for rate, most := range tt.max {
			for _, noise := range []float64{0, 0.2} {
				spent, made := 0., 0.
				for seed := range uint64(20) {
					r := rand.New(rand.NewPCG(seed, 0))
					c := New()
					s := c.Sources()
					for end := made + 600; made < end; {
						o := Offer{Kind: Passage, Others: 1, Tokens: 32}
						accepted := 0
						o.Tokens = c.Length(&s, o)
						for accepted < o.Tokens && r.Float64() < rate {
							accepted++
						}
						took := tt.cost(1 + o.Tokens)
						spent += took
						made += 1 + float64(accepted)
						took *= 1 + noise*(2*r.Float64()-1)
						c.Learn(1+o.Tokens, o.Tokens, accepted, time.Duration(took*float64(time.Millisecond)))
						if o.Tokens > 0 {
							c.Judge(&s, o, accepted)
						} else {
							c.Pass(&s, Passage)
						}
					}
				}
				require.LessOrEqual(t, spent/made, most, "%s, %v right, noise %v", name, rate, noise)
			}
		}
	}
}

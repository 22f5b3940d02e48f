package sampler

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// letters26 is a vocabulary. Tokens 0 to 25 are letters, 26 is a newline, 27 is "x:y", 28 ends in
// "<|", 29 begins with "sep|>", 30 is "se", and 31 is "p|>".
func letters26() Vocab {
	pieces := []string{}
	for r := 'a'; r <= 'z'; r++ {
		pieces = append(pieces, string(r))
	}
	pieces = append(pieces, "\n", "x:y", "q<|", "sep|>z", "se", "p|>")
	return Vocab{N: len(pieces), Piece: func(id int32) string { return pieces[id] }}
}

// spell returns the tokens of a text; \n is 26 and the digits 7, 8, 9, 0, 1
// stand for 27 to 31.
func spell(text string) []int32 {
	special := map[rune]int32{'\n': 26, '7': 27, '8': 28, '9': 29, '0': 30, '1': 31}
	ids := []int32{}
	for _, r := range text {
		if id, ok := special[r]; ok {
			ids = append(ids, id)
		} else {
			ids = append(ids, r-'a')
		}
	}
	return ids
}

func TestDRY(t *testing.T) {
	tests := []struct {
		name, text string
		lastN      int
		want       map[string]float32 // the penalty of each token, for multiplier 1, base 2 and an allowed length of 2
	}{
		{"nothing", "", -1, nil},
		{"no repetition", "abcdef", -1, nil},
		{"a repetition of one token has no penalty", "xabyax", -1, nil},
		{"two", "abcxab", -1, map[string]float32{"c": 1}},
		{"three", "abcdxabc", -1, map[string]float32{"d": 2}},
		{"four", "abcdexabcd", -1, map[string]float32{"e": 4}},
		{"two tokens continue a repetition", "abcabdab", -1, map[string]float32{"c": 1, "d": 1}},
		{"of two repetitions, the longer one sets the penalty", "abcxabcab", -1, map[string]float32{"c": 1 << 0, "x": 0}},
		{"overlapping itself", "aaaaa", -1, map[string]float32{"a": 4}},
		{"period two", "ababab", -1, map[string]float32{"a": 4}},
		{"a repetition before the tokens that are searched", "abcxyzab", 5, nil},
		{"a repetition just within the tokens that are searched", "abcxyzab", 8, map[string]float32{"c": 1}},

		{"a newline breaks", "abc\nxabc", -1, map[string]float32{}},
		{"tokens before a newline do not count", "yabcdx\nabc", -1, map[string]float32{"d": 2}},
		{"a newline ends a repetition", "zzabcd\nzzab\ncab", -1, map[string]float32{"c": 1}},
		{"within a token", "abcd7abc", -1, map[string]float32{"d": 2}},
		{"the breaker itself has no penalty", "ab\nab", -1, nil},
		{"a breaker across two tokens", "abcde89abc", -1, map[string]float32{"d": 2}},
		{"a breaker across three tokens", "yabcde801yabc", -1, map[string]float32{"d": 4}},
		{"a breaker across tokens ends a repetition", "fg801abx801ab", -1, map[string]float32{"x": 1}},
		{"a part of a breaker does not count", "8abx8ab", -1, map[string]float32{"x": 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := letters26()
			s := &dry{multiplier: 1, base: 2, allowed: 2, maxExponent: dryMaxExponent(2),
				breakers: newBreakers([]string{"\n", ":", "<|sep|>"}, v),
				recent:   history{limit: tt.lastN}, longest: make([]int32, v.N)}
			for _, id := range spell(tt.text) {
				s.accept(id)
			}
			want := make([]float32, v.N)
			for text, loss := range tt.want {
				want[spell(text)[0]] = -loss
			}
			for _, sorted := range []bool{false, true} {
				c := loaded(t, make([]float32, v.N)...)
				if sorted {
					c.sort()
				}
				s.apply(c)
				for _, got := range c.list {
					require.Equal(t, want[got.id], got.logit, "token %q", v.Piece(got.id))
				}
			}
		})
	}
}

func TestDRYPenaltyStaysFinite(t *testing.T) {
	v := letters26()
	p := DefaultParams()
	p.Temp, p.DRYMultiplier, p.DRYBase = 0, 1e30, 1e30
	s, err := New(p, v)
	require.NoError(t, err)
	for range 300 {
		s.Accept(0)
	}
	logits := make([]float32, v.N)
	logits[0] = 1e38
	id, err := s.Sample(logits)
	require.NoError(t, err)
	require.Equal(t, int32(1), id)
}

// TestAgreements compares the algorithm, which takes linear time, with the definition.
func TestAgreements(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		text := make([]int32, 1+r.IntN(40))
		for i := range text {
			text[i] = r.Int32N(2)
		}
		got := agreements(nil, text)
		for k := 1; k < len(text); k++ {
			n := 0
			for k+n < len(text) && text[n] == text[k+n] {
				n++
			}
			require.Equal(t, int32(n), got[k], "%v at %d", text, k)
		}
	}
}

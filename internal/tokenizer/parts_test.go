package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPartsAreTheWhole checks that parts get the tokens of the whole text. There is one exception:
// if the text of a control token lies partly or wholly outside the Special parts, it never becomes
// the control token.
func TestPartsAreTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for seed := range uint64(40) {
		for _, v := range []Vocab{smallSPM(seed), smallBPE(seed)} {
			off := false
			v.AddSpacePrefix = &off
			tok := mustNew(t, v)
			for range 20 {
				var parts []Part
				var whole strings.Builder
				for range 1 + rng.IntN(6) {
					p := Part{Text: randomText(rng, rng.IntN(5)), Special: rng.IntN(2) == 0}
					parts = append(parts, p)
					whole.WriteString(p.Text)
				}
				ids, starts := tok.EncodeParts(parts, PartOptions{})
				all := []Part{{whole.String(), true}}
				special, _ := tok.EncodeParts(all, PartOptions{})
				require.Equal(t, tok.Encode(whole.String(), false, true), append([]int32{}, special...))
				plain, _ := tok.EncodeParts([]Part{{whole.String(), false}}, PartOptions{})
				if controls(tok, special) == 0 {
					require.Equal(t, plain, ids, "%q", parts)
				}
				if controls(tok, special) == ownControls(tok, parts) {
					require.Equal(t, special, ids, "%q", parts)
				}
				require.LessOrEqual(t, controls(tok, ids), ownControls(tok, parts), "%q", parts)
				require.Zero(t, controls(tok, plain))
				last := 0
				for _, s := range starts {
					require.GreaterOrEqual(t, s, last)
					require.LessOrEqual(t, s, len(ids))
					last = s
				}
			}
		}
	}
}

// controls counts the control tokens.
func controls(tok *Tokenizer, ids []int32) (n int) {
	for _, id := range ids {
		if tok.IsControl(id) {
			n++
		}
	}
	return n
}

// ownControls counts the control tokens in the joined texts of consecutive Special parts.
func ownControls(tok *Tokenizer, parts []Part) (n int) {
	row := ""
	for i, p := range parts {
		if p.Special {
			row += p.Text
		}
		if !p.Special || i == len(parts)-1 {
			n += controls(tok, tok.Encode(row, false, true))
			row = ""
		}
	}
	return n
}

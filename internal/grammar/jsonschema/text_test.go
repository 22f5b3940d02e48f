package jsonschema

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func bytesOf(s string) []rune {
	var out []rune
	for i := range len(s) {
		out = append(out, rune(s[i]))
	}
	return out
}

// TestEncode checks that encode accepts an automaton's strings in all the ways in which JSON
// may write them.
func TestEncode(t *testing.T) {
	any := anyString()
	for text, want := range map[string]bool{
		`""`: true, `"é😀"`: true, `"\u00e9\ud83d\uDE00\/\b\u0041"`: true, `"a`: false, `"\x"`: false,
		`"\ud83d"`: false, `"\ud83d\u0041"`: false, `"\ude00"`: false, "\"\n\"": false, "\"\x7f\"": false,
		`"\u007f\u0000"`: true, "\"\xed\xa0\x80\"": false, "\"\xff\"": false, `"""`: false,
	} {
		require.Equal(t, want, any.Match(bytesOf(text)), text)
	}
	d := compile("^[b-é\U00010450-\U0001F600]{2}$")
	all, few := encode(d, true, true), encode(d, false, true)
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		var s []rune
		for range 2 {
			s = append(s, []rune{r.Int32N(0x100), 0x10440 + r.Int32N(0x20), 0x1F5F0 + r.Int32N(0x20)}[r.IntN(3)])
		}
		text, err := json.Marshal(string(s))
		require.NoError(t, err)
		if s[0] == 0x7F || s[1] == 0x7F {
			continue
		}
		require.Equal(t, d.Match(s), all.Match(bytesOf(string(text))), "%s", text)
		require.Equal(t, d.Match(s), few.Match(bytesOf(string(text))), "%s", text)
	}
	require.False(t, few.Match(bytesOf(`"\u0062\u0063"`)), "without the option escapes, letters must not be accepted as escapes")
	require.True(t, all.Match(bytesOf(`"\u0062\u0063"`)))
}

func TestNumbers(t *testing.T) {
	rat := func(s string) *big.Rat {
		v, ok := new(big.Rat).SetString(s)
		require.True(t, ok)
		return v
	}
	texts := []string{"0", "-0", "1", "-1", "9", "10", "11", "99", "100", "0.5", "-0.5", "1.50", "1.49", "1.51", "12.75", "-12.7", "7.0", "0.25", "0.0", "123456", "-10", "1.5000"}
	for _, n := range []*numbers{
		{}, {integer: true}, {fraction: true}, {lo: rat("0")}, {lo: rat("0"), loOpen: true}, {hi: rat("0")}, {hi: rat("0"), hiOpen: true},
		{lo: rat("1.5")}, {lo: rat("1.5"), loOpen: true}, {hi: rat("1.5")}, {hi: rat("-0.5"), hiOpen: true}, {lo: rat("-1")},
		{lo: rat("10"), hi: rat("100"), integer: true}, {hi: rat("-1"), integer: true}, {multiples: []*big.Rat{rat("0.25")}},
		{multiples: []*big.Rat{rat("3")}, integer: true}, {others: []*big.Rat{rat("5")}}, {out: []*big.Rat{rat("1.5"), rat("0")}},
		{multiples: []*big.Rat{rat("1.5")}, lo: rat("1")}, {lo: rat("99.5"), hi: rat("123456.5")},
	} {
		d, err := n.automaton()
		require.NoError(t, err)
		for _, text := range texts {
			want := n.has(rat(text))
			if n.integer && len(text) > 2 && text[len(text)-2] == '.' {
				want = false // the grammar does not accept an integer that is written as 7.0
			}
			if n.fraction && text == "7.0" || n.integer && (text == "0.0") {
				want = false
			}
			require.Equal(t, want, d.Match(bytesOf(text)), "%+v %s", n, text)
		}
		for _, bad := range []string{"01", "+1", ".5", "1.", "", "-", "1.2.3", "--1"} {
			require.False(t, d.Match(bytesOf(bad)), bad)
		}
	}
	_, err := (&numbers{multiples: []*big.Rat{rat("12345.678")}}).automaton()
	require.ErrorContains(t, err, "states")
}

package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTrainBPE(t *testing.T) {
	tr, err := NewBPETrainer("smollm")
	require.NoError(t, err)
	for range 3 {
		tr.Add("low lower lowest")
	}
	tr.Add("new 12")
	v, err := tr.Train(256+1+5, []string{"<s>"})
	require.NoError(t, err)
	// Counted by hand, "lo" and "low" occur 9 times, " low" and " lowe" 6 times. Among the
	// pairs that occur 3 times, "st" has the lowest ids.
	require.Equal(t, []string{"l o", "lo w", "Ġ low", "Ġlow e", "s t"}, v.Merges)
	require.Equal(t, "<s>", v.Tokens[0])
	require.Equal(t, []string{"lo", "low", "Ġlow", "Ġlowe", "st"}, v.Tokens[257:])
	require.EqualValues(t, TypeControl, v.Types[0])

	tok, err := New(v, Options{})
	require.NoError(t, err)
	ids := tok.Encode("low lower lowest", false, false)
	require.Equal(t, []int32{258, 260, 1 + 'r', 260, 261}, ids)
}

// TestTrainBPEDefinition compares a trained vocabulary with one that follows the definition: all
// pairs are counted again for each merge.
func TestTrainBPEDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		tr, err := NewBPETrainer("gpt-2")
		require.NoError(t, err)
		for range 40 {
			var b strings.Builder
			for range r.IntN(30) {
				b.WriteByte("aabbbcd  "[r.IntN(9)])
			}
			tr.Add(b.String())
		}
		v, err := tr.Train(256+60, nil)
		require.NoError(t, err)
		require.Equal(t, trainSlowly(tr, 60), v.Merges)
	}
}

func trainSlowly(tr *BPETrainer, merges int) []string {
	var words []trainWord
	for w, n := range tr.words {
		var ids []int32
		for _, b := range []byte(w) {
			ids = append(ids, int32(b))
		}
		words = append(words, trainWord{ids, n})
	}
	texts := make([]string, 256)
	for b := range texts {
		texts[b] = string(byteRune[b])
	}
	list := []string{}
	for range merges {
		count := map[tokenPair]int{}
		for _, w := range words {
			for i := range len(w.ids) - 1 {
				count[tokenPair{w.ids[i], w.ids[i+1]}] += w.count
			}
		}
		var best tokenPair
		for p, n := range count {
			if n > count[best] || n == count[best] && (p.left < best.left || p.left == best.left && p.right < best.right) {
				best = p
			}
		}
		if count[best] < 2 {
			break
		}
		for k, w := range words {
			var out []int32
			for len(w.ids) > 0 {
				if len(w.ids) > 1 && (tokenPair{w.ids[0], w.ids[1]}) == best {
					out, w.ids = append(out, int32(len(texts))), w.ids[2:]
					continue
				}
				out, w.ids = append(out, w.ids[0]), w.ids[1:]
			}
			words[k].ids = out
		}
		list = append(list, texts[best.left]+" "+texts[best.right])
		texts = append(texts, texts[best.left]+texts[best.right])
	}
	return list
}

func TestTrainBPEBad(t *testing.T) {
	_, err := NewBPETrainer("nobody")
	require.ErrorIs(t, err, ErrPreTokenizer)
	_, err = NewBPETrainer("gemma4")
	require.ErrorContains(t, err, "made of characters")
	tr, err := NewBPETrainer("gpt-2")
	require.NoError(t, err)
	_, err = tr.Train(256, []string{"<s>"})
	require.EqualError(t, err, "tokenizer: a vocabulary of 256 tokens, must have at least 257: 1 control tokens and the bytes")
	v, err := tr.Train(1000, nil) // no text: no merges
	require.NoError(t, err)
	require.Len(t, v.Tokens, 256)
	require.True(t, slices.Equal(v.Merges, []string{}))
	tr.Add("\xff\xfe ab ab")
	v, err = tr.Train(300, nil)
	require.NoError(t, err)
	require.Contains(t, v.Merges, "Ġa b")
}

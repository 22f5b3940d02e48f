package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// naiveSplit looks for one special token after the other. This is the definition of partitioning.
func naiveSplit(p *partitioner, text string) []fragment {
	list := []fragment{{None, text}}
	for i, special := range p.texts {
		var next []fragment
		for _, f := range list {
			for f.token == None && f.text != "" {
				at := strings.Index(f.text, special)
				if at < 0 {
					break
				}
				left, right := f.text[:at], f.text[at+len(special):]
				if p.strip[i].left {
					left = strings.TrimRight(left, " \t\n\v\f\r")
				}
				if p.strip[i].right {
					right = strings.TrimLeft(right, " \t\n\v\f\r")
				}
				if left != "" {
					next = append(next, fragment{None, left})
				}
				next = append(next, fragment{token: p.ids[i]})
				f.text = right
			}
			if f.token != None || f.text != "" {
				next = append(next, f)
			}
		}
		list = next
	}
	return list
}

func TestPartitionAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	random := func(n int) string {
		var b strings.Builder
		for range 1 + rng.IntN(n) {
			b.WriteByte("ab  \n"[rng.IntN(5)])
		}
		return b.String()
	}
	for range 300 {
		v := Vocab{Model: ModelSPM, Tokens: []string{"<unk>", "<s>", "</s>"}, Types: []int32{2, 3, 3}}
		for range 1 + rng.IntN(12) {
			v.Tokens = append(v.Tokens, random(6))
			v.Types = append(v.Types, int32(TypeControl)+int32(rng.IntN(2)))
		}
		tok := mustNew(t, v)
		rules := map[int32]strip{}
		for id := range v.Tokens {
			rules[int32(id)] = strip{left: rng.IntN(4) == 0, right: rng.IntN(4) == 0}
		}
		for _, all := range []bool{true, false} {
			p := newPartitioner(tok, rules, all)
			for range 30 {
				text := random(60)
				require.Equal(t, naiveSplit(p, text), p.split(text), "%q in %q", p.texts, text)
			}
		}
	}
}

func TestAutomaton(t *testing.T) {
	patterns := []string{"he", "she", "his", "hers", "s", "he"}
	a := newAutomaton(patterns)
	text := "ushers his"
	got := map[int][]string{}
	node := int32(0)
	for at := len(text) - 1; at >= 0; at-- {
		node = a.step(node, text[at])
		for n := a.longest(node); n != 0; n = a.nodes[n].shorter {
			got[at] = append(got[at], patterns[a.nodes[n].pattern])
		}
	}
	require.Equal(t, map[int][]string{
		1: {"she", "s"}, 2: {"hers", "he"}, 5: {"s"}, 7: {"his"}, 9: {"s"},
	}, got)
}

func TestEncodeSpecial(t *testing.T) {
	spm, bpe := mustNew(t, smallSPM(1)), mustNew(t, smallBPE(1))
	for _, tok := range []*Tokenizer{spm, bpe} {
		id := func(text string) int32 {
			id, ok := tok.ID(text)
			require.True(t, ok, text)
			return id
		}
		end, user := id("<|end|>"), id("<|e")

		require.Equal(t, []int32{end, end}, tok.Encode("<|end|><|end|>", false, true))
		got := tok.Encode("<|end|>", false, false)
		require.Equal(t, user, got[0], "a user-defined token is found in any text, a control token is not")
		require.NotContains(t, got, end)
		require.Equal(t, []int32{id("</s>")}, tok.Encode("</s>", false, true))
		require.NotContains(t, tok.Encode("</s>", false, false), id("</s>"))
		require.Equal(t, []int32{id("<unk>")}, tok.Encode("<unk>", false, true))
		require.Equal(t, []int32{id("aa"), id("a b")}, tok.Encode("aaa b", false, false), "the longest special token is cut out first")
	}
}

// TestStripRules checks that some vocabularies, which are recognized by their tokens, drop the
// white space around certain special tokens.
func TestStripRules(t *testing.T) {
	v := smallSPM(1)
	plain := mustNew(t, v)
	for _, text := range []string{"<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|system|>", "<|user|>"} {
		v.Tokens, v.Types, v.Scores = append(v.Tokens, text), append(v.Types, int32(TypeControl)), append(v.Scores, 0)
	}
	phi := mustNew(t, v)
	end, _ := plain.ID("<|end|>")
	s, _ := plain.ID("<s>")

	require.Equal(t, append([]int32{end}, plain.Encode("x", false, true)...), phi.Encode("<|end|> \n\t x", false, true))
	require.NotEqual(t, plain.Encode("<|end|> x", false, true), phi.Encode("<|end|> x", false, true))
	require.Equal(t, []int32{end, end}, phi.Encode("<|end|> \n<|end|>\n", false, true))
	require.Equal(t, plain.Encode("<s> x", false, true), phi.Encode("<s> x", false, true), "<s> keeps the white space after it")
	require.Equal(t, s, phi.Encode("<s> x", false, true)[0])
	require.Equal(t, plain.Encode("</s> x", false, true), phi.Encode("</s> x", false, true), "LLaMA's </s> keeps the white space after it")
	v.Types[2] = int32(TypeUserDefined)
	require.Equal(t, append([]int32{2}, plain.Encode("x", false, true)...), mustNew(t, v).Encode("</s> x", false, true), "Phi-3's </s>, which is user-defined, drops the white space after it")
	v.Types[len(v.Types)-1] = int32(TypeNormal)
	require.Equal(t, plain.Encode("<|end|> x", false, true), mustNew(t, v).Encode("<|end|> x", false, true), "if <|user|> is a normal token, the vocabulary is not taken for Phi-3's")

	v = smallBPE(1)
	v.Pre = "jina-v2-de"
	v.Tokens = append(v.Tokens, "<mask>")
	v.Types = append(v.Types, int32(TypeControl))
	v.Scores = append(v.Scores, 0)
	jina := mustNew(t, v)
	mask, _ := jina.ID("<mask>")
	require.Equal(t, append(append(jina.Encode("x", false, true), mask), jina.Encode(" y", false, true)...),
		jina.Encode("x \t<mask> y", false, true))
}

func TestManySpecialTokensIsLinear(t *testing.T) {
	v := Vocab{Model: ModelSPM, Tokens: []string{"<unk>", "<s>", "</s>"}, Types: []int32{2, 3, 3}}
	for n := 1; n <= 1000; n++ {
		v.Tokens = append(v.Tokens, strings.Repeat("a", n), strings.Repeat("b", n)+"c")
		v.Types = append(v.Types, int32(TypeControl), int32(TypeUserDefined))
	}
	p := newPartitioner(mustNew(t, v), nil, true)
	text := strings.Repeat("a", 100_000) + strings.Repeat("b", 100_000)
	got := p.split(text)
	require.Len(t, got, 101)
	require.Equal(t, fragment{None, strings.Repeat("b", 100_000)}, got[100])
}

package engine

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/gbnf"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
)

// even is a grammar that allows only tokens with even numbers. It allows the end of the text
// after n tokens.
type even struct{ n int }

func (g *even) Allowed(id int32) bool { return id%2 == 0 && (id != 2 || g.n <= 0) }

func (g *even) Accept(id int32) error {
	if !g.Allowed(id) {
		return errors.New("refused")
	}
	g.n--
	return nil
}

// lazy is a grammar that allows every token at first. It takes
// effect after token 9, at the latest after left+1 tokens.
type lazy struct {
	sampler.Drafter
	on   bool
	left int
}

func (g *lazy) Allowed(id int32) bool { return !g.on || g.Drafter.Allowed(id) }

func (g *lazy) Accept(id int32) error {
	if g.on {
		return g.Drafter.Accept(id)
	}
	g.left--
	g.on = g.left < 0 || id == 9
	return nil
}

func (g *lazy) Draft(b []byte, n int) []byte {
	if !g.on {
		return b
	}
	return g.Drafter.Draft(b, n)
}

// grammars returns grammars for texts of m. Some leave much choice, some little, and some none.
func grammars(t testing.TB, m *model.Model) (list []func() sampler.Grammar) {
	vocab := vocabOf(m)
	add := func(p *grammar.Program, err error) {
		require.NoError(t, err)
		list = append(list, func() sampler.Grammar { return p.NewMatcher(vocab) })
	}
	for _, text := range []string{
		`root ::= "the llama and the alpaca, "* [a-z ]{1,60} "and so on, and on, and on."`,
		`root ::= ("(" root ")" | "in the middle of it all")`,
		`root ::= ("llama" | "llamas and alpacas" | [^l]+ "!")+`,
	} {
		add(gbnf.Compile(text, nil))
	}
	for _, compact := range []bool{false, true} {
		p, _, err := jsonschema.Compile([]byte(`{"type": "object", "properties": {"the name": {"type": "string", "maxLength": 5}, "an age in years": {"type": "integer"},
			"the llama": {"const": "the alpaca"}, "members of the herd": {"type": "array", "items": {"$ref": "#"}}},
			"required": ["the name", "an age in years", "the llama"], "additionalProperties": false}`), jsonschema.Options{Compact: compact})
		add(p, err)
		list = append(list, func() sampler.Grammar { return &lazy{Drafter: p.NewMatcher(vocab), left: 7} })
	}
	return list
}

// requests returns random requests, some of which have common prefixes. cancelAfter says after
// how many tokens a request is cancelled; negative: never.
func requests(t testing.TB, rng *rand.Rand, m *model.Model, n, ctx int) (list []Request, cancelAfter []int) {
	forms := grammars(t, m)
	tok := m.Tokenizer
	words := strings.Fields("the llama and the alpaca was on a up la ma ti pa an in er re nd")
	text := func(n int) (s string) {
		for range n {
			s += words[rng.IntN(len(words))] + " "
		}
		return s
	}
	heads := []string{"", text(20), text(30), text(60)}
	for range n {
		p := sampler.DefaultParams()
		p.Seed = rng.Uint32N(1000)
		switch rng.IntN(6) {
		case 0:
			p.Temp = 0
		case 1:
			p.Mirostat = 1 + rng.IntN(2)
		case 2:
			p.RepeatPenalty, p.PresencePenalty, p.DRYMultiplier = 1.2, 0.3, 0.8
		case 3:
			p.XTCProbability, p.TopK, p.Temp = 0.5, 0, 1.5
		case 4:
			p.LogitBias = map[int32]float32{int32(rng.IntN(280)): 5, int32(rng.IntN(280)): float32(math.Inf(-1))}
		}
		p.IgnoreEOS = rng.IntN(2) == 0
		p.Ctx = ctx
		r := Request{
			Prompt:    tok.Encode(heads[rng.IntN(len(heads))]+text(1+rng.IntN(20)), true, false),
			MaxTokens: rng.IntN(50), Sampling: p, Logprobs: rng.IntN(2) == 0, NoCache: rng.IntN(6) == 0,
		}
		if rng.IntN(3) == 0 {
			r.Top = 3
		}
		if rng.IntN(4) == 0 {
			r.Stop = []string{"ll", "a", "the"}[:1+rng.IntN(3)]
		}
		if rng.IntN(5) == 0 {
			r.N = 2 + rng.IntN(2)
		}
		if rng.IntN(5) == 0 {
			n := rng.IntN(10)
			r.Grammar = func() sampler.Grammar { return &even{n} }
		}
		if rng.IntN(2) == 0 {
			r.Grammar, r.MaxTokens = forms[rng.IntN(len(forms))], rng.IntN(70)
			// LogitBias or IgnoreEOS can exclude all tokens that the grammar allows, which is an
			// error. The error would also end the other answers of the request, at lengths that
			// depend on how the engine forms its steps.
			r.Sampling.LogitBias, r.Sampling.IgnoreEOS = nil, false
		}
		if rng.IntN(8) == 0 {
			r.MaxTokens, r.Shift, r.Keep = ctx/2+rng.IntN(ctx), true, rng.IntN(20)
		}
		r.Prompt = r.Prompt[:min(len(r.Prompt), ctx)]
		r.Window = 1 + rng.IntN(3)*40
		after := -1
		if rng.IntN(8) == 0 {
			after = rng.IntN(5)
		}
		list, cancelAfter = append(list, r), append(cancelAfter, after)
	}
	return list, cancelAfter
}

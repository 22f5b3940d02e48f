package engine

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// play is a script that drafts its own tokens. If errors is not 0, it is the number of the token
// that is wrong in each draft.
type play struct {
	script
	m      *model.Model
	errors int
}

func (p *play) Draft(b []byte, n int) []byte {
	for i, id := range p.say {
		piece := p.m.Tokenizer.Piece(id, false)
		if len(piece) > n {
			break
		}
		if n -= len(piece); p.errors > 0 && i == p.errors {
			piece = "??"
		}
		b = append(b, piece...)
	}
	return b
}

// TestDrafted checks that a step makes many tokens if the grammar allows only one continuation.
// The tokens, the text and the reason must be the same as without drafts. The texts end in
// different ways.
func TestDrafted(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	tok := m.Tokenizer
	say := tok.Encode("the llama and the alpaca was on a the llama and the alpaca was on a llama, and in an ear", false, false)
	require.Greater(t, len(say), 20)
	for _, tt := range []struct {
		ctx, max, errors int
		stop             []string
		steps            int // largest number of steps that the text may take
	}{
		{ctx: 200, max: len(say), steps: 6},
		{ctx: 200, max: 7, steps: 3},
		{ctx: 200, max: len(say), errors: 2, steps: len(say)},
		{ctx: 200, max: 50, stop: []string{"was on a"}, steps: 4},
		{ctx: 30, max: len(say), steps: 12},
	} {
		var want string
		for _, opt := range []Options{{Drafts: Drafts{Off: true}}, {Drafts: Drafts{Always: true, NoLookup: true}}} {
			opt.Threads, opt.Ctx, opt.Parallel = 1, tt.ctx, 1
			e := start(t, m, opt)
			text := e.NewText()
			p := sampler.DefaultParams()
			p.Temp = 0
			var said []string
			result, err := text.Run(t.Context(), Request{
				Prompt: tok.Encode("a llama", true, false), MaxTokens: tt.max, Sampling: p, Stop: tt.stop, Shift: tt.ctx < 100,
				Grammar: func() sampler.Grammar { return &play{script{say: say}, m, tt.errors} },
			}, func(t Token) error {
				said = append(said, fmt.Sprint(t.ID, t.Text))
				return nil
			})
			require.NoError(t, err)
			stats := e.Stats()
			require.Equal(t, stats.DraftAccepted, int64(result.DraftAccepted))
			got := fmt.Sprint(said, result.Reason, result.GeneratedTokens, text.Tokens())
			if opt.Drafts.Off {
				want = got
				require.Zero(t, stats.DraftTokens)
				continue
			}
			require.Equal(t, want, got)
			require.LessOrEqual(t, stats.Steps, int64(tt.steps), "%+v", stats)
			require.Positive(t, result.DraftAccepted)
		}
	}
}

var (
	formsModel = flag.String("forms-model", "", "model for BenchmarkForms")
	formsTurns = flag.Int("forms-turns", 5, "turns of BenchmarkForms")
)

// BenchmarkForms writes texts of several forms in turns: without a grammar, with a grammar but
// no drafts, and with both. It reports the median time of a token relative to text without a
// grammar. In many vocabularies each digit is a token, so even a model with random weights
// writes the drafted tokens.
func BenchmarkForms(b *testing.B) {
	if *formsModel == "" {
		b.Skip("needs -forms-model")
	}
	f, err := gguf.Open(*formsModel)
	require.NoError(b, err)
	defer f.Close()
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(b, err)
	vocab := vocabOf(m)
	forms := map[string]string{
		"keys": `{"type": "array", "minItems": 60, "items": {"type": "object", "properties": {"name of the animal": {"enum": ["llama", "alpaca", "vicuña"]},
			"age in years": {"type": "integer", "minimum": 0, "maximum": 30}, "has been vaccinated": {"type": "boolean"}},
			"required": ["name of the animal", "age in years", "has been vaccinated"], "additionalProperties": false}}`,
		"digits": `{"type": "array", "minItems": 60, "items": {"enum": ["3141592653589793238462643383279502884197169399375105820974944592307816406286"]}}`,
		"text":   `{"type": "string", "minLength": 4000}`,
	}
	for name, schema := range forms {
		p, _, err := jsonschema.Compile([]byte(schema), jsonschema.Options{Compact: name != "text"})
		require.NoError(b, err)
		times := [3][]float64{}
		accepted, drafted := 0, 0
		engines := [2]*Engine{start(b, m, Options{Ctx: 512, Parallel: 1, Drafts: Drafts{Off: true}}), start(b, m, Options{Ctx: 512, Parallel: 1})}
		for range *formsTurns {
			for _, way := range []int{0, 1, 2, 2, 1, 0} { // in both orders, since the machine's speed drifts
				sampling := sampler.DefaultParams()
				sampling.Seed, sampling.IgnoreEOS = 1, true
				req := Request{Prompt: m.Tokenizer.Encode("The animals of the farm as JSON: ", true, false), MaxTokens: 160, Sampling: sampling}
				if way > 0 {
					req.Grammar = func() sampler.Grammar { return p.NewMatcher(vocab) }
				}
				r, err := engines[max(way-1, 0)].Run(b.Context(), req, func(Token) error { return nil })
				require.NoError(b, err)
				times[way] = append(times[way], r.GenerateTime.Seconds()*1e3/float64(r.GeneratedTokens))
				accepted += r.DraftAccepted
				drafted += r.DraftTokens
			}
		}
		var median [3]float64
		for way := range times {
			slices.Sort(times[way])
			median[way] = times[way][len(times[way])/2]
		}
		b.Logf("%s: %.2f ms per token without a grammar; %.2f ms with a grammar (%.3f times as fast); %.2f ms with drafts, too (%.3f times as fast as without a grammar, %.3f times as fast as without drafts); %d of %d drafted tokens were right",
			name, median[0], median[1], median[0]/median[1], median[2], median[0]/median[2], median[1]/median[2], accepted, drafted)
	}
}

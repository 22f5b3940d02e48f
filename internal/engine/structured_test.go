package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"alpaca/internal/builtin"
	"alpaca/internal/gguf"
	"alpaca/internal/grammar"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// schemas makes random schemas whose values are of bounded length. So even a model with random
// weights ends its text.
type schemas struct {
	*rand.Rand
}

type dict map[string]any

func (r *schemas) one(depth int) any {
	n := 12
	if depth == 0 {
		n = 8
	}
	switch r.IntN(n) {
	case 0:
		return dict{"type": "string", "minLength": r.IntN(3), "maxLength": 3 + r.IntN(8)}
	case 1:
		return dict{"type": "string", "pattern": []string{"^[a-z]{2,5}$", `^\d{1,3}-\d{2}$`, "^(ab?)+c", "[xyz]$"}[r.IntN(4)], "maxLength": 12}
	case 2:
		lo := r.IntN(2000) - 1000
		return dict{"type": "integer", "minimum": lo, "maximum": lo + r.IntN(5000)}
	case 3:
		return dict{"type": "number", "exclusiveMinimum": r.IntN(50), "maximum": 50 + r.IntN(100), "multipleOf": []float64{0.5, 0.01, 3}[r.IntN(3)]}
	case 4:
		return dict{"enum": []any{"a", "bb \" \\ é", 7, 1.5, nil, true, []any{1, "x"}, dict{"k": 1}}[:1+r.IntN(8)]}
	case 5:
		return dict{"type": []any{"boolean", "null"}}
	case 6:
		return dict{"type": "string", "format": []string{"date", "uuid", "ipv4", "time"}[r.IntN(4)]}
	case 7:
		return dict{"const": []any{"why", 12, false}[r.IntN(3)]}
	case 8, 9:
		s := dict{"type": "array", "items": r.one(depth - 1), "minItems": r.IntN(3), "maxItems": 2 + r.IntN(3)}
		switch r.IntN(4) {
		case 0:
			s["prefixItems"] = []any{r.one(depth - 1), r.one(0)}
		case 1:
			s["items"], s["uniqueItems"] = dict{"enum": []any{"a", "b", "c", 1, 2}}, true
		}
		return s
	case 10:
		return dict{"anyOf": []any{r.one(depth - 1), r.one(depth - 1), dict{"type": "null"}}}
	}
	props, required := dict{}, []any{}
	for i := range 1 + r.IntN(5) {
		name := fmt.Sprint([]string{"name", "an age", "é", "of \"it\"", "x"}[i], r.IntN(9))
		props[name] = r.one(depth - 1)
		if r.IntN(3) > 0 {
			required = append(required, name)
		}
	}
	s := dict{"type": "object", "properties": props, "required": required, "additionalProperties": false}
	if r.IntN(4) == 0 {
		s["additionalProperties"], s["propertyNames"], s["maxProperties"] = r.one(0), dict{"maxLength": 8}, 5
	}
	return s
}

// ecmaRegexp matches patterns in ECMAScript's dialect, as JSON Schema requires.
type ecmaRegexp regexp2.Regexp

func (r *ecmaRegexp) MatchString(s string) bool {
	ok, err := (*regexp2.Regexp)(r).MatchString(s)
	return err == nil && ok
}

func (r *ecmaRegexp) String() string { return (*regexp2.Regexp)(r).String() }

// validate checks a text with an independent library.
func validate(t *testing.T, schema, text string) {
	t.Helper()
	c := validator.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(func(s string) (validator.Regexp, error) {
		r, err := regexp2.Compile(s, regexp2.ECMAScript|regexp2.Unicode)
		return (*ecmaRegexp)(r), err
	})
	doc, err := validator.UnmarshalJSON(strings.NewReader(schema))
	require.NoError(t, err)
	require.NoError(t, c.AddResource("mem:schema", doc))
	s, err := c.Compile("mem:schema")
	require.NoError(t, err, schema)
	value, err := validator.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err, "%s\n%s", schema, text)
	require.NoError(t, s.Validate(value), "%s\n%s", schema, text)
}

// vocabOf returns the vocabulary of m as grammars see it.
func vocabOf(m *model.Model) *grammar.Vocab {
	tok := m.Tokenizer
	return grammar.NewVocab(tok.Len(), func(id int32) []byte {
		if tok.IsControl(id) {
			return nil
		}
		return []byte(tok.Piece(id, false))
	}, tok.EOG())
}

// writeRandom makes m write a text that a random schema constrains, and checks it. It returns
// how many drafted tokens were right.
func writeRandom(t *testing.T, e *Engine, m *model.Model, vocab *grammar.Vocab, i, depth int) int {
	r := &schemas{Rand: rand.New(rand.NewPCG(7, uint64(i)))}
	text, err := json.Marshal(r.one(depth))
	require.NoError(t, err)
	p, _, err := jsonschema.Compile(text, jsonschema.Options{Compact: i%3 == 0})
	require.NoError(t, err, string(text))
	params := sampler.DefaultParams()
	params.Seed, params.Temp = uint32(i), []float32{0, 0.8, 3}[i%3]
	said := ""
	result, err := e.Run(t.Context(), Request{
		Prompt: m.Tokenizer.Encode("the llama", true, false), MaxTokens: -1, Sampling: params,
		Grammar: func() sampler.Grammar { return p.NewMatcher(vocab) },
	}, func(t Token) error {
		said += t.Text
		return nil
	})
	require.NoError(t, err, string(text))
	require.Equal(t, EOS, result.Reason, "%s\n%s", text, said)
	validate(t, string(text), said)
	return result.DraftAccepted
}

// TestRandomSchemas checks that models with random weights write valid JSON for 50 random
// schemas. One of the two vocabularies adds a space before a text.
func TestRandomSchemas(t *testing.T) {
	models := []*model.Model{load(t, testmodel.SPM(1)), load(t, testmodel.BPE(2))}
	drafted := 0
	n := 50
	if testing.Short() { // on an emulated CPU
		n = 6
	}
	for i := range n {
		m := models[i%2]
		e := start(t, m, Options{Threads: 1, Ctx: 4096, Parallel: 1, Drafts: Drafts{Always: true}})
		drafted += writeRandom(t, e, m, vocabOf(m), i, 3)
	}
	require.Positive(t, drafted)
}

// TestBuiltinSchemas does with the built-in model what TestRandomSchemas does with a random one.
func TestBuiltinSchemas(t *testing.T) {
	if testing.Short() {
		t.Skip("emulated CPUs take minutes")
	}
	f, err := builtin.Open(gguf.Options{})
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	e := start(t, m, Options{Threads: 1, Ctx: 4096, Parallel: 1})
	vocab := vocabOf(m)
	for i := range 50 {
		writeRandom(t, e, m, vocab, 100+i, 2)
	}
}

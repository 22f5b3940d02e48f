package jsonschema

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
)

// TestMasks compares masks with the bytes of each token. It covers masks that are combined
// from parts or from the masks of other states. These are the masks of strings whose length
// is counted, of patterns that may begin anywhere, and of the names of undeclared properties.
func TestMasks(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	texts := []string{`"`, `",`, `"}`, `": "`, "{", "}", `{"`, ", ", `\`, `\u`, `\n`, "é", "\xc3", "\xa9", "日本", " ", "2022-01", "T12:", ":00"}
	for len(texts) < 700 {
		s := ""
		for range 1 + r.IntN(9) {
			s += string("etaoinshrdluqx7059-:.T@ "[r.IntN(24)])
		}
		texts = append(texts, s, s+`"`, s+`\`, s+"\xc3")
	}
	end := int32(len(texts))
	vocab := grammar.NewVocab(len(texts)+1, func(id int32) []byte {
		if id == end {
			return nil
		}
		return []byte(texts[id])
	}, []int32{end})
	for _, schema := range []string{
		`{"type": "string", "minLength": 5}`, `{"type": "string", "minLength": 30}`, `{"type": "string", "maxLength": 12}`,
		`{"type": "string", "minLength": 7, "maxLength": 7}`, `{"type": "string", "minLength": 3, "maxLength": 40}`,
		`{"type": "string", "pattern": "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}"}`, `{"type": "string", "pattern": "[a-f]0{2,}x"}`,
		`{"type": "string", "pattern": "@.+\\.", "maxLength": 20}`, `{"type": "string", "pattern": "^[^7]*7[a-z ]{3}", "minLength": 9}`,
		`{"type": "object", "properties": {"tea": {"type": "integer"}, "ten": {"type": "null"}}}`,
	} {
		p, _, err := Compile([]byte(schema), Options{Compact: true})
		require.NoError(t, err)
		for range 4 {
			m := p.NewMatcher(vocab)
			for range 14 {
				if m.Done() {
					break
				}
				mask := m.Mask()
				var allowed []int32
				for id := range end {
					at := m.Snapshot()
					_, fits := m.AcceptBytes([]byte(texts[id]))
					m.Restore(at)
					require.Equal(t, fits, mask.Has(id), "%s: %q", schema, texts[id])
					if fits {
						allowed = append(allowed, id)
					}
				}
				require.Equal(t, m.Complete(), mask.Has(end))
				if len(allowed) == 0 {
					break
				}
				require.NoError(t, m.Accept(allowed[r.IntN(len(allowed))]), fmt.Sprint(schema))
			}
		}
	}
}

package vocab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzProto checks that reading a SentencePiece model gives an error, or tokens of known types.
func FuzzProto(f *testing.F) {
	f.Add([]byte("\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02\x0a\x08\x0a\x01a\x15\x00\x00\x80\xbf\x12\x02\x18\x02"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := parseProto(raw)
		if err != nil {
			return
		}
		require.NotEmpty(t, p.pieces)
		for _, x := range p.pieces {
			require.True(t, x.typ >= 1 && x.typ <= 6)
		}
	})
}

// FuzzTokenizerJSON checks that reading a tokenizer.json gives an error, or ids within the limit.
func FuzzTokenizerJSON(f *testing.F) {
	f.Add([]byte(`{"added_tokens":[{"id":2,"content":"</s>","special":true}],"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a"}},{"type":"ByteLevel","use_regex":false}]},"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b",["a","b"]]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := parseTokenizerJSON(raw)
		if err != nil {
			return
		}
		require.LessOrEqual(t, x.size(), maxVocab)
		_, _ = x.preName()
		x.byteLevel()
	})
}

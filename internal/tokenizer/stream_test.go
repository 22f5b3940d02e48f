package tokenizer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// byteTokens returns the tokens of single bytes in the small SPM vocabularies.
func byteTokens(text string) (ids []int32) {
	for _, b := range []byte(text) {
		ids = append(ids, 3+int32(b))
	}
	return ids
}

func TestStream(t *testing.T) {
	tok := mustNew(t, smallSPM(1))
	tests := []struct {
		name, bytes string   // each byte is a token
		want        []string // the result of each Push, then of Flush
	}{
		{"ascii", "ab", []string{"a", "b", ""}},
		{"two bytes", "é", []string{"", "é", ""}},
		{"four bytes", "🦙!", []string{"", "", "", "🦙", "!", ""}},
		{"cut off", "a\xf0\x9f\xa6", []string{"a", "", "", "", "\xf0\x9f\xa6"}},
		{"stray continuation", "\x80a", []string{"\x80", "a", ""}},
		{"never whole", "\xf0\x9fa", []string{"", "", "\xf0\x9fa", ""}},
		{"one after another", "\xc3\xc3\xa9", []string{"", "\xc3", "é", ""}},
		{"overlong", "\xc0\x80", []string{"\xc0", "\x80", ""}},
		{"surrogate", "\xed\xa0\x80", []string{"", "\xed\xa0", "\x80", ""}},
		{"no such byte", "\xff", []string{"\xff", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tok.NewStream()
			var got []string
			for _, id := range byteTokens(tt.bytes) {
				got = append(got, s.Push(id))
			}
			require.Equal(t, tt.want, append(got, s.Flush()))
			require.Equal(t, tt.bytes, strings.Join(got, "")+tt.want[len(tt.want)-1])
		})
	}
}

// TestStreamControl checks that control and unknown tokens are not printed, and that the bytes
// of a character may stand on both sides of such tokens.
func TestStreamControl(t *testing.T) {
	tok := mustNew(t, smallSPM(1))
	end, _ := tok.ID("<|end|>")
	user, _ := tok.ID("<|e")
	s := tok.NewStream()
	require.Equal(t, "", s.Push(3+0xc3))
	for _, id := range []int32{0, 1, 2, end, -1, int32(tok.Len())} {
		require.Equal(t, "", s.Push(id), "%d", id)
	}
	require.Equal(t, "é", s.Push(3+0xa9))
	require.Equal(t, "<|e", s.Push(user))
	require.Equal(t, "", s.Flush())
}

func TestIncomplete(t *testing.T) {
	for r := rune(0x80); r <= utf8.MaxRune; r = r*5/4 + 1 {
		if !utf8.ValidRune(r) {
			continue
		}
		whole := []byte(string(r))
		for n := range whole {
			require.Equal(t, n, incomplete(append([]byte("x"), whole[:n]...)), "%U", r)
		}
		require.Zero(t, incomplete(whole))
	}
}

func TestPiece(t *testing.T) {
	types := []int32{int32(TypeUnknown), int32(TypeControl), int32(TypeUserDefined), int32(TypeNormal), int32(TypeNormal),
		int32(TypeByte), int32(TypeByte), int32(TypeUnused), int32(TypeUndefined), 99}
	texts := []string{"<unk>", "<s>", "<u\u2581>", "\u2581a\u2581", "Ġa", "<0xE9>", "<0xZZ>", "unused", "undefined", "strange"}
	spm := mustNew(t, Vocab{Model: ModelSPM, Tokens: texts, Types: types})
	bpe := mustNew(t, Vocab{Model: ModelBPE, Pre: "gpt-2", Merges: []string{}, Tokens: texts, Types: types})
	tests := []struct{ plain, special, bpe string }{
		{"", "<unk>", ""},
		{"", "<s>", ""},
		{"<u\u2581>", "<u\u2581>", "<u\u2581>"},
		{" a ", " a ", "\u2581a\u2581"},
		{"Ġa", "Ġa", " a"},
		{"\xe9", "\xe9", "\xe9"},
		{"<0xZZ>", "<0xZZ>", "<0xZZ>"},
		{"", "", ""},
		{"", "", ""},
		{"", "", ""},
	}
	for i, tt := range tests {
		id := int32(i)
		require.Equal(t, tt.plain, spm.Piece(id, false), texts[i])
		require.Equal(t, tt.special, spm.Piece(id, true), texts[i])
		require.Equal(t, tt.bpe, bpe.Piece(id, false), texts[i])
	}
	for _, id := range []int32{-1, 10, 1 << 30} {
		require.Equal(t, "", spm.Piece(id, true))
		require.Equal(t, "", spm.Text(id))
		require.Equal(t, TypeUndefined, spm.Type(id))
		require.False(t, spm.IsControl(id) || spm.IsEOG(id))
	}
	require.True(t, spm.IsControl(1))
	require.Equal(t, "Ġa", bpe.Text(4))
}

func TestUnmap(t *testing.T) {
	all := make([]byte, 256)
	for b := range all {
		all[b] = byte(b)
	}
	mapped := string(appendMapped(nil, string(all)))
	require.True(t, utf8.ValidString(mapped))
	require.Equal(t, 256, utf8.RuneCountInString(mapped))
	require.Equal(t, string(all), unmap(mapped))
	require.Equal(t, "Ġ", string(appendMapped(nil, " ")))
	require.Equal(t, "Ċ", string(appendMapped(nil, "\n")))
	require.Equal(t, "ł", string(appendMapped(nil, "\xa0")))
	require.Equal(t, "中\xff a", unmap("中\xffĠa"), "characters that stand for no byte are kept")
}

package tokenizer

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
)

const mb = 1 << 20

// benchTexts returns texts of a megabyte each.
func benchTexts(tb testing.TB) map[string]string {
	stories, err := os.ReadFile(testshared.Path(tb, "golden/stories.txt"))
	require.NoError(tb, err)
	fill := func(part string) string { return strings.Repeat(part, mb/len(part)+1)[:mb] }
	return map[string]string{
		"stories":  fill(string(stories)),
		"word":     fill("incomprehensibilities"),
		"letter":   fill("a"),
		"spaces":   fill(" "),
		"newlines": fill("\r\n"),
		"digits":   fill("1234567890"),
		"cyrillic": fill("нещо на Български "),
		"cjk":      fill("我想在工作天"),
		"emoji":    fill("😶🚀"),
		"invalid":  fill("\xff\xf0\x9f"),
		"special":  fill("<|endoftext|></s><s>\n"),
		"almost":   fill("<|endoftex<sentinel:00"),
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"llama-spm", "gpt-2", "deepseek-llm", "phi-3", "falcon"} {
		tok := load(b, "models/vocab/ggml-vocab-"+name+".gguf")
		for kind, text := range benchTexts(b) {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					tok.Encode(text, true, true)
				}
			})
		}
	}
}

func BenchmarkFromGGUF(b *testing.B) {
	for _, name := range []string{"llama-spm", "gpt-2", "deepseek-llm"} {
		b.Run(name, func(b *testing.B) {
			f, err := gguf.Open(testshared.Path(b, "models/vocab/ggml-vocab-"+name+".gguf"))
			require.NoError(b, err)
			defer f.Close()
			b.ReportAllocs()
			for b.Loop() {
				_, err := FromGGUF(f, Options{})
				require.NoError(b, err)
			}
		})
	}
}

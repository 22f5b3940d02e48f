package pretokenizer

import (
	"strings"
	"testing"
)

// BenchmarkSplit splits texts of a megabyte each.
func BenchmarkSplit(b *testing.B) {
	texts := map[string]string{
		"english":  "Once upon a time, there was a little girl named Lily. She didn't like 1234 loud noises!\n\n",
		"code":     "\tif x == 1000000 {\n\t\treturn fmt.Errorf(\"%w: %d\", errBad, httpStatus)\n\t}\r\n",
		"cyrillic": "Нещо на Български, Ελληνικά και ÉCOLE. ",
		"hindi":    "नमस्ते दुनिया, हिन्दी भाषा ",
		"cjk":      "我想在工作天、カタカナ한국어。",
	}
	for _, name := range []string{"gpt-2", "llama3", "qwen2", "tekken", "gpt-4o", "deepseek-v3", "kimi-k2", "tiny_aya"} {
		p, _ := Lookup(name, false)
		for kind, text := range texts {
			text = strings.Repeat(text, 1<<20/len(text)+1)
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					p.Split(text)
				}
			})
		}
	}
}

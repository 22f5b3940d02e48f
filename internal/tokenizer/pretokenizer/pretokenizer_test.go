package pretokenizer

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wordsOf splits a text with a pre-tokenizer.
func wordsOf(p *PreTokenizer, text string) []string {
	list := []string{}
	start := 0
	for _, end := range p.Split(text) {
		list = append(list, text[start:end])
		start = end
	}
	return list
}

// TestWords checks into which words texts are split. The expected text has "·" between words.
func TestWords(t *testing.T) {
	const space = "\u3000"
	tests := []struct {
		pre, want string
		reference bool
	}{
		{pre: "gpt-2", want: "Hello· world"},
		{pre: "gpt-2", want: "it·'s· we·'ll· I·'·LL"},
		{pre: "gpt-2", want: "a·  · b·\n\n·\n·c·   "},
		{pre: "gpt-2", want: "x·12345· 67· ½"},
		{pre: "gpt-2", want: " ...·a·??"},
		{pre: "gpt-2", want: "a·" + space + "·b"},
		{pre: "roberta-bpe", want: "Hello· world"},
		{pre: "llama-bpe", want: "Hello· world"},
		{pre: "llama-bpe", want: "IT·'S· we·'Ll"},
		{pre: "llama-bpe", want: "123·456·78"},
		{pre: "llama-bpe", want: "a·!!\n\n·b"},
		{pre: "llama-bpe", want: "a·  \n\n· · b"},
		{pre: "llama-bpe", want: "(word·)·\tword· ·7"},
		{pre: "chatglm-bpe", want: "123·4"},
		{pre: "qwen2", want: "x·1·2·3"},
		{pre: "stablelm2", want: "IT·'S"},
		{pre: "starcoder", want: "x·1·2· ·3· y"},
		{pre: "smollm", want: "a·1·2"},
		{pre: "falcon", want: "a· ·(·b·)`·c·`· ·123·45· ·678"},
		{pre: "default", want: "a· ·(·b·)·`·c·`·123·45· · ·6"},
		{pre: "deepseek-llm", want: "Hello· World·\n·\n· !· ·12"},
		{pre: "deepseek-llm", want: "a·  · b·3·  "},
		{pre: "deepseek-llm", want: "中文·abc·한·Ж"},
		{pre: "deepseek-coder", want: "def· f·(·x·):·\n·   · return· x·1·2"},
		{pre: "deepseek-v3", want: "123·45·中文あ·abc·.abc· déjà· !!\n· x"},
		{pre: "poro-chat", want: "Hello·,· world·...· x·(·y·)"},
		{pre: "bloom", want: "a·\n·b"},
		{pre: "viking", want: "a·1·2·,· b"},
		{pre: "tekken", want: "Hello·World· HTTPServer·1·2·//\n/· É"},
		{pre: "tekken", want: "नमस्ते· ÉCOLE"},
		{pre: "tekken", want: "नमस·्त·े· É·COLE", reference: true},
		{pre: "gpt-4o", want: "Hello·World· I'LL· don't·123·45·//\n/· ÉCole"},
		{pre: "gpt-4o", want: "हिन्दी"},
		{pre: "gpt-4o", want: "ह·िन·्द·ी", reference: true},
		{pre: "minimax-m2", want: "a·\u0301B", reference: true},
		{pre: "granite-embed-multi-97m", want: "हिन्दी· É·COLE", reference: true},
		{pre: "tiny_aya", want: "1·234·567·.·123·4·abc· Hello·World"},
		{pre: "tiny_aya", want: "1·234·567·.·1·234·abc· HelloWorld", reference: true},
		{pre: "tiny_aya", want: "a·  ·123"},
		{pre: "tiny_aya", want: "a· · ·123", reference: true},
		{pre: "youtu", want: "Hello·World·1·2·한글·中文·，、· déjà"},
		{pre: "youtu", want: "HelloWorld·1·2·한글·中文·，、· déjà", reference: true},
		{pre: "kimi-k2", want: "Hello·World's·中文·123·4· · ·々·//\n·/"},
		{pre: "kimi-k2", want: "蔻㖻·a"}, // the second character is of CJK Extension A
		{pre: "kimi-k2", want: "蔻㖻·a", reference: true},
		{pre: "kimi-k2", want: "HelloWorld's·中文·123·4·//\n·/", reference: true},
		{pre: "qwen35", want: "हिन्दी·1·2· ok"},
		{pre: "seed-coder", want: "a·!!·\n\n·b·1·2"},
		{pre: "exaone-moe", want: "hello big world·!\n·\n· x"},
		{pre: "ufakzeka", want: "Ankara·'ya· it·'s"},
		{pre: "laguna", want: "a· ·\n\n· b·!·\n"},
		{pre: "superbpe", want: "two words and ·1·234·567· ·½·123"},
		{pre: "afmoe", want: "ab·12·345·ไ·ทย·中文ｱ· x"},
		{pre: "spark2_5", want: "1·2·3·4·!!·\n·\n· x"},
		{pre: "minicpm5", want: "world·123·4· I·'LL"},
		{pre: "gemma4", want: "all of a line·\n\n·next"},
		{pre: "whitespace", want: "a,b· ·c"},
		{pre: "chameleon", want: "<·sentinel·:·1·2·>·a·IMGIMGABZ·b·    · c·1·2·!·!"},
	}
	for _, tt := range tests {
		want := strings.Split(tt.want, "·")
		p, ok := Lookup(tt.pre, tt.reference)
		require.True(t, ok, tt.pre)
		require.Equal(t, want, wordsOf(p, strings.Join(want, "")), tt.pre)
	}
}

// TestNames checks that every name that llama.cpp knows is known here, with the same flags.
func TestNames(t *testing.T) {
	names := strings.Fields(`llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano minicpm5 dbrx smaug-bpe
		chatglm-bpe glm4 glm5 jais-2 qwen2 deepseek-r1-qwen kormo f2llmv2 megrez qwen35 stablelm2 hunyuan solar-open grok-2 bailingmoe
		bailingmoe2 llada-moe seed-coder ufakzeka laguna exaone-moe gpt-2 phi-2 gigachat roberta-bpe jina-es jina-de jina-v1-en
		jina-v2-es jina-v2-de jina-v2-code mpt olmo jais a.x-4.0 mellum modern-bert exaone4 trillion granite-docling starcoder refact
		codeshell exaone minerva-7b command-r smollm mellum2 falcon deepseek-llm deepseek-coder deepseek-v3 hunyuan-dense hy_v4
		joyai-llm spark2_5 afmoe poro-chat bloom gpt3-finnish viking superbpe tekken gpt-4o llama4 kanana2 talkie minimax-m2
		granite-embed-multi-97m tiny_aya cohere2moe youtu kimi-k2 chameleon gemma4 granite-embed-multi-311m sarvam-moe whitespace default`)
	require.Len(t, names, 91)
	require.ElementsMatch(t, names, Names())
	with := func(flag func(*PreTokenizer) bool) (list []string) {
		for _, name := range Names() {
			if p, _ := Lookup(name, false); flag(p) {
				list = append(list, name)
			}
		}
		return list
	}
	llama3 := "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano tekken "
	require.ElementsMatch(t, strings.Fields(llama3+"minicpm5 glm4 glm5 granite-embed-multi-97m youtu"),
		with(func(p *PreTokenizer) bool { return p.IgnoreMerges }))
	require.ElementsMatch(t, strings.Fields(llama3+"chameleon gemma4 granite-embed-multi-311m"),
		with(func(p *PreTokenizer) bool { return p.AddBOS }))
	require.Equal(t, []string{"chatglm-bpe", "glm4", "glm5"}, with(func(p *PreTokenizer) bool { return p.NoBOS }))
	require.Equal(t, []string{"gemma4", "granite-embed-multi-311m"}, with(func(p *PreTokenizer) bool { return p.AlwaysBOS && p.Lines }))
	require.Equal(t, []string{"gemma4", "granite-embed-multi-311m", "sarvam-moe"}, with(func(p *PreTokenizer) bool { return p.SpaceMarks }))
	require.Equal(t, []string{"gemma4", "granite-embed-multi-311m", "sarvam-moe", "whitespace"}, with(func(p *PreTokenizer) bool { return p.Raw }))
	_, ok := Lookup("gpt-5", false)
	require.False(t, ok)
}

// TestReference lists the names for which llama.cpp splits words in another way than the models'
// own tokenizers.
func TestReference(t *testing.T) {
	var list []string
	for _, name := range Names() {
		ours, _ := Lookup(name, false)
		if reference, _ := Lookup(name, true); ours != reference {
			list = append(list, name)
		}
	}
	require.Equal(t, strings.Fields(`cohere2moe gpt-4o granite-embed-multi-97m kanana2 kimi-k2 llama4 minimax-m2 talkie tekken tiny_aya youtu`), list)
}

func TestNearest(t *testing.T) {
	require.Equal(t, []string{"llama-bpe"}, Nearest("lama-bpe", 1))
	require.Equal(t, []string{"qwen2", "qwen35"}, Nearest("qwen3", 2))
	require.Len(t, Nearest("", 100), 91)
	require.Len(t, Nearest(strings.Repeat("x", 1<<20), 3), 3)
	require.Equal(t, 3, distance("kitten", "sitting"))
}

// TestIsLinear checks that the time to split a hostile text grows with its length, not with
// the square of its length.
func TestIsLinear(t *testing.T) {
	const n = 1 << 8 // so short that many measurements are undisturbed even on a busy machine
	texts := map[string]func(n int) string{}
	for _, part := range []string{
		"a", "A", "É", "aB", "1", " ", "\n", " \n", "\t", "'", "!", "~", "<sentinel:1", "IMGIMG", "中", "ि", "\u0301A", "a a", "a_1", "a ", "1 ", "\u3000", "\u0301", "\x00",
	} {
		texts[part] = func(n int) string { return strings.Repeat(part, n/len(part)) }
		texts[part+" between"] = func(n int) string {
			return "1" + strings.Repeat(part, n/len(part)/2) + "1" + strings.Repeat(part, n/len(part)/2)
		}
	}
	least := func(floor time.Duration, p *PreTokenizer, text *chars) time.Duration {
		start := time.Now()
		p.cut(text)
		return min(floor, time.Since(start))
	}
	for _, r := range known {
		name, p := r.name, r.pre(t)
		for kind, text := range texts {
			// A text of 16 times the length should take 16 times as long. If the time grew with the
			// square, it would take 256 times as long. The machine may be busy, so there is more
			// than one try.
			short, long := time.Hour, time.Hour
			for range 300 {
				short, long = least(short, p, newChars(text(n))), least(long, p, newChars(text(16*n)))
				if long < 80*short {
					break
				}
			}
			require.Less(t, long, 80*short, "%s: %q", name, kind)
		}
	}
}

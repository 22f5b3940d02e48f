package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/stretchr/testify/require"
)

// words splits a text with a pre-tokenizer.
func words(p *preTokenizer, text string) []string {
	list := []string{}
	start := 0
	for _, end := range p.split(text) {
		list = append(list, text[start:end])
		start = end
	}
	return list
}

// The words are parted by "·" here.
func TestPreTokenizers(t *testing.T) {
	const space = "\u3000"
	tests := []struct{ pre, want string }{
		{"gpt-2", "Hello· world"},
		{"gpt-2", "it·'s· we·'ll· I·'·LL"},
		{"gpt-2", "a·  · b·\n\n·\n·c·   "},
		{"gpt-2", "x·12345· 67· ½"},
		{"gpt-2", " ...·a·??"},
		{"gpt-2", "a·" + space + "·b"},
		{"roberta-bpe", "Hello· world"},
		{"llama-bpe", "Hello· world"},
		{"llama-bpe", "IT·'S· we·'Ll"},
		{"llama-bpe", "123·456·78"},
		{"llama-bpe", "a·!!\n\n·b"},
		{"llama-bpe", "a·  \n\n· · b"},
		{"llama-bpe", "(word·)·\tword· ·7"},
		{"chatglm-bpe", "123·4"},
		{"qwen2", "x·1·2·3"},
		{"stablelm2", "IT·'S"},
		{"starcoder", "x·1·2· ·3· y"},
		{"smollm", "a·1·2"},
		{"falcon", "a· ·(·b·)`·c·`· ·123·45· ·678"},
		{"default", "a· ·(·b·)·`·c·`·123·45· · ·6"},
		{"deepseek-llm", "Hello· World·\n·\n· !· ·12"},
		{"deepseek-llm", "a·  · b·3·  "},
		{"deepseek-llm", "中文·abc·한·Ж"},
		{"deepseek-coder", "def· f·(·x·):·\n·   · return· x·1·2"},
		{"deepseek-v3", "123·45·中文あ·abc·.abc· déjà· !!\n· x"},
		{"poro-chat", "Hello·,· world·...· x·(·y·)"},
		{"bloom", "a·\n·b"},
		{"viking", "a·1·2·,· b"},
		{"tekken", "Hello·World· HTTPServer·1·2·//\n/· É"},
		{"chameleon", "<·sentinel·:·1·2·>·a·IMGIMGABZ·b·    · c·1·2·!·!"},
	}
	for _, tt := range tests {
		want := strings.Split(tt.want, "·")
		require.Equal(t, want, words(preTokenizers[tt.pre], strings.Join(want, "")), tt.pre)
	}
}

// Every name of the reference, with the flags that go with it.
func TestPreTokenizerFlags(t *testing.T) {
	names := strings.Fields(`llama3 llama-v3 llama-bpe falcon3 dbrx smaug-bpe chatglm-bpe qwen2 deepseek-r1-qwen megrez
		stablelm2 gpt-2 phi-2 gigachat roberta-bpe jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code mpt olmo
		jais starcoder refact codeshell exaone minerva-7b command-r smollm falcon deepseek-llm deepseek-coder deepseek-v3
		poro-chat bloom gpt3-finnish viking tekken chameleon default`)
	require.ElementsMatch(t, names, PreTokenizers())
	with := func(flag func(*preTokenizer) bool) (list []string) {
		for name, p := range preTokenizers {
			if flag(p) {
				list = append(list, name)
			}
		}
		return list
	}
	require.ElementsMatch(t, strings.Fields("llama3 llama-v3 llama-bpe falcon3 tekken"),
		with(func(p *preTokenizer) bool { return p.ignoreMerges }))
	require.ElementsMatch(t, strings.Fields("llama3 llama-v3 llama-bpe falcon3 tekken chameleon"),
		with(func(p *preTokenizer) bool { return p.addBOS }))
	require.Equal(t, []string{"chatglm-bpe"}, with(func(p *preTokenizer) bool { return p.noBOS }))
}

// The patterns as the models' tokenizer.json files have them.
const (
	reGPT2   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	reLlama3 = `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	reQwen2  = `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	rePoro   = ` ?[^(\s|.,!?…。，、।۔،)]+`
	reTekken = `[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))*((?=[\p{L}])([^A-Z]))+|[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))+((?=[\p{L}])([^A-Z]))*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	reCJK    = `[一-龥ࠀ-一가-\uD7FF]+`
)

// rePatterns holds a pre-tokenizer of each kind.
var rePatterns = map[string][]string{
	"gpt-2":     {reGPT2},
	"llama3":    {reLlama3},
	"qwen2":     {reQwen2},
	"starcoder": {`\p{N}`, reGPT2},
	"falcon":    {"[\\p{P}\\$\\+<=>\\^~\\|`]+", reGPT2, `[0-9][0-9][0-9]`},
	"default":   {`[\p{P}\$\+<=>\^~\|]+`, reGPT2, `\p{N}+`, `[0-9][0-9][0-9]`},
	"deepseek-llm": {`[\r\n]`, `\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽ]+`,
		`\s?[!-/:-~！-／：-～‘-‟　-。]+`, `\s+\z`, reCJK, `\p{N}+`},
	"deepseek-coder": {`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, reCJK, `\p{N}`},
	"deepseek-v3": {`\p{N}{1,3}`, `[一-龥぀-ゟ゠-ヿ]+`,
		"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"},
	"poro-chat": {rePoro},
	"viking":    {rePoro, `\p{N}`},
	"tekken":    {reTekken},
	"chameleon": {`<sentinel:[0-9]+>`, `(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z`, `([\t\n]|    |  )`, `\p{N}`,
		"[\\p{P}!-/:-@\\[-`{-~]", reGPT2},
}

// collapse prepares a pattern and a text as the reference does for its regular
// expressions: with categories in the pattern, characters beyond ASCII stand for
// their class; white space beyond ASCII becomes a vertical tab in any case.
func collapse(pattern string, t *chars) (string, []rune) {
	sets := []struct {
		name, ascii string
		class       class
		r           rune
	}{
		{`\p{N}`, `0-9`, classNumber, 'Ñ'},
		{`\p{L}`, `A-Za-z`, classLetter, 'Ò'},
		{`\p{P}`, `!-#%-*,-/:-;?-@\[-\]_\{\}`, classPunct, 'Ó'},
		{`\p{M}`, ``, classMark, 'Ô'},
		{`\p{S}`, "\\$\\+<->\\^`\\|", classSymbol, 'Õ'},
	}
	text := append([]rune(nil), t.r...)
	categories := strings.Contains(pattern, `\p{`)
	for i, r := range text {
		switch {
		case r < 0x80:
		case t.class[i] == classSpace:
			text[i] = '\v'
		case categories:
			text[i] = 'Ð'
			for _, set := range sets {
				if t.class[i] == set.class {
					text[i] = set.r
				}
			}
		}
	}
	var b strings.Builder
	inside := false
	for i := 0; i < len(pattern); i++ {
		found := false
		for _, set := range sets {
			if strings.HasPrefix(pattern[i:], set.name) {
				part := string(set.r) + set.ascii
				if !inside {
					part = "[" + part + "]"
				}
				b.WriteString(part)
				i += len(set.name) - 1
				found = true
			}
		}
		if found {
			continue
		}
		escaped := i > 0 && pattern[i-1] == '\\'
		if pattern[i] == '[' && !escaped {
			inside = true
		} else if pattern[i] == ']' && !escaped {
			inside = false
		}
		b.WriteByte(pattern[i])
	}
	return b.String(), text
}

// regexSplit cuts the pieces of t at the matches of a regular expression.
func regexSplit(tb testing.TB, t *chars, ends []int, pattern string) (cut []int) {
	pattern, text := collapse(pattern, t)
	re, err := regexp2.Compile(pattern, regexp2.None)
	require.NoError(tb, err, pattern)
	start := 0
	for _, end := range ends {
		last := start
		m, err := re.FindRunesMatch(text[start:end])
		for ; m != nil; m, err = re.FindNextMatch(m) {
			require.NoError(tb, err)
			if start+m.Index > last {
				cut = append(cut, start+m.Index)
			}
			last = start + m.Index + m.Length
			cut = append(cut, last)
		}
		require.NoError(tb, err)
		if last < end {
			cut = append(cut, end)
		}
		start = end
	}
	return cut
}

// The hand-written patterns must split as a regular expression engine does.
func TestPreTokenizersAgainstRegex(t *testing.T) {
	parts := []string{
		" ", " ", "  ", "    ", "\t", "\n", "\r\n", "\r", "\u00A0", "\u3000", "\u0085",
		"a", "B", "é", "É", "Ж", "中", "あ", "ー", "・", "한", "\u0301", "ª", "ǅ", "Hello", "WORLD", "wOrLd", "ÉA", "Aé", "aÉB",
		"1", "23", "4567", "½", "Ⅷ", "٣", "'", "'s", "'S", "'ll", "'Re", "'ve", "'t", "’s",
		"!", "?", ".", ",", "(", ")", "|", "/", "//", "~", "`", "$", "+", "<", "€", "…", "。", "！", "«", "😀", "\x00", "\u00AD", "\uFFFD",
		"<sentinel:12>", "<sentinel:", "IMGIMGABZ", "IMGIMGABCDEZ", "IMGIMGZ",
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for name, patterns := range rePatterns {
		t.Run(name, func(t *testing.T) {
			pre := preTokenizers[name]
			require.Equal(t, len(patterns), len(pre.steps))
			for range 400 {
				var b strings.Builder
				for range 1 + rng.IntN(12) {
					b.WriteString(parts[rng.IntN(len(parts))])
				}
				text := newChars(b.String())
				want := []int{len(text.r)}
				for _, pattern := range patterns {
					want = regexSplit(t, text, want, pattern)
				}
				require.Equal(t, want, pre.cut(text), "%q", b.String())
			}
		})
	}
}

// The time to split a hostile text must grow with its length, not its square.
func TestPreTokenizersAreLinear(t *testing.T) {
	const n = 1 << 11
	texts := map[string]func(n int) string{}
	for _, part := range []string{
		"a", "A", "É", "aB", "1", " ", "\n", " \n", "\t", "'", "!", "~", "<sentinel:1", "IMGIMG", "中", "a ", "1 ", "\u3000", "\u0301", "\x00",
	} {
		texts[part] = func(n int) string { return strings.Repeat(part, n/len(part)) }
		texts[part+" between"] = func(n int) string {
			return "1" + strings.Repeat(part, n/len(part)/2) + "1" + strings.Repeat(part, n/len(part)/2)
		}
	}
	least := func(least time.Duration, p *preTokenizer, text *chars) time.Duration {
		start := time.Now()
		p.cut(text)
		return min(least, time.Since(start))
	}
	for name := range rePatterns {
		p := preTokenizers[name]
		for kind, text := range texts {
			// 16 times as long a text should take 16 times as long; were it the square,
			// 256. A busy machine gets more than one chance.
			short, long := time.Hour, time.Hour
			for range 30 {
				short, long = least(short, p, newChars(text(n))), least(long, p, newChars(text(16*n)))
				if long < 80*short {
					break
				}
			}
			require.Less(t, long, 80*short, "%s: %q", name, kind)
		}
	}
}

package pretokenizer

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/stretchr/testify/require"
)

// These are the patterns in the tokenizer.json files of the models.
const (
	reGPT2   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	reLlama3 = `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	reQwen2  = `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	rePoro   = ` ?[^(\s|.,!?…。，、।۔،)]+`
	reTekken = `[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))*((?=[\p{L}])([^A-Z]))+|[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))+((?=[\p{L}])([^A-Z]))*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	reCJK    = `[一-龥ࠀ-一가-\uD7FF]+`
)

// These are pieces of such patterns, for contractions, capitals and marks.
const (
	reContraction = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	reUpper       = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	reLower       = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	rePrefix      = `[^\r\n\p{L}\p{N}]?`
	reSpaces      = `\s*[\r\n]+|\s+(?!\S)|\s+`
	reO200kEnd    = `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + reSpaces
	reO200kWord   = rePrefix + reUpper + `*` + reLower + `+` + reContraction + `?|` + rePrefix + reUpper + `+` + reLower + `*` + reContraction + `?|`
	reDeepSeek3   = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
	reJaisSpaces  = `\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`
	reHanLetters  = `(?:(?!\p{Han})` // the set that follows this, without Han characters
)

// regexes are the regular expressions that split text like one pre-tokenizer.
type regexes struct {
	name      string // name of the pre-tokenizer
	reference bool
	patterns  []string
	// unicode says that the patterns are matched with the unchanged text. Otherwise, collapse
	// prepares patterns and text as llama.cpp does, which knows only five classes of characters.
	unicode bool
}

// known holds a pre-tokenizer of each kind.
var known = []regexes{
	{name: "gpt-2", patterns: []string{reGPT2}},
	{name: "llama3", patterns: []string{reLlama3}},
	{name: "qwen2", patterns: []string{reQwen2}},
	{name: "bailingmoe", unicode: true, patterns: []string{reContraction + `|` + rePrefix + `\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`}},
	{name: "qwen35", unicode: true, patterns: []string{reContraction + `|` + rePrefix + `[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|` + reSpaces}},
	{name: "seed-coder", unicode: true, patterns: []string{reContraction + `|` + rePrefix + `\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|` + reSpaces}},
	{name: "ufakzeka", unicode: true, patterns: []string{rePrefix + `\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + reSpaces}},
	{name: "exaone-moe", unicode: true, patterns: []string{reContraction + `|` + rePrefix + `(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`}},
	{name: "laguna", unicode: true, patterns: []string{`[^\n]+|[\n]+`, reContraction + `|` + rePrefix + `\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + reSpaces}},
	{name: "minicpm5", unicode: true, patterns: []string{`\p{N}{1,3}`, reContraction + `|` + rePrefix + `\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|` + reSpaces}},
	{name: "jais-2", unicode: true, patterns: []string{reContraction + `|` + rePrefix + `\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + reJaisSpaces}},
	{name: "starcoder", patterns: []string{`\p{N}`, reGPT2}},
	{name: "falcon", patterns: []string{"[\\p{P}\\$\\+<=>\\^~\\|`]+", reGPT2, `[0-9][0-9][0-9]`}},
	{name: "default", patterns: []string{`[\p{P}\$\+<=>\^~\|]+`, reGPT2, `\p{N}+`, `[0-9][0-9][0-9]`}},
	{name: "deepseek-llm", patterns: []string{`[\r\n]`, `\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽ]+`,
		`\s?[!-/:-~！-／：-～‘-‟　-。]+`, `\s+\z`, reCJK, `\p{N}+`}},
	{name: "deepseek-coder", patterns: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, reCJK, `\p{N}`}},
	{name: "deepseek-v3", patterns: []string{`\p{N}{1,3}`, `[一-龥぀-ゟ゠-ヿ]+`, reDeepSeek3 + ` ?[\p{P}\p{S}]+[\r\n]*|` + reSpaces}},
	{name: "spark2_5", unicode: true, patterns: []string{`\p{N}{1,3}`, `[一-龥぀-ゟ゠-ヿ]+`, reDeepSeek3 + ` ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+`, `\p{N}`}},
	{name: "poro-chat", patterns: []string{rePoro}},
	{name: "viking", patterns: []string{rePoro, `\p{N}`}},
	{name: "tekken", reference: true, patterns: []string{reTekken}},
	{name: "tekken", unicode: true, patterns: []string{
		rePrefix + reUpper + `*` + reLower + `+|` + rePrefix + reUpper + `+` + reLower + `*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + reSpaces}},
	{name: "gpt-4o", unicode: true, patterns: []string{reO200kWord + reO200kEnd}},
	{name: "tiny_aya", unicode: true, patterns: []string{`\d{1,3}(?=(?:\d{3})*(?![\p{L}\p{M}\p{Nd}\p{Pc}]))`, reO200kWord + reO200kEnd}},
	{name: "youtu", unicode: true, patterns: []string{
		`[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+`, reO200kWord + `\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + reSpaces}},
	{name: "kimi-k2", unicode: true, patterns: []string{`\p{Han}+|` +
		rePrefix + reHanLetters + reUpper + `)*` + reHanLetters + reLower + `)+` + reContraction + `?|` +
		rePrefix + reHanLetters + reUpper + `)+` + reHanLetters + reLower + `)*` + reContraction + `?|` +
		`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + reSpaces}},
	{name: "chameleon", patterns: []string{`<sentinel:[0-9]+>`, `(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z`, `([\t\n]|    |  )`, `\p{N}`,
		"[\\p{P}!-/:-@\\[-`{-~]", reGPT2}},
	{name: "gemma4", unicode: true, patterns: []string{`[^\n]+|[\n]+`}},
	{name: "whitespace", unicode: true, patterns: []string{`\S+`}},
}

// pre returns the pre-tokenizer that must split like the regular expressions.
func (r *regexes) pre(tb testing.TB) *PreTokenizer {
	p, ok := Lookup(r.name, r.reference)
	require.True(tb, ok, r.name)
	return p
}

// split returns the ends of a text's words, as indices of characters.
func (r *regexes) split(tb testing.TB, t *chars) []int {
	ends := []int{len(t.r)}
	for _, pattern := range r.patterns {
		if r.unicode {
			ends = regexSplit(tb, t.r, ends, pattern)
			continue
		}
		pattern, text := collapse(pattern, t)
		ends = regexSplit(tb, text, ends, pattern)
	}
	return ends
}

// collapse prepares a pattern and a text as llama.cpp does for its regular expressions. If the
// pattern has categories, each character beyond ASCII becomes the character that stands for its
// class. White space beyond ASCII always becomes a vertical tab.
func collapse(pattern string, t *chars) (string, []rune) {
	sets := []struct {
		name, ascii string
		in          charSet
		r           rune
	}{
		{`\p{N}`, `0-9`, isNumber, 'Ñ'},
		{`\p{L}`, `A-Za-z`, isLetter, 'Ò'},
		{`\p{P}`, `!-#%-*,-/:-;?-@\[-\]_\{\}`, isPunct, 'Ó'},
		{`\p{M}`, ``, isMark, 'Ô'},
		{`\p{S}`, "\\$\\+<->\\^`\\|~", func(_ rune, c class) bool { return c == classSymbol }, 'Õ'},
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
				if set.in(r, t.class[i]) {
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

// regexSplit cuts the pieces of a text at the matches of a regular expression.
func regexSplit(tb testing.TB, text []rune, ends []int, pattern string) (cut []int) {
	re := compiled(tb, pattern)
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

// expressions holds the regular expressions that are already compiled.
var expressions sync.Map

func compiled(tb testing.TB, pattern string) *regexp2.Regexp {
	if re, ok := expressions.Load(pattern); ok {
		return re.(*regexp2.Regexp)
	}
	re, err := regexp2.Compile(pattern, regexp2.None)
	require.NoError(tb, err, pattern)
	expressions.Store(pattern, re)
	return re
}

// TestAgainstRegex checks that the hand-written code splits text in the same way as regular
// expressions.
func TestAgainstRegex(t *testing.T) {
	parts := []string{
		" ", " ", "  ", "    ", "\t", "\n", "\r\n", "\r", "\u00A0", "\u3000", "\u0085",
		"a", "B", "é", "É", "Ж", "中", "㖻", "々", "〇", "⺀", "あ", "ー", "・", "한", "\u0301", "ि", "ª", "ǅ", "Hello", "WORLD", "wOrLd", "ÉA", "Aé", "aÉB",
		"1", "23", "4567", "½", "Ⅷ", "٣", "'", "'s", "'S", "'ll", "'Re", "'ve", "'t", "’s",
		"!", "?", ".", ",", "(", ")", "|", "/", "//", "~", "`", "$", "+", "<", "€", "…", "。", "！", "«", "_", "😀", "\x00", "\u00AD", "\uFFFD",
		"<sentinel:12>", "<sentinel:", "IMGIMGABZ", "IMGIMGABCDEZ", "IMGIMGZ",
	}
	rng := rand.New(rand.NewPCG(7, 8))
	rounds := 400
	if testing.Short() {
		rounds = 100
	}
	for _, r := range known {
		pre := r.pre(t)
		for range rounds {
			var b strings.Builder
			for range 1 + rng.IntN(12) {
				b.WriteString(parts[rng.IntN(len(parts))])
			}
			text := newChars(b.String())
			require.Equal(t, r.split(t, text), pre.cut(text), "%s, reference %t: %q", r.name, r.reference, b.String())
		}
	}
}

// TestLongSpaces checks white space of every length; "jais-2" cuts it into powers of two.
func TestLongSpaces(t *testing.T) {
	for _, r := range known {
		if r.name != "jais-2" && r.name != "llama3" {
			continue
		}
		for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 31, 63, 64, 65, 127, 255, 511, 512, 513, 514, 1023, 1025, 1600} {
			for _, text := range []string{strings.Repeat(" ", n), "a" + strings.Repeat("\t", n) + "b", strings.Repeat(" ", n) + "\n" + strings.Repeat(" ", n) + "1"} {
				chars := newChars(text)
				require.Equal(t, r.split(t, chars), r.pre(t).cut(chars), "%s: %d", r.name, n)
			}
		}
	}
}

// FuzzSplit compares the hand-written code with regular expressions.
func FuzzSplit(f *testing.F) {
	f.Add("Hello WORLD 123 é\r\n  x", uint16(0))
	f.Add("\u0301A\u0301a' 1234x _1", uint16(20))
	f.Fuzz(func(t *testing.T, text string, which uint16) {
		if len(text) > 200 || !utf8.ValidString(text) {
			return
		}
		r := known[int(which)%len(known)]
		chars := newChars(text)
		for i := range chars.r {
			if chars.class[i] == classLower && chars.r[i] == 'ſ' { // folds to s, in Go's tables
				return
			}
			for _, a := range added151 {
				if a.first <= chars.r[i] && chars.r[i] <= a.last { // Go's tables lack these characters
					return
				}
			}
		}
		require.Equal(t, append([]int{}, r.split(t, chars)...), append([]int{}, r.pre(t).cut(chars)...), "%s: %q", r.name, text)
	})
}

// FuzzAll checks that the words of every pre-tokenizer add up to the text.
func FuzzAll(f *testing.F) {
	f.Add("Hello WORLD 123 é\r\n  x1234567")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		for _, name := range Names() {
			for _, reference := range []bool{false, true} {
				p, _ := Lookup(name, reference)
				last := 0
				for _, end := range p.Split(text) {
					if end <= last {
						t.Fatalf("%s: %q: %d after %d", name, text, end, last)
					}
					last = end
				}
				require.Equal(t, len(text), last, "%s: %q", name, text)
			}
		}
	})
}

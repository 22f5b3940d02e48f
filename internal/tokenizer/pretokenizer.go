package tokenizer

import "unicode/utf8"

// preTokenizer splits text into the words that BPE encodes one by one. It is a
// list of patterns: each is looked for in the pieces that the one before has left
// (its matches, and the text between them).
//
// The patterns are those of the models' tokenizer.json files, written as
// functions rather than as regular expressions: they are an order of magnitude
// faster, need no look-ahead from a library, and cannot be made to take quadratic
// time. They agree with the reference also where that differs from a Unicode
// regular expression (see classSymbol).
type preTokenizer struct {
	patterns     []pattern
	ignoreMerges bool // a word that is a token is that token, whatever the merges
	addBOS       bool // by default
	noBOS        bool // there is no default BOS
	keepSpaces   bool // by default Decode does not tidy spaces around punctuation
}

// pattern returns where a match that begins at character i ends; i if there is
// none. It sees the characters up to end and none before i.
type pattern func(t *chars, i, end int) int

// split returns the byte offsets at which the words of text end.
func (p *preTokenizer) split(text string) []int {
	t := newChars(text)
	ends := []int{len(t.r)}
	if len(t.r) == 0 {
		return nil
	}
	for _, match := range p.patterns {
		ends = t.split(ends, match)
	}
	// From characters to bytes.
	at, offset := 0, 0
	for i, end := range ends {
		for ; at < end; at++ {
			offset += utf8.RuneLen(t.r[at])
		}
		ends[i] = offset
	}
	return ends
}

// split cuts the pieces of t, given by their ends, at every match of a pattern.
func (t *chars) split(ends []int, match pattern) []int {
	cut := make([]int, 0, len(ends))
	start := 0
	for _, end := range ends {
		for i := start; i < end; {
			to := match(t, i, end)
			if to == i {
				i++
				continue
			}
			if i > start {
				cut = append(cut, i)
			}
			cut = append(cut, to)
			start, i = to, to
		}
		if start < end {
			cut = append(cut, end)
		}
		start = end
	}
	return cut
}

// preTokenizers are the values of tokenizer.ggml.pre that are known.
var preTokenizers = func() map[string]*preTokenizer {
	llama3 := pattern(matchLlama3)
	qwen2 := pattern(matchQwen2)
	gpt2 := pattern(matchGPT2)
	number := one(isNumber)
	threeDigits := pattern(matchThreeDigits)

	table := map[string]*preTokenizer{}
	add := func(p preTokenizer, names ...string) {
		for _, name := range names {
			table[name] = &p
		}
	}
	add(preTokenizer{patterns: []pattern{llama3}, ignoreMerges: true, addBOS: true},
		"llama3", "llama-v3", "llama-bpe", "falcon3")
	add(preTokenizer{patterns: []pattern{llama3}}, "dbrx", "smaug-bpe")
	add(preTokenizer{patterns: []pattern{llama3}, noBOS: true}, "chatglm-bpe")
	add(preTokenizer{patterns: []pattern{qwen2}, keepSpaces: true}, "qwen2", "deepseek-r1-qwen")
	add(preTokenizer{patterns: []pattern{qwen2}}, "megrez", "stablelm2")
	add(preTokenizer{patterns: []pattern{gpt2}},
		"gpt-2", "phi-2", "gigachat", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es",
		"jina-v2-de", "jina-v2-code", "mpt", "olmo", "jais")
	add(preTokenizer{patterns: []pattern{number, gpt2}}, "starcoder", "refact", "codeshell", "exaone", "minerva-7b")
	add(preTokenizer{patterns: []pattern{number, gpt2}, keepSpaces: true}, "command-r", "smollm")
	add(preTokenizer{patterns: []pattern{many(isFalconPunct), gpt2, threeDigits}}, "falcon")
	add(preTokenizer{patterns: []pattern{many(isDefaultPunct), gpt2, many(isNumber), threeDigits}}, "default")
	add(preTokenizer{keepSpaces: true, patterns: []pattern{
		one(isNewline), spaceThenMany(isDeepSeekLetter), spaceThenMany(isDeepSeekPunct), matchFinalSpaces,
		many(isDeepSeekCJK), many(isNumber),
	}}, "deepseek-llm")
	add(preTokenizer{keepSpaces: true, patterns: []pattern{
		one(isNewline), spaceThenMany(isLetter), spaceThenMany(isPunct), many(isDeepSeekCJK), number,
	}}, "deepseek-coder")
	add(preTokenizer{keepSpaces: true, patterns: []pattern{
		matchUpToThreeNumbers, many(isDeepSeek3CJK), matchDeepSeek3,
	}}, "deepseek-v3")
	add(preTokenizer{patterns: []pattern{matchPoro}, keepSpaces: true}, "poro-chat")
	add(preTokenizer{patterns: []pattern{matchPoro}}, "bloom", "gpt3-finnish")
	add(preTokenizer{patterns: []pattern{matchPoro, number}, keepSpaces: true}, "viking")
	add(preTokenizer{patterns: []pattern{matchTekken}, ignoreMerges: true, addBOS: true, keepSpaces: true}, "tekken")
	add(preTokenizer{addBOS: true, keepSpaces: true, patterns: []pattern{
		matchSentinel, matchImageToken, matchChameleonSpace, number, one(isChameleonPunct), gpt2,
	}}, "chameleon")
	return table
}()

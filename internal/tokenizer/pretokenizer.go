package tokenizer

import "unicode/utf8"

// preTokenizer splits text into the words that BPE encodes one by one. It is a
// list of steps: each cuts the pieces that the one before has left.
//
// The patterns are those of the models' tokenizer.json files, written as
// functions rather than as regular expressions: they are an order of magnitude
// faster, need no look-ahead from a library, and cannot be made to take quadratic
// time. They agree with the reference also where that differs from a Unicode
// regular expression (see classSymbol and isDeepSeekPunct).
type preTokenizer struct {
	steps        []step
	ignoreMerges bool // a word that is a token is that token, whatever the merges
	addBOS       bool // by default
	noBOS        bool // there is no default BOS
}

// step cuts the piece t[start:end]: it appends to cut where the parts end.
type step func(t *chars, cut []int, start, end int) []int

// pattern returns where a match that begins at character i ends; i if there is
// none. It sees the characters up to end and none before i. Its work must be
// bounded by the match, or by a constant, or a hostile text makes it quadratic.
type pattern func(t *chars, i, end int) int

// step cuts out the matches of a pattern, with the text between them.
func (match pattern) step(t *chars, cut []int, start, end int) []int {
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
	return cut
}

// split returns the byte offsets at which the words of text end.
func (p *preTokenizer) split(text string) []int {
	t := newChars(text)
	ends := p.cut(t)
	at, offset := 0, 0
	for i, end := range ends {
		for ; at < end; at++ {
			offset += utf8.RuneLen(t.r[at])
		}
		ends[i] = offset
	}
	return ends
}

// cut returns the characters at which the words of t end.
func (p *preTokenizer) cut(t *chars) []int {
	if len(t.r) == 0 {
		return nil
	}
	ends := []int{len(t.r)}
	for _, step := range p.steps {
		cut := make([]int, 0, len(ends))
		start := 0
		for _, end := range ends {
			cut = step(t, cut, start, end)
			start = end
		}
		ends = cut
	}
	return ends
}

// preTokenizers are the values of tokenizer.ggml.pre that are known.
var preTokenizers = func() map[string]*preTokenizer {
	llama3 := pattern(matchLlama3).step
	qwen2 := pattern(matchQwen2).step
	gpt2 := pattern(matchGPT2).step
	poro := pattern(matchPoro).step
	newline, number := one(isNewline), one(isNumber)
	numbers, threeDigits := many(isNumber), pattern(matchThreeDigits).step

	table := map[string]*preTokenizer{}
	add := func(p preTokenizer, names ...string) {
		for _, name := range names {
			table[name] = &p
		}
	}
	add(preTokenizer{steps: []step{llama3}, ignoreMerges: true, addBOS: true},
		"llama3", "llama-v3", "llama-bpe", "falcon3")
	add(preTokenizer{steps: []step{llama3}}, "dbrx", "smaug-bpe")
	add(preTokenizer{steps: []step{llama3}, noBOS: true}, "chatglm-bpe")
	add(preTokenizer{steps: []step{qwen2}}, "qwen2", "deepseek-r1-qwen", "megrez", "stablelm2")
	add(preTokenizer{steps: []step{gpt2}},
		"gpt-2", "phi-2", "gigachat", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es",
		"jina-v2-de", "jina-v2-code", "mpt", "olmo", "jais")
	add(preTokenizer{steps: []step{number, gpt2}},
		"starcoder", "refact", "codeshell", "exaone", "minerva-7b", "command-r", "smollm")
	add(preTokenizer{steps: []step{many(isFalconPunct), gpt2, threeDigits}}, "falcon")
	add(preTokenizer{steps: []step{many(isDefaultPunct), gpt2, numbers, threeDigits}}, "default")
	add(preTokenizer{steps: []step{
		newline, spaceThenMany(isDeepSeekLetter), spaceThenMany(isDeepSeekPunct), cutFinalSpaces,
		many(isDeepSeekCJK), numbers,
	}}, "deepseek-llm")
	add(preTokenizer{steps: []step{
		newline, spaceThenMany(isLetter), spaceThenMany(isPunct), many(isDeepSeekCJK), number,
	}}, "deepseek-coder")
	add(preTokenizer{steps: []step{
		pattern(matchUpToThreeNumbers).step, many(isDeepSeek3CJK), pattern(matchDeepSeek3).step,
	}}, "deepseek-v3")
	add(preTokenizer{steps: []step{poro}}, "poro-chat", "bloom", "gpt3-finnish")
	add(preTokenizer{steps: []step{poro, number}}, "viking")
	add(preTokenizer{steps: []step{pattern(matchTekken).step}, ignoreMerges: true, addBOS: true}, "tekken")
	add(preTokenizer{addBOS: true, steps: []step{
		pattern(matchSentinel).step, pattern(matchImageToken).step, pattern(matchChameleonSpace).step, number, one(isChameleonPunct), gpt2,
	}}, "chameleon")
	return table
}()

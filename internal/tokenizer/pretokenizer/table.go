package pretokenizer

// table has the pre-tokenizer for each value of tokenizer.ggml.pre.
var table = func() map[string]*PreTokenizer {
	gpt2 := pattern(matchGPT2).step
	llama3, qwen2 := llama3Words.step(), qwen2Words.step()
	poro := pattern(matchPoro).step
	deepSeek3 := []step{upToThreeNumbers, many(isDeepSeek3CJK), pattern(matchDeepSeek3).step}
	newline, number, lines := one(isNewline), one(isNumber), pattern(matchLines).step
	runsOfNumbers, threeDigits := pattern(numbers.run).step, pattern(matchThreeDigits).step

	known := map[string]*PreTokenizer{}
	add := func(p PreTokenizer, names ...string) {
		for _, name := range names {
			known[name] = &p
		}
	}
	// GPT-2 and its descendants.
	add(PreTokenizer{steps: []step{gpt2}},
		"gpt-2", "phi-2", "gigachat", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es",
		"jina-v2-de", "jina-v2-code", "mpt", "olmo", "jais", "a.x-4.0", "mellum", "modern-bert", "exaone4",
		"trillion", "granite-docling")
	add(PreTokenizer{steps: []step{number, gpt2}},
		"starcoder", "refact", "codeshell", "exaone", "minerva-7b", "command-r", "smollm", "mellum2")
	add(PreTokenizer{steps: []step{many(isFalconPunct), gpt2, threeDigits}}, "falcon")
	add(PreTokenizer{steps: []step{many(isDefaultPunct), gpt2, runsOfNumbers, threeDigits}}, "default")
	add(PreTokenizer{AddBOS: true, steps: []step{
		pattern(matchSentinel).step, pattern(matchImageToken).step, pattern(matchChameleonSpace).step, number, one(isChameleonPunct), gpt2,
	}}, "chameleon")

	// LLaMA 3 and its descendants.
	add(PreTokenizer{steps: []step{llama3}, IgnoreMerges: true, AddBOS: true},
		"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano")
	add(PreTokenizer{steps: []step{llama3}}, "dbrx", "smaug-bpe")
	add(PreTokenizer{steps: []step{llama3}, NoBOS: true}, "chatglm-bpe")
	add(PreTokenizer{steps: []step{llama3}, NoBOS: true, IgnoreMerges: true}, "glm4", "glm5")
	add(PreTokenizer{steps: []step{upToThreeNumbers, llama3}, IgnoreMerges: true}, "minicpm5")
	add(PreTokenizer{steps: []step{jais2Step}}, "jais-2")
	add(PreTokenizer{steps: []step{qwen2}},
		"qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "kormo", "f2llmv2", "hunyuan", "solar-open", "grok-2",
		"bailingmoe", "bailingmoe2", "llada-moe")
	add(PreTokenizer{steps: []step{qwen35Words.step()}}, "qwen35")
	add(PreTokenizer{steps: []step{seedCoderWords.step()}}, "seed-coder")
	add(PreTokenizer{steps: []step{ufakzekaWords.step()}}, "ufakzeka")
	add(PreTokenizer{steps: []step{lines, qwen2}}, "laguna")
	add(PreTokenizer{steps: []step{exaoneMoEWords.step()}}, "exaone-moe")

	// Pre-tokenizers that depend on capitals.
	add(PreTokenizer{steps: []step{tekkenWords.step()}, reference: []step{tekkenWords.asciiCase().step()}, IgnoreMerges: true, AddBOS: true}, "tekken")
	add(PreTokenizer{steps: []step{o200kWords.step()}, reference: []step{o200kWords.asciiCase().step()}},
		"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2")
	add(PreTokenizer{steps: []step{o200kWords.step()}, reference: []step{o200kWords.asciiCaseMarks().step()}, IgnoreMerges: true},
		"granite-embed-multi-97m")
	add(PreTokenizer{steps: []step{digitGroups, o200kWords.step()}, reference: []step{numberGroups, o200kWords.noCase().step()}},
		"tiny_aya", "cohere2moe")
	add(PreTokenizer{
		steps:        []step{pattern(matchYoutuScripts).step, youtuWords.step()},
		reference:    []step{pattern(matchYoutuScripts).step, youtuWords.noCase().step()},
		IgnoreMerges: true,
	}, "youtu")
	add(PreTokenizer{steps: []step{kimiStep(isHan, uppersOrMarks, lowersOrMarks)}, reference: []step{kimiStep(isReferenceHan, letters, letters)}}, "kimi-k2")

	// The DeepSeek models.
	add(PreTokenizer{steps: []step{
		newline, spaceThenMany(isDeepSeekLetter), spaceThenMany(isDeepSeekPunct), cutFinalSpaces,
		many(isDeepSeekCJK), runsOfNumbers,
	}}, "deepseek-llm")
	add(PreTokenizer{steps: []step{
		newline, spaceThenMany(isLetter), spaceThenMany(isPunct), many(isDeepSeekCJK), number,
	}}, "deepseek-coder")
	add(PreTokenizer{steps: deepSeek3}, "deepseek-v3", "hunyuan-dense", "hy_v4", "joyai-llm")
	add(PreTokenizer{steps: []step{upToThreeNumbers, many(isDeepSeek3CJK), pattern(matchSpark).step, number}}, "spark2_5")
	add(PreTokenizer{steps: []step{numberGroups, many(isAFMoEScript), pattern(matchDeepSeek3).step}}, "afmoe")

	// Pre-tokenizers that do not cut at each word.
	add(PreTokenizer{steps: []step{poro}}, "poro-chat", "bloom", "gpt3-finnish")
	add(PreTokenizer{steps: []step{poro, number}}, "viking")
	add(PreTokenizer{steps: []step{runsOfNumbers, cutThousands}}, "superbpe")
	add(PreTokenizer{steps: []step{lines}, Raw: true, SpaceMarks: true, Lines: true, AddBOS: true, AlwaysBOS: true}, "gemma4", "granite-embed-multi-311m")
	add(PreTokenizer{steps: []step{lines}, Raw: true, SpaceMarks: true}, "sarvam-moe")
	add(PreTokenizer{steps: []step{many(isNotSpace)}, Raw: true}, "whitespace")
	return known
}()

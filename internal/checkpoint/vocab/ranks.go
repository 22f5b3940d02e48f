package vocab

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// isTiktoken reports whether a tokenizer.model is a list of base64 tokens with their
// ranks, like the file of Meta's Llama 3.
func isTiktoken(raw []byte) bool {
	line, _, _ := bytes.Cut(raw[:min(len(raw), 256)], []byte("\n"))
	text, rank, ok := strings.Cut(string(line), " ")
	if !ok {
		return false
	}
	_, err1 := base64.StdEncoding.DecodeString(text)
	_, err2 := strconv.Atoi(strings.TrimSpace(rank))
	return err1 == nil && err2 == nil
}

// tiktoken reads a vocabulary from a list of ranks. The file lacks the control tokens. Meta's
// code for Llama 3 lists them: https://github.com/meta-llama/llama3/blob/main/llama/tokenizer.py.
func (b *builder) tiktoken(raw []byte) error {
	var ranks [][]byte
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, number, ok := strings.Cut(lines.Text(), " ")
		if lines.Text() == "" {
			continue
		}
		token, err := base64.StdEncoding.DecodeString(text)
		rank, err2 := strconv.Atoi(number)
		if !ok || err != nil || err2 != nil || rank != len(ranks) || len(token) == 0 || len(token) > maxToken {
			return fmt.Errorf("%s: line %d must have a token in base64 and the rank %d", b.path(modelFile), len(ranks)+1, len(ranks))
		}
		if ranks = append(ranks, token); len(ranks) > maxVocab {
			return fmt.Errorf("%s: more than %d tokens", b.path(modelFile), maxVocab)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", b.path(modelFile), err)
	}
	control := []string{"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>",
		"<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>"}
	for i := 2; len(control) < 256; i++ {
		control = append(control, fmt.Sprintf("<|reserved_special_token_%d|>", i))
	}
	b.model, b.pre = "gpt2", "llama-bpe"
	n := len(ranks)
	if err := b.resize(n + len(control)); err != nil {
		return err
	}
	if err := b.ranked(ranks, 0); err != nil {
		return fmt.Errorf("%s: %w", b.path(modelFile), err)
	}
	for i, text := range control {
		b.set(n+i, text, gguf.TokenControl, 0)
	}
	yes := true
	b.addBOS, b.ids["bos"], b.ids["eos"] = &yes, n, n+1
	b.ends = []int32{int32(n + 1), int32(n + 8), int32(n + 9)}
	return nil
}

// tekkenJSON is Mistral's tekken.json.
type tekkenJSON struct {
	Config struct {
		Size    int `json:"default_vocab_size"`
		Special int `json:"default_num_special_tokens"`
	} `json:"config"`
	Vocab []struct {
		Rank  int    `json:"rank"`
		Bytes []byte `json:"token_bytes"`
	} `json:"vocab"`
	Special []struct {
		Rank int    `json:"rank"`
		Text string `json:"token_str"`
	} `json:"special_tokens"`
}

// tekkenSpecial are the control tokens of files that do not list their control tokens.
// Source: https://github.com/mistralai/mistral-common, tokens/tokenizers/tekken.py.
var tekkenSpecial = []string{
	"<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]",
	"[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
}

// tekken reads a vocabulary from tekken.json. In the vocabulary, control tokens come first.
// Then come tokens from the beginning of the file's list, up to the size that the file gives.
func (b *builder) tekken() error {
	raw, err := readFile(b.path(tekkenFile))
	if err != nil {
		return err
	}
	var t tekkenJSON
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("%s: %w", b.path(tekkenFile), err)
	}
	size, special := t.Config.Size, t.Config.Special
	if special < len(t.Special) || size <= special || size > maxVocab || size-special > len(t.Vocab) {
		return fmt.Errorf("%s: it should have %d tokens, including %d control tokens, but its lists have %d tokens and %d control tokens", b.path(tekkenFile), size, special, len(t.Vocab), len(t.Special))
	}
	b.model, b.pre = "gpt2", "tekken"
	if err := b.resize(size); err != nil {
		return err
	}
	ranks := make([][]byte, size-special)
	for i := range ranks {
		if v := t.Vocab[i]; v.Rank != i || len(v.Bytes) == 0 || len(v.Bytes) > maxToken {
			return fmt.Errorf("%s: entry %d has rank %d and %d bytes, want rank %d and 1 to %d bytes", b.path(tekkenFile), i, v.Rank, len(v.Bytes), i, maxToken)
		}
		ranks[i] = t.Vocab[i].Bytes
	}
	if err := b.ranked(ranks, special); err != nil {
		return fmt.Errorf("%s: %w", b.path(tekkenFile), err)
	}
	for i := range special {
		text := fmt.Sprintf("<SPECIAL_%d>", i)
		if len(t.Special) == 0 && i < len(tekkenSpecial) {
			text = tekkenSpecial[i]
		}
		b.set(i, text, gguf.TokenControl, 0)
	}
	for _, s := range t.Special {
		if s.Rank < 0 || s.Rank >= special {
			return fmt.Errorf("%s: control token %q has rank %d, want 0 to %d", b.path(tekkenFile), s.Text, s.Rank, special-1)
		}
		b.set(s.Rank, s.Text, gguf.TokenControl, 0)
	}
	yes, no := true, false
	b.addBOS, b.addEOS = &yes, &no
	for role, text := range map[string]string{"bos": "<s>", "eos": "</s>", "unknown": "<unk>", "padding": "<pad>"} {
		if id, ok := b.id(text); ok {
			b.ids[role] = id
		}
	}
	return nil
}

// ranked sets byte tokens in the order of their ranks, and derives the
// merge that makes each token. first is the id of the first token.
func (b *builder) ranked(ranks [][]byte, first int) error {
	index := make(map[string]int, len(ranks))
	for rank, token := range ranks {
		if _, twice := index[string(token)]; twice {
			return fmt.Errorf("token %q is there twice", token)
		}
		index[string(token)] = rank
		b.set(first+rank, tokenizer.ByteText(token), gguf.TokenNormal, 0)
	}
	for rank, token := range ranks {
		if len(token) < 2 {
			continue
		}
		left, ok := lastMerge(index, token, rank)
		if !ok {
			continue // merges cannot make this token
		}
		b.merges = append(b.merges, tokenizer.ByteText(token[:left])+" "+tokenizer.ByteText(token[left:]))
	}
	return nil
}

// lastMerge merges the bytes of a token, using only tokens of lower rank,
// until two parts are left. left is the length of the first part. ok is
// false if more than two parts are left, but none of them can be merged.
func lastMerge(index map[string]int, token []byte, rank int) (left int, ok bool) {
	cuts := make([]int, len(token)+1)
	for i := range cuts {
		cuts[i] = i
	}
	for len(cuts) > 3 {
		best, at := rank, -1
		for i := 0; i+2 < len(cuts); i++ {
			if r, found := index[string(token[cuts[i]:cuts[i+2]])]; found && r < best {
				best, at = r, i+1
			}
		}
		if at < 0 {
			return 0, false
		}
		cuts = append(cuts[:at], cuts[at+1:]...)
	}
	return cuts[1], true
}

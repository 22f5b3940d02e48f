// Package thinking separates the thinking at the beginning of a model's output from
// the answer. The thinking is between tags. A Splitter accepts text in pieces of any
// size and returns only what is certain, so that a stream never shows part of a tag.
package thinking

import "strings"

// Tags surround a model's thinking before its answer.
type Tags struct{ Open, Close string }

var knownTags = []Tags{
	{"<think>", "</think>"},                    // DeepSeek R1, Qwen 3, SmolLM 3
	{"[THINK]", "[/THINK]"},                    // Magistral
	{"<seed:think>", "</seed:think>"},          // Seed-OSS
	{"<thinking>", "</thinking>"},              // fine-tuned models
	{"<|START_THINKING|>", "<|END_THINKING|>"}, // Command A
	{"<unused94>thought", "<unused95>"},        // MedGemma
	{"<reasoning>", "</reasoning>"},            // fine-tuned models
	{"<|channel>thought", "<channel|>"},        // Gemma 4
}

// TagsOf returns the tags that a chat template contains, or nil if it has none.
func TagsOf(template string) *Tags {
	for _, t := range knownTags {
		if strings.Contains(template, t.Close) || strings.Contains(template, t.Open) {
			return &t
		}
	}
	return nil
}

// Begun reports whether a prompt ends with the opening tag, apart from white space.
func (t *Tags) Begun(prompt string) bool {
	tail := prompt[max(0, len(prompt)-1<<16):]
	open := strings.LastIndex(tail, t.Open)
	if open < 0 || strings.Contains(tail[open:], t.Close) {
		return false
	}
	return strings.TrimSpace(tail[open+len(t.Open):]) == ""
}

// Splitter returns a splitter for the answer to a prompt.
func (t *Tags) Splitter(prompt string) *Splitter {
	p := &Splitter{Tags: *t}
	if t.Begun(prompt) {
		p.state = atThought
	}
	return p
}

// Splitter divides the text of an answer into thinking and the rest, piece by piece. Only the
// beginning of an answer can be thinking.
type Splitter struct {
	Tags
	state int
	held  string
}

// The states.
const (
	atStart   = iota
	atThought // white space after the opening tag is skipped
	inThought
	afterThought // white space after the closing tag is skipped
	inAnswer
)

// Push adds text. It returns the thinking and the answer that are new and certain.
// It holds back an end that may be part of a tag, or white space beside a tag.
func (p *Splitter) Push(text string) (thought, answer string) {
	p.held += text
	if p.state == atStart {
		begin := strings.TrimLeft(p.held, " \t\r\n")
		switch {
		case strings.HasPrefix(begin, p.Open):
			p.state, p.held = atThought, begin[len(p.Open):]
		case strings.HasPrefix(p.Open, begin):
			return "", "" // may become the opening tag
		default:
			p.state = inAnswer
		}
	}
	if p.state == atThought {
		if p.held = strings.TrimLeft(p.held, " \t\r\n"); p.held == "" {
			return "", ""
		}
		p.state = inThought
	}
	if p.state == inThought {
		before, after, found := strings.Cut(p.held, p.Close)
		if !found {
			keep := len(p.held) - p.uncertain()
			thought, p.held = p.held[:keep], p.held[keep:]
			return thought, ""
		}
		thought = strings.TrimRight(before, " \t\r\n")
		p.state, p.held = afterThought, after
	}
	if p.state == afterThought {
		if p.held = strings.TrimLeft(p.held, " \t\r\n"); p.held == "" {
			return thought, ""
		}
		p.state = inAnswer
	}
	answer, p.held = p.held, ""
	return thought, answer
}

// uncertain returns how many bytes at the end of the held text might turn out not
// to be thinking: a prefix of the closing tag, and the white space before it.
func (p *Splitter) uncertain() int {
	text, n := p.held, 0
	for k := min(len(p.Close)-1, len(text)); k > 0; k-- {
		if strings.HasSuffix(text, p.Close[:k]) {
			n = k
			break
		}
	}
	text = text[:len(text)-n]
	return n + len(text) - len(strings.TrimRight(text, " \t\r\n"))
}

// End returns what is left at the end of the text.
func (p *Splitter) End() (thought, answer string) {
	text := p.held
	p.held = ""
	if p.state == inThought {
		return strings.TrimRight(text, " \t\r\n"), ""
	}
	return "", text
}

package server

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/server/repeat"
	"alpaca/internal/server/thinking"
	"alpaca/internal/tokenizer"
	"alpaca/internal/toolcall"
)

// answer collects one of the answers to a request.
type answer struct {
	tok    *tokenizer.Tokenizer
	probs  bool
	split  *thinking.Splitter // separates thinking from content; nil: all text is content
	parser *toolcall.Parser   // finds tool calls; nil: the answer can have none
	fixed  *repeat.By         // makes ids and times reproducible, in batches; nil: random ids, current times
	prompt int                // number of the prompt's tokens
	ids    []int32            // the prompt's tokens, if the answer repeats the prompt

	text, thought strings.Builder
	calls         []openai.ToolCall
	characters    int // number of characters in text
	tokens        []int32
	content       []openai.TokenProb
	open          []openai.TokenProb // probabilities of tokens whose text is held back
	result        *engine.Result     // nil until the answer is complete
	told          bool               // the answer's first event has been sent
	began, first  time.Time          // when the request came, and when the answer's first token came
	generated     int                // number of generated tokens
}

// piece is what one event adds to an answer.
type piece struct {
	text, thought string
	deltas        []toolcall.Delta // text, thinking and calls in their order; nil: the answer can have no calls
	tokens        []int32
	probs         []openai.TokenProb
}

func (p *piece) empty() bool {
	return p.text == "" && p.thought == "" && len(p.deltas) == 0 && len(p.probs) == 0
}

// logprobs returns the piece's probabilities, or nil if it has none.
func (p *piece) logprobs() *openai.Logprobs {
	if len(p.probs) == 0 {
		return nil
	}
	return &openai.Logprobs{Content: p.probs}
}

// add adds an event to the answer. It returns the text, tokens and probabilities that are new.
func (a *answer) add(e event) (p piece) {
	switch {
	case e.token != nil:
		if a.generated++; a.generated == 1 {
			a.first = time.Now()
		}
		p = a.token(e.token)
	case e.result != nil:
		a.result = e.result
		if a.split != nil {
			p.thought, p.text = a.split.End()
		}
		if a.parser != nil {
			a.parse(&p, true)
		}
		// After a stop, the tokens that are held back are part of the stop text.
		if e.result.Reason != engine.Stop {
			p.probs = a.open
		}
		a.open = nil
	}
	a.text.WriteString(p.text)
	a.characters += utf8.RuneCountInString(p.text)
	a.thought.WriteString(p.thought)
	a.tokens = append(a.tokens, p.tokens...)
	a.content = append(a.content, p.probs...)
	return p
}

func (a *answer) token(t *engine.Token) (p piece) {
	text := printable(t.Text)
	if a.tok.IsEOG(t.ID) {
		text = t.Text
	} else {
		p.tokens = []int32{t.ID}
	}
	if t.Text == "" && a.tok.IsControl(t.ID) && !a.tok.IsEOG(t.ID) { // the token may be a tag of thinking, or mark a tool call
		if name := a.tok.Text(t.ID); a.wants(name) {
			text = name
		}
	}
	if a.split == nil {
		p.text = text
	} else {
		p.thought, p.text = a.split.Push(text)
	}
	if a.parser != nil {
		a.parse(&p, false)
	}
	if a.probs && !a.tok.IsEOG(t.ID) {
		a.open = append(a.open, a.prob(t))
		if t.Text != "" || a.tok.Piece(t.ID, false) == "" {
			p.probs, a.open = a.open, nil
		}
	}
	return p
}

// prob returns a token and its alternatives with their probabilities.
func (a *answer) prob(t *engine.Token) openai.TokenProb {
	name, bytes := a.spell(t.ID)
	p := openai.TokenProb{ID: t.ID, Token: name, Bytes: bytes, Logprob: openai.Logprob(t.Logprob), Top: []openai.OtherProb{}}
	for _, other := range t.Top {
		name, bytes := a.spell(other.ID)
		p.Top = append(p.Top, openai.OtherProb{ID: other.ID, Token: name, Bytes: bytes, Logprob: openai.Logprob(other.Logprob)})
	}
	return p
}

// spell returns the text of a token, and its bytes, which may be invalid UTF-8.
func (a *answer) spell(id int32) (string, openai.Bytes) {
	piece := a.tok.Piece(id, true)
	return printable(piece), openai.Bytes(piece)
}

// printable replaces each byte that is not valid UTF-8 by U+FFFD. Because it
// works byte by byte, the result does not depend on where tokens divide the text.
func printable(text string) string { return string([]rune(text)) }

// finish returns OpenAI's finish_reason of a result.
func finish(r *engine.Result) string {
	switch r.Reason {
	case engine.EOS, engine.Stop:
		return "stop"
	}
	return "length"
}

// timings returns the timings of a complete answer, or nil for a reproducible answer.
func (a *answer) timings() *openai.Timings {
	if a.fixed != nil {
		return nil
	}
	r := a.result
	t := openai.NewTimings(r.CachedTokens, r.Evaluated(), r.GeneratedTokens, r.PromptTime, r.GenerateTime)
	t.DraftN, t.DraftAccepted = r.DraftTokens, r.DraftAccepted
	return t
}

// cached returns how many tokens of the prompt came from the cache, or 0 for a reproducible answer.
func (a *answer) cached() int {
	if a.fixed != nil {
		return 0 // the actual number depends on other requests
	}
	return a.result.CachedTokens
}

// live returns the timings of an unfinished answer. evaluated
// is the number of the prompt's tokens that were not cached.
func (a *answer) live(evaluated int) *openai.Timings {
	if a.generated == 0 {
		return openai.NewTimings(a.prompt-evaluated, evaluated, 0, time.Since(a.began), 0)
	}
	return openai.NewTimings(a.prompt-evaluated, evaluated, a.generated, a.first.Sub(a.began), time.Since(a.first))
}

// answers are the answers to one request.
type answers struct {
	began time.Time
	list  []*answer
	n     int // number of answers to each prompt
}

// newAnswers returns g.N empty answers for each of the prompts.
func (s *Server) newAnswers(r *http.Request, prompts [][]int32, g *openai.Generation) *answers {
	a := &answers{n: g.N, began: time.Now()}
	for _, p := range prompts {
		for range g.N {
			a.list = append(a.list, &answer{tok: s.tok, probs: g.Logprobs, fixed: repeat.Of(r.Context()), prompt: len(p), began: a.began})
		}
	}
	return a
}

// usage counts the tokens of all answers. It counts each prompt once, even if it has several
// answers.
func (a *answers) usage() (u openai.Usage) {
	for i, one := range a.list {
		r := one.result
		if i%a.n == 0 {
			u.Add(one.prompt, one.cached(), r.GeneratedTokens)
		} else {
			u.Add(0, 0, r.GeneratedTokens)
		}
	}
	return u
}

// ended adds the request's tokens and speed to its line
// in the log. err is why the request failed, or nil.
func (s *Server) ended(w http.ResponseWriter, a *answers, err error) {
	if err == nil {
		s.took(time.Since(a.began))
	}
	prompt, cached, generated := 0, 0, 0
	rate := ""
	for i, one := range a.list {
		generated += one.generated
		if i%a.n == 0 {
			prompt += one.prompt
		}
		if one.result == nil {
			continue
		}
		if i%a.n == 0 {
			cached += one.result.CachedTokens
		}
		if t := one.timings(); t != nil && len(a.list) == 1 && t.PredictedPerSecond > 0 {
			rate = fmt.Sprintf(", %.1f/s", t.PredictedPerSecond)
		}
	}
	about := fmt.Sprintf(", %d tokens (%d cached) + %d%s", prompt, cached, generated, rate)
	if err != nil {
		about += ", " + s.asError(w, err).Message
	}
	noteOf(w).about = about
}

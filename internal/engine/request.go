package engine

import (
	"errors"
	"fmt"
	"time"

	"alpaca/internal/logits"
	"alpaca/internal/sampler"
)

// Errors of Submit.
var (
	ErrQueueFull = errors.New("engine: too many requests are waiting")
	ErrClosed    = errors.New("engine: no more requests are accepted")
)

// Reason says why an answer ended.
type Reason string

// The reasons.
const (
	Length    Reason = "length"    // the answer has MaxTokens tokens
	EOS       Reason = "eos"       // the model, or the grammar, ended the text
	Stop      Reason = "stop"      // the text contained a stop string
	Context   Reason = "context"   // the context is full
	Interrupt Reason = "interrupt" // the context.Context was cancelled
)

// Request describes a text to continue. The zero value of each field except MaxTokens is its
// default.
type Request struct {
	Prompt    []int32  // at least one token
	MaxTokens int      // the largest number of tokens to generate; negative: no limit; 0: only evaluate the prompt
	Stop      []string // strings that end the answer and are not part of it; control tokens count as their texts
	Logprobs  bool     // set Token.Logprob
	Top       int      // set Token.Top to the Top likeliest tokens; implies Logprobs
	Sampled   bool     // set Logprob and Top from the distribution after all samplers, not from the model's

	// N is the number of answers; 0 stands for 1. The prompt is evaluated once for all
	// answers. Answer i is sampled with the seed Sampling.Seed + i.
	N        int
	Sampling sampler.Params
	// Grammar, if not nil, returns a new grammar for each answer. The grammar says which
	// tokens may follow. If it is a sampler.Finisher, it can end the answer with the Reason
	// EOS.
	Grammar func() sampler.Grammar
	// Sampler, if not nil, is used instead of a new one with Sampling. It must have accepted
	// the prompt's tokens already.
	Sampler *sampler.Sampler

	// NoCache keeps the text out of the prefix cache: it neither uses blocks of other
	// texts nor offers its own. This changes the speed, never the answer.
	NoCache bool
	// NoDrafts turns speculative decoding off. This changes the speed, never the answer.
	NoDrafts bool
	// LoRA has the scale of each of the model's adapters for this text. nil stands for the
	// model's default scales. Only texts with the same scales share prefixes.
	LoRA []float32
	// Salt separates texts in the prefix cache: only texts with the same Salt share prefixes.
	Salt string

	// Key says whose request it is. Among the keys with waiting requests, the
	// key with the fewest evaluated tokens comes first. A key that already has
	// half of Options.Parallel answers in progress comes after the other keys.
	Key string

	// Shift lets a text continue when its context is full: half of its tokens are dropped, but not
	// the first Keep tokens. If Full is not nil, it is called instead of a shift. Full returns true
	// after making room in the text. It must not use the engine.
	Shift bool
	Keep  int
	Full  func(m Movable) (bool, error)
	// Text, if not nil, is the text that the request changes. The common prefix of Text and
	// Prompt is not evaluated again. Afterwards Text holds the tokens of the prompt and the
	// answer that were evaluated.
	Text *Text

	// Window is how many tokens may wait for the reader of the stream before the text pauses; 0
	// stands for 256. With 1, the engine makes a token only when the reader asks for it, but a
	// draft can make several tokens in a step.
	Window int
	// If Progress is not nil, it is called with the number of prompt tokens evaluated so far, and
	// with the number to evaluate. Tokens from the cache do not count. Progress must return at
	// once.
	Progress func(done, total int)
}

// Movable is a text whose tokens can be dropped; *model.Seq is one.
type Movable interface {
	Tokens() []int32 // the evaluated tokens, valid until the next change
	Truncate(n int)
	Shift(keep, discard int) error
}

// answers returns N, at least 1.
func (r *Request) answers() int { return max(r.N, 1) }

// Token is one token of a generated text.
type Token struct {
	Index int // number of the answer, from 0 to N-1
	ID    int32
	Text  string // the characters that the token completed; "" for control tokens

	// control is the text of a control token. It is not printed, but a stop string may
	// contain it.
	control string

	// Logprob is the natural logarithm of the token's probability, in the model's
	// distribution or, with Request.Sampled, in the distribution after all samplers.
	Logprob float64
	Top     []logits.TokenLogprob // the likeliest tokens, best first
}

// spelled returns the text in which stop strings are searched
// for. Unlike Text, it includes the text of a control token.
func (t Token) spelled() string { return t.Text + t.control }

// Result is the outcome of one answer.
type Result struct {
	Reason Reason
	Stop   string // the stop string that was found; "" for none
	Seed   uint32 // the sampler's seed

	PromptTokens    int // tokens of the prompt; 0 if it was not evaluated to its end
	CachedTokens    int // tokens of the prompt that needed no evaluation
	GeneratedTokens int // tokens that the reader got, including the token that ended the text
	DraftTokens     int // tokens of drafts; for a cancelled request, only of drafts from which the reader got a token
	DraftAccepted   int // tokens of drafts that the sampler then chose, and that the reader got
	Unread          int // tokens that were sampled but not read, because the request was cancelled

	QueueTime    time.Duration // time until the request left the queue
	PromptTime   time.Duration // time of the steps that evaluated the prompt
	GenerateTime time.Duration // time of the steps after the prompt was evaluated
	Preemptions  int           // how often the text was preempted
	Shifted      bool          // the context was shifted

	length int // tokens of the whole text, including unread ones
	drafts []draft
}

// Evaluated returns how many tokens of the prompt were evaluated.
func (r *Result) Evaluated() int { return max(0, r.PromptTokens-r.CachedTokens) }

// PromptError says that a prompt does not fit into the context.
type PromptError struct {
	Tokens int // tokens of the prompt
	Ctx    int // tokens that the context holds
}

func (e *PromptError) Error() string {
	return fmt.Sprintf("the prompt of %d tokens is longer than the context of %d", e.Tokens, e.Ctx)
}

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

// Reason says why a text ended.
type Reason string

// The reasons.
const (
	Length    Reason = "length"    // as many tokens as asked for
	EOS       Reason = "eos"       // the model ended the text
	Stop      Reason = "stop"      // a stop string
	Context   Reason = "context"   // the context is full
	Interrupt Reason = "interrupt" // the context.Context was cancelled
)

// Request is a text to continue, and how. The zero value of each field but MaxTokens is its
// usual setting.
type Request struct {
	Prompt    []int32  // at least one token
	MaxTokens int      // tokens to generate at most; negative: no limit; 0: evaluate the prompt only
	Stop      []string // strings that end the text and are not part of it; control tokens count as their texts
	Logprobs  bool     // set Token.Logprob
	Top       int      // set Token.Top to that many; implies Logprobs

	// N is the number of answers, 0 for one. The prompt is evaluated once for all of
	// them; answer i is sampled with Sampling.Seed + i.
	N        int
	Sampling sampler.Params
	// Grammar, if not nil, returns a new grammar for each answer, which says which tokens
	// may follow. A sampler.Finisher ends the text as the model does, by EOS.
	Grammar func() sampler.Grammar
	// Sampler, if not nil, is used in place of a new one with Sampling. It must have
	// accepted the prompt's tokens already.
	Sampler *sampler.Sampler

	// NoCache keeps the text out of the prefix cache: it neither uses blocks of other
	// texts nor offers its own. It changes nothing but the time.
	NoCache bool
	// NoDrafts makes one token of the text a step. It changes nothing but the time.
	NoDrafts bool
	// LoRA has the scale of each of the model's adapters for the text; nil stands for the
	// model's own. Texts with the same scales share what is cached.
	LoRA []float32
	// Salt divides the cache: texts find only what those of the same salt evaluated.
	Salt string

	// Key says whose request it is. Waiting keys take turns by the tokens that were
	// evaluated for them, and no key holds more than half of the places.
	Key string

	// Shift lets a text that fills its context go on: half of it is dropped, but not the
	// first Keep tokens. Full, if not nil, is called instead and returns true after making
	// room in the text. It must not use the engine.
	Shift bool
	Keep  int
	Full  func(m Movable) (bool, error)
	// Text, if not nil, is the text that the request continues or begins anew. The
	// beginning that it shares with the prompt is not evaluated again. Afterwards it holds
	// what the request has evaluated.
	Text *Text

	// Window is how many tokens may wait for the reader of the stream before the text
	// pauses; 0 is 256. With 1 a token is evaluated when the reader wants the next one,
	// except where a draft makes several in a step.
	Window int
	// Progress, if not nil, is called with the number of the prompt's new tokens that
	// have been evaluated, and with their total. It must return at once.
	Progress func(done, total int)
}

// Movable is a text whose tokens can be dropped; *model.Seq is one.
type Movable interface {
	Tokens() []int32 // those evaluated, valid until the next change
	Truncate(n int)
	Shift(keep, discard int) error
}

// answers returns N, at least 1.
func (r *Request) answers() int { return max(r.N, 1) }

// Token is one token of a generated text.
type Token struct {
	Index int // of the answer, from 0 up to the request's N
	ID    int32
	Text  string // characters that it completed; "" for control tokens

	// control is the text of a control token. It is not printed, but a stop string may
	// contain it.
	control string

	// Of the model's distribution before any sampler, natural logarithms.
	Logprob float64
	Top     []logits.TokenLogprob // the likeliest, best first
}

// spelled is what stop strings are looked for in.
func (t Token) spelled() string { return t.Text + t.control }

// Result is the outcome of one answer.
type Result struct {
	Reason Reason
	Stop   string // the stop string that was found; "" for none
	Seed   uint32 // of the sampler

	PromptTokens    int // of the prompt; 0 where it was not read to its end
	CachedTokens    int // of those, known from before
	GeneratedTokens int // the one that ended the text included
	DraftTokens     int // evaluated before they were sampled, because the text was expected to go on so
	DraftAccepted   int // of those, the ones that were sampled then

	QueueTime    time.Duration // until the text was begun
	PromptTime   time.Duration // of the steps that evaluated the prompt
	GenerateTime time.Duration // of the steps after that
	Preemptions  int           // times that other texts took its memory
	Shifted      bool          // tokens left the full context
}

// Evaluated returns how many tokens of the prompt were evaluated.
func (r *Result) Evaluated() int { return max(0, r.PromptTokens-r.CachedTokens) }

// PromptError says that a prompt does not fit into the context.
type PromptError struct {
	Tokens int // of the prompt
	Ctx    int // of the context
}

func (e *PromptError) Error() string {
	return fmt.Sprintf("the prompt of %d tokens is longer than the context of %d", e.Tokens, e.Ctx)
}

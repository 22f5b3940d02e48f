package openai

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/fmath"
)

// ChatAnswer is the answer to a conversation.
type ChatAnswer struct {
	ID          string       `json:"id"`
	Object      string       `json:"object"` // "chat.completion"
	Created     int64        `json:"created"`
	Model       string       `json:"model"`
	Fingerprint string       `json:"system_fingerprint"`
	Choices     []ChatChoice `json:"choices"`
	Usage       Usage        `json:"usage"`
	Timings     *Timings     `json:"timings,omitempty"`
	Verbose     *Verbose     `json:"__verbose,omitempty"`
}

// Verbose is the additional output that a request gets with "verbose".
type Verbose struct {
	Prompt string `json:"prompt"`
}

// ChatChoice is one of several answers.
type ChatChoice struct {
	Index        int       `json:"index"`
	Message      Answer    `json:"message"`
	FinishReason string    `json:"finish_reason"`
	Logprobs     *Logprobs `json:"logprobs"`
	Seed         uint32    `json:"seed"` // seed of the sampler
	Tokens       []int32   `json:"tokens,omitempty"`
}

// Answer is the assistant's message.
type Answer struct {
	Role      string     `json:"role"`
	Content   string     `json:"content"`
	Reasoning string     `json:"reasoning_content,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
}

// ToolCall is a call of a tool, or a piece of such a call in a stream.
type ToolCall struct {
	Index    *int         `json:"index,omitempty"` // only in a stream
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"` // "function"
	Function FunctionCall `json:"function"`
}

// FunctionCall names the function of a ToolCall, with its arguments.
type FunctionCall struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"` // JSON, as the model wrote it
}

// ChatChunk is a piece of a streamed answer.
type ChatChunk struct {
	ID          string        `json:"id"`
	Object      string        `json:"object"` // "chat.completion.chunk"
	Created     int64         `json:"created"`
	Model       string        `json:"model"`
	Fingerprint string        `json:"system_fingerprint"`
	Choices     []ChunkChoice `json:"choices"`
	Usage       *Usage        `json:"usage,omitempty"`
	Timings     *Timings      `json:"timings,omitempty"`
	Progress    *Progress     `json:"prompt_progress,omitempty"`
	Verbose     *Verbose      `json:"__verbose,omitempty"`
}

// ChunkChoice is a piece of one answer.
type ChunkChoice struct {
	Index        int       `json:"index"`
	Delta        any       `json:"delta"` // First, Delta, or an empty object at the end
	FinishReason *string   `json:"finish_reason"`
	Logprobs     *Logprobs `json:"logprobs,omitempty"`
	Seed         *uint32   `json:"seed,omitempty"` // only in the last chunk
	Tokens       []int32   `json:"tokens,omitempty"`
}

// First is the delta that begins an answer.
type First struct {
	Role    string  `json:"role"`
	Content *string `json:"content"` // null
}

// Delta is the next piece of an answer.
type Delta struct {
	Content   string     `json:"content,omitempty"`
	Reasoning string     `json:"reasoning_content,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
}

// Completion is the continuation of a text, or a piece of it.
type Completion struct {
	ID          string             `json:"id"`
	Object      string             `json:"object"` // "text_completion"
	Created     int64              `json:"created"`
	Model       string             `json:"model"`
	Fingerprint string             `json:"system_fingerprint"`
	Choices     []CompletionChoice `json:"choices"`
	Usage       *Usage             `json:"usage,omitempty"`
	Timings     *Timings           `json:"timings,omitempty"`
}

// CompletionChoice is one of several continuations.
type CompletionChoice struct {
	Text         string       `json:"text"`
	Index        int          `json:"index"`
	Logprobs     *OldLogprobs `json:"logprobs"`
	FinishReason *string      `json:"finish_reason"`
	Seed         *uint32      `json:"seed,omitempty"`
}

// Usage counts tokens.
type Usage struct {
	Prompt     int         `json:"prompt_tokens"`
	Completion int         `json:"completion_tokens"`
	Total      int         `json:"total_tokens"`
	Details    UsageDetail `json:"prompt_tokens_details"`
}

// UsageDetail has details about the prompt's tokens.
type UsageDetail struct {
	Cached int `json:"cached_tokens"` // taken from the cache
}

// Add adds the numbers of tokens of a prompt and its answer. cached is the number of the prompt's
// tokens that came from the cache.
func (u *Usage) Add(prompt, cached, completion int) {
	u.Prompt += prompt
	u.Completion += completion
	u.Details.Cached += cached
	u.Total = u.Prompt + u.Completion
}

// Timings are llama.cpp's timings: times in milliseconds, rates in tokens per second.
type Timings struct {
	CacheN             int     `json:"cache_n"`
	PromptN            int     `json:"prompt_n"`
	PromptMS           float64 `json:"prompt_ms"`
	PromptPerTokenMS   float64 `json:"prompt_per_token_ms"`
	PromptPerSecond    float64 `json:"prompt_per_second"`
	PredictedN         int     `json:"predicted_n"`
	PredictedMS        float64 `json:"predicted_ms"`
	PredictedPerToken  float64 `json:"predicted_per_token_ms"`
	PredictedPerSecond float64 `json:"predicted_per_second"`
	DraftN             int     `json:"draft_n,omitempty"`          // drafted tokens
	DraftAccepted      int     `json:"draft_n_accepted,omitempty"` // drafted tokens that the sampler then chose
}

// NewTimings returns the timings of an answer. The prompt's last step yields
// the first token, so the rates of predicted tokens count one token fewer.
func NewTimings(cached, evaluated, generated int, prompt, predicted time.Duration) *Timings {
	t := &Timings{CacheN: cached, PromptN: evaluated, PredictedN: generated}
	t.PromptMS, t.PromptPerTokenMS, t.PromptPerSecond = rates(prompt, evaluated)
	t.PredictedMS, t.PredictedPerToken, t.PredictedPerSecond = rates(predicted, generated-1)
	return t
}

// rates returns d in milliseconds, d/n in milliseconds, and n/d per second. A value that cannot be
// computed is 0.
func rates(d time.Duration, n int) (ms, each, perSecond float64) {
	ms = float64(d) / float64(time.Millisecond)
	if n > 0 {
		each = ms / float64(n)
		if d > 0 {
			perSecond = float64(n) / d.Seconds()
		}
	}
	return ms, each, perSecond
}

// Progress says how many of a prompt's tokens have been evaluated.
type Progress struct {
	Total     int   `json:"total"`
	Cache     int   `json:"cache"`
	Processed int   `json:"processed"`
	TimeMS    int64 `json:"time_ms"`
}

// Logprobs are the probabilities of an answer's tokens.
type Logprobs struct {
	Content []TokenProb `json:"content"`
}

// TokenProb is a token with the logarithm of its probability, and the likeliest tokens at its
// position.
type TokenProb struct {
	ID      int32       `json:"id"`
	Token   string      `json:"token"`
	Logprob float64     `json:"logprob"`
	Bytes   Bytes       `json:"bytes"`
	Top     []OtherProb `json:"top_logprobs"` // best first, never nil
}

// OtherProb is another token that was possible at a position.
type OtherProb struct {
	ID      int32   `json:"id"`
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   Bytes   `json:"bytes"`
}

// SampledProb is a token with its probability, and the likeliest tokens at its position.
type SampledProb struct {
	ID    int32          `json:"id"`
	Token string         `json:"token"`
	Bytes Bytes          `json:"bytes"`
	Prob  float64        `json:"prob"`
	Top   *[]SampledProb `json:"top_probs,omitempty"` // nil in an element of Top
}

// Sampled returns t with probabilities instead of logarithms.
func (t *TokenProb) Sampled() SampledProb {
	top := []SampledProb{}
	for _, o := range t.Top {
		top = append(top, SampledProb{ID: o.ID, Token: o.Token, Bytes: o.Bytes, Prob: fmath.Exp(o.Logprob)})
	}
	return SampledProb{ID: t.ID, Token: t.Token, Bytes: t.Bytes, Prob: fmath.Exp(t.Logprob), Top: &top}
}

// Bytes are the bytes of a token. A JSON string could not hold part of a character.
type Bytes []byte

// MarshalJSON returns a list of numbers.
func (b Bytes) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for i, c := range b {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(c), 10)
	}
	return append(text, ']'), nil
}

// OldLogprobs are log probabilities in the form of OpenAI's first API.
type OldLogprobs struct {
	Tokens   []string             `json:"tokens"`
	Logprobs []float64            `json:"token_logprobs"`
	Top      []map[string]float64 `json:"top_logprobs"`
	Offsets  []int                `json:"text_offset"`
}

// Old returns l in the form of OpenAI's first API, in which the text of a token is
// a key. As in that API, Old writes invalid UTF-8 as the bytes' values, so that
// different tokens have different keys. If alternatives have the same text, Old
// keeps the likeliest. offset is the number of characters before the first token.
func (l *Logprobs) Old(offset int) *OldLogprobs {
	o := &OldLogprobs{Tokens: []string{}, Logprobs: []float64{}, Top: []map[string]float64{}, Offsets: []int{}}
	var part []byte // bytes of an unfinished character
	for _, t := range l.Content {
		token := oldToken(t.Token, t.Bytes)
		o.Tokens = append(o.Tokens, token)
		o.Logprobs = append(o.Logprobs, t.Logprob)
		top := map[string]float64{token: t.Logprob} // the chosen token is listed even if it is not one of the likeliest
		for _, other := range t.Top {
			key := oldToken(other.Token, other.Bytes)
			if p, ok := top[key]; !ok || other.Logprob > p {
				top[key] = other.Logprob
			}
		}
		o.Top = append(o.Top, top)
		o.Offsets = append(o.Offsets, offset)
		for part = append(part, t.Bytes...); utf8.FullRune(part); offset++ {
			_, n := utf8.DecodeRune(part)
			part = part[n:]
		}
	}
	return o
}

// oldToken returns the text of a token, or its bytes if they are not valid UTF-8.
func oldToken(text string, b Bytes) string {
	if utf8.Valid(b) {
		return text
	}
	var s strings.Builder
	s.WriteString("bytes:")
	for _, c := range b {
		fmt.Fprintf(&s, `\x%02x`, c)
	}
	return s.String()
}

// Logprob returns p as a number that JSON can hold: NaN and very small values become -9999.
func Logprob(p float64) float64 {
	const impossible = -9999 // OpenAI's value for an impossible token
	if math.IsNaN(p) || p < impossible {
		return impossible
	}
	return p
}

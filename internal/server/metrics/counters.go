package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"alpaca/internal/engine"
)

// Counters has what a server counts in addition to the engine's Stats. Several goroutines may use
// it.
type Counters struct {
	mu       sync.Mutex
	requests map[[2]string]int64 // number of requests by path and status
	first    Histogram           // seconds from the request to its first token
	between  Histogram           // seconds from one token to the next
	queue    Histogram
	maxInCtx int // largest number of tokens of a text so far
}

// NewCounters returns counters that are all zero.
func NewCounters() *Counters {
	return &Counters{
		requests: map[[2]string]int64{},
		first:    NewHistogram(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
		between:  NewHistogram(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
		queue:    NewHistogram(0.001, 0.01, 0.1, 1, 10, 60, 300),
	}
}

// Request counts a request by the pattern of its path and its HTTP status.
func (m *Counters) Request(path string, status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[[2]string{path, strconv.Itoa(status)}]++
}

// Token counts the time from one token of an answer to the next.
func (m *Counters) Token(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.between.Add(d)
}

// Begun counts the time to the first token of an answer.
func (m *Counters) Begun(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.first.Add(d)
}

// Answer counts a complete answer.
func (m *Counters) Answer(r *engine.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue.Add(r.QueueTime)
	m.maxInCtx = max(m.maxInCtx, r.PromptTokens+r.GeneratedTokens)
}

// rate returns tokens per second, or 0 if d is 0.
func rate(tokens int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(tokens) / d.Seconds()
}

// Write writes the counters and those of the engine: some with llama.cpp's names, others with names
// that follow Prometheus' rules.
func (m *Counters) Write(p *Exposition, e *engine.Stats) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.One("counter", "llamacpp:prompt_tokens_total", "Tokens of prompts that were evaluated.", float64(e.PromptTokens))
	p.One("counter", "llamacpp:prompt_tokens_cached_total", "Tokens of prompts that were in the cache.", float64(e.CachedTokens))
	p.One("counter", "llamacpp:prompt_seconds_total", "Time of the steps that evaluated prompts.", e.PromptTime.Seconds())
	p.One("counter", "llamacpp:tokens_predicted_total", "Tokens that were generated.", float64(e.GeneratedTokens))
	p.One("counter", "llamacpp:tokens_predicted_seconds_total", "Time of the steps that generated tokens.", e.GenerateTime.Seconds())
	p.One("counter", "llamacpp:spec_decode_num_draft_tokens_total", "Drafted tokens that were evaluated.", float64(e.DraftTokens))
	p.One("counter", "llamacpp:spec_decode_num_accepted_tokens_total", "Drafted tokens that the sampler then chose.", float64(e.DraftAccepted))
	p.One("counter", "llamacpp:spec_decode_num_drafts_total", "Drafts that were evaluated.", float64(e.Drafts))
	p.Head("counter", "llamacpp:spec_decode_num_accepted_tokens_per_pos_total", "Drafts in which the sampler accepted the token at this position.")
	for i, n := range e.AcceptedAt {
		fmt.Fprintf(p, "llamacpp:spec_decode_num_accepted_tokens_per_pos_total{position=\"%d\"} %d\n", i, n)
	}
	p.One("counter", "llamacpp:n_decode_total", "Steps of the engine.", float64(e.Steps))
	p.One("counter", "llamacpp:n_tokens_max", "Largest number of tokens of a text.", float64(m.maxInCtx))
	p.One("gauge", "llamacpp:prompt_tokens_seconds", "Tokens of prompts per second.", rate(e.PromptTokens, e.PromptTime))
	p.One("gauge", "llamacpp:predicted_tokens_seconds", "Generated tokens per second.", rate(e.GeneratedTokens, e.GenerateTime))
	p.One("gauge", "llamacpp:requests_processing", "Answers that are being generated.", float64(e.Running))
	p.One("gauge", "llamacpp:requests_deferred", "Requests that wait.", float64(e.Waiting))
	rows := 0.0
	if e.Steps > 0 {
		rows = float64(e.Rows) / float64(e.Steps)
	}
	p.One("gauge", "llamacpp:n_busy_slots_per_decode", "Mean number of rows of a step.", rows)

	p.Head("counter", "alpaca_requests_total", "Requests by path and status.")
	keys := slices.SortedFunc(maps.Keys(m.requests), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		fmt.Fprintf(p, "alpaca_requests_total{path=%q,code=%q} %d\n", k[0], k[1], m.requests[k])
	}
	p.Histogram("alpaca_time_to_first_token_seconds", "From a request to its first token.", &m.first)
	p.Histogram("alpaca_inter_token_seconds", "From one token of an answer to the next.", &m.between)
	p.Histogram("alpaca_queue_seconds", "From a request until its answer is begun.", &m.queue)
	p.One("gauge", "alpaca_queue_depth", "Requests that wait.", float64(e.Waiting))
	p.One("gauge", "alpaca_running", "Answers that are being generated.", float64(e.Running))
	p.Head("gauge", "alpaca_kv_blocks", "Blocks of the cache.")
	for _, b := range []struct {
		state string
		n     int
	}{{"used", e.BlocksUsed}, {"cached", e.BlocksCached}, {"free", e.Blocks - e.BlocksUsed}} {
		fmt.Fprintf(p, "alpaca_kv_blocks{state=%q} %d\n", b.state, b.n)
	}
	p.One("counter", "alpaca_preemptions_total", "Times that a text had to give its memory to other texts.", float64(e.Preemptions))
	p.One("counter", "alpaca_cancelled_total", "Answers whose clients had gone.", float64(e.Cancelled))
	p.One("counter", "alpaca_prefix_hit_tokens_total", "Tokens of prompts that were in the cache.", float64(e.CachedTokens))
}

package engine

import (
	"context"
	"sync"
)

// Stream delivers the answers to a request token by token. Its reader may be slow: the request's
// texts pause while its Window is full, and the texts of other requests continue. After the request
// is cancelled the stream has no more tokens, even if the engine has sampled some ahead of the
// reader. The Results then count only the tokens that the reader got.
type Stream struct {
	ctx    context.Context // the request's context
	wake   func()          // wakes the engine's loop
	cancel func()          // cancels the request's context
	window int             // the limit of len(tokens) + inHand

	mu        sync.Mutex
	tokens    []Token // sampled tokens that the reader has not taken
	inHand    int     // 1 while the reader has a token and has not asked for the next
	passed    []int   // how many tokens of each answer the reader got
	cancelled bool    // the reader called Cancel, or ctx has ended
	ended     bool
	results   []Result
	err       error
	changed   chan struct{} // signals the reader; it buffers one signal
}

func newStream(ctx context.Context, window, n int) *Stream {
	if window <= 0 {
		window = 256
	}
	return &Stream{ctx: ctx, window: window, passed: make([]int, n), results: make([]Result, n), changed: make(chan struct{}, 1)}
}

// Next waits for the next token and returns it. ok is false after the last token. Then
// Results and Err return the outcome.
func (s *Stream) Next() (t Token, ok bool) {
	for first := true; ; first = false {
		s.mu.Lock()
		full := !s.hasRoom()
		if first {
			s.inHand = 0
		}
		if s.cancelled = s.cancelled || s.ctx.Err() != nil; s.cancelled {
			s.tokens = nil
		}
		if len(s.tokens) > 0 {
			t, s.tokens = s.tokens[0], s.tokens[1:]
			s.inHand, ok = 1, true
			s.passed[t.Index]++
		}
		ended, room := s.ended, full && s.hasRoom()
		if ended && s.cancelled {
			s.cut()
		}
		s.mu.Unlock()
		if room {
			s.wake()
		}
		if ok || ended {
			return t, ok
		}
		<-s.changed
	}
}

// Cancel ends the answers, as cancelling the request's context does.
func (s *Stream) Cancel() {
	s.mu.Lock()
	s.cancelled = true
	s.mu.Unlock()
	s.cancel()
}

// cut changes the results so that they count only the tokens that the reader got. If the
// reader did not get all tokens of an answer, the answer's Reason is Interrupt. The caller
// holds mu.
func (s *Stream) cut() {
	for i := range s.results {
		r := &s.results[i]
		if left := r.GeneratedTokens - s.passed[i]; left > 0 {
			r.GeneratedTokens, r.Unread = s.passed[i], left
			r.readDrafts(s.passed[i])
			r.Stop = ""
			if s.err == nil {
				r.Reason = Interrupt
			}
		}
	}
}

// Results returns the outcome of each answer, once Next has returned false.
func (s *Stream) Results() []Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results
}

// Err returns the error that ended the answers, once Next has returned false. A cancelled
// request is not an error: its answers have the Reason Interrupt.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// hasRoom reports whether the texts may continue. The caller holds mu.
func (s *Stream) hasRoom() bool { return len(s.tokens)+s.inHand < s.window }

// room does what hasRoom does, for callers that do not hold mu.
func (s *Stream) room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasRoom()
}

// put passes tokens to the reader.
func (s *Stream) put(tokens []Token) {
	if len(tokens) == 0 {
		return
	}
	for i := range tokens {
		tokens[i].control = ""
	}
	s.mu.Lock()
	s.tokens = append(s.tokens, tokens...)
	s.mu.Unlock()
	s.notify()
}

// finish ends the stream.
func (s *Stream) finish(results []Result, err error) {
	s.mu.Lock()
	copy(s.results, results)
	s.err, s.ended = err, true
	s.mu.Unlock()
	s.notify()
}

func (s *Stream) notify() {
	select {
	case s.changed <- struct{}{}:
	default: // the reader has been woken already
	}
}

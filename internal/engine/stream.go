package engine

import "sync"

// Stream is the answers to a request as they come. Its reader may be slow: beyond the
// request's Window the texts pause, which others do not notice.
type Stream struct {
	wake   func() // tells the engine that there is room again
	cancel func()
	window int

	mu      sync.Mutex
	tokens  []Token // that the reader has not taken
	inHand  int     // 1 while the reader has one and has not asked for the next
	ended   bool
	results []Result
	err     error
	changed chan struct{} // has room for one: something to read
}

func newStream(window, n int) *Stream {
	if window <= 0 {
		window = 256
	}
	return &Stream{window: window, results: make([]Result, n), changed: make(chan struct{}, 1)}
}

// Next waits for the next token. ok is false when there are no more: then Results and
// Err tell the outcome.
func (s *Stream) Next() (t Token, ok bool) {
	for first := true; ; first = false {
		s.mu.Lock()
		full := !s.hasRoom()
		if first {
			s.inHand = 0
		}
		if len(s.tokens) > 0 {
			t, s.tokens = s.tokens[0], s.tokens[1:]
			s.inHand, ok = 1, true
		}
		ended, room := s.ended, full && s.hasRoom()
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

// Cancel ends the answers as a cancelled context does.
func (s *Stream) Cancel() { s.cancel() }

// Results returns the outcome of each answer, once Next has returned false.
func (s *Stream) Results() []Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results
}

// Err returns why the answers are not complete, once Next has returned false. Cancelled
// answers are not an error: their Reason says so.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// hasRoom reports whether the texts may go on. The caller holds mu.
func (s *Stream) hasRoom() bool { return len(s.tokens)+s.inHand < s.window }

// room is hasRoom for the engine.
func (s *Stream) room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasRoom()
}

// put gives the reader tokens.
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

package engine

import (
	"errors"
	"time"

	"alpaca/internal/fmath"
	"alpaca/internal/logits"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// answer is one text in progress. tokens[:seq.Len()] are evaluated. The remaining tokens are
// evaluated next: tokens of the prompt, a token just sampled, or tokens whose blocks were freed
// when the text was preempted. So a preempted text resumes by evaluating its tokens again,
// unless its state was saved.
type answer struct {
	group  *group
	index  int
	tokens []int32
	seq    *model.Seq
	saved  []byte // the state of a preempted text whose context was shifted; nil otherwise
	order  int    // the place in the order of admission; the youngest answer has the highest number

	node    *node // the prefix cache's node that stands for the text's first blocks; nil: the text does not use the cache
	blocks  int   // number of the text's blocks that node covers
	parting int   // only for recurrent models: the length at which the prompt diverges from earlier texts, see parted
	known   int   // how many tokens of the prompt needed no evaluation
	read    bool  // the prompt is evaluated
	passed  int   // the number of steps in which younger, shorter prompts overtook this one
	rest    bool  // the text has to be preempted, because shifting its context needs more blocks than are free

	sampler  *sampler.Sampler
	grammar  sampler.Grammar
	drafting *drafting // nil without drafts
	stream   *tokenizer.Stream
	held     *holder
	open     int // bytes of an incomplete character that stream holds back
	result   Result
	ready    []Token // tokens that settle passes to the reader
	ended    bool
	err      error
}

// group holds the answers to one request.
type group struct {
	req     *Request
	stream  *Stream
	done    func() error // the method Err of the request's context
	stop    func() bool  // cancels the request's context, and stops watching it
	tok     *tokenizer.Tokenizer
	began   time.Time
	answers []*answer
	salt    string // separates the request's texts from other texts in the prefix cache
	prompt  int    // number of tokens of the prompt
	started bool   // the request has left the queue
	shared  bool   // all answers but the first have started from the first one's prompt, or have ended without starting
	left    int    // number of answers that have not ended
	err     error
}

// pending returns how many tokens are not evaluated yet.
func (a *answer) pending() int { return len(a.tokens) - a.seq.Len() }

// answering reports whether the next step samples a token of the answer.
func (a *answer) answering() bool { return a.read && a.pending() == 1 }

// paused reports whether the text waits for its reader.
func (a *answer) paused() bool { return !a.group.stream.room() }

// goesOn ends the text if it has MaxTokens tokens, or if the context is full and cannot be shifted.
// It reports whether the text continues in this step.
//
// A shift of the context needs more blocks. To free a block, goesOn calls forget.
// If forget returns false, goesOn sets a.rest, so that the text is preempted.
func (a *answer) goesOn(ctx int, forget func() bool) bool {
	if a.ended {
		return false
	}
	if limit := a.group.req.MaxTokens; limit >= 0 && a.result.GeneratedTokens >= limit {
		a.end(Length, nil)
	} else if a.seq.Len() >= ctx {
		more, err := a.makeRoom(ctx)
		for errors.Is(err, model.ErrNoBlocks) && forget() {
			more, err = a.makeRoom(ctx)
		}
		if a.rest = errors.Is(err, model.ErrNoBlocks); a.rest {
			return false
		}
		if !more || err != nil {
			a.end(Context, err)
		}
	}
	return !a.ended
}

// next samples a token from the logits l and adds it to the text. It ends the text after the
// last token, or after an error.
func (a *answer) next(l []float32) {
	t, err := a.sample(l)
	if err != nil {
		a.end("", err)
		return
	}
	a.tokens = append(a.tokens, t.ID)
	a.result.GeneratedTokens++
	if reason := a.take(t); reason != "" {
		a.end(reason, nil)
	} else if g, ok := a.grammar.(sampler.Finisher); ok && g.Done() {
		a.end(EOS, nil)
	} else if a.result.GeneratedTokens == a.group.req.MaxTokens {
		a.end(Length, nil)
	}
}

// makeRoom is called when the context is full. It returns false if the text has to end.
func (a *answer) makeRoom(ctx int) (more bool, err error) {
	switch req := a.group.req; {
	case req.Full != nil:
		more, err = req.Full(a.seq)
	case req.Shift:
		keep := min(max(req.Keep, 0), ctx/2)
		discard := (a.seq.Len() - keep) / 2
		more, err = discard > 0, a.seq.Shift(keep, discard)
	}
	if errors.Is(err, model.ErrNoShift) {
		return false, nil // a recurrent text ends when its context is full, even if Shift is true
	}
	if more && err == nil {
		a.drafting.learn(a.tokens)
		a.tokens = append(a.tokens[:0], a.seq.Tokens()...)
		a.drafting.moved(a.tokens)
		a.result.Shifted = true
	}
	return more && a.seq.Len() < ctx, err
}

// sample chooses the next token.
func (a *answer) sample(l []float32) (Token, error) {
	id, err := a.sampler.SampleWith(l, a.grammar)
	if err == nil && a.grammar != nil {
		err = a.grammar.Accept(id)
	}
	if err != nil {
		return Token{}, err
	}
	a.sampler.Accept(id)
	t := Token{Index: a.index, ID: id}
	switch req := a.group.req; {
	case req.Sampled:
		chosen, top := a.sampler.Chosen(req.Top)
		t.Logprob = fmath.Log(float64(chosen.P))
		for _, c := range top {
			t.Top = append(t.Top, logits.TokenLogprob{ID: c.ID, Logprob: fmath.Log(float64(c.P))})
		}
	case req.Logprobs || req.Top > 0:
		probs := logits.NewLogprobs(l)
		t.Logprob = probs.Of(id)
		if req.Top > 0 {
			t.Top = probs.Top(nil, req.Top)
		}
	}
	return t, nil
}

// take decodes a token. Tokens that can no longer be part of a stop string are added to ready.
// It returns the reason if the text ends with the token, and "" otherwise.
func (a *answer) take(t Token) Reason {
	tok := a.group.tok
	t.Text = a.stream.Push(t.ID)
	eog := tok.IsEOG(t.ID)
	if tok.IsControl(t.ID) && !eog { // a stop string may contain control tokens; a token that ends the text need not be searched for stop strings
		t.control = tok.Text(t.ID)
	}
	a.open += len(tok.Piece(t.ID, false)) - len(t.Text)
	ready, stop := a.held.push(t, a.open > 0)
	a.ready = append(a.ready, ready...)
	switch {
	case stop:
		a.result.Stop = a.held.found
		return Stop
	case eog:
		return EOS
	}
	return ""
}

// end ends the text. The reader gets the tokens that were held back, unless they are part of
// a stop string that was found.
func (a *answer) end(reason Reason, err error) {
	if a.ended {
		return
	}
	a.ended, a.err = true, err
	if err == nil {
		a.result.Reason = reason
	}
	a.ready = append(a.ready, a.held.flush(a.stream.Flush())...)
}

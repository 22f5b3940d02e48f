package structured

import (
	"fmt"
	"regexp"
	"strings"

	"alpaca/internal/grammar"
	"alpaca/internal/sampler"
	"alpaca/internal/toolcall"
)

// Trigger starts a grammar in the middle of a text.
type Trigger struct {
	// Text is the text that starts the grammar: a word, which several tokens may spell, or the text
	// of a control token.
	Text string
	// Start says that only white space may precede the trigger.
	Start bool
	// Pattern, if not nil, replaces Text. It may match anywhere in the text so far or, if
	// Start is set, near the beginning (see maxBegin). The grammar begins where the first
	// group of Pattern matches or, if Pattern has no group, where the match begins.
	Pattern *regexp.Regexp
	// From says that the text for the grammar begins with the trigger, not after it.
	From bool
	// Then is the grammar that the trigger starts.
	Then *grammar.Program
}

// Lazy describes a text that is free until a trigger, and follows the trigger's grammar from then on.
type Lazy struct {
	Triggers []Trigger
	// Open and Close are the tags of the model's thinking. Within the thinking any text is
	// allowed, and triggers have no effect. Inside says that the thinking has begun in the prompt.
	Open, Close string
	Inside      bool
}

// Lazy returns a constructor for grammars that begin with a trigger. Before the trigger, all tokens
// are allowed, except a token that completes a trigger and continues with text that the trigger's
// grammar refuses.
func (c *Compiler) Lazy(l Lazy) func() sampler.Grammar {
	c.prepare()
	return func() sampler.Grammar {
		g := &lazy{c: c, Lazy: &l, phase: lazyStart}
		switch {
		case l.Inside:
			g.phase = lazyThought
		case l.Open == "":
			g.phase = lazyText
		}
		for _, t := range l.Triggers {
			g.keep = max(g.keep, len(t.Text))
			if t.Pattern != nil && t.Start {
				g.keep = max(g.keep, maxBegin)
			} else if t.Pattern != nil {
				g.all = true
			}
		}
		return g
	}
}

// Answer returns a constructor for the grammar of f, or nil if f allows any text.
func (c *Compiler) Answer(f *toolcall.Form, thoughts toolcall.Thinking) func() sampler.Grammar {
	switch {
	case f.Whole != nil:
		return c.Whole(f.Whole)
	case len(f.Triggers) == 0:
		return nil
	}
	l := Lazy{Open: thoughts.Open, Close: thoughts.Close, Inside: thoughts.Inside}
	for _, t := range f.Triggers {
		trigger := Trigger{Text: t.Text, Start: t.Start, Then: t.Then}
		if t.Pattern != "" {
			trigger.Pattern = regexp.MustCompile(t.Pattern)
		}
		l.Triggers = append(l.Triggers, trigger)
	}
	return c.Lazy(l)
}

// The phases of a text.
const (
	lazyStart   = iota // the text may begin with thinking
	lazyThought        // the text is within the thinking
	lazyText           // the text is after the thinking
)

// Limits on the text that patterns are matched against, in bytes: maxPattern for patterns that
// match anywhere, maxBegin for patterns with Start.
const (
	maxPattern = 64 << 10
	maxBegin   = 256
)

// lazy is a sampler.Finisher for a Lazy.
type lazy struct {
	c *Compiler
	*Lazy
	phase int
	tail  string           // the end of the text, where a tag or trigger may have begun
	said  bool             // the text before tail has more than white space
	m     *grammar.Matcher // the grammar of the trigger; nil: no trigger has occurred yet
	keep  int              // largest length of a trigger, in bytes
	all   bool             // tail keeps maxPattern bytes, because a pattern may match anywhere
}

// Draft implements sampler.Drafter. Before the grammar begins, it adds nothing.
func (l *lazy) Draft(b []byte, n int) []byte {
	if l.m == nil {
		return b
	}
	return l.m.Draft(b, n)
}

// Allowed implements sampler.Grammar.
func (l *lazy) Allowed(id int32) bool {
	if l.m != nil {
		return l.m.Allowed(id)
	}
	if l.c.tok.IsEOG(id) {
		return true
	}
	next := *l
	return next.push(id) == nil
}

// List implements sampler.Lister. Before the grammar begins, it returns nil. So
// the sampler calls Allowed, which refuses only tokens that complete a trigger.
func (l *lazy) List() []uint64 {
	if l.m == nil {
		return nil
	}
	return l.m.List()
}

// Accept implements sampler.Grammar.
func (l *lazy) Accept(id int32) error {
	if l.m != nil {
		return l.m.Accept(id)
	}
	if l.c.tok.IsEOG(id) {
		return nil
	}
	return l.push(id)
}

// Done implements sampler.Finisher.
func (l *lazy) Done() bool { return l.m != nil && l.m.Done() }

// push adds a token while the grammar has not begun. It
// starts the grammar if the token completes a trigger.
func (l *lazy) push(id int32) error {
	l.tail += l.c.spelled(id)
	if l.phase == lazyStart {
		begin := strings.TrimLeft(l.tail, " \t\r\n")
		switch {
		case strings.HasPrefix(begin, l.Open):
			l.phase, l.tail = lazyThought, begin[len(l.Open):]
		case strings.HasPrefix(l.Open, begin):
			return nil // undecided
		default:
			l.phase = lazyText
		}
	}
	if l.phase == lazyThought {
		_, after, found := strings.Cut(l.tail, l.Close)
		if !found {
			l.tail = l.tail[max(0, len(l.tail)-len(l.Close)+1):]
			return nil
		}
		l.phase, l.tail = lazyText, after
	}
	t, at := l.find()
	if t == nil {
		l.shorten()
		return nil
	}
	m := t.Then.NewMatcher(l.c.vocab)
	if t.From && l.c.tok.IsControl(id) && l.tail[at:] == l.c.spelled(id) {
		l.m, l.tail = m, ""
		return m.Accept(id)
	}
	if n, ok := m.AcceptBytes([]byte(l.tail[at:])); !ok {
		return fmt.Errorf("the text %q after a trigger does not fit the trigger's grammar at byte %d", l.tail[at:], n)
	}
	l.m, l.tail = m, ""
	return nil
}

// find returns the first trigger in tail, and where the text for its grammar begins.
func (l *lazy) find() (found *Trigger, at int) {
	first := len(l.tail) + 1
	for i := range l.Triggers {
		t := &l.Triggers[i]
		if t.Pattern != nil {
			if t.Start && l.said {
				continue
			}
			if m := t.Pattern.FindStringSubmatchIndex(l.tail); m != nil && m[0] < first {
				first, found, at = m[0], t, m[0]
				if len(m) > 2 && m[2] >= 0 {
					at = m[2]
				}
			}
			continue
		}
		begin := strings.Index(l.tail, t.Text)
		if begin < 0 || begin >= first || t.Start && (l.said || strings.TrimSpace(l.tail[:begin]) != "") {
			continue
		}
		first, found, at = begin, t, begin
		if !t.From {
			at += len(t.Text)
		}
	}
	return found, at
}

// shorten drops the part of tail that cannot belong to a trigger any more.
func (l *lazy) shorten() {
	keep := max(l.keep-1, 0)
	if l.all {
		keep = maxPattern
	}
	if n := len(l.tail) - keep; n > 0 {
		l.said = l.said || strings.TrimSpace(l.tail[:n]) != ""
		l.tail = l.tail[n:]
	}
}

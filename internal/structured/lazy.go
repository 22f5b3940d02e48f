package structured

import (
	"fmt"
	"regexp"
	"strings"

	"alpaca/internal/grammar"
	"alpaca/internal/sampler"
	"alpaca/internal/toolcall"
)

// Trigger makes a grammar begin in the middle of a text.
type Trigger struct {
	// Text is what the trigger is: a word, which may come in pieces of several tokens,
	// or the text of a control token.
	Text string
	// Start: it counts only where nothing but white space is before it.
	Start bool
	// Pattern is used in the place of Text, on all that the text is. The grammar
	// begins where its first group does, or the whole match where there is none.
	Pattern *regexp.Regexp
	// From: the grammar's text begins with the trigger, and not behind it.
	From bool
	// Then is the grammar.
	Then *grammar.Program
}

// Lazy says how a text begins that follows a grammar in its later part only.
type Lazy struct {
	Triggers []Trigger
	// What a model thinks first is free, and no trigger counts in it. Inside: the
	// prompt has begun it.
	Open, Close string
	Inside      bool
}

// Lazy returns grammars that begin with a trigger. Until then everything is allowed but a
// token with which the trigger's grammar could not begin.
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

// Answer returns grammars for answers of a form; nil where they are free.
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
	lazyStart   = iota // it may begin with a thought
	lazyThought        // in it
	lazyText           // behind it
)

// Bounds of the text that patterns are looked for in, in bytes: of those that count
// anywhere, and of those at the beginning.
const (
	maxPattern = 64 << 10
	maxBegin   = 256
)

// lazy is a sampler.Finisher.
type lazy struct {
	c *Compiler
	*Lazy
	phase int
	tail  string           // of the text that may begin something, or all of it
	said  bool             // something that is no white space was before tail
	m     *grammar.Matcher // nil: not begun
	keep  int              // bytes of the longest trigger
	all   bool             // the whole text is needed
}

// Draft implements sampler.Drafter: before the grammar begins there is nothing to tell.
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

// List implements sampler.Lister: before the grammar begins nothing but a token that a
// trigger ends in can be refused.
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

// push adds a token to a text without a grammar.
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
		return fmt.Errorf("the text %q behind a trigger does not fit its grammar at byte %d", l.tail[at:], n)
	}
	l.m, l.tail = m, ""
	return nil
}

// find returns the trigger that the text has first, and where its grammar begins.
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

// shorten forgets what can be part of no trigger any more.
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

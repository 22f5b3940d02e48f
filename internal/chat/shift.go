package chat

// When the context is full, the oldest turns are dropped from it. The system message
// and the template's text around it stay, and later turns move to the front:
//
//	before: │ head │ lead │ user 1 │ answer 1 │ lead │ user 2 │ answer 2 │ …
//	after:  │ head │ lead │ user 2 │ answer 2 │ …
//
// A lead is the template's text before a user's text. The lead of the first turn may be
// longer than later leads, for example if it contains the system message. If the first
// lead and the lead of the first remaining turn end in the same tokens, only one copy
// of these tokens is kept. So the remaining text is what the template would have made.

// span is the range of tokens from keep to end-1, which will be dropped.
type span struct {
	keep, end int
	turns     int // number of turns in the range
}

// oldest returns the span of the oldest turns to drop. It has only as many turns as must be dropped
// so that at most goal tokens remain. If that is impossible, it has all turns except the last. The
// first keep tokens always stay. The span is empty if there is only one turn.
func (c *Conversation) oldest(goal, keep int) (s span) {
	if len(c.turns) == 0 {
		return span{}
	}
	first := c.turns[0].user
	for k := 1; k < len(c.turns); k++ {
		user := c.turns[k].user
		same := 0
		for same < first && c.tokens[first-1-same] == c.tokens[user-1-same] {
			same++
		}
		end := user - same
		from := max(first-same, keep)
		if from >= end {
			continue
		}
		s = span{from, end, k}
		if len(c.tokens)-(s.end-s.keep) <= goal {
			break
		}
	}
	return s
}

// drop removes the turns of s from the context.
func (c *Conversation) drop(s span) error {
	c.tokens = append(append([]int32{}, c.tokens[:s.keep]...), c.tokens[s.end:]...)
	c.turns = append([]turn{}, c.turns[s.turns:]...)
	by := s.end - s.keep
	for i := range c.turns {
		t := &c.turns[i]
		t.user -= by
		t.end = max(0, t.end-by)
		t.prompt = "" // the text has changed
		if t.start != unknown {
			t.start = max(0, t.start-by)
		}
	}
	c.turns[0].start = unknown
	c.first = c.turns[0].message
	// The next turn is encoded as a continuation of the last turn. This needs the prompt of the
	// last turn.
	last := &c.turns[len(c.turns)-1]
	if last.goesOn {
		return nil // the begun part of the answer cannot be separated from the rest
	}
	shown := c.shown()
	parts, err := c.Template.parts(shown[:len(shown)-(len(c.Messages)-last.next)], true)
	last.prompt = flat(parts)
	return err
}

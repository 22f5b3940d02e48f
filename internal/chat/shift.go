package chat

// shift.go is what happens when the context is full: the oldest turns leave it.
// What stays is the system message with what the template puts around it, and
// turns as if they were the first:
//
//	before: │ head │ lead │ user 1 │ answer 1 │ lead │ user 2 │ answer 2 │ …
//	after:  │ head │ lead │ user 2 │ answer 2 │ …
//
// The lead before the first user may be longer than before others, for instance with a system
// message inside. Then the longest end that both share is taken from the later one, so that
// the result is what the template would have made.

// span is tokens from keep to end, which are to leave the context.
type span struct {
	keep, end int
	turns     int // that are in it
}

// oldest returns as few of the oldest turns as must leave so that at most goal tokens stay, or
// all that can leave. keep is how many tokens stay in any case. The span is empty if there is
// only one turn.
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

// drop removes turns from the context.
func (c *Conversation) drop(s span) error {
	c.tokens = append(append([]int32{}, c.tokens[:s.keep]...), c.tokens[s.end:]...)
	c.turns = append([]turn{}, c.turns[s.turns:]...)
	by := s.end - s.keep
	for i := range c.turns {
		t := &c.turns[i]
		t.user -= by
		t.end = max(0, t.end-by)
		t.prompt = "" // of a conversation that is no more
		if t.start != unknown {
			t.start = max(0, t.start-by)
		}
	}
	c.turns[0].start = unknown
	c.first = c.turns[0].message
	// The last one is what the next is added to.
	last := &c.turns[len(c.turns)-1]
	if last.goesOn {
		return nil // what was there of its answer is no longer known apart
	}
	shown := c.shown()
	parts, err := c.Template.parts(shown[:len(shown)-(len(c.Messages)-last.next)], true)
	last.prompt = flat(parts)
	return err
}

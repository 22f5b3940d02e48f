package chat

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
)

// say adds message, unless it is "", and lets the model answer with the given
// texts and tokens. say returns how many tokens were evaluated for the answer.
func say(t *testing.T, c *Chat, s *fakeText, message string, answer ...string) int {
	t.Helper()
	s.script = nil
	for _, text := range answer {
		if id, ok := c.tok.ID(text); ok && c.tok.IsControl(id) {
			s.script = append(s.script, id)
			continue
		}
		s.script = append(s.script, c.tok.Encode(text, false, false)...)
	}
	s.script = append(s.script, 2)
	before := s.evaluated
	if message != "" {
		c.Say(Message{Content: message})
	}
	_, err := c.Answer(context.Background(), engine.Request{MaxTokens: -1}, nil)
	require.NoError(t, err)
	return s.evaluated - before
}

// TestOnlyNewTextIsEvaluated counts the evaluated tokens for every template. After the first
// turn, only the tokens that a turn adds may be evaluated, even in a long conversation.
func TestOnlyNewTextIsEvaluated(t *testing.T) {
	for _, name := range Names() {
		c, s := newChat(t, name, "Be brief.", 10000)
		say(t, c, s, "Hi", "Hello.")
		second := say(t, c, s, "Bye", "Hello.")
		var last int
		for range 20 {
			last = say(t, c, s, "Bye", "Hello.")
		}
		require.Equal(t, second, last, name)
		require.Less(t, last, 130, name) // in this test's vocabulary, most marks of templates are one token per byte

		// The tokens equal those of the whole conversation encoded at once. With a token for each
		// byte, there is only one way to encode it.
		text, err := c.Template.Text(c.Messages[:len(c.Messages)-1])
		require.NoError(t, err)
		// The comparison ignores spaces, since a template may put one in front of an answer,
		// and BOS in front of a mark.
		space := strings.NewReplacer(" ", "", "<s><|", "<|", "<s><｜User", "<｜User")
		require.Equal(t, space.Replace(text+"Hello."), space.Replace(words(c.tok, c.tokens)), name)
	}
}

// TestAnswersStayAsTheyWere checks that an answer keeps the tokens that the model chose, even
// if its text would be encoded differently.
func TestAnswersStayAsTheyWere(t *testing.T) {
	c, s := newChat(t, "chatml", "", 1000)
	say(t, c, s, "Hi", "#", "#", "#") // "###" is a token
	n := len(c.tokens)
	say(t, c, s, "Bye", "no")
	hash := c.tok.Encode("#", false, false)[0]
	require.Equal(t, []int32{hash, hash, hash}, c.tokens[n-3:n])
}

func TestUndoAndRegenerate(t *testing.T) {
	c, s := newChat(t, "llama3", "sys", 1000)
	require.False(t, c.Regenerate())
	_, ok := c.Undo()
	require.False(t, ok)
	say(t, c, s, "one", "first")
	before := append([]int32{}, c.tokens...)
	say(t, c, s, "two", "second")
	require.True(t, c.Regenerate())
	require.Equal(t, 1+len("third"), say(t, c, s, "", "third"), "only the last token of the prompt and the answer must be evaluated")
	require.Equal(t, "third", c.Messages[4].Content)
	m, ok := c.Undo()
	require.True(t, ok)
	require.Equal(t, "two", m.Content)
	require.Equal(t, before, c.tokens)
	require.Len(t, c.Messages, 3)
	say(t, c, s, "other", "answer")
	c.Undo()
	c.Undo()
	_, ok = c.Undo()
	require.False(t, ok)
	require.Equal(t, []Message{{Role: System, Content: "sys"}}, c.Messages)
	say(t, c, s, "one", "first")
	require.Equal(t, before, c.tokens)

	// A new system message must be in the next prompt.
	c.SetSystem("new")
	say(t, c, s, "two", "second")
	require.Contains(t, words(c.tok, c.tokens), "new<|eot_id|>")
	c.SetSystem("")
	require.Len(t, c.Messages, 4)
	c.Clear()
	require.Empty(t, c.Messages)
}

// TestFullContext checks what a long conversation leaves in a small context: the text that the
// template makes of the remaining messages.
func TestFullContext(t *testing.T) {
	for _, name := range Names() {
		c, s := newChat(t, name, "Be brief.", 600)
		dropped := 0
		c.Dropped = func(d Drop) {
			require.Positive(t, d.Turns, name)
			require.Positive(t, d.Tokens, name)
			require.False(t, d.Message, name)
			dropped += d.Turns
		}
		// The answer begins with a space if the template has a space before answers.
		answer := "Hello."
		if text, err := c.Template.Text(append(slices.Clone(fixed), fixed[2:]...)); err == nil && strings.Contains(text, " Hello.") {
			answer = " Hello."
		}
		worst := 0
		for i := range 100 {
			n := say(t, c, s, fmt.Sprintf("Bye %d", i), answer)
			if i > 1 {
				worst = max(worst, n)
			}
			text, err := c.Template.Text(c.shown()[:len(c.shown())-1])
			require.NoError(t, err)
			got := words(c.tok, c.tokens)
			require.Equal(t, strings.TrimPrefix(text+answer, "<s>"), strings.TrimPrefix(got, "<s>"), name)
		}
		require.Greater(t, dropped, 50, name)
		require.Less(t, worst, 140, "%s: too many tokens were evaluated again", name)
	}
}

func TestFullContextWithoutShift(t *testing.T) {
	c, s := newChat(t, "chatml", "", 100)
	c.NoShift = true
	say(t, c, s, "Hi", "Hello.")
	c.Say(Message{Content: strings.Repeat("x", 100)})
	_, err := c.Answer(context.Background(), engine.Request{MaxTokens: -1}, nil)
	var full *FullError
	require.ErrorAs(t, err, &full)
	require.Equal(t, 100, full.Ctx)

	// A message can be too long even if the context is shifted.
	c.NoShift = false
	_, err = c.Answer(context.Background(), engine.Request{MaxTokens: -1}, nil)
	require.ErrorAs(t, err, &full)
	require.True(t, full.Shift)
}

// TestLongAnswer checks that one answer may be longer than the context.
func TestLongAnswer(t *testing.T) {
	c, s := newChat(t, "chatml", "", 100)
	say(t, c, s, "Hi", "Hello.")
	var turns, tokens int
	c.Dropped = func(d Drop) { turns += d.Turns; tokens += d.Tokens }
	say(t, c, s, "Tell", strings.Repeat("abcdefghij", 50))
	require.Equal(t, 1, turns)
	require.Greater(t, tokens, 400)
	require.Len(t, c.Messages[3].Content, 500)
	require.Contains(t, words(c.tok, c.tokens), "user\nTell<|im_end|>\n<|im_start|>assistant\n")
	require.Positive(t, say(t, c, s, "Hi", "Hello."))
	require.True(t, strings.HasSuffix(words(c.tok, c.tokens), "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello."))
}

// TestLongMessage checks that the system message stays in the context if a user's message
// leaves no room for the answer, and that later turns follow the system message directly.
func TestLongMessage(t *testing.T) {
	const head = "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
	for _, length := range []int{60, 100, 140} {
		c, s := newChat(t, "chatml", "Be brief.", 200)
		ofMessage := 0
		c.Dropped = func(d Drop) {
			if d.Message {
				ofMessage += d.Tokens
			}
		}
		say(t, c, s, strings.Repeat("x", length), strings.Repeat("abcdefghij", 50))
		require.True(t, strings.HasPrefix(words(c.tok, c.tokens), head), "%q", words(c.tok, c.tokens))
		require.Equal(t, length > 100, ofMessage > 0, "%d: %d", length, ofMessage)
		for i := range 20 {
			say(t, c, s, fmt.Sprintf("Bye %d", i), "Hello.")
			require.True(t, strings.HasPrefix(words(c.tok, c.tokens), head), "%q", words(c.tok, c.tokens))
		}
		require.Regexp(t, "^"+regexp.QuoteMeta(head)+"Bye [0-9]+<", words(c.tok, c.tokens))
	}
}

// TestStopStrings checks that a stop text is part neither of the answer nor of the model's
// context.
func TestStopStrings(t *testing.T) {
	c, s := newChat(t, "alpaca", "", 1000)
	say(t, c, s, "Hi", "Hello.\n\n### Instruction:", "and more")
	require.Equal(t, "Hello.", c.Messages[1].Content)
	require.True(t, strings.HasSuffix(words(c.tok, c.tokens), "Hello.\n\n"))
}

// TestInterrupted checks that the beginning of an interrupted answer becomes part of the
// conversation.
func TestInterrupted(t *testing.T) {
	c, s := newChat(t, "chatml", "", 1000)
	ctx, cancel := context.WithCancel(context.Background())
	s.script = c.tok.Encode("Hello.", false, false)
	c.Say(Message{Content: "Hi"})
	n := 0
	r, err := c.Answer(ctx, engine.Request{MaxTokens: -1}, func(engine.Token) error {
		if n++; n == 3 {
			cancel()
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, engine.Interrupt, r.Reason)
	require.Equal(t, "Hel", c.Messages[1].Content)
	say(t, c, s, "Bye", "no")
	require.Contains(t, words(c.tok, c.tokens), "assistant\nHel<|im_end|>\n<|im_start|>user\nBye")
}

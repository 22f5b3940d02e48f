package run

import (
	"io"
	"strings"

	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/report"
	"alpaca/internal/tokenizer"
)

// writer writes a generated text to stdout, as text or as JSON lines.
type writer struct {
	u    *ui.UI
	tok  *tokenizer.Tokenizer
	json bool
	wrap *ui.Wrapper // breaks lines between words; nil: lines are not broken
	open bool        // the text's last line has no newline yet

	resumeGC func()
}

func newWriter(u *ui.UI, e *load.Instance, form string) *writer {
	return &writer{u: u, tok: e.Model.Tokenizer, json: form == "json", resumeGC: e.ResumeGC}
}

// tokenLine is a token in JSON.
type tokenLine struct {
	ID      int32         `json:"id"`
	Text    string        `json:"text"`
	Logprob report.Number `json:"logprob"` // null for a probability of 0
	Top     []topLine     `json:"top,omitempty"`
}

// topLine is one of the most likely tokens of a step, in JSON.
type topLine struct {
	ID      int32         `json:"id"`
	Text    string        `json:"text"`
	Logprob report.Number `json:"logprob"`
}

func (w *writer) prompt(text string) error {
	if w.json {
		return w.u.WriteJSON(map[string]string{"prompt": text})
	}
	return w.text(text)
}

// token writes one generated token.
func (w *writer) token(t engine.Token) error {
	defer w.resumeGC()
	w.u.ClearStatus()
	if !w.json {
		return w.text(t.Text)
	}
	line := tokenLine{ID: t.ID, Text: t.Text, Logprob: report.Number(t.Logprob)}
	for _, top := range t.Top {
		line.Top = append(line.Top, topLine{top.ID, w.tok.Piece(top.ID, false), report.Number(top.Logprob)})
	}
	return w.u.WriteJSON(line)
}

// text writes a text immediately, except that w.wrap holds the last word back.
func (w *writer) text(text string) error {
	if text == "" {
		return nil
	}
	w.open = !strings.HasSuffix(text, "\n")
	out := w.u.Out
	if w.wrap != nil {
		out = w.wrap
	}
	_, err := io.WriteString(out, text)
	return err
}

// doneLine is the last object of the output in JSON.
type doneLine struct {
	Done            bool          `json:"done"`
	Reason          engine.Reason `json:"reason"`
	PromptTokens    int           `json:"prompt_tokens"`
	GeneratedTokens int           `json:"generated_tokens"`
	Seed            uint32        `json:"seed"`
	Timings         timings       `json:"timings"`
}

// end finishes the output. In JSON, it writes the last object.
func (w *writer) end(s stats) error {
	if !w.json {
		w.newline()
		return nil
	}
	return w.u.WriteJSON(w.done(s))
}

// done returns the last object in JSON.
func (w *writer) done(s stats) doneLine {
	return doneLine{
		Done: true, Reason: s.result.Reason, PromptTokens: s.result.Evaluated(),
		GeneratedTokens: s.result.GeneratedTokens, Seed: s.seed, Timings: s.timings(),
	}
}

// chatLine is the last object of an answer in JSON.
type chatLine struct {
	doneLine
	CachedTokens int           `json:"cached_tokens"` // prompt tokens that were in the cache and not evaluated again
	Message      *chat.Message `json:"message,omitempty"`

	Calls []openai.ToolCall `json:"tool_calls,omitempty"`
}

// endAnswer ends the last line of an answer, so that the next output begins on a new line.
func (w *writer) endAnswer() {
	if w.wrap != nil {
		w.wrap.EndLine()
	}
	if w.open && !w.json {
		io.WriteString(w.u.Out, "\n") // if this fails, writing the next answer fails too
		w.open = false
	}
}

// newline ends the last line on a terminal, so that the next output begins on a new line. A file or
// pipe gets no newline unless the text has it.
func (w *writer) newline() {
	if w.open && w.u.OutTTY {
		io.WriteString(w.u.Out, "\n")
		w.open = false
	}
}

// asidef writes a message for the user in the middle of an answer.
func (w *writer) asidef(format string, args ...any) {
	if !w.u.OutTTY {
		w.u.Notef(format, args...)
		return
	}
	w.endAnswer()
	w.u.Infof("("+format+")", args...)
}

package run

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/sampler"
	"alpaca/internal/server/thinking"
	"alpaca/internal/structured"
	"alpaca/internal/tokenizer"
	"alpaca/internal/toolcall"
)

// toolOptions are the flags about tools that the model may call.
type toolOptions struct {
	file, choice string
}

func (o *toolOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.file, "tools", "", "JSON `file` with tools that the model may call (a list in OpenAI's form); calls are printed as JSON, one per line")
	fs.StringVar(&o.choice, "tool-choice", "", "whether a tool is called: auto, none, required, or the `name` of the tool to call (default auto)")
}

// read returns the tools of --tools or of the conversation, or nil if there are none. It sets
// request.Tools to them.
func (o *toolOptions) read(u *ui.UI, request *chat.Request) (*openai.Tools, error) {
	name, list := "the conversation's tools", []byte(request.Tools)
	if o.file != "" {
		if request.Tools != nil {
			return nil, ui.Usagef("--tools cannot be used if the file of --messages has tools")
		}
		text, err := ui.ReadFile(o.file)
		if err != nil {
			return nil, err
		}
		name, list = o.file, []byte(text)
	}
	if len(list) == 0 {
		if o.choice != "" {
			return nil, ui.WithHint(ui.Usagef("--tool-choice without tools"), "--tools FILE has them")
		}
		return nil, nil
	}
	t, err := openai.ParseTools(list, o.choice)
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("%s: %w", name, err))
	}
	request.Tools = nil
	if t != nil {
		request.Tools = t.JSON
	}
	return t, nil
}

// toolbox is the state of a conversation with tools.
type toolbox struct {
	plan  toolcall.Plan
	reads bool // the template describes tools to the model
	tags  *thinking.Tags
	forms *structured.Compiler
	tok   *tokenizer.Tokenizer

	parser *toolcall.Parser  // parser of the current answer
	said   strings.Builder   // the current answer's content
	calls  []openai.ToolCall // the current answer's calls that have no result yet
}

// newToolbox returns the toolbox of a conversation with template t, or nil if there are no tools.
// Without a template, it returns a usage error.
func newToolbox(t *chat.Template, tok *tokenizer.Tokenizer, tools *openai.Tools) (*toolbox, error) {
	allowed := tools.Allowed()
	if len(allowed) == 0 {
		return nil, nil
	}
	if t == nil {
		return nil, ui.WithHint(ui.Usagef("--tools: the model has no chat template"), "choose one with --chat-template")
	}
	b := &toolbox{tok: tok, reads: t.ReadsTools(), tags: thinking.TagsOf(t.Source()), forms: structured.New(tok)}
	b.plan = toolcall.Plan{
		Family: toolcall.Choose(t.Source(), b.reads, false), Tools: allowed, Required: tools.Choice == openai.ChooseRequired, Parallel: tools.Parallel, Control: b.forms.Control,
	}
	return b, nil
}

// grammar prepares for the answer to prompt. It returns a function that makes the grammar of the
// answer. With this grammar, calls follow the schemas of the tools.
func (b *toolbox) grammar(u *ui.UI, prompt string) (func() sampler.Grammar, error) {
	b.parser, b.calls = b.plan.Family.Parser(b.plan.Tools), nil
	b.said.Reset()
	b.plan.Thinking = toolcall.Thinking{}
	if t := b.tags; t != nil && !b.plan.Family.OwnThoughts() && !strings.HasSuffix(strings.TrimSpace(prompt), t.Close) {
		b.plan.Thinking = toolcall.Thinking{Open: t.Open, Close: t.Close, Inside: t.Begun(prompt)}
	}
	form, err := b.plan.Compile()
	if err != nil {
		return nil, ui.Usage(err)
	}
	for _, w := range form.Warnings {
		u.Warnf("%s", w)
	}
	return b.forms.Answer(form, b.plan.Thinking), nil
}

// text returns the text that a token adds to the shown answer. It leaves out the text of calls.
// The method end shows the calls.
func (b *toolbox) text(t engine.Token) string {
	text := t.Text
	if text == "" && b.tok.IsControl(t.ID) && !b.tok.IsEOG(t.ID) && b.parser.Wants(b.tok.Text(t.ID)) {
		text = b.tok.Text(t.ID)
	}
	return b.take(b.parser.Push(text))
}

// take adds the calls in list to b.calls and returns the text to show.
func (b *toolbox) take(list []toolcall.Delta) (text string) {
	for _, d := range list {
		switch d.Kind {
		case toolcall.Content:
			b.said.WriteString(d.Text)
			text += d.Text
		case toolcall.Reasoning:
			text += d.Text
		case toolcall.Call:
			b.calls = append(b.calls, openai.ToolCall{ID: d.ID, Type: "function", Function: openai.FunctionCall{Name: d.Name}})
		case toolcall.Arguments:
			b.calls[d.Index].Function.Arguments += d.Text
		}
	}
	return text
}

// end returns the rest of the shown answer: its calls in JSON, one per line. begun says that the
// last line shown has no newline yet.
func (b *toolbox) end(begun bool) string {
	text := b.take(b.parser.End())
	for _, c := range b.calls {
		if begun || text != "" {
			text += "\n"
		}
		var arguments any = c.Function.Arguments
		if json.Valid([]byte(c.Function.Arguments)) {
			arguments = json.RawMessage(c.Function.Arguments)
		}
		name, _ := json.Marshal(c.Function.Name)
		args, _ := json.Marshal(arguments)
		text += fmt.Sprintf(`{"name": %s, "arguments": %s}`, name, args)
	}
	return text
}

// message returns the answer with its calls, in the form that the template reads. It returns
// nil if there are no calls, or if the template does not read them.
func (b *toolbox) message() *chat.Message {
	if len(b.calls) == 0 || !b.reads {
		return nil
	}
	m := &chat.Message{Role: chat.Assistant, Content: strings.TrimSpace(b.said.String())}
	m.Object, _ = json.Marshal(map[string]any{"role": m.Role, "content": m.Content, "tool_calls": b.calls})
	return m
}

// result gives text to the model as the result of the first call that has no result yet.
// When all calls have results, it lets the model answer.
func (s *session) result(ctx context.Context, text string) error {
	if s.tools == nil || len(s.tools.calls) == 0 {
		s.u.Infof("No tool was called.")
		return nil
	}
	call := s.tools.calls[0]
	s.tools.calls = s.tools.calls[1:]
	m := chat.Message{Role: chat.Tool, Content: text}
	m.Object, _ = json.Marshal(map[string]string{"role": m.Role, "content": text, "name": call.Function.Name, "tool_call_id": call.ID})
	list := append(s.Messages[:len(s.Messages):len(s.Messages)], m)
	if !s.tools.reads {
		list = toolcall.Plain(list)
	}
	s.SetMessages(list)
	if n := len(s.tools.calls); n > 0 {
		s.u.Infof("%s was called, too: give its result with another /result.", s.tools.calls[0].Function.Name)
		return nil
	}
	return s.answer(ctx)
}

package openai

import (
	"encoding/json"

	"alpaca/internal/sampler"
)

// ChatRequest asks for the answer to a conversation.
type ChatRequest struct {
	Generation
	Messages []Message
	Kwargs   json.RawMessage // an object with variables for the template; nil: none
	// Open says that the prompt ends with the opening of an answer. If the last message is the
	// assistant's, the answer continues that message.
	Open          bool
	KeepReasoning bool   // the model's thinking stays in the content
	Tools         *Tools // nil: no tools
}

// ParseChat parses a request. defaults has the settings that the request does not give.
func ParseChat(data []byte, defaults sampler.Params) (*ChatRequest, error) {
	return parseChat(data, defaults, true)
}

// ParseTemplate parses a request that asks for the prompt, not for an answer.
func ParseTemplate(data []byte, defaults sampler.Params) (*ChatRequest, error) {
	return parseChat(data, defaults, false)
}

func parseChat(data []byte, params sampler.Params, answer bool) (*ChatRequest, error) {
	o, err := parse(data)
	if err != nil {
		return nil, err
	}
	return chatOf(o, params, answer)
}

// chatOf reads the fields of a request.
func chatOf(o *object, params sampler.Params, answer bool) (*ChatRequest, error) {
	r := &ChatRequest{Generation: defaults(params), Open: true}
	r.Messages = readMessages(o)
	if answer {
		r.read(o)
		r.readLogprobs(o)
	}
	r.readTemplate(o)
	r.readTools(o)
	r.checkTools(o)
	r.Ignored = o.ignored()
	return r, o.result()
}

// readLogprobs reads logprobs and top_logprobs.
func (r *ChatRequest) readLogprobs(o *object) {
	o.boolean("logprobs", &r.Logprobs)
	if o.integer("top_logprobs", &r.Top, 0, MaxTop) && !r.Logprobs {
		o.fail("top_logprobs", "needs \"logprobs\": true")
	}
}

// readTemplate reads the fields that the chat template gets.
func (r *ChatRequest) readTemplate(o *object) {
	if _, ok := o.get("chat_template"); ok && o.err == nil { // a template is a program, and a client is not trusted to bring one
		o.err = Unsupported("chat_template", "templates come from the model alone; --chat-template chooses one when the server is started")
	}
	goesOn := false
	o.boolean("add_generation_prompt", &r.Open)
	o.boolean("continue_final_message", &goesOn)
	_, openGiven := o.get("add_generation_prompt")
	n := len(r.Messages) - 1
	last := n >= 0 && r.Messages[n].Role == assistant
	switch {
	case goesOn && openGiven && r.Open:
		o.fail("continue_final_message", "and \"add_generation_prompt\" cannot both be true")
	case goesOn && !last:
		o.fail("continue_final_message", "is true, but the last message is not the assistant's")
	case goesOn:
		r.Open = true
	}
	var format string
	if o.text("reasoning_format", &format); format != "" {
		switch format {
		case "none":
			r.KeepReasoning = true
		case "auto", "deepseek":
		default:
			o.fail("reasoning_format", "is %q, must be \"auto\", \"deepseek\" or \"none\"", clip(format))
		}
	}
	kwargs := map[string]json.RawMessage{}
	if data, ok := o.wants("chat_template_kwargs", "an object"); ok {
		json.Unmarshal(data, &kwargs)
		for name := range kwargs {
			if name == "messages" || name == "tools" || name == "add_generation_prompt" {
				o.fail("chat_template_kwargs."+clip(name), "must be given as a field of the request, not as a variable of the template")
			}
		}
	}
	var effort string
	if o.text("reasoning_effort", &effort); effort != "" {
		switch effort {
		case "none", "minimal", "low", "medium", "high", "xhigh", "max":
		default:
			o.fail("reasoning_effort", "is %q, must be \"none\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\" or \"max\"", clip(effort))
		}
		put(kwargs, "reasoning_effort", effort)
		put(kwargs, "enable_thinking", effort != "none")
	}
	if len(kwargs) > 0 {
		r.Kwargs, _ = json.Marshal(kwargs)
	}
}

// put adds a variable if kwargs does not have it.
func put(kwargs map[string]json.RawMessage, name string, value any) {
	if _, ok := kwargs[name]; !ok {
		kwargs[name], _ = json.Marshal(value)
	}
}

// checkTools refuses fields that cannot be combined with tools.
func (r *ChatRequest) checkTools(o *object) {
	switch {
	case r.Tools == nil:
	case r.Format != nil && r.Format.Grammar != "":
		o.fail("grammar", "and \"tools\" cannot both be given")
	case r.Logprobs && r.Stream:
		o.fail("logprobs", "cannot be streamed with tools")
	}
}

package server

import (
	"fmt"

	"alpaca/internal/openai"
	"alpaca/internal/toolcall"
)

// responseEvents builds a response and, if wanted, streams it. A stream sends the items one after
// the other, each with its parts; all events are numbered. A complete response is the sum of the
// same events, so that both forms have the same content.
type responseEvents struct {
	*events
	streams  bool
	timings  bool // send timings with each piece of text, and at the end
	response response
	number   int // number of the next event
	told     bool
	open     bool // the response's last item is not complete
	thoughts int  // number of reasoning tokens
	live     func() *openai.Timings
}

// event sends an event, if the response is streamed.
func (r *responseEvents) event(kind string, fields map[string]any) {
	if !r.streams {
		return
	}
	fields["type"], fields["sequence_number"] = kind, r.number
	r.number++
	r.named(kind, fields)
}

// at adds the ids of the open item to fields.
func (r *responseEvents) at(fields map[string]any) map[string]any {
	fields["item_id"], fields["output_index"] = r.item().ID, len(r.response.Output)-1
	if r.item().Content != nil {
		fields["content_index"] = 0
	}
	return fields
}

func (r *responseEvents) item() *responseItem { return &r.response.Output[len(r.response.Output)-1] }

// begin sends the events that begin the stream, once.
func (r *responseEvents) begin() {
	if r.told {
		return
	}
	r.told = true
	r.event("response.created", map[string]any{"response": r.response})
	r.event("response.in_progress", map[string]any{"response": r.response})
}

// all reads the whole answer. An error before the first event
// becomes the response; a later error is sent as an event.
func (r *responseEvents) all(f *flow, one *answer) error {
	idle := func() error {
		if r.streams {
			r.begin()
			r.comment()
		}
		return r.err
	}
	err := f.each(r.s.opt.KeepAlive, idle, func(e event) error {
		r.begin()
		if e.progress != nil {
			fields := map[string]any{"response": r.response, "prompt_progress": e.progress}
			if r.timings {
				fields["timings"] = e.progressTimings()
			}
			r.event("response.in_progress", fields)
			return r.err
		}
		p := one.add(e)
		r.live = func() *openai.Timings { return one.live(f.evaluated(0)) }
		if e.token != nil && p.thought != "" {
			r.thoughts++
		}
		if p.deltas == nil {
			r.add("reasoning", p.thought, nil)
			r.add("message", p.text, p.probs)
		}
		for _, d := range p.deltas {
			r.delta(d)
		}
		return r.err
	})
	switch {
	case err != nil && !r.begun:
		return err
	case r.err != nil:
		return errGone
	case err != nil:
		r.failed(err)
		return err
	}
	r.end(one)
	if r.err != nil {
		return errGone
	}
	return nil
}

// add adds text to the open item if its type is kind, and to a new item otherwise.
func (r *responseEvents) add(kind, text string, probs []openai.TokenProb) {
	if text == "" && len(probs) == 0 {
		return
	}
	if !r.open || r.item().Type != kind {
		r.close("completed")
		r.start(kind)
	}
	part := &(*r.item().Content)[0]
	part.Text += text
	if kind == "reasoning" {
		r.event("response.reasoning_text.delta", r.at(map[string]any{"delta": text}))
		return
	}
	list := responseProbs(probs)
	*part.Logprobs = append(*part.Logprobs, list...)
	fields := map[string]any{"delta": text, "logprobs": list}
	if r.timings {
		fields["timings"] = r.live()
	}
	r.event("response.output_text.delta", r.at(fields))
}

// delta adds d, which the parser of tool calls has found.
func (r *responseEvents) delta(d toolcall.Delta) {
	switch d.Kind {
	case toolcall.Reasoning:
		r.add("reasoning", d.Text, nil)
	case toolcall.Content:
		r.add("message", d.Text, nil)
	case toolcall.Call:
		r.close("completed")
		item := newItem("function_call", r.newID)
		item.CallID, item.Name = d.ID, d.Name
		r.put(item)
	case toolcall.Arguments:
		*r.item().Arguments += d.Text
		r.event("response.function_call_arguments.delta", r.at(map[string]any{"delta": d.Text}))
	}
}

// put adds an item and makes it the open one.
func (r *responseEvents) put(item responseItem) {
	r.open = true
	r.response.Output = append(r.response.Output, item)
	r.event("response.output_item.added", map[string]any{"output_index": len(r.response.Output) - 1, "item": item})
}

// newID returns an id for the next item.
func (r *responseEvents) newID(prefix string) string {
	return noteOf(r.w).fixed.NewID(prefix, fmt.Sprintf("item %d", len(r.response.Output)))
}

// start opens an item whose type is kind, with an empty part.
func (r *responseEvents) start(kind string) {
	part := textPart("", nil)
	if kind == "reasoning" {
		part = thoughtPart("")
	}
	r.put(newItem(kind, r.newID))
	*r.item().Content = append(*r.item().Content, part)
	r.event("response.content_part.added", r.at(map[string]any{"part": part}))
}

// close completes the open item, if there is one.
func (r *responseEvents) close(status string) {
	if !r.open {
		return
	}
	r.open = false
	item := r.item()
	item.Status = status
	switch item.Type {
	case "function_call":
		r.event("response.function_call_arguments.done", r.at(map[string]any{"name": item.Name, "arguments": *item.Arguments}))
	case "reasoning":
		part := (*item.Content)[0]
		r.event("response.reasoning_text.done", r.at(map[string]any{"text": part.Text}))
		r.event("response.content_part.done", r.at(map[string]any{"part": part}))
	case "message":
		part := (*item.Content)[0]
		r.event("response.output_text.done", r.at(map[string]any{"text": part.Text, "logprobs": *part.Logprobs}))
		r.event("response.content_part.done", r.at(map[string]any{"part": part}))
	}
	r.event("response.output_item.done", map[string]any{"output_index": len(r.response.Output) - 1, "item": *item})
}

// end completes the response. A response without output gets an empty message.
func (r *responseEvents) end(one *answer) {
	r.begin()
	if len(r.response.Output) == 0 {
		r.start("message")
	}
	status := r.response.ended(one, r.thoughts)
	r.close(status)
	fields := map[string]any{"response": r.response}
	if r.timings {
		fields["timings"] = r.response.Timings
	}
	r.event("response."+status, fields)
}

// failed ends the stream with an error event. Clients recognize it by its field "error", as in
// other streams.
func (r *responseEvents) failed(err error) {
	e := r.s.asError(r.w, err)
	r.event("error", map[string]any{
		"code": e.Code, "message": e.Error(), "param": e.Param,
		"error": map[string]any{"type": e.Type, "code": e.Code, "message": e.Error(), "param": e.Param},
	})
}

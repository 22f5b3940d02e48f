package openai

import (
	"encoding/json"
	"fmt"
	"math"

	"alpaca/internal/sampler"
)

// CompletionRequest asks for the continuation of one or more texts.
type CompletionRequest struct {
	Generation
	Prompts []Prompt
	List    bool     // the prompts came as a list, so the answer is a list, too
	Fields  []string // the fields that llama.cpp's answer should have, such as "timings/prompt_n"; empty: all
	Sampled bool     // return probabilities after the samplers, not before
}

// Prompt is a text, as a sequence of pieces.
type Prompt []Piece

// Piece is part of a prompt: a text or tokens.
type Piece struct {
	Text string
	IDs  []int32 // nil: Text counts
}

// ParseCompletion parses a request in OpenAI's form or, if native is set, in llama.cpp's.
func ParseCompletion(data []byte, params sampler.Params, native bool) (*CompletionRequest, error) {
	o, err := parse(data)
	if err != nil {
		return nil, err
	}
	r := &CompletionRequest{Generation: defaults(params)}
	r.Prompts, r.List = readPrompts(o)
	r.read(o)
	if native {
		r.readNative(o)
		r.Ignored = o.ignored()
		return r, o.result()
	}
	if o.integer("logprobs", &r.Top, 0, MaxProbs) {
		r.Logprobs = true
	}
	r.refuseOld(o)
	r.Ignored = o.ignored()
	return r, o.result()
}

// readNative reads the fields that only llama.cpp's form has.
func (r *CompletionRequest) readNative(o *object) {
	if o.integer("n_probs", &r.Top, 0, MaxProbs); r.Top > 0 {
		r.Logprobs = true
	}
	o.boolean("post_sampling_probs", &r.Sampled)
	list, _ := o.list("response_fields", 64)
	for i, item := range list {
		var name string
		if kind(item) != "a string" || json.Unmarshal(item, &name) != nil || name == "" {
			o.fail(fmt.Sprintf("response_fields[%d]", i), "must be the name of a field")
		}
		r.Fields = append(r.Fields, name)
	}
}

// refuseOld refuses fields of OpenAI's first API that this server does not support.
func (r *CompletionRequest) refuseOld(o *object) {
	echo, best, suffix := false, 1, ""
	o.boolean("echo", &echo)
	o.integer("best_of", &best, 1, MaxAnswers)
	o.text("suffix", &suffix)
	switch {
	case o.err != nil:
	case echo:
		o.err = Unsupported("echo", "the prompt is not repeated")
	case best > r.N:
		o.err = Unsupported("best_of", "must be at most \"n\": the server does not compare answers")
	case suffix != "":
		o.err = Unsupported("suffix", "texts are continued at their end only")
	}
}

// readPrompts reads the prompt: a string, a list of tokens and strings that make one text, or a
// list of such prompts. list is true in the last case.
func readPrompts(o *object) (prompts []Prompt, list bool) {
	data, ok := o.get("prompt")
	if !ok {
		o.fail("prompt", "is missing")
		return nil, false
	}
	switch kind(data) {
	case "a string":
		return []Prompt{{textPiece(data)}}, false
	case "an object":
		return []Prompt{{objectPiece(o, "prompt", data)}}, false
	case "a list":
	default:
		o.fail("prompt", "must be a string, a list of tokens, or a list of these, is %s", kind(data))
		return nil, false
	}
	items, _ := o.items("prompt", data, math.MaxInt32)
	if len(items) == 0 {
		o.fail("prompt", "is an empty list")
		return nil, false
	}
	numbers, texts := 0, 0
	for _, item := range items {
		switch kind(item) {
		case "a number":
			numbers++
		case "a string":
			texts++
		}
	}
	if numbers > 0 && numbers+texts == len(items) {
		return []Prompt{readPieces(o, "prompt", items)}, false
	}
	if len(items) > MaxPrompts {
		o.fail("prompt", "has %d prompts, must have at most %d", len(items), MaxPrompts)
		return nil, false
	}
	for i, item := range items {
		name := fmt.Sprintf("prompt[%d]", i)
		switch kind(item) {
		case "a string":
			prompts = append(prompts, Prompt{textPiece(item)})
		case "an object":
			prompts = append(prompts, Prompt{objectPiece(o, name, item)})
		case "a list":
			pieces, _ := o.items(name, item, math.MaxInt32)
			if len(pieces) == 0 {
				o.fail(name, "is an empty list")
			}
			prompts = append(prompts, readPieces(o, name, pieces))
		default:
			o.fail(name, "must be a string or a list of tokens, is %s", kind(item))
		}
	}
	return prompts, true
}

func textPiece(data []byte) (p Piece) {
	json.Unmarshal(data, &p.Text)
	return p
}

// objectPiece reads llama.cpp's form of a prompt with images
// or audio. A prompt that has images or audio is an error.
func objectPiece(o *object, name string, data []byte) (p Piece) {
	var fields struct {
		Text  *string           `json:"prompt_string"`
		Media []json.RawMessage `json:"multimodal_data"`
	}
	switch err := json.Unmarshal(data, &fields); {
	case err != nil || fields.Text == nil:
		o.fail(name, "is an object, whose prompt_string must be a string")
	case len(fields.Media) > 0 && o.err == nil:
		o.err = Unsupported(name+".multimodal_data", "the model reads text only")
	case fields.Text != nil:
		p.Text = *fields.Text
	}
	return p
}

// readPieces reads a list of tokens and strings.
func readPieces(o *object, name string, items []json.RawMessage) (prompt Prompt) {
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", name, i)
		switch kind(item) {
		case "a string":
			prompt = append(prompt, textPiece(item))
		case "a number":
			n, err := whole(item)
			if err != nil {
				o.fail(at, "the token %v, must be a whole number", err)
				return nil
			}
			id := tokenID(o, at, n)
			if last := len(prompt) - 1; last >= 0 && prompt[last].IDs != nil {
				prompt[last].IDs = append(prompt[last].IDs, id)
			} else {
				prompt = append(prompt, Piece{IDs: []int32{id}})
			}
		default:
			o.fail(at, "must be a token or a string, is %s", kind(item))
			return nil
		}
	}
	return prompt
}

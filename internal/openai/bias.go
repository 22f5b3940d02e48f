package openai

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// readBias reads logit_bias: OpenAI's object of tokens and numbers, or
// llama.cpp's list of pairs. A token is given as an id, or as a text, which
// stands for all tokens of the text. The value false forbids a token.
func (g *Generation) readBias(o *object) {
	data, ok := o.get("logit_bias")
	if !ok {
		return
	}
	switch kind(data) {
	case "an object":
		var fields map[string]json.RawMessage
		if json.Unmarshal(data, &fields) != nil || len(fields) > MaxBiases {
			o.fail("logit_bias", "has %d tokens, must have at most %d", len(fields), MaxBiases)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			b := Bias{Text: key}
			if id, err := strconv.ParseInt(key, 10, 64); err == nil {
				b = Bias{ID: tokenID(o, "logit_bias", id)}
			}
			g.addBias(o, fmt.Sprintf("logit_bias[%q]", clip(key)), b, fields[key])
		}
	case "a list":
		list, _ := o.items("logit_bias", data, MaxBiases)
		for i, item := range list {
			g.readPair(o, fmt.Sprintf("logit_bias[%d]", i), item)
		}
	default:
		o.fail("logit_bias", "must be an object of tokens and numbers, is %s", kind(data))
	}
}

// readPair reads [token, bias].
func (g *Generation) readPair(o *object, name string, data json.RawMessage) {
	var pair []json.RawMessage
	if json.Unmarshal(data, &pair) != nil || len(pair) != 2 {
		o.fail(name, "must be a list of a token and its bias")
		return
	}
	var b Bias
	switch kind(pair[0]) {
	case "a number":
		id, err := whole(pair[0])
		if err != nil {
			o.fail(name, "the token %v, must be a whole number", err)
			return
		}
		b.ID = tokenID(o, name, id)
	case "a string":
		json.Unmarshal(pair[0], &b.Text)
		if b.Text == "" {
			o.fail(name, "the token is an empty text")
			return
		}
	default:
		o.fail(name, "the token must be an id or a text, is %s", kind(pair[0]))
		return
	}
	g.addBias(o, name, b, pair[1])
}

// tokenID returns id as an int32, or fails if it does not fit. The caller checks whether the
// vocabulary has it.
func tokenID(o *object, name string, id int64) int32 {
	if id < 0 || id > math.MaxInt32 {
		o.fail(name, "the token %d is not in the vocabulary", id)
		return 0
	}
	return int32(id)
}

// addBias adds b with the value in data: a number, or false.
func (g *Generation) addBias(o *object, name string, b Bias, data json.RawMessage) {
	switch kind(data) {
	case "a number":
		f, err := strconv.ParseFloat(string(data), 32)
		if err != nil {
			o.fail(name, "the bias is %s, must be a number up to %g", clip(string(data)), math.MaxFloat32)
			return
		}
		b.Value = float32(f)
	case "a boolean":
		if string(data) != "false" {
			o.fail(name, "the bias is true, must be a number, or false to forbid the token")
			return
		}
		b.Value = float32(math.Inf(-1))
	default:
		o.fail(name, "the bias must be a number, or false to forbid the token, is %s", kind(data))
		return
	}
	g.Bias = append(g.Bias, b)
}

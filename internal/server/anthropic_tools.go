package server

import (
	"encoding/json"
	"strings"

	"alpaca/internal/openai"
	"alpaca/internal/toolcall"
)

// toolBlock is the type of a block that calls a tool.
const toolBlock = "tool_use"

// callBlock returns a call as a block. If the arguments are not a JSON object, because they are cut off
// or not there yet, the input is an empty object.
func callBlock(call openai.ToolCall) anthropicBlock {
	input := json.RawMessage(call.Function.Arguments)
	if !json.Valid(input) || !strings.HasPrefix(strings.TrimSpace(call.Function.Arguments), "{") {
		input = json.RawMessage("{}")
	}
	return anthropicBlock{Type: toolBlock, ID: call.ID, Name: call.Function.Name, Input: input}
}

// delta sends d, which the parser of tool calls has found.
func (m *messageEvents) delta(d toolcall.Delta) {
	switch d.Kind {
	case toolcall.Reasoning:
		m.add("thinking", d.Text)
	case toolcall.Content:
		m.add("text", d.Text)
	case toolcall.Call:
		m.close()
		m.open = toolBlock
		block := callBlock(openai.ToolCall{ID: d.ID, Function: openai.FunctionCall{Name: d.Name}})
		m.event("content_block_start", map[string]any{"index": m.index, "content_block": block})
	case toolcall.Arguments:
		m.event("content_block_delta", map[string]any{"index": m.index, "delta": map[string]string{"type": "input_json_delta", "partial_json": d.Text}})
	}
}

package openai

import (
	"maps"
	"slices"
)

// silent has fields that clients send and that this server ignores without a note.
var silent = map[string]bool{
	"user": true, "metadata": true, "store": true, "service_tier": true, "prompt_cache_key": true, "prompt_cache_retention": true,
	"safety_identifier": true, "verbosity": true, "prediction": true, "tools": true, "tool_choice": true, "parallel_tool_calls": true, "id_slot": true,
}

// ignored returns the names of the fields that nothing has read, except those in silent.
func (o *object) ignored() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if o.read != nil && !o.read[name] && !silent[name] {
			names = append(names, name)
		}
	}
	return names
}

package tinydata

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mix is how often kinds are drawn, by their names, where that is not each kind's own
// weight. A run of the trainer in stages has a mix for each.
type Mix map[string]int

// mixes are the mixes by name.
var mixes = map[string]Mix{
	"all": nil,
	// copying teaches how to find a word of the prompt again. A small model learns that
	// last and suddenly, and much else waits for it.
	"copying": {"twice": 120, "repeat": 120, "who": 120, "where": 120, "reverse": 40, "sort words": 40, "lower case": 24, "upper case": 30,
		"past": 6, "future": 6, "negate": 6, "question": 6, "unknown": 8, "raw story": 8, "story": 16, "sentence": 6, "count words": 10,
		"classify": 30, "pick": 40, "yes or no": 40, "animal": 24},
	// last has of each kind as much as it then still needs.
	"last": {"twice": 40, "repeat": 90, "who": 90, "where": 90, "reverse": 20, "sort words": 45, "lower case": 20, "upper case": 30,
		"past": 8, "future": 6, "negate": 6, "question": 10, "unknown": 10, "sentence": 8, "count words": 12, "classify": 16, "pick": 36,
		"yes or no": 40, "plural": 10, "spell": 26, "count letters": 10, "letter": 26, "add": 60, "compare": 26, "series": 16,
		"subtract": 50, "sort numbers": 60, "number words": 14},
}

// FindMix returns a mix by its name.
func FindMix(name string) (Mix, error) {
	mix, ok := mixes[name]
	if !ok {
		return nil, fmt.Errorf("tinydata: no mix %q, known are %s", name, strings.Join(slices.Sorted(maps.Keys(mixes)), ", "))
	}
	return mix, nil
}

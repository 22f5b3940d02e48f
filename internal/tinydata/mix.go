package tinydata

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mix maps names of kinds to weights, which replace the kinds' own weights. A kind
// that is not in the mix keeps its own weight. Each stage of training has a mix.
type Mix map[string]int

// mixes are the mixes by name.
var mixes = map[string]Mix{
	"all": nil,
	// copying teaches the model to find a word in the prompt. A small model learns that
	// late and suddenly, and other skills depend on it.
	"copying": {"twice": 120, "repeat": 120, "who": 120, "where": 120, "reverse": 40, "sort words": 40, "lower case": 24, "upper case": 30,
		"past": 6, "future": 6, "negate": 6, "question": 6, "unknown": 8, "raw story": 8, "story": 16, "sentence": 6, "count words": 10,
		"classify": 30, "pick": 40, "yes or no": 40, "animal": 24},
	// last has as much of each kind as the model still needs after the stage with copying.
	"last": {"twice": 40, "repeat": 90, "who": 90, "where": 90, "reverse": 20, "sort words": 45, "lower case": 20, "upper case": 30,
		"past": 8, "future": 6, "negate": 6, "question": 10, "unknown": 10, "sentence": 8, "count words": 12, "classify": 16, "pick": 36,
		"yes or no": 40, "plural": 10, "spell": 26, "count letters": 10, "letter": 26, "add": 60, "compare": 26, "series": 16,
		"subtract": 50, "sort numbers": 60, "number words": 14},
	// pairs teaches the model to find which word followed a given word
	// earlier in the text. About half of the examples in this mix do so.
	"pairs": {"pairs again": 420, "words again": 100, "numbers again": 100, "tell": 60, "raw story": 4, "story": 8},
	// binding teaches which words belong together, for questions about who has what and for sorting
	// numbers. It has enough examples of all other kinds, so that the model does not forget them.
	"binding": {"tell": 90, "larger of pairs": 40, "numbers again": 16, "words again": 16,
		"repeat": 110, "who": 110, "where": 110, "compare": 60, "sort numbers": 130, "reverse": 16, "sort words": 36, "lower case": 14,
		"upper case": 20, "past": 6, "future": 5, "negate": 5, "question": 7, "unknown": 9, "sentence": 6, "count words": 9, "classify": 12,
		"pick": 26, "yes or no": 34, "animal": 14, "plural": 8, "spell": 20, "count letters": 8, "letter": 20, "add": 40, "series": 11,
		"subtract": 44, "multiply": 18, "number words": 11, "story": 16, "raw story": 8},
	// finding has all scored kinds, and many examples in
	// which the model must find a word in the prompt.
	"finding": {"tell": 60, "pairs again": 32, "larger of pairs": 26, "numbers again": 10, "words again": 10,
		"repeat": 80, "who": 90, "where": 90, "compare": 46, "sort numbers": 110, "reverse": 20, "sort words": 45, "lower case": 22,
		"upper case": 30, "past": 9, "future": 6, "negate": 6, "question": 10, "unknown": 10, "sentence": 7, "count words": 10, "classify": 18,
		"pick": 34, "yes or no": 44, "animal": 20, "plural": 12, "spell": 28, "count letters": 12, "letter": 28, "add": 56, "series": 14,
		"subtract": 52, "multiply": 20, "number words": 14, "story": 13, "raw story": 7},
	// again has all scored kinds, even the rare ones,
	// and also asks for the word before a given word.
	"again": {"tell": 40, "owner": 50, "pairs turned": 14, "pairs again": 6, "larger of pairs": 14, "numbers again": 5, "words again": 5,
		"repeat": 80, "who": 100, "where": 100, "compare": 40, "sort numbers": 120, "reverse": 20, "sort words": 50, "lower case": 24,
		"upper case": 30, "past": 14, "future": 8, "negate": 8, "question": 12, "unknown": 12, "sentence": 8, "count words": 10, "classify": 22,
		"pick": 38, "yes or no": 56, "animal": 26, "colour": 8, "calendar": 10, "opposite": 14, "plural": 18, "spell": 30, "count letters": 14,
		"letter": 30, "add": 64, "series": 15, "subtract": 66, "multiply": 24, "number words": 16, "greeting": 8, "story": 22, "raw story": 11},
}

// FindMix returns the mix with the given name.
func FindMix(name string) (Mix, error) {
	mix, ok := mixes[name]
	if !ok {
		return nil, fmt.Errorf("tinydata: no mix %q, known are %s", name, strings.Join(slices.Sorted(maps.Keys(mixes)), ", "))
	}
	return mix, nil
}

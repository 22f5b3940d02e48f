package lint

import (
	"slices"
	"strings"

	"alpaca/internal/data"
)

// A regular expression takes a hundred times as long as a search for a few substrings. So each
// slow expression has a list of substrings, and every match of the expression contains at
// least one of them. A text without these substrings cannot match, and most texts have none.

// hasAny reports whether text contains one of parts.
func hasAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// For each pattern (pointing, pictures, refuses): every match contains one of these parts, in
// upper or lower case.
var (
	pointingParts = []string{"following", "given", "below", "above"}
	pictureParts  = []string{"image", "graph", "picture", "photo", "file", "map", "draw", "plot", "go to", "video", "audio", "mu", "flow", "diagram"}
	refusalParts  = []string{" an a", "but i ", "i can", "i am ", "i 'm ", "i ’m ", "cut", "i do"}
)

// hasFolded does what hasAny does, but ignores case. The parts are in lower case.
// They have no k and no s, because a pattern that ignores case also matches other
// characters in place of these letters: the Kelvin sign and the long s.
func hasFolded(text string, parts ...string) bool { return hasAny(strings.ToLower(text), parts...) }

// normals are a row's texts, normalized by data.Normal.
type normals struct{ instruction, input, output string }

// normalsOf returns the normals of the current row.
func (l *Linter) normalsOf(r *data.Row) *normals {
	if l.normalRow != l.rows {
		l.normalRow, l.normals = l.rows, normals{data.Normal(r.Instruction), data.Normal(r.Input), data.Normal(r.Output)}
	}
	return &l.normals
}

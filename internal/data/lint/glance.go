package lint

import (
	"slices"
	"strings"

	"alpaca/internal/data"
)

// What is looked for is rare, and a pattern costs a hundred times as much as a glance at the
// text: most texts are spared their patterns.

// hasAny reports whether a text has one of some parts.
func hasAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// What each match of a pattern has one of.
var (
	pointingParts = []string{"following", "given", "below", "above"}
	pictureParts  = []string{"image", "graph", "picture", "photo", "file", "map", "draw", "plot", "go to", "video", "audio", "mu", "flow", "diagram"}
	refusalParts  = []string{" an a", "but i ", "i can", "i am ", "i 'm ", "i ’m ", "cut", "i do"}
)

// hasFolded is hasAny in any case. The parts are in lower case, and have no k and no s: for
// patterns without case these are also the Kelvin sign and the long s, which stay here.
func hasFolded(text string, parts ...string) bool { return hasAny(strings.ToLower(text), parts...) }

// normals are a row's texts as data.Normal has them.
type normals struct{ instruction, input, output string }

// normalsOf returns those of the row that is looked at.
func (l *Linter) normalsOf(r *data.Row) *normals {
	if l.normalRow != l.rows {
		l.normalRow, l.normals = l.rows, normals{data.Normal(r.Instruction), data.Normal(r.Input), data.Normal(r.Output)}
	}
	return &l.normals
}

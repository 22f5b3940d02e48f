package lint

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"alpaca/internal/data"
	"alpaca/internal/rouge"
)

// key is the first 16 bytes of a SHA-256, enough to distinguish rows.
type key [16]byte

func keyOf(texts ...string) (k key) {
	h := sha256.New()
	var b []byte
	for _, t := range texts {
		b = append(binary.LittleEndian.AppendUint64(b[:0], uint64(len(t))), t...)
		h.Write(b)
	}
	copy(k[:], h.Sum(nil))
	return k
}

// whole has what the rules need to know about all rows.
type whole struct {
	exact, normal map[key]int64 // the id of the first row with the key
	outputs       map[key]*repeated
	scripts       []scriptOf
	counts        map[string]int64 // number of rows by script
	// These fields say whether the rules dup-exact, dup-normal,
	// dup-rouge, dup-output and language are active.
	exactly, normally, nearly, answers, language bool

	alike      *rouge.Index // the index of the instructions so far
	alikeRows  []int64      // for each instruction in alike, the id of its row
	characters bool         // some instructions are in scripts without spaces
}

// repeated is an answer, with the rows that have it.
type repeated struct {
	text string
	rows []int64
}

// scriptOf is the script of a row.
type scriptOf struct {
	row    int64
	script string
}

func (w *whole) init(l *Linter) {
	w.exactly, w.normally, w.nearly, w.answers, w.language = l.has("dup-exact"), l.has("dup-normal"), l.has("dup-rouge"), l.has("dup-output"), l.has("language")
	w.exact, w.normal, w.outputs, w.counts = map[key]int64{}, map[key]int64{}, map[key]*repeated{}, map[string]int64{}
}

func (w *whole) row(l *Linter, r *data.Row) error {
	if w.exactly || w.normally {
		if err := w.duplicate(l, r); err != nil {
			return err
		}
	}
	if w.nearly && r.Instruction != "" {
		if err := w.likeness(l, r); err != nil {
			return err
		}
	}
	if answer := l.normalsOf(r).output; answer != "" && w.answers {
		k := keyOf(answer)
		if w.outputs[k] == nil {
			w.outputs[k] = &repeated{text: clip(r.Output)}
		}
		w.outputs[k].rows = append(w.outputs[k].rows, r.ID)
	}
	if w.language {
		if script := mainScript(r.Instruction + " " + r.Input + " " + r.Output); script != "" {
			w.scripts = append(w.scripts, scriptOf{r.ID, script})
			w.counts[script]++
		}
	}
	return nil
}

// duplicate reports a row that equals an earlier one. A row that is equal byte for byte is
// not reported a second time as equal after normalization.
func (w *whole) duplicate(l *Linter, r *data.Row) error {
	n := l.normalsOf(r)
	same, alike := []string{r.Instruction, r.Input, r.Output}, []string{n.instruction, n.input, n.output}
	for _, m := range r.Turns {
		same, alike = append(same, m.Role, m.Content), append(alike, m.Role, data.Normal(m.Content))
	}
	exact, normal := keyOf(same...), keyOf(alike...)
	if first, ok := w.exact[exact]; ok {
		if w.exactly {
			return l.report(Finding{r.ID, "dup-exact", fmt.Sprintf("the same as row %d", first)})
		}
		return nil
	}
	w.exact[exact] = r.ID
	if first, ok := w.normal[normal]; ok {
		if w.normally {
			return l.report(Finding{r.ID, "dup-normal", fmt.Sprintf("the same words as row %d", first)})
		}
		return nil
	}
	w.normal[normal] = r.ID
	return nil
}

// likeness reports a row if its instruction is nearly the same as the instruction of an earlier
// row.
func (w *whole) likeness(l *Linter, r *data.Row) error {
	if w.alike == nil {
		w.alike = rouge.NewIndex(rouge.Words)
	}
	const bound = 0.7
	best := rouge.Match{Row: -1}
	for _, m := range w.alike.AboveAdd(r.Instruction, bound) {
		if m.Score > best.Score {
			best = m
		}
	}
	w.characters = w.characters || rouge.HasCharacters(r.Instruction)
	w.alikeRows = append(w.alikeRows, r.ID)
	if best.Row < 0 {
		return nil
	}
	return l.report(Finding{r.ID, "dup-rouge", fmt.Sprintf("like row %d: ROUGE-L %.2f", w.alikeRows[best.Row], best.Score)})
}

// mostOutputs is the largest number of rows that may have the same answer without a finding.
const mostOutputs = 5

func (w *whole) finish(l *Linter) error {
	var often []*repeated
	for _, same := range w.outputs {
		if len(same.rows) > mostOutputs {
			often = append(often, same)
		}
	}
	slices.SortFunc(often, func(a, b *repeated) int { return cmp.Compare(a.rows[0], b.rows[0]) })
	for _, same := range often {
		for _, row := range same.rows {
			if err := l.report(Finding{row, "dup-output", fmt.Sprintf("%d rows answer %q", len(same.rows), same.text)}); err != nil {
				return err
			}
		}
	}
	main, most := "", int64(0)
	for script, n := range w.counts {
		if n > most || n == most && script < main {
			main, most = script, n
		}
	}
	const share = 0.5 // a script with more than this share of the rows is the main one
	if float64(most) <= share*float64(len(w.scripts)) {
		return nil
	}
	for _, s := range w.scripts {
		if s.script != main {
			if err := l.report(Finding{s.row, "language", fmt.Sprintf("%s, where most rows are %s", s.script, main)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// scripts are the known scripts, common ones first.
var scripts = []struct {
	name  string
	table *unicode.RangeTable
}{
	{"Latin", unicode.Latin}, {"Cyrillic", unicode.Cyrillic}, {"Chinese", unicode.Han}, {"Japanese", unicode.Hiragana}, {"Japanese", unicode.Katakana},
	{"Korean", unicode.Hangul}, {"Arabic", unicode.Arabic}, {"Devanagari", unicode.Devanagari}, {"Greek", unicode.Greek}, {"Hebrew", unicode.Hebrew},
	{"Thai", unicode.Thai}, {"Bengali", unicode.Bengali}, {"Tamil", unicode.Tamil}, {"Georgian", unicode.Georgian}, {"Armenian", unicode.Armenian},
}

// mainScript returns the script of most letters of a text, or "" if the text has no letters of a
// known script.
func mainScript(text string) string {
	counts := map[string]int{}
	latin := 0
	for _, c := range text {
		if c < 0x80 {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				latin++
			}
			continue
		}
		for _, s := range scripts {
			if unicode.Is(s.table, c) {
				counts[s.name]++
				break
			}
		}
	}
	counts["Latin"] += latin
	main, most := "", 0
	for _, s := range scripts {
		n := counts[s.name]
		if s.name == "Chinese" && counts["Japanese"] > 0 {
			n = 0 // a text with kana is Japanese, and its Chinese characters count as Japanese
			counts["Japanese"] += counts["Chinese"]
			counts["Chinese"] = 0
		}
		if n > most {
			main, most = s.name, n
		}
	}
	return strings.TrimSpace(main)
}

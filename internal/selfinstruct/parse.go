package selfinstruct

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"alpaca/internal/lazyregexp"
	"alpaca/internal/oneshot"
)

// Piece is a part of an answer that should be one task.
type Piece struct {
	Task
	Raw     string // the piece as the model wrote it
	Problem string // why it is not a usable task, "" if it is
}

// Problems of pieces. Statistics group rejected pieces by the part before the colon.
const (
	tooManyFields = "fields: a task needs one instruction, one input and one output, in this order"
	wasCut        = "cut: the answer ended within this task"
)

// parse finds the tasks in an answer to a prompt that showed examples.
func (s *Settings) parse(a oneshot.Answer) []Piece {
	text := a.Text
	if !startsTask().MatchString(text) {
		text = heading(s.Examples+1) + text
	}
	if s.Compat {
		return parseCompat(text, s.Examples+1, a.Cut)
	}
	return parse(text, a.Cut, s.TwoStep)
}

// isSpace reports whether Python counts r as white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func trim(text string) string { return strings.TrimFunc(text, isSpace) }

// parseCompat finds tasks as Alpaca's generator does. ### separates pieces; first is the
// number of the first piece. Each piece must have exactly three headings with its number.
func parseCompat(text string, first int, cut bool) (list []Piece) {
	pieces := strings.Split(text, "###")
	for i, raw := range pieces {
		if i == len(pieces)-1 && cut {
			list = append(list, Piece{Raw: raw, Problem: wasCut})
			continue
		}
		heading := regexp.MustCompile(strconv.Itoa(first+i) + `\.[\s\v\x{1c}-\x{1f}\x{85}\p{Z}]+(?:Instruction|Input|Output):`)
		at := heading.FindAllStringIndex(raw, -1)
		if len(at) != 3 {
			list = append(list, Piece{Raw: raw, Problem: tooManyFields})
			continue
		}
		p := Piece{Raw: raw}
		p.Instruction = trim(raw[at[0][1]:at[1][0]])
		p.Input = withoutMark(trim(raw[at[1][1]:at[2][0]]))
		p.Output = trim(raw[at[2][1]:])
		list = append(list, p)
	}
	return list
}

func withoutMark(input string) string {
	if strings.EqualFold(input, noInput) {
		return ""
	}
	return input
}

// startsTask matches an answer that begins with the heading of a task.
var startsTask = lazyregexp.New(`^\s*(?:#{2,}\s*)?\d+\.\s+Instruction:`)

// taskHeading matches the beginning of a task, with or without ### before it.
var taskHeading = lazyregexp.New(`(?m)^[ \t]*(#{2,}[ \t]*\n?[ \t]*)?(\d{1,6})\.[ \t]+Instruction:`)

// parse finds the tasks in a text. Models miscount, so a heading with ### may have any number
// above that of the task before. Only headings with the task's own number, in order, divide it
// into fields. With twoStep, outputs in the text are ignored.
func parse(text string, cut, twoStep bool) (list []Piece) {
	type place struct{ at, number int }
	var places []place
	last := -1
	for _, m := range taskHeading().FindAllStringSubmatchIndex(text, -1) {
		number, _ := strconv.Atoi(text[m[4]:m[5]])
		// After the first task, a heading without ### must have exactly the next number. A line
		// with another number may be an item of a list that happens to begin with "Instruction:".
		if number <= last || len(places) > 0 && m[2] == m[3] && number != last+1 {
			continue
		}
		places, last = append(places, place{m[0], number}), number
	}
	for i, p := range places {
		end, isLast := len(text), true
		if i+1 < len(places) {
			end, isLast = places[i+1].at, false
		}
		piece := divide(text[p.at:end], p.number, twoStep)
		if isLast && cut {
			piece.Problem = wasCut
		}
		list = append(list, piece)
	}
	return list
}

// divide splits the text of a task into its fields.
func divide(raw string, number int, twoStep bool) Piece {
	p := Piece{Raw: raw}
	n := strconv.Itoa(number)
	rest := strings.TrimRight(raw, "# \t\r\n")
	field := func(name string) (before string, ok bool) {
		re := regexp.MustCompile(`(?m)^[ \t#]*` + n + `\.[ \t]+` + name + `:`)
		all := re.FindAllStringIndex(rest, -1)
		if len(all) != 1 {
			return rest, false
		}
		before, rest = rest[:all[0][0]], rest[all[0][1]:]
		return trim(before), true
	}
	rest = regexp.MustCompile(`^[ \t#\n]*`+n+`\.[ \t]+Instruction:`).ReplaceAllString(rest, "")
	instruction, hasInput := field("Input")
	input, hasOutput := field("Output")
	switch {
	case !hasInput, !hasOutput && !twoStep:
		p.Problem = tooManyFields
		return p
	}
	p.Instruction, p.Input = instruction, withoutMark(trim(input))
	if !twoStep {
		p.Output = trim(rest)
	}
	return p
}

package abtest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Forms are the formats in which votes can be exported.
var Forms = []string{"csv", "json", "jsonl", "alpaca-eval", "dpo"}

// Line is an exported vote.
type Line struct {
	Session     int64  `json:"session"`
	N           int    `json:"n"`
	Repeat      int    `json:"repeat"`
	Judge       string `json:"judge"`
	Instruction string `json:"instruction"`
	Input       string `json:"input"`
	OutputX     string `json:"output_x"`
	OutputY     string `json:"output_y"`
	ModelX      string `json:"model_x"`
	ModelY      string `json:"model_y"`
	CutX        bool   `json:"cut_x"`
	CutY        bool   `json:"cut_y"`
	Left        string `json:"shown_left"`
	Choice      string `json:"choice"`
	Winner      string `json:"winner"` // X, Y, or "" for neither
	Millis      int64  `json:"ms"`
	Note        string `json:"note"`
	Flags       string `json:"flags"` // equal, revealed, or own (the judge wrote the prompt), separated by spaces
	At          string `json:"at"`
	Undone      bool   `json:"undone"`
}

// line returns the exported line of a vote.
func (s *Session) line(v *Vote) Line {
	l := Line{
		Session: s.ID, N: v.N, Repeat: v.Repeat, Judge: v.Judge, Instruction: s.List[v.N].Instruction, Input: s.List[v.N].Input,
		ModelX: s.Models[X].Name, ModelY: s.Models[Y].Name, Left: v.Left.String(), Choice: string(v.Choice), Millis: v.Millis,
		Note: v.Note, Flags: strings.Join(s.flags(v), " "), At: v.At.UTC().Format("2006-01-02T15:04:05.000Z"), Undone: v.Undone,
	}
	if a := s.Answers[v.N][X]; a != nil {
		l.OutputX, l.CutX = a.Text, a.Cut
	}
	if a := s.Answers[v.N][Y]; a != nil {
		l.OutputY, l.CutY = a.Text, a.Cut
	}
	if w, ok := v.Winner(); ok {
		l.Winner = w.String()
	}
	return l
}

// Export writes the votes of a session. csv, json and jsonl have all
// votes, even undone ones. alpaca-eval and dpo have only votes that count
// (see said). alpaca-eval leaves out votes on judges' own prompts, which
// must not count in the win rates that AlpacaEval computes from the file.
func Export(w io.Writer, s *Session, form string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	switch form {
	case "csv":
		return exportCSV(w, s)
	case "json":
		lines := make([]Line, len(s.Votes))
		for i := range s.Votes {
			lines[i] = s.line(&s.Votes[i])
		}
		return enc.Encode(lines)
	case "jsonl":
		for i := range s.Votes {
			if err := enc.Encode(s.line(&s.Votes[i])); err != nil {
				return err
			}
		}
		return nil
	case "alpaca-eval":
		return enc.Encode(alpacaEval(s))
	case "dpo":
		for _, p := range dpo(s) {
			if err := enc.Encode(p); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("abtest: unknown form %q: the forms are %s", form, strings.Join(Forms, ", "))
}

func exportCSV(w io.Writer, s *Session) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"session", "n", "repeat", "judge", "instruction", "input", "output_x", "output_y", "model_x", "model_y", "cut_x", "cut_y",
		"shown_left", "choice", "winner", "ms", "note", "flags", "at", "undone"}); err != nil {
		return err
	}
	for i := range s.Votes {
		l := s.line(&s.Votes[i])
		if err := c.Write([]string{strconv.FormatInt(l.Session, 10), strconv.Itoa(l.N), strconv.Itoa(l.Repeat), l.Judge, l.Instruction, l.Input, l.OutputX, l.OutputY,
			l.ModelX, l.ModelY, strconv.FormatBool(l.CutX), strconv.FormatBool(l.CutY), l.Left, l.Choice, l.Winner, strconv.FormatInt(l.Millis, 10), l.Note, l.Flags, l.At, strconv.FormatBool(l.Undone)}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// flags returns the flags of a vote, and "own" if a judge wrote the prompt.
func (s *Session) flags(v *Vote) []string {
	if s.IsOwn(v.N) {
		return append(slices.Clone(v.Flags), "own")
	}
	return v.Flags
}

// said reports whether a vote counts. A vote does not count if it was undone or skipped, if the
// pair was shown for the second time, or if an answer reveals its model.
func said(v *Vote) bool {
	return !v.Undone && v.Choice != Skip && v.Repeat == 0 && !slices.Contains(v.Flags, FlagRevealed)
}

// agreed returns the votes that count, with their verdicts. A model votes on each pair in
// both orders. If its second vote is missing or contradicts the first, the verdict is 0.
func (s *Session) agreed() (votes []*Vote, verdicts []int) {
	mirrored := map[seen]*Vote{}
	for i := range s.Votes {
		if v := &s.Votes[i]; v.IsModel() && v.Repeat > 0 && !v.Undone {
			mirrored[seen{v.Judge, v.N}] = v
		}
	}
	for i := range s.Votes {
		v := &s.Votes[i]
		if !said(v) {
			continue
		}
		sign := verdict(v)
		if v.IsModel() {
			if m := mirrored[seen{v.Judge, v.N}]; m == nil || verdict(m) != sign {
				sign = 0
			}
		}
		votes, verdicts = append(votes, v), append(verdicts, sign)
	}
	return votes, verdicts
}

// annotation is a vote in AlpacaEval's format.
type annotation struct {
	Instruction string  `json:"instruction"`
	Output1     string  `json:"output_1"`
	Output2     string  `json:"output_2"`
	Generator1  string  `json:"generator_1"`
	Generator2  string  `json:"generator_2"`
	Annotator   string  `json:"annotator"`
	Preference  float64 `json:"preference"` // 1, 2, or 1.5 for neither
}

func alpacaEval(s *Session) []annotation {
	list := []annotation{}
	votes, verdicts := s.agreed()
	for i, v := range votes {
		if s.IsOwn(v.N) {
			continue
		}
		l := s.line(v)
		list = append(list, annotation{l.prompt(), l.OutputX, l.OutputY, l.ModelX, l.ModelY, l.Judge, 1.5 - float64(verdicts[i])/2})
	}
	return list
}

// prompt returns the instruction, followed by the input if there is one.
func (l *Line) prompt() string {
	if l.Input == "" {
		return l.Instruction
	}
	return l.Instruction + "\n\n" + l.Input
}

// preference is a preference pair for training.
type preference struct {
	Prompt   string `json:"prompt"`
	Chosen   string `json:"chosen"`
	Rejected string `json:"rejected"`
}

func dpo(s *Session) (list []preference) {
	votes, verdicts := s.agreed()
	for i, v := range votes {
		if verdicts[i] == 0 {
			continue
		}
		l := s.line(v)
		p := preference{l.prompt(), l.OutputX, l.OutputY}
		if verdicts[i] < 0 {
			p.Chosen, p.Rejected = p.Rejected, p.Chosen
		}
		list = append(list, p)
	}
	return list
}

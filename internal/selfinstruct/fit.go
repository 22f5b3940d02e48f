package selfinstruct

import (
	"fmt"
	"slices"
)

// minAnswer is the smallest MaxLen that Fit sets, in tokens.
const minAnswer = 48

// Fit changes settings so that a prompt and an answer fit into the model's context. With
// a small context, prompts are brief and show only short tasks. tasks holds the tasks from which
// examples are drawn. note tells the user what changed; it is "" if nothing changed.
func (s *Settings) Fit(m Model, list []Task) (tasks []Task, note string, err error) {
	if len(list) < s.Examples {
		return nil, "", fmt.Errorf("selfinstruct: %d seed tasks are too few: a prompt shows %d", len(list), s.Examples)
	}
	if m.Fits(s.longest(list), s.MaxLen) {
		return list, "", nil
	}
	if s.Compat {
		return nil, "", fmt.Errorf("selfinstruct: the longest prompt and an answer of %d tokens do not fit into the model's context", s.MaxLen)
	}
	s.Brief = true
	if m.Fits(s.longest(list), s.MaxLen) {
		return list, "the model's context is small: prompts consist of examples only", nil
	}
	list = s.short(list)
	for !m.Fits(s.longest(list), s.MaxLen) {
		switch {
		case s.MaxLen > minAnswer:
			s.MaxLen = max(minAnswer, s.MaxLen*3/4)
		case s.Examples > 1:
			s.Examples--
		default:
			return nil, "", fmt.Errorf("selfinstruct: a prompt of one short example and an answer of %d tokens do not fit into the model's context", minAnswer)
		}
	}
	s.PerAsk = min(s.PerAsk, max(1, s.MaxLen/minAnswer))
	return list, fmt.Sprintf("the model's context is small: prompts consist of %d of the %d shortest examples, and answers have at most %d tokens", s.Examples, len(list), s.MaxLen), nil
}

// longest returns the longest prompt that examples from list can make.
func (s *Settings) longest(list []Task) string {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Task) int { return s.size(b) - s.size(a) })
	return s.prompt(sorted[:min(s.Examples, len(sorted))])
}

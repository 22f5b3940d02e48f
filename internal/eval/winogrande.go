package eval

import (
	"fmt"
	"strings"
)

// ParseWinogrande reads questions of the WinoGrande benchmark (Sakaguchi and others,
// 2019, https://arxiv.org/abs/1907.10641) in llama-perplexity's format, one line each.
// The last field is the number of the choice, 1 or 2, that belongs at the underscore:
//
//	0,Sarah was a much better surgeon than Maria so _ always got the easier cases.,Sarah,Maria,2
//
// A sentence with commas is in double quotes. If the text after the choice is long
// enough, only that text is rated.
func ParseWinogrande(text string) ([]Question, error) {
	var questions []Question
	for i, line := range splitLines(text) {
		q, err := parseWinogrande(line)
		if err != nil {
			return nil, fmt.Errorf("eval: winogrande: line %d: %w", i+1, err)
		}
		questions = append(questions, q)
	}
	if len(questions) == 0 {
		return nil, fmt.Errorf("eval: winogrande: no questions")
	}
	return questions, nil
}

// parseWinogrande parses one line.
func parseWinogrande(line string) (Question, error) {
	fields := splitQuoted(line)
	if len(fields) != 5 {
		return Question{}, fmt.Errorf("%d fields, want number,sentence,choice,choice,answer", len(fields))
	}
	before, after, ok := strings.Cut(fields[1], "_")
	if !ok {
		return Question{}, fmt.Errorf("no _ in the sentence %q", fields[1])
	}
	answer := strings.TrimSpace(fields[4])
	if answer != "1" && answer != "2" {
		return Question{}, fmt.Errorf("answer %q, must be 1 or 2", fields[4])
	}
	var q Question
	for i, choice := range fields[2:4] {
		q.Texts = append(q.Texts, before+choice+after)
		q.Heads = append(q.Heads, before+choice)
		q.Right = append(q.Right, answer == string(rune('1'+i)))
	}
	return q, nil
}

// splitQuoted splits a line at commas outside double quotes, and removes the quotes
// around fields. Unlike in CSV, quotes inside a field stay.
func splitQuoted(line string) []string {
	var fields []string
	quoted, start := false, 0
	for i := 0; i <= len(line); i++ {
		switch {
		case i < len(line) && line[i] == '"':
			quoted = !quoted
		case i == len(line) || line[i] == ',' && !quoted:
			field := line[start:i]
			if len(field) >= 2 && field[0] == '"' && field[len(field)-1] == '"' {
				field = field[1 : len(field)-1]
			}
			fields = append(fields, field)
			start = i + 1
		}
	}
	return fields
}

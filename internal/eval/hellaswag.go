package eval

import (
	"fmt"
	"strconv"
	"strings"
)

// hellaSwagLines is the number of lines of a question: the beginning, the number of the
// right ending, four endings.
const hellaSwagLines = 6

// ParseHellaSwag reads questions of the HellaSwag benchmark (Zellers and others,
// "HellaSwag: Can a Machine Really Finish Your Sentence?", 2019,
// https://arxiv.org/abs/1905.07830) in llama-perplexity's format, with six lines each:
//
//	Making a cake: A man stands in a kitchen. He
//	2
//	throws the bowl out of the window.
//	…three more endings, the right one being number 2, counted from 0
func ParseHellaSwag(text string) ([]Question, error) {
	lines := splitLines(text)
	if len(lines) == 0 || len(lines)%hellaSwagLines != 0 {
		return nil, fmt.Errorf("eval: hellaswag: %d lines, want a multiple of %d", len(lines), hellaSwagLines)
	}
	var questions []Question
	for at := 0; at < len(lines); at += hellaSwagLines {
		right, err := strconv.Atoi(strings.TrimSpace(lines[at+1]))
		if err != nil || right < 0 || right > 3 {
			return nil, fmt.Errorf("eval: hellaswag: line %d: %q is not the number of an ending, 0 to 3", at+2, lines[at+1])
		}
		q := Question{Right: make([]bool, 4)}
		q.Right[right] = true
		for _, ending := range lines[at+2 : at+hellaSwagLines] {
			q.Texts = append(q.Texts, lines[at]+" "+ending)
		}
		questions = append(questions, q)
	}
	return questions, nil
}

// splitLines splits a text at line ends, LF or CR LF. The last line may lack a line end.
func splitLines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

package eval

import (
	"encoding/binary"
	"fmt"
)

// llama-perplexity reads multiple-choice questions from a binary file. Those of ARC, MMLU
// and TruthfulQA are at
// https://huggingface.co/datasets/ikawrakow/validation-datasets-for-llama.cpp. All
// numbers are little-endian and have 4 bytes:
//
//	number of questions N
//	N times the offset of a question
//	N times: question, answers (one is right), answers (several may be right)
//
// A text is stored as its length in bytes and then the bytes. A list of answers is stored as their
// number, their texts, and then a label for each answer: 1 right, 0 wrong. Only the first list of
// answers is rated.

// maxAnswers is the largest number of answers to a question.
const maxAnswers = 100

// ParseMultipleChoice parses a file of multiple-choice questions.
func ParseMultipleChoice(data []byte) ([]Question, error) {
	r := &choiceReader{data: data}
	n := r.number()
	// Every question takes at least 16 bytes: those of its offset and of an empty question.
	if r.failed || n == 0 || n > len(data)/16 {
		return nil, fmt.Errorf("eval: multiple choice: the file is damaged: %d questions in %d bytes", n, len(data))
	}
	r.skip(4 * n)
	questions := make([]Question, n)
	for i := range questions {
		question := r.text()
		answers, labels := r.answers()
		r.answers()
		if r.failed {
			return nil, fmt.Errorf("eval: multiple choice: question %d of %d is damaged, at byte %d of %d", i+1, n, r.at, len(data))
		}
		q := &questions[i]
		for k, answer := range answers {
			if question == "" || answer == "" {
				return nil, fmt.Errorf("eval: multiple choice: question %d or its answer %d is empty", i+1, k+1)
			}
			q.Texts = append(q.Texts, question+" "+answer)
			q.Right = append(q.Right, labels[k] == 1)
		}
		if len(answers) < 2 {
			return nil, fmt.Errorf("eval: multiple choice: question %d has %d answers, must have at least 2", i+1, len(answers))
		}
	}
	return questions, nil
}

// choiceReader reads the parts of the file. After the first damaged part, failed is true and all
// further parts are empty.
type choiceReader struct {
	data   []byte
	at     int
	failed bool
}

// bytes returns the next n bytes.
func (r *choiceReader) bytes(n int) []byte {
	if r.failed || n < 0 || n > len(r.data)-r.at {
		r.failed = true
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at]
}

// skip skips n bytes.
func (r *choiceReader) skip(n int) { r.bytes(n) }

// number returns the next number. A negative int32 sets failed.
func (r *choiceReader) number() int {
	b := r.bytes(4)
	if b == nil {
		return 0
	}
	n := int32(binary.LittleEndian.Uint32(b))
	if n < 0 {
		r.failed = true
		return 0
	}
	return int(n)
}

// text returns the next text.
func (r *choiceReader) text() string { return string(r.bytes(r.number())) }

// answers returns the next answers with their labels.
func (r *choiceReader) answers() (texts []string, labels []int) {
	n := r.number()
	if n > maxAnswers {
		r.failed = true
		return nil, nil
	}
	for range n {
		texts = append(texts, r.text())
	}
	for range n {
		labels = append(labels, r.number())
	}
	return texts, labels
}

package abtest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxFile bounds the size of a file of prompts or answers, in bytes.
const maxFile = 256 << 20

// record is an object of a file of prompts or answers, with the keys of all known forms.
type record struct {
	Instruction string  `json:"instruction"`
	Input       string  `json:"input"`
	Prompt      string  `json:"prompt"`
	Question    string  `json:"question"`
	Output      *string `json:"output"`
	Response    *string `json:"response"`
	Answer      *string `json:"answer"`
	Completion  *string `json:"completion"`
	Generator   string  `json:"generator"`
	Instances   []struct{ Input string }
	Messages    []struct{ Role, Content string }
}

// prompt returns the record's prompt.
func (r *record) prompt() (Prompt, error) {
	p := Prompt{Instruction: r.Instruction, Input: r.Input}
	for _, text := range []string{r.Prompt, r.Question} {
		if p.Instruction == "" {
			p.Instruction = text
		}
	}
	if len(r.Instances) > 0 && p.Input == "" {
		p.Input = r.Instances[0].Input
	}
	if p.Instruction == "" {
		for _, m := range r.Messages {
			switch m.Role {
			case "user":
				if p.Instruction != "" {
					return p, errors.New("the conversation has several turns: only one is allowed")
				}
				p.Instruction = m.Content
			case "system":
				return p, errors.New("a prompt cannot have a system message")
			}
		}
	}
	if strings.TrimSpace(p.Instruction) == "" {
		return p, errors.New(`no "instruction", "prompt", "question" or "messages"`)
	}
	return p, nil
}

// readRecords reads JSON lines or an array. sum is the SHA-256 of the whole input.
func readRecords(r io.Reader, each func(line int, rec *record) error) (sum string, err error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("abtest: more than %d bytes", maxFile)
	}
	h := sha256.Sum256(data)
	sum = hex.EncodeToString(h[:])
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if len(data) == 0 {
		return "", errors.New("abtest: the file is empty")
	}
	read := func(where string, n int, raw []byte) error {
		var rec record
		if err := json.Unmarshal(raw, &rec); err != nil {
			return fmt.Errorf("abtest: %s %d: %w", where, n, err)
		}
		if err := each(n, &rec); err != nil {
			return fmt.Errorf("abtest: %s %d: %w", where, n, err)
		}
		return nil
	}
	if data[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			return "", fmt.Errorf("abtest: %w", err)
		}
		for i, raw := range list {
			if err := read("record", i+1, raw); err != nil {
				return "", err
			}
		}
		return sum, nil
	}
	in := bufio.NewReader(bytes.NewReader(data))
	for line := 1; ; line++ {
		raw, end := in.ReadBytes('\n')
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			if err := read("line", line, raw); err != nil {
				return "", err
			}
		}
		if end != nil {
			return sum, nil
		}
	}
}

// ReadPrompts reads prompts from JSON lines or an array. An object has its
// prompt in one of these keys: "instruction", "prompt", "question" or
// "messages". Beside "instruction", there may be an "input", or the "instances"
// of Self-Instruct. "messages" must have one turn. sum is the file's SHA-256.
func ReadPrompts(r io.Reader) (list []Prompt, sum string, err error) {
	sum, err = readRecords(r, func(_ int, rec *record) error {
		p, err := rec.prompt()
		list = append(list, p)
		return err
	})
	if err == nil && len(list) == 0 {
		err = errors.New("abtest: there are no prompts")
	}
	return list, sum, err
}

// Answered is a file of answers.
type Answered struct {
	Generator string // the model's name in the file; "" if it has none
	SHA256    string
	Prompts   []Prompt
	Texts     map[Prompt]string
}

// ReadAnswers reads answers in the format of AlpacaEval's model outputs or of Alpaca's
// data.
func ReadAnswers(r io.Reader) (a Answered, err error) {
	a.Texts = map[Prompt]string{}
	a.SHA256, err = readRecords(r, func(_ int, rec *record) error {
		p, err := rec.prompt()
		if err != nil {
			return err
		}
		for _, text := range []*string{rec.Output, rec.Response, rec.Answer, rec.Completion} {
			if text == nil {
				continue
			}
			if _, ok := a.Texts[p]; ok {
				return errors.New("a second answer to the same prompt")
			}
			a.Texts[p] = *text
			a.Prompts = append(a.Prompts, p)
			if a.Generator == "" {
				a.Generator = rec.Generator
			}
			return nil
		}
		return errors.New(`no "output", "response", "answer" or "completion"`)
	})
	if err == nil && len(a.Prompts) == 0 {
		err = errors.New("abtest: there are no answers")
	}
	return a, err
}

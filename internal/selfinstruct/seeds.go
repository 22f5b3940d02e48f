package selfinstruct

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// seeds was written for this program, in the format of Self-Instruct's file.
//
//go:embed seeds.jsonl
var seeds []byte

// Seeds are the tasks from which prompts take their examples.
type Seeds struct {
	Tasks  []Task
	SHA256 string
}

// OwnSeeds returns the program's own 175 seed tasks.
func OwnSeeds() Seeds {
	s, err := ReadSeeds(bytes.NewReader(seeds))
	if err != nil {
		panic(err) // this cannot happen, because the file is embedded
	}
	return s
}

// maxSeeds bounds the size of a file of seed tasks, in bytes.
const maxSeeds = 64 << 20

// ReadSeeds reads seed tasks, as JSON lines or as one array. A task has Alpaca's form or
// Self-Instruct's. From Self-Instruct's form, ReadSeeds takes the first instance.
func ReadSeeds(r io.Reader) (s Seeds, err error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSeeds+1))
	if err != nil {
		return s, err
	}
	if len(data) > maxSeeds {
		return s, fmt.Errorf("selfinstruct: more than %d bytes of seed tasks", maxSeeds)
	}
	sum := sha256.Sum256(data)
	s.SHA256 = hex.EncodeToString(sum[:])
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(text, &list); err != nil {
			return s, fmt.Errorf("selfinstruct: seed tasks: %w", err)
		}
		for i, raw := range list {
			if err := s.add(raw); err != nil {
				return s, fmt.Errorf("selfinstruct: seed task %d: %w", i+1, err)
			}
		}
	} else {
		in := bufio.NewReader(bytes.NewReader(data))
		for line := 1; ; line++ {
			raw, err := in.ReadBytes('\n')
			if raw = bytes.TrimSpace(raw); len(raw) > 0 {
				if err := s.add(raw); err != nil {
					return s, fmt.Errorf("selfinstruct: seed tasks, line %d: %w", line, err)
				}
			}
			if err != nil {
				break // data is in memory, so the error can only be io.EOF
			}
		}
	}
	if len(s.Tasks) == 0 {
		return s, errors.New("selfinstruct: no seed tasks")
	}
	return s, nil
}

// add adds the task in raw.
func (s *Seeds) add(raw []byte) error {
	var t struct {
		Task
		Instances []struct{ Input, Output string }
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return err
	}
	if len(t.Instances) > 0 {
		t.Input, t.Output = t.Instances[0].Input, t.Instances[0].Output
	}
	switch {
	case strings.TrimSpace(t.Instruction) == "":
		return errors.New("it has no instruction")
	case strings.TrimSpace(t.Output) == "":
		return errors.New("it has no output: neither \"instances\" nor \"output\"")
	}
	s.Tasks = append(s.Tasks, t.Task)
	return nil
}

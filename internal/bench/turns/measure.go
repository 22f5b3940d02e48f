package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// measurement has the settings with which two programs measure models in turns.
type measurement struct {
	ours, peer       string
	turns, threads   int
	prompt, generate int
	log              io.Writer
}

// measured is a result in the JSON of both programs, with llama-bench's names.
type measured struct {
	Commit  string  `json:"build_commit"`
	Type    string  `json:"model_type"`
	Params  float64 `json:"model_n_params"`
	Rate    float64 `json:"avg_ts"`
	Prompt  int     `json:"n_prompt"`
	Gen     int     `json:"n_gen"`
	Threads int     `json:"n_threads"`
}

// run measures all models and returns their rates.
func (m *measurement) run(ctx context.Context, models []string) (*Results, error) {
	r := &Results{Threads: m.threads, Prompt: m.prompt, Generate: m.generate, Rows: make([]Row, len(models))}
	for turn := range m.turns {
		for i, path := range models {
			row := &r.Rows[i]
			for _, test := range []struct {
				prompt, generate int
				rates            *Rates
			}{{m.prompt, 0, &row.Prompt}, {0, m.generate, &row.Generate}} {
				ours, err := m.once(ctx, []string{m.ours, "bench"}, path, test.prompt, test.generate)
				if err != nil {
					return nil, err
				}
				peer, err := m.once(ctx, []string{m.peer}, path, test.prompt, test.generate)
				if err != nil {
					return nil, err
				}
				test.rates.Ours, test.rates.Peer = append(test.rates.Ours, ours.Rate), append(test.rates.Peer, peer.Rate)
				fmt.Fprintf(m.log, "turn %d of %d, %s, %d+%d: %.1f and %.1f tokens/s\n", turn+1, m.turns, filepath.Base(path), test.prompt, test.generate, ours.Rate, peer.Rate)
				r.Ours = ours.Commit
				row.Model = strings.TrimSuffix(fmt.Sprintf("%.1f B", ours.Params/1e9), ".0 B")
				row.Type = lastWord(ours.Type)
			}
		}
	}
	return r, nil
}

// lastWord returns the file type at the end of a model's type, in the
// form that file names have: "Q4_K_M" for "llama 1B Q4_K - Medium".
func lastWord(text string) string {
	text = strings.NewReplacer(" - Small", "_S", " - Medium", "_M", " - Large", "_L").Replace(text)
	return text[strings.LastIndexByte(text, ' ')+1:]
}

// once runs program to measure one test of a model: a warm-up and one repetition.
func (m *measurement) once(ctx context.Context, program []string, path string, prompt, generate int) (measured, error) {
	args := append(program[1:], "-m", path, "-p", strconv.Itoa(prompt), "-n", strconv.Itoa(generate), "-r", "1", "-t", strconv.Itoa(m.threads), "-o", "json")
	cmd := exec.CommandContext(ctx, program[0], args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return measured{}, fmt.Errorf("%s: %w: %s", program[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	var list []measured
	if err := json.Unmarshal(out, &list); err != nil {
		return measured{}, fmt.Errorf("%s: %w", program[0], err)
	}
	for _, t := range list {
		if t.Prompt == prompt && t.Gen == generate && t.Threads == m.threads && t.Rate > 0 {
			return t, nil
		}
	}
	return measured{}, fmt.Errorf("%s: no result of %d+%d tokens with %d threads", program[0], prompt, generate, m.threads)
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// result has the measurements of one request.
type result struct {
	first, gap                time.Duration // time to the first event, and the longest time between two events
	prompt, cached, generated int           // tokens
	later                     bool          // not the client's first request
}

// client opens a new connection for each request, because some servers close an idle connection just
// as it is used again.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// ask sends a prompt of tokens and reads the streamed answer. limit is the largest number of tokens
// in the answer. If the function each is not nil, it is called for every event that has a part of
// the answer.
func ask(ctx context.Context, url string, prompt []int, limit int, each func(time.Time)) (r result, err error) {
	body, err := json.Marshal(map[string]any{
		"prompt": prompt, "max_tokens": limit, "temperature": 0, "seed": 1, "ignore_eos": true, "stream": true, "stream_options": map[string]bool{"include_usage": true},
	})
	if err != nil {
		return r, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/completions", bytes.NewReader(body))
	if err != nil {
		return r, err
	}
	req.Header.Set("Content-Type", "application/json")
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return r, fmt.Errorf("%s: %s", resp.Status, text)
	}
	last := start
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var event struct {
			Choices []struct {
				Text string `json:"text"`
			} `json:"choices"`
			Usage *struct {
				Prompt     int `json:"prompt_tokens"`
				Completion int `json:"completion_tokens"`
				Details    struct {
					Cached int `json:"cached_tokens"`
				} `json:"prompt_tokens_details"`
			} `json:"usage"`
			Error any `json:"error"`
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return r, err
		}
		if event.Error != nil {
			return r, fmt.Errorf("%s", data)
		}
		if u := event.Usage; u != nil {
			r.prompt, r.cached, r.generated = u.Prompt, u.Details.Cached, u.Completion
		}
		if len(event.Choices) == 0 {
			continue
		}
		now := time.Now()
		if r.first == 0 {
			r.first = now.Sub(start)
		} else {
			r.gap = max(r.gap, now.Sub(last))
		}
		if last = now; each != nil {
			each(now)
		}
	}
	return r, lines.Err()
}

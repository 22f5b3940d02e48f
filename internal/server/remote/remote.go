// Package remote sends queries to servers with OpenAI's API: this program's, llama.cpp's, vLLM's,
// or OpenAI's own. If a server cannot accept a request now, Ask retries after the time that the
// server names. A cut-off response is an error, and the size of every response is limited.
package remote

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"alpaca/internal/oneshot"
)

// Model is a model on a server. It implements oneshot.Model.
type Model struct {
	URL    string // base URL, ending in /v1
	Name   string // name of the model; "": the server's only model
	Key    string // API key; "": none
	Params Params
	Chat   bool // the server answers only conversations, so a text to continue is sent as a message

	client *http.Client
	pause  func(ctx context.Context, d time.Duration) error // waits; tests replace it
}

// Params are settings of the sampler. If a setting is nil, the server chooses its value.
type Params struct {
	Temperature *float64 `json:"temperature,omitempty"`
	TopP        *float64 `json:"top_p,omitempty"`
}

// New returns a model on the server at address. The address may end in /v1.
func New(address, name, key string) (*Model, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("remote: %q: %w", address, err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("remote: %q: must begin with http:// or https://", address)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, fmt.Errorf("remote: %q: must be a server and a path, nothing else", address)
	}
	path := strings.TrimSuffix(u.Path, "/")
	if !strings.HasSuffix(path, "/v1") {
		path += "/v1"
	}
	u.Path = path
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &Model{URL: u.String(), Name: name, Key: key, client: &http.Client{Transport: transport}, pause: pause}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// message is a message of a conversation.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// request is the body of a request.
type request struct {
	Model    string    `json:"model,omitempty"`
	Prompt   string    `json:"prompt,omitempty"`
	Messages []message `json:"messages,omitempty"`
	Params
	MaxTokens *int     `json:"max_tokens,omitempty"`
	Stop      []string `json:"stop,omitempty"`
	Seed      uint32   `json:"seed"`
	Stream    bool     `json:"stream"`
}

// reply is the body of a response.
type reply struct {
	Choices []struct {
		Text    string `json:"text"`
		Message struct {
			Content *string `json:"content"`
		} `json:"message"`
		Finish *string `json:"finish_reason"`
	} `json:"choices"`
	Usage struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// maxReply bounds the size of a response in bytes.
const maxReply = 64 << 20

// attempts limits how often a request is sent.
const attempts = 5

// Fits always returns true: the server itself refuses a prompt that is too long.
func (m *Model) Fits(string, int) bool { return true }

// Ask answers a query. It ignores Grammar, NoEnd and Logprob, which OpenAI's API does not have in
// this form.
func (m *Model) Ask(ctx context.Context, q oneshot.Query) (a oneshot.Answer, err error) {
	began := time.Now()
	r := request{Model: m.Name, Params: m.Params, Stop: q.Stop, Seed: q.Seed}
	if len(r.Stop) > 4 {
		r.Stop = r.Stop[:4] // OpenAI accepts at most four
	}
	if q.MaxTokens >= 0 {
		r.MaxTokens = &q.MaxTokens
	}
	path := "/completions"
	switch {
	case q.Messages != nil:
		path = "/chat/completions"
		for _, s := range q.Messages {
			content := s.Content
			if s.Input != "" {
				content += "\n\n" + s.Input
			}
			r.Messages = append(r.Messages, message{s.Role, content})
		}
	case m.Chat:
		path = "/chat/completions"
		r.Messages = []message{{"user", q.Prompt}}
	default:
		r.Prompt = q.Prompt
	}
	body, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	var out *reply
	for try := 1; ; try++ {
		var wait time.Duration
		out, wait, err = m.send(ctx, path, body)
		if err == nil || wait < 0 || try == attempts {
			break
		}
		if wait == 0 {
			wait = time.Second << (try - 1)
		}
		if err := m.pause(ctx, wait); err != nil {
			return a, err
		}
	}
	if err != nil {
		return a, err
	}
	c := out.Choices[0]
	a.Text = c.Text
	if c.Message.Content != nil {
		a.Text = *c.Message.Content
	}
	if a.Text == "" && c.Finish == nil {
		return a, fmt.Errorf("remote: %s%s: the answer has no text and no finish_reason", m.URL, path)
	}
	a.Cut = c.Finish != nil && *c.Finish == "length"
	if runes := []rune(a.Text); q.MaxChars > 0 && len(runes) > q.MaxChars {
		a.Text, a.Cut = string(runes[:q.MaxChars]), true
	}
	a.Tokens, a.Prompt, a.Took = out.Usage.Completion, out.Usage.Prompt, time.Since(began)
	return a, nil
}

// longestWait is the longest wait that a server may ask for before a retry.
const longestWait = 2 * time.Minute

// send sends a request once. If it fails, wait is how long the caller should wait
// before a retry: 0 leaves the time to the caller, and a negative value means never.
func (m *Model) send(ctx context.Context, path string, body []byte) (out *reply, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, -1, err
	}
	req.Header.Set("Content-Type", "application/json")
	if m.Key != "" {
		req.Header.Set("Authorization", "Bearer "+m.Key)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, -1, ctx.Err()
		}
		if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
			return nil, -1, fmt.Errorf("remote: %s: there is no server: %w", m.URL, e.Err)
		}
		return nil, 0, fmt.Errorf("remote: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, 0, fmt.Errorf("remote: %s%s: the answer is cut: %w", m.URL, path, err)
	}
	if len(data) > maxReply {
		return nil, -1, fmt.Errorf("remote: %s%s: the answer has more than %d bytes", m.URL, path, maxReply)
	}
	out = &reply{}
	broken := json.Unmarshal(data, out)
	if resp.StatusCode != http.StatusOK {
		text := ""
		if broken == nil && out.Error != nil {
			text = out.Error.Message
		}
		text = cmp.Or(text, strings.TrimSpace(string(data[:min(len(data), 200)])), "no reason is given")
		return nil, retry(resp), fmt.Errorf("remote: %s%s: status %d: %s", m.URL, path, resp.StatusCode, text)
	}
	switch {
	case broken != nil:
		return nil, -1, fmt.Errorf("remote: %s%s: the answer is not JSON: %w", m.URL, path, broken)
	case out.Error != nil:
		return nil, -1, fmt.Errorf("remote: %s%s: %s", m.URL, path, out.Error.Message)
	case len(out.Choices) == 0:
		return nil, -1, fmt.Errorf("remote: %s%s: the answer has no choices", m.URL, path)
	}
	return out, 0, nil
}

// retry returns the wait that send reports for an error response.
func retry(resp *http.Response) time.Duration {
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInternalServerError:
	default:
		return -1
	}
	if resp.Header.Get("X-Should-Retry") == "false" {
		return -1
	}
	if s, err := strconv.ParseFloat(resp.Header.Get("Retry-After"), 64); err == nil && s > 0 {
		if d := time.Duration(s * float64(time.Second)); d <= longestWait {
			return d
		}
		return -1
	}
	return 0
}

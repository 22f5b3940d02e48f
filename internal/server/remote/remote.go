// Package remote asks servers that speak OpenAI's API: this program's, llama.cpp's, vLLM's,
// or OpenAI's own. It repeats a request that a server cannot take now, when the server says
// so. A cut answer is an error, and the length of every answer is limited.
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

// Model is a model of a server.
type Model struct {
	URL    string // up to and with /v1
	Name   string // of the model; "" where the server has one only
	Key    string // "" for none
	Params Params
	Chat   bool // the server only knows conversations: texts to continue are sent as messages

	client *http.Client
	pause  func(ctx context.Context, d time.Duration) error // sleeps; tests do not
}

// Params say how tokens are chosen; nil leaves it to the server.
type Params struct {
	Temperature *float64 `json:"temperature,omitempty"`
	TopP        *float64 `json:"top_p,omitempty"`
}

// New returns a model of the server at an address, with or without /v1 at its end.
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

// message is one of a conversation.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// request is what servers are asked.
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

// reply is what they answer.
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

// maxReply bounds what is read of an answer.
const maxReply = 64 << 20

// attempts is how often a request is sent at most.
const attempts = 5

// Fits reports true: servers say themselves what is too long.
func (m *Model) Fits(string, int) bool { return true }

// Ask answers a query. Grammars and forbidden ends are for models of this program.
func (m *Model) Ask(ctx context.Context, q oneshot.Query) (a oneshot.Answer, err error) {
	began := time.Now()
	r := request{Model: m.Name, Params: m.Params, Stop: q.Stop, Seed: q.Seed}
	if len(r.Stop) > 4 {
		r.Stop = r.Stop[:4] // OpenAI takes no more
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

// longestWait limits the wait that a server asks for before the next try.
const longestWait = 2 * time.Minute

// send sends a request once. wait says when to try again: 0 leaves it to the caller, a
// negative time means never.
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

// retry returns when a request that was refused may be sent again.
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

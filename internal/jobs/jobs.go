// Package jobs answers requests that are lines of JSON, in the form of OpenAI's batch files:
//
//	line ─► Checker ─► Request ─► Executor (the server's own handlers) ─► Result ─► line
//
// A result depends only on the line and the model. So it does not matter on which machine, in which
// order or how often a line is answered.
package jobs

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"alpaca/internal/openai"
	"alpaca/internal/report/shorten"
)

// Limits of a line.
const (
	MaxBody = 8 << 20 // bytes of a body, the same as over HTTP
	MaxLine = MaxBody + 64<<10
	MaxID   = 1 << 10 // bytes of a custom_id
)

// paths are the URLs that a line may have.
var paths = []string{"/v1/chat/completions", "/v1/completions", "/v1/responses"}

// Request is a line of an input.
type Request struct {
	CustomID string
	URL      string // one of paths
	Body     []byte // a JSON object, without spaces between its values
	Model    string // the model that the body names; "": none
}

// ParseRequest parses a line, which is untrusted. The contents of the body are checked only when
// the request is answered.
func ParseRequest(line []byte) (*Request, error) {
	if len(line) > MaxLine {
		return nil, fmt.Errorf("it has %d bytes, must have at most %d", len(line), MaxLine)
	}
	if !utf8.Valid(line) {
		return nil, errors.New("it is not in UTF-8")
	}
	var fields map[string]json.RawMessage // a struct would take "Custom_ID" as well
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	r := &Request{}
	var method string
	for _, f := range []struct {
		name   string
		target *string
	}{{"custom_id", &r.CustomID}, {"method", &method}, {"url", &r.URL}} {
		data, ok := fields[f.name]
		if !ok {
			return nil, fmt.Errorf("%s is missing", f.name)
		}
		if err := json.Unmarshal(data, f.target); err != nil || data[0] != '"' {
			return nil, fmt.Errorf("%s is %s, must be a string", f.name, clip(string(data)))
		}
	}
	switch {
	case r.CustomID == "":
		return nil, errors.New("custom_id is empty")
	case len(r.CustomID) > MaxID:
		return nil, fmt.Errorf("custom_id has %d bytes, must have at most %d", len(r.CustomID), MaxID)
	case method != "POST":
		return nil, fmt.Errorf("method is %s, must be POST", clip(method))
	case r.URL == "/v1/embeddings":
		return nil, errors.New("url is /v1/embeddings, but language models without pooling make no embeddings")
	case !slices.Contains(paths, r.URL):
		return nil, fmt.Errorf("url is %s, must be one of %s", clip(r.URL), strings.Join(paths, ", "))
	}
	return r, r.setBody(fields["body"])
}

// setBody sets Body and Model from the body's JSON.
func (r *Request) setBody(data json.RawMessage) error {
	var fields map[string]json.RawMessage
	switch {
	case len(data) == 0:
		return errors.New("body is missing")
	case data[0] != '{' || json.Unmarshal(data, &fields) != nil:
		return fmt.Errorf("body is %s, must be a JSON object", clip(string(data)))
	}
	json.Unmarshal(fields["model"], &r.Model) // a model that is not a string is an error when the request is answered
	body, err := compact(data)
	if len(body) > MaxBody {
		err = fmt.Errorf("body has %d bytes, must have at most %d", len(body), MaxBody)
	}
	r.Body = body
	return err
}

// digest returns a hash of the request and the model's digest, as 32 hexadecimal digits.
func (r *Request) digest(model string) string {
	h := sha256.New()
	for _, part := range []string{r.CustomID, r.URL, string(r.Body), model} {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// seed returns the seed for a request that names none. It depends only on the id, so that a line's
// answer is the same on every machine and at every place in a file.
func (r *Request) seed() uint32 {
	sum := sha256.Sum256([]byte(r.CustomID))
	return openai.FoldSeed(binary.BigEndian.Uint64(sum[:8]))
}

// clip quotes and shortens text of a line for an error.
func clip(text string) string {
	const limit = 60
	return strconv.Quote(shorten.Text(text, limit))
}

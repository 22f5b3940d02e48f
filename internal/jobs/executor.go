package jobs

import (
	"context"
	"encoding/json"
	"fmt"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/server"
	"alpaca/internal/server/repeat"
)

// Executor answers requests with one model. Several goroutines may use it: the engine evaluates
// concurrent requests together.
type Executor struct {
	server *server.Server
	opt    Options
}

// Options are the settings of an Executor.
type Options struct {
	Digest  string // digest of the model's file, which the ids of answers depend on
	Created int64  // Unix time in seconds: "created" of all answers, and the date for chat templates

	// Server has the name of the model, the chat template and the sampling.
	// Options about HTTP, such as keys, hosts and timeouts, have no effect.
	Server server.Options
}

// MaxAnswers is the value that engine.Options.Answers must have. Whether a request for several
// answers is accepted must not depend on how many requests are answered at once.
const MaxAnswers = openai.MaxAnswers

// New returns an executor that answers with e. It does not close e.
func New(e *engine.Engine, opt Options) *Executor {
	s := opt.Server
	s.Keys, s.Library, s.NoPage, s.Parallel, s.MaxBody = nil, nil, true, MaxAnswers, MaxBody
	s.Fingerprint = Fingerprint(opt.Digest)
	return &Executor{server.New(e, s), opt}
}

// Fingerprint returns the system_fingerprint of answers. It consists of
// the engine's numerics version and the start of the model's digest.
func Fingerprint(digest string) string {
	return fmt.Sprintf("b%d-%s", engine.Numerics, digest[:min(len(digest), 16)])
}

// Failure says why a valid request has no response, for example because
// memory ran out. Another try, or another machine, may succeed.
type Failure struct {
	Status  int // HTTP status
	Code    string
	Message string
}

func (f *Failure) Error() string { return fmt.Sprintf("%s (status %d)", f.Message, f.Status) }

// Do answers a request. An invalid request gets a Result whose response is the error. A *Failure or
// an error of ctx comes without a Result.
func (x *Executor) Do(ctx context.Context, r *Request) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	digest := r.digest(x.opt.Digest)
	fixed := repeat.By{ID: "req_" + digest, Created: x.opt.Created, Seed: r.seed()}
	status, body := x.server.Do(ctx, r.URL, r.Body, fixed)
	if err := ctx.Err(); err != nil && status >= 400 {
		return nil, err
	}
	const tooMany, closed = 429, 499
	if status >= 500 || status == tooMany || status == closed || !json.Valid(body) {
		return nil, failure(status, body)
	}
	return &Result{ID: resultID(digest), CustomID: r.CustomID, Response: &Response{Status: status, RequestID: fixed.ID, Body: body}}, nil
}

// GiveUp returns an error result for a request that failed in all tries.
func (x *Executor) GiveUp(r *Request, code, message string) *Result {
	return Unanswered(r, x.opt.Digest, code, message)
}

// Unanswered returns an error result for a request that was not answered. digest is the digest
// of the model.
func Unanswered(r *Request, digest, code, message string) *Result {
	return &Result{ID: resultID(r.digest(digest)), CustomID: r.CustomID, Error: &Error{code, message}}
}

func resultID(digest string) string { return "batch_req_" + digest }

// failure returns the error for a response of the server that cannot be a Result.
func failure(status int, body []byte) *Failure {
	var said struct {
		Error struct{ Code, Message string }
	}
	f := &Failure{Status: status, Code: "no_response", Message: "there was no response"}
	if json.Unmarshal(body, &said) == nil && said.Error.Message != "" {
		f.Code, f.Message = said.Error.Code, said.Error.Message
	}
	return f
}

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

// Executor answers requests with one model. It may be used by several goroutines: as many
// requests as are in Do at a time are answered together.
type Executor struct {
	server *server.Server
	opt    Options
}

// Options say how an Executor is made.
type Options struct {
	Digest  string // of the model: what it answers follows from it
	Created int64  // seconds since 1970: "created" of all answers, and the date of chat templates

	// Server says how requests are answered: the model's name, its template, sampling.
	// Keys, hosts, limits of time and the like play no part.
	Server server.Options
}

// MaxAnswers is what an engine must have as its engine.Options' Answers: whether a request
// for several answers is taken must not depend on how many are given at once.
const MaxAnswers = openai.MaxAnswers

// New returns an executor that answers with an engine. It does not close the engine.
func New(e *engine.Engine, opt Options) *Executor {
	s := opt.Server
	s.Keys, s.Library, s.NoPage, s.Parallel, s.MaxBody = nil, nil, true, MaxAnswers, MaxBody
	s.Fingerprint = Fingerprint(opt.Digest)
	return &Executor{server.New(e, s), opt}
}

// Fingerprint returns the system_fingerprint of answers: of the results' version, and of
// the model.
func Fingerprint(digest string) string {
	return fmt.Sprintf("b%d-%s", engine.Numerics, digest[:min(len(digest), 16)])
}

// Failure is why a request has no response though nothing is wrong with it, such as that
// memory was short. Another try, or another machine, may do better.
type Failure struct {
	Status  int // of HTTP
	Code    string
	Message string
}

func (f *Failure) Error() string { return fmt.Sprintf("%s (status %d)", f.Message, f.Status) }

// Do answers a request. A request that cannot be answered, because of what it says, has a
// Result that tells so; a *Failure and an error of ctx are no results.
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

// GiveUp returns the result of a request that has none after all tries.
func (x *Executor) GiveUp(r *Request, code, message string) *Result {
	return Unanswered(r, x.opt.Digest, code, message)
}

// Unanswered returns the result of a request that a model, whose digest is given, cannot be
// asked.
func Unanswered(r *Request, digest, code, message string) *Result {
	return &Result{ID: resultID(r.digest(digest)), CustomID: r.CustomID, Error: &Error{code, message}}
}

func resultID(digest string) string { return "batch_req_" + digest }

// failure returns what a response says that is no result.
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

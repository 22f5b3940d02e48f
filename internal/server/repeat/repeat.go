// Package repeat makes answers that follow from their requests: ids and times that are the
// same whenever and wherever a request is answered, as batches need them that are gone on
// with and merged. Without it they are those of the day.
package repeat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"alpaca/internal/toolcall"
)

// By makes the answer to a request follow from the request, the model and itself: neither
// the clock nor chance nor what was answered before shows in it. There are no times in such
// an answer, and no token of the prompt counts as cached.
type By struct {
	ID      string // of the request, of which the ids in the answer are made
	Created int64  // seconds since 1970, when everything happens, also for templates
	Seed    uint32 // where the request asks for none
}

type key struct{}

// With returns a context of a request that is answered by f.
func With(ctx context.Context, f *By) context.Context { return context.WithValue(ctx, key{}, f) }

// Of returns what makes a request's answer repeatable, nil for nothing.
func Of(ctx context.Context) *By {
	f, _ := ctx.Value(key{}).(*By)
	return f
}

// Now returns when a request is answered.
func (f *By) Now() time.Time {
	if f == nil {
		return time.Now()
	}
	return time.Unix(f.Created, 0).UTC()
}

// NewID returns an id. What tells it apart from others of the same request.
func (f *By) NewID(prefix, what string) string {
	if f == nil {
		return NewID(prefix)
	}
	sum := f.sum(what)
	return prefix + hex.EncodeToString(sum[:12])
}

// sum returns bytes that look random, of this request and what alone.
func (f *By) sum(what string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", f.ID, what))
}

// CallIDs returns what makes the ids of the calls in one answer. Answers to the same
// request come in any order, so that each counts for itself.
func (f *By) CallIDs(short bool, answer int) func() string {
	n := 0
	return func() string {
		n++
		sum := f.sum(fmt.Sprintf("call %d %d", answer, n))
		return toolcall.IDOf(short, sum[:])
	}
}

// NewID returns an id that nobody has seen before.
func NewID(prefix string) string {
	var b [12]byte
	rand.Read(b[:])
	return prefix + hex.EncodeToString(b[:])
}

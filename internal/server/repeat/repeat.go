// Package repeat makes answers reproducible: their ids and times follow from the request,
// whenever and wherever it is answered. Batches that are resumed and merged need that.
// Without it ids are random and times are the clock's.
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

// By makes the answer to a request depend on the request, the model and By alone: not on the
// clock, chance, or earlier answers. Such an answer has no timings, and no token of its
// prompt counts as cached.
type By struct {
	ID      string // of the request, of which the ids in the answer are made
	Created int64  // seconds since 1970, when everything happens, also for templates
	Seed    uint32 // for requests without a seed
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

// NewID returns an id that begins with prefix. what distinguishes the ids of one request.
func (f *By) NewID(prefix, what string) string {
	if f == nil {
		return NewID(prefix)
	}
	sum := f.sum(what)
	return prefix + hex.EncodeToString(sum[:12])
}

// sum returns bytes that look random but depend on the request and what alone.
func (f *By) sum(what string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", f.ID, what))
}

// CallIDs returns a function that makes the ids of the calls in one answer. Each answer counts
// for itself, because answers to the same request come in any order.
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

// Package repeat makes answers reproducible: their ids and times depend only on the request,
// whenever and wherever it is answered. Batches that are resumed and merged need this. Without it,
// ids are random and times come from the clock.
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

// By makes an answer depend only on the request, the model and By, not on the clock, chance or
// earlier answers. Such an answer has no timings, and none of its prompt's tokens count as cached.
type By struct {
	ID      string // id of the request, from which the ids in the answer are derived
	Created int64  // the time of the answer, in seconds of Unix time; chat templates get it as the present time
	Seed    uint32 // the seed of a request that gives none
}

type key struct{}

// With returns a context for a request whose answer f makes reproducible.
func With(ctx context.Context, f *By) context.Context { return context.WithValue(ctx, key{}, f) }

// Of returns the By in a request's context, or nil if it has none.
func Of(ctx context.Context) *By {
	f, _ := ctx.Value(key{}).(*By)
	return f
}

// Now returns the time of the answer: Created, or the clock's time if f is nil.
func (f *By) Now() time.Time {
	if f == nil {
		return time.Now()
	}
	return time.Unix(f.Created, 0).UTC()
}

// NewID returns an id that begins with prefix. The parameter what distinguishes the ids of one
// request. The id is random if f is nil.
func (f *By) NewID(prefix, what string) string {
	if f == nil {
		return NewID(prefix)
	}
	sum := f.sum(what)
	return prefix + hex.EncodeToString(sum[:12])
}

// sum returns a hash of the request's id and of the text what.
func (f *By) sum(what string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", f.ID, what))
}

// CallIDs returns a function that makes the ids of the tool calls in one answer. Each answer has
// its own sequence, because the answers to a request come in any order.
func (f *By) CallIDs(short bool, answer int) func() string {
	n := 0
	return func() string {
		n++
		sum := f.sum(fmt.Sprintf("call %d %d", answer, n))
		return toolcall.IDOf(short, sum[:])
	}
}

// NewID returns a random id that begins with prefix.
func NewID(prefix string) string {
	var b [12]byte
	rand.Read(b[:])
	return prefix + hex.EncodeToString(b[:])
}

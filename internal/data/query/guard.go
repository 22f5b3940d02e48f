package query

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"alpaca/internal/machine"
)

// maxGrowth is the number of bytes by which the process may grow
// while a query runs. The limit is needed because SQLite, in this
// build, does not limit the memory of its sorter and of group_concat.
const maxGrowth = 256 << 20

// guard ends a query that takes too much time or memory.
type guard struct {
	ctx    context.Context
	parent context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
	done   chan struct{}
}

var (
	errTime   = errors.New("time")
	errMemory = errors.New("memory")
)

func newGuard(parent context.Context, limit time.Duration) *guard {
	g := &guard{parent: parent, limit: limit, done: make(chan struct{})}
	g.ctx, g.cancel = context.WithCancelCause(parent)
	if limit > 0 {
		g.timer = time.AfterFunc(limit, func() { g.cancel(errTime) })
	}
	if start := machine.ReadMemory().Own; start > 0 {
		go g.watch(start)
	}
	return g
}

// watch cancels the query if the process grows by more than maxGrowth. start is the
// memory at the beginning.
func (g *guard) watch(start int64) {
	const interval = 10 * time.Millisecond
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-g.done:
			return
		case <-tick.C:
			if machine.ReadMemory().Own > start+maxGrowth {
				g.cancel(errMemory)
				return
			}
		}
	}
}

// restart restarts the time limit, for the next row.
func (g *guard) restart() {
	if g.timer != nil {
		g.timer.Reset(g.limit)
	}
}

func (g *guard) stop() {
	if g.timer != nil {
		g.timer.Stop()
	}
	close(g.done)
	g.cancel(nil)
}

// explain turns an error of the driver into one for the author of the query.
func (g *guard) explain(err error) error {
	if err == nil {
		return nil
	}
	switch cause := context.Cause(g.ctx); {
	case errors.Is(cause, errTime):
		return &Error{"the query was ended: it took more than " + g.limit.String(), true}
	case errors.Is(cause, errMemory):
		return errorf("the query was ended: it took more than %d MiB of memory", maxGrowth>>20)
	case g.parent.Err() != nil:
		return g.parent.Err()
	}
	text := err.Error()
	if i := strings.LastIndex(text, " ("); i > 0 && strings.HasSuffix(text, ")") {
		if _, err := strconv.Atoi(text[i+2 : len(text)-1]); err == nil {
			text = text[:i] // without SQLite's error code
		}
	}
	text = strings.TrimPrefix(text, "SQL logic error: ")
	switch {
	case strings.Contains(text, "not authorized") || strings.Contains(text, "prohibited"):
		return errorf("not allowed: a query may read the tables of this database and nothing else (%s)", text)
	case strings.Contains(text, "too big"):
		return errorf("a text or blob of the query is longer than %d bytes, which is the limit", limits[sqlite3.SQLITE_LIMIT_LENGTH])
	}
	return errorf("%s", strings.ReplaceAll(text, "\n", " "))
}

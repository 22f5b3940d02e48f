package browse

import (
	"context"
	"fmt"
	"sync"
	"time"

	"alpaca/internal/data/table"
)

// counted is the number of rows, in total and by facet.
type counted struct {
	count  int
	known  bool
	facets []table.Facet
	late   []string // names of facets that took too long
}

// count counts all rows of a request, in total and by facet. c lists at most
// limit values of a facet. wait is how long count waits for the result. A
// count that takes longer continues in the background, for the next request.
func (b *Browser) count(ctx context.Context, q *request, wait time.Duration, limit int, facets ...string) (c counted) {
	b.refresh(ctx)
	if !q.table.Texts {
		err := b.db.QueryRow(ctx, "select count(*) from "+q.table.From).Scan(&c.count)
		c.known = err == nil && !q.narrowed()
		return c
	}
	if !b.ready() {
		c.late = facets
		return c
	}
	if !q.narrowed() {
		return counted{b.facets.Rows(q.sourceOf()), true, b.facets.Count(nil, q.sourceOf(), limit, facets...), nil}
	}
	one := b.counts.of(fmt.Sprint(b.version.Load(), q.table.Name, q.query.Search, q.query.In, q.query.Raw, q.query.Filters, limit, facets), func() counted {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
		defer cancel()
		ids, err := q.table.IDs(ctx, b.db, q.query, -1)
		if err != nil {
			return counted{late: facets}
		}
		if ids == nil {
			ids = []int64{}
		}
		return counted{len(ids), true, b.facets.Count(ids, q.sourceOf(), limit, facets...), nil}
	})
	select {
	case <-one.done:
		return one.counted
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return counted{late: facets}
}

// counts has the counts in progress and the latest results.
type counts struct {
	mu   sync.Mutex
	list map[string]*counting
	keys []string // the oldest first
}

// counting is a count that is complete once done is closed.
type counting struct {
	counted
	done chan struct{}
}

// of returns the count that is stored under key. If there
// is none yet, it starts compute in the background.
func (c *counts) of(key string, compute func() counted) *counting {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.list[key]; one != nil {
		return one
	}
	if c.list == nil {
		c.list = map[string]*counting{}
	}
	const kept = 64
	if len(c.keys) == kept {
		delete(c.list, c.keys[0])
		c.keys = c.keys[1:]
	}
	one := &counting{done: make(chan struct{})}
	c.list[key] = one
	c.keys = append(c.keys, key)
	go func() {
		one.counted = compute()
		close(one.done)
		if !one.known { // the count failed: the next request tries again
			c.mu.Lock()
			delete(c.list, key)
			c.mu.Unlock()
		}
	}()
	return one
}

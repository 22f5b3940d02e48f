package table

import (
	"context"
	"math/rand/v2"
	"slices"

	"alpaca/internal/data"
)

// mostRanked is the largest number of rows that are ranked to find the best. If more rows match,
// their ranks say little.
const mostRanked = 20_000

// Best returns the keys of at most q.Size rows that a search finds, the best first. ranked is false
// if the keys are those of the first rows, not of the best rows. That happens if there are too many
// rows to rank, or if the index cannot search for the text.
func (t *Table) Best(ctx context.Context, db *data.DB, q Query) (keys []int64, ranked bool, err error) {
	p, err := t.parts(&q)
	if err != nil {
		return nil, false, err
	}
	keys, err = t.IDs(ctx, db, q, mostRanked+1)
	if err != nil || !p.fts || len(keys) > mostRanked {
		return keys[:min(len(keys), q.Size)], false, err
	}
	query, args := "select example_fts.rowid from example"+p.join+" where true"+p.where, p.args
	if t.Source != 0 {
		query, args = query+" and example.source_id = ?", append(args, t.Source)
	}
	rows, err := db.Query(ctx, query+" order by example_fts.rank, example_fts.rowid limit ?", append(args, q.Size)...)
	if err != nil {
		return nil, false, t.explain(q, err)
	}
	defer rows.Close()
	keys = keys[:0]
	for rows.Next() {
		var key int64
		if err := rows.Scan(&key); err != nil {
			return nil, false, err
		}
		keys = append(keys, key)
	}
	return keys, true, t.explain(q, rows.Err())
}

// Draw returns n different keys chosen at random, or all if there are fewer. The same
// seed and keys give the same result.
func Draw(keys []int64, n int, seed int64) []int64 {
	rnd := rand.New(rand.NewPCG(uint64(seed), 0x616c7061636121)) // an arbitrary constant
	keys = slices.Clone(keys)
	n = min(n, len(keys))
	for i := range n {
		j := i + rnd.IntN(len(keys)-i)
		keys[i], keys[j] = keys[j], keys[i]
	}
	return keys[:n]
}

package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

func TestNextInLine(t *testing.T) {
	c := accounts{}
	var waiting []*group
	ask := func(keys ...string) {
		for _, key := range keys {
			c.open(key)
			waiting = append(waiting, &group{req: &Request{Key: key}})
		}
	}
	take := func(cost int64, held map[string]int) string {
		i := nextInLine(waiting, c, held, 4)
		key := waiting[i].req.Key
		waiting = append(waiting[:i:i], waiting[i+1:]...)
		c[key].tokens += cost
		return key
	}
	require.Equal(t, -1, nextInLine(nil, c, nil, 4))
	ask("a", "a", "a", "b", "a", "b")
	var order string
	for range 6 {
		order += take(10, nil)
	}
	require.Equal(t, "ababaa", order, "while both keys wait, they take turns")

	// A new key gets no credit for the time before it came. After an expensive request, a key waits
	// longer.
	ask("c", "a", "b", "a", "c")
	require.Equal(t, c["b"].tokens, c["c"].tokens)
	require.Equal(t, "c", take(100, nil))
	require.Equal(t, "b", take(100, nil))
	require.Equal(t, "a", take(1, nil))
	require.Equal(t, "a", take(1, nil))
	require.Equal(t, "c", take(1, nil))

	// While others wait, a key gets at most half of the places.
	ask("a", "b")
	require.Equal(t, "b", take(0, map[string]int{"a": 2}))
	require.Equal(t, "a", take(0, map[string]int{"a": 2}), "a key may have all places if no other key waits")
	for _, key := range []string{"a", "b", "c"} {
		for c[key] != nil {
			c.close(key)
		}
	}
	require.Empty(t, c)
}

// TestKeysTakeTurns checks that a key with many requests does not make another key wait for all
// of them.
func TestKeysTakeTurns(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Parallel: 1, Queue: 20})
	var ended []string
	first := greedy(m, "the llama", 5)
	first.Window = 1
	hold, err := e.Submit(context.Background(), first)
	require.NoError(t, err)
	hold.Next() // the others wait
	streams := map[string][]*Stream{}
	for _, key := range []string{"many", "many", "many", "many", "few"} {
		r := greedy(m, "a llama", 3)
		r.Key = key
		r.Progress = func(done, total int) {
			if done == total {
				ended = append(ended, key)
			}
		}
		s, err := e.Submit(context.Background(), r)
		require.NoError(t, err)
		streams[key] = append(streams[key], s)
	}
	read(hold, 1)
	for _, list := range streams {
		for _, s := range list {
			read(s, 1)
		}
	}
	require.Equal(t, []string{"many", "few", "many", "many", "many"}, ended)
}

package queue

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/queue"
)

// BenchmarkOverhead measures the time that the queue adds to a job, with workers that answer at
// once and a server that writes messages to the disk before it confirms them.
func BenchmarkOverhead(b *testing.B) {
	const slots = 4
	url := plainServer(b)
	initialize(b, url, queue.Limits{}, 0)
	list := requests(b, b.N)
	for range 2 {
		work(b, url, &echo{}, queue.WorkerOptions{Slots: slots / 2})
	}
	var out output
	b.ResetTimer()
	require.NoError(b, run(b, url, batch(b, list, &out)))
	b.StopTimer()
	require.Equal(b, b.N, out.len())
}

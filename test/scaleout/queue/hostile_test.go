package queue

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"alpaca/internal/jobs"
	"alpaca/internal/queue"
)

// TestHostile publishes jobs and results that no batch or worker of this program would publish.
// Nothing breaks: a bad result becomes an error, and workers refuse bad jobs.
func TestHostile(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 200*time.Millisecond)
	_, js := raw(t, url)
	list := requests(t, 4)
	var out output
	done := make(chan error, 1)
	go func() { done <- run(t, url, batch(t, list, &out)) }()
	results := func() []string {
		s, err := js.Stream(t.Context(), "ALPACA_JOBS")
		require.NoError(t, err)
		info, err := s.Info(t.Context(), jetstream.WithSubjectFilter("alpaca.jobs.>"))
		require.NoError(t, err)
		var subjects []string
		for subject := range info.State.Subjects {
			subjects = append(subjects, strings.Replace(subject, "alpaca.jobs."+theModel.Key, "alpaca.results", 1))
		}
		return subjects
	}
	require.Eventually(t, func() bool { return len(results()) == 4 }, aLong, 5*time.Millisecond)
	bad := [][]byte{
		[]byte(`{"id": "x", "custom_id": "another's", "response": null, "error": {"code": "a", "message": "b"}}`),
		bytes.Repeat([]byte("garbage\x00"), 512<<10),
		[]byte("{\"id\": \"x\",\n\"custom_id\": \"id <0>\"}\n{\"more\": 1}"),
		[]byte(`{"custom_id": "id <0>", "response": {"status_code": 200, "body": ` + strings.Repeat("[", 10000) + `}}`),
	}
	for i, subject := range results() {
		_, err := js.Publish(t.Context(), subject, bad[i])
		require.NoError(t, err)
	}
	require.NoError(t, <-done)
	require.Len(t, out.lines, 4)
	for _, line := range out.lines {
		require.Contains(t, line, `"code":"bad_result"`)
		require.Equal(t, 1, strings.Count(line, "\n"))
		_, err := jobs.ParseResult([]byte(line))
		require.NoError(t, err)
	}
	n, err := c.Retry(t.Context(), queue.BatchID(t.Name()))
	require.NoError(t, err)
	require.Equal(t, 3, n, "messages that are not results must be counted")
	_, err = c.Remove(t.Context(), queue.BatchID(t.Name()))
	require.NoError(t, err)

	w := work(t, url, &echo{}, queue.WorkerOptions{})
	for i, data := range [][]byte{
		nil, []byte("\x00"), []byte("../../etc/passwd"), bytes.Repeat([]byte("["), 10000), []byte(`{"custom_id": "a"}`),
		[]byte(`{"custom_id": "a", "method": "POST", "url": "http://example.org/", "body": {}}`),
		[]byte(`{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {}}`), // the subject is not that of this request
	} {
		subject := fmt.Sprintf("alpaca.jobs.%s.0123456789abcdef.%032x", theModel.Key, i)
		_, err := js.Publish(t.Context(), subject, data)
		require.NoError(t, err)
	}
	_, err = js.Publish(t.Context(), "alpaca.jobs."+theModel.Key+".odd", []byte("x"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.Counts().Refused.Load() == 8 }, aLong, 5*time.Millisecond)
	require.NoError(t, run(t, url, batch(t, list, &output{})))
	empty(t, c)
}

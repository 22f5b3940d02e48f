package queue

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"alpaca/internal/jobs"
)

// message is a message as a server delivers it.
type message struct {
	jetstream.Msg
	subject string
	data    []byte
}

func (m message) Subject() string      { return m.subject }
func (m message) Data() []byte         { return m.data }
func (m message) Headers() nats.Header { return nil }

func (m message) Metadata() (*jetstream.MsgMetadata, error) {
	return &jetstream.MsgMetadata{NumDelivered: 1}, nil
}

// FuzzJob parses messages as jobs. The subject of an accepted job must be the subject
// that the job's contents determine, and the job's result must have a valid subject.
func FuzzJob(f *testing.F) {
	key, batch := ModelKey("d", nil), BatchID("input")
	line := `{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "<x>"}}`
	r, err := jobs.ParseRequest([]byte(line))
	require.NoError(f, err)
	sent, err := encode(r)
	require.NoError(f, err)
	f.Add(jobSubject(key, batch, jobID(batch, r)), sent)
	f.Add(jobSubject(key, batch, jobID(batch, r)), []byte(line))
	f.Add(jobSubject(key, batch, digest(jobLen)), []byte(line))
	f.Add("alpaca.jobs.*.>.", []byte("\x00"))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		j, err := (&Worker{}).read(message{subject: subject, data: data})
		if err != nil {
			return
		}
		_, batch, id, ok := cutJob(subject)
		require.True(t, ok)
		require.Equal(t, jobID(batch, j.request), id)
		_, _, ok = cutResult(j.subject)
		require.True(t, ok)
		again, err := encode(j.request)
		require.NoError(t, err)
		r, err := jobs.ParseRequest(again)
		require.NoError(t, err)
		require.Equal(t, id, jobID(batch, r), "a job that is sent again must be the same job")
	})
}

// FuzzQueueAddress checks that no error about an address contains its password.
func FuzzQueueAddress(f *testing.F) {
	for _, url := range []string{"nats://u:hunter2@127.0.0.1", "tls://a,nats://b", "nats://[::1]:4222", "%zz", "nats://u:hunter2@%zz"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		a := Address{URL: url}
		servers, err := a.check()
		if err == nil {
			require.NotEmpty(t, servers)
			require.NotContains(t, a.Redacted(), "@")
			require.Len(t, plain(servers), len(servers))
		}
		_, err = Address{URL: "nats://u:hunter2@" + url}.check()
		if err != nil {
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
}

package queue

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAddress checks which addresses are accepted. Tests in test/scaleout check the servers
// themselves.
func TestAddress(t *testing.T) {
	for _, test := range []struct {
		url, creds string
		insecure   bool
		want       string // the error; "": none
	}{
		{url: "nats://127.0.0.1:4222"},
		{url: "nats://localhost"},
		{url: "nats://[::1]:4222, nats://127.0.0.1:4223"},
		{url: "tls://u:p@queue.lan:4222"},
		{url: "tls://queue.lan:4222", creds: "file"},
		{url: "nats://queue.lan", insecure: true},
		{url: "nats://queue.lan:4222", creds: "file", want: "not encrypted"},
		{url: "nats://u:p@queue.lan:4222", want: "nats://queue.lan:4222 is not encrypted"},
		{url: "tls://queue.lan", want: "without credentials"},
		{url: "nats://127.0.0.1,nats://10.0.0.1", want: "not encrypted"},
		{url: "nats://localhost.example.org", want: "not encrypted"},
		{url: "http://127.0.0.1", want: "not of the form"},
		{url: "127.0.0.1:4222", want: "not a URL"},
		{url: "nats://", want: "not of the form"},
		{url: "nats://127.0.0.1/x", want: "not of the form"},
		{url: "nats://u:secret@127.0.0.1/x", want: "not of the form"},
		{url: "nats://u:secret@%zz", want: "not a URL"},
		{url: "", want: "not of the form"},
	} {
		_, err := Address{URL: test.url, Creds: test.creds, Insecure: test.insecure}.check()
		if test.want == "" {
			require.NoError(t, err, test.url)
			continue
		}
		require.ErrorContains(t, err, test.want, test.url)
		require.NotContains(t, err.Error(), "secret")
	}
	require.Equal(t, "tls://a:1,tls://b:2", Address{URL: "tls://u:p@a:1,tls://u:p@b:2"}.Redacted())
	require.Equal(t, "the queue", Address{URL: "nats://u:secret@%zz"}.Redacted())
	require.True(t, HasPassword("nats://u:p@a"))
	require.True(t, HasPassword("nats://u:p@%zz"))
	require.False(t, HasPassword("nats://a,nats://b"))
}

func TestNames(t *testing.T) {
	key := ModelKey("d", map[string]string{"a": "b", "c": "d"})
	require.Len(t, key, keyLen)
	require.NotEqual(t, key, ModelKey("d", map[string]string{"a": "bc", "": "d"}))
	require.NotEqual(t, key, ModelKey("e", map[string]string{"a": "b", "c": "d"}))
	batch := BatchID("input", "x")
	require.NoError(t, CheckBatch(batch))
	for _, bad := range []string{"", "*", batch + "0", "../0123456789abc", "ABCDEF0123456789"} {
		require.Error(t, CheckBatch(bad))
	}
	job := digest(jobLen, "x")
	k, b, j, ok := cutJob(jobSubject(key, batch, job))
	require.True(t, ok)
	require.Equal(t, []string{key, batch, job}, []string{k, b, j})
	b, j, ok = cutResult(resultSubject(batch, job))
	require.True(t, ok)
	require.Equal(t, []string{batch, job}, []string{b, j})
	for _, bad := range []string{"", "alpaca.jobs.a.b.c", "alpaca.results.a.b", "alpaca.jobs." + key, job} {
		_, _, _, ok := cutJob(bad)
		require.False(t, ok, bad)
		_, _, ok = cutResult(bad)
		require.False(t, ok, bad)
	}
	require.Equal(t, "_INBOX", inboxOf(""))
	require.Equal(t, "_INBOX_worker", inboxOf("worker"))
	require.Equal(t, "_INBOX_a_b__", inboxOf("a.b*>"))
}

func TestRecent(t *testing.T) {
	for version, want := range map[string]bool{
		"2.12.0": true, "2.12.0-RC.1": true, "2.15.3": true, "3.0": true, "10.1.0": true,
		"2.11.11": false, "2.9.10": false, "1.99": false, "": false, "x.y": false, "2": false,
	} {
		require.Equal(t, want, recent(version), version)
	}
}

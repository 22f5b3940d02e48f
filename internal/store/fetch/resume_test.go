package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
)

// TestChanged downloads a file that has no digest, and whose ETag changes between two parts.
func TestChanged(t *testing.T) {
	o := newOrigin(t, content(5000, 1))
	job := o.job(t)
	job.SHA256, job.ETag = "", `"v1"`
	newer := content(5000, 2)
	o.odd = func(n int, w http.ResponseWriter, r *http.Request, _, _ int) bool {
		if n == 2 { // from now on, the server has the next version
			o.mu.Lock()
			o.data, o.etag = newer, `"v2"`
			o.mu.Unlock()
			w.Header().Set("ETag", o.etag)
		}
		return false
	}
	var log bytes.Buffer
	opt := o.options(&log)
	opt.Connections = 1
	// No answer can have the old ETag any more, so the download fails. The next download uses the
	// new ETag.
	_, err := Download(t.Context(), job, opt)
	require.ErrorContains(t, err, "changed on the server")
	require.Contains(t, log.String(), "fetched again")
	o.odd = nil
	job.ETag = `"v2"`
	p, err := Download(t.Context(), job, opt)
	require.NoError(t, err)
	requireFetched(t, job, p, newer)
}

// TestResume cuts connections at many places, cancels the download as a signal does, and resumes
// it. Parts that were saved are not fetched again.
func TestResume(t *testing.T) {
	for _, at := range []int{0, 1, 500, 999} {
		o := newOrigin(t, content(4000, 1))
		job := o.job(t)
		o.odd = func(n int, w http.ResponseWriter, _ *http.Request, from, to int) bool {
			if n%2 == 1 {
				o.cutAfter(w, from, to, min(at, to-from-1))
			}
			return false
		}
		var log bytes.Buffer
		p, err := Download(t.Context(), job, o.options(&log))
		require.NoError(t, err, "cut at %d", at)
		requireFetched(t, job, p, o.data)
	}
	o := newOrigin(t, content(8000, 1))
	job := o.job(t)
	ctx, cancel := context.WithCancel(t.Context())
	var sent atomic.Int64
	o.odd = func(n int, w http.ResponseWriter, r *http.Request, from, to int) bool {
		if n < 4 {
			sent.Add(int64(to - from))
			return false
		}
		cancel()
		<-r.Context().Done()
		return true
	}
	var log bytes.Buffer
	opt := o.options(&log)
	opt.Connections = 1
	_, err := Download(ctx, job, opt)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, advice.Of(err), "4000 of 8000 bytes are kept")
	require.NoFileExists(t, job.Path)
	require.EqualValues(t, 4000, Done(job.Path, job.Size))
	require.LessOrEqual(t, Needed(job), job.Size)

	o.odd = nil
	before := o.requests()
	p, err := Download(t.Context(), job, opt)
	require.NoError(t, err)
	require.Equal(t, before+4, o.requests(), "parts that are already there must not be requested again")
	requireFetched(t, job, p, o.data)
}

// TestResumeOther checks that a partial file of other content, or a damaged one, is not resumed.
func TestResumeOther(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, o *origin, job *Job)
		want   string
	}{
		{"other digest", func(t *testing.T, o *origin, job *Job) {
			o.data = content(8000, 2)
			job.SHA256 = hashOf(o.data)
		}, "another digest"},
		{"other length", func(t *testing.T, o *origin, job *Job) {
			o.data = content(7000, 2)
			job.Size, job.SHA256 = 7000, hashOf(o.data)
		}, "8000 bytes long"},
		{"state cut", func(t *testing.T, _ *origin, job *Job) {
			require.NoError(t, os.WriteFile(job.Path+StateSuffix, []byte(`{"version":1,"si`), 0o666))
		}, "damaged"},
		{"partial cut", func(t *testing.T, _ *origin, job *Job) { require.NoError(t, os.Truncate(job.Path+PartialSuffix, 100)) }, "has 100 bytes"},
		{"partial gone", func(t *testing.T, _ *origin, job *Job) { require.NoError(t, os.Remove(job.Path+PartialSuffix)) }, ""},
		{"state gone", func(t *testing.T, _ *origin, job *Job) { require.NoError(t, os.Remove(job.Path+StateSuffix)) }, ""},
		{"bytes that have changed", func(t *testing.T, _ *origin, job *Job) {
			f, err := os.OpenFile(job.Path+PartialSuffix, os.O_WRONLY, 0)
			require.NoError(t, err)
			f.WriteAt([]byte("?"), 3500)
			f.Close()
			s, err := readState(job.Path + StateSuffix)
			require.NoError(t, err)
			s.Hashed, s.Hash = 0, nil // the digest covers fewer bytes than were fetched
			require.NoError(t, s.write(job.Path))
		}, "fetched again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, content(8000, 1))
			job := o.job(t)
			ctx, cancel := context.WithCancel(t.Context())
			o.odd = func(n int, _ http.ResponseWriter, r *http.Request, _, _ int) bool {
				if n == 4 {
					cancel()
					<-r.Context().Done()
				}
				return false
			}
			var log bytes.Buffer
			opt := o.options(&log)
			opt.Connections = 1
			_, err := Download(ctx, job, opt)
			require.ErrorIs(t, err, context.Canceled)
			o.odd = nil
			tt.change(t, o, &job)
			p, err := Download(t.Context(), job, opt)
			require.NoError(t, err)
			require.Contains(t, log.String(), tt.want)
			requireFetched(t, job, p, o.data)
		})
	}
}

// TestExpired lets a signed URL expire during a download. The
// download must ask for a new URL, and keep the bytes that it has.
func TestExpired(t *testing.T) {
	o := newOrigin(t, content(6000, 1))
	job := o.job(t)
	located := 0
	locate := job.Locate
	job.Locate = func(ctx context.Context) (Source, error) {
		located++
		s, err := locate(ctx)
		u := *s.URL
		u.RawQuery = fmt.Sprint("signature=", located)
		return Source{URL: &u}, err
	}
	served := 0
	o.odd = func(n int, w http.ResponseWriter, r *http.Request, from, to int) bool {
		if r.URL.Query().Get("signature") == "1" && served >= 3 {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		served++
		return false
	}
	var log bytes.Buffer
	opt := o.options(&log)
	opt.Connections = 1
	p, err := Download(t.Context(), job, opt)
	require.NoError(t, err)
	require.Equal(t, 2, located)
	require.Equal(t, 7, o.requests(), "there must be six requests for parts, and the one that was refused")
	require.Equal(t, "bytes=3000-3999", o.asked[4])
	requireFetched(t, job, p, o.data)
}

// TestLost checks that an error of Locate is returned at once.
func TestLost(t *testing.T) {
	o := newOrigin(t, content(3000, 1))
	for _, size := range []int64{3000, -1} {
		job := o.job(t)
		job.Size = size
		job.Locate = func(context.Context) (Source, error) { return Source{}, errors.New("nobody knows") }
		_, err := Download(t.Context(), job, o.options(new(bytes.Buffer)))
		require.EqualError(t, err, "file.gguf: nobody knows")
	}
	require.Empty(t, o.sleeps)
	require.Zero(t, o.requests())
}

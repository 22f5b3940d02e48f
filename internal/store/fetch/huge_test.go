package fetch

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHuge resumes the download of a 60 GiB file, which is sparse on this disk. Only the last parts
// are missing, so their offsets do not fit into 32 bits.
func TestHuge(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("on this system, files are not sparse by default")
	}
	const size, piece, last = 60<<30 + 123, 64 << 20, 3 << 20
	o := newOrigin(t, content(last, 1))
	o.odd = func(_ int, w http.ResponseWriter, r *http.Request, from, to int) bool {
		w.Header().Set("Content-Length", fmt.Sprint(to-from))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, int64(size)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(o.data[int64(from)-(size-last) : int64(to)-(size-last)])
		return true
	}
	job := o.job(t)
	job.Size, job.SHA256, job.ETag, job.Model = size, "", o.etag, false
	require.NoError(t, os.WriteFile(job.Path+PartialSuffix, nil, 0o666))
	if err := os.Truncate(job.Path+PartialSuffix, size); err != nil {
		t.Skipf("no sparse files here: %v", err)
	}
	seen := sha256.New()
	hash, err := seen.(encoding.BinaryMarshaler).MarshalBinary()
	require.NoError(t, err)
	s := state{Version: stateVersion, ETag: o.etag, Size: size, Piece: piece, Done: make([]int64, pieces(size, piece)), Hashed: size - last, Hash: hash}
	for i := range s.Done {
		s.Done[i] = min(s.length(i), max(0, size-last-int64(i)*piece))
	}
	require.NoError(t, s.write(job.Path))

	var log bytes.Buffer
	opt := o.options(&log)
	opt.Piece, opt.SaveBytes = piece, 1<<20
	p, err := Download(t.Context(), job, opt)
	require.NoError(t, err, log.String())
	require.EqualValues(t, int64(size), p.Size)
	seen.Write(o.data)
	require.Equal(t, fmt.Sprintf("%x", seen.Sum(nil)), p.SHA256, "the digest must be that of all bytes, including those hashed before")
	require.Equal(t, []string{fmt.Sprintf("bytes=%d-%d", int64(size-last), int64(size-123-1)), fmt.Sprintf("bytes=%d-%d", int64(size-123), int64(size-1))}, slices.Sorted(slices.Values(o.asked)))
	f, err := os.Open(p.File())
	require.NoError(t, err)
	defer f.Close()
	got := make([]byte, last)
	_, err = f.ReadAt(got, size-last)
	require.NoError(t, err)
	require.Equal(t, o.data, got)
	require.NoError(t, p.Discard())
}

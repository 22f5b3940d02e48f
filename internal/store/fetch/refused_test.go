package fetch

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
)

// TestRefused runs downloads that must fail.
func TestRefused(t *testing.T) {
	ranged := func(w http.ResponseWriter, format string, args ...any) {
		w.Header().Set("Content-Range", fmt.Sprintf(format, args...))
		w.WriteHeader(http.StatusPartialContent)
	}
	for _, tt := range []struct {
		name string
		odd  func(o *origin) oddAnswer
		want string
	}{
		{"another range", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, r *http.Request, from, to int) bool {
				if r.Header.Get("Range") == "" {
					return false
				}
				ranged(w, "bytes %d-%d/%d", from+1, to-1, len(o.data))
				w.Write(o.data[from+1 : to])
				return true
			}
		}, "sends the range"},
		{"another length of the whole file", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, r *http.Request, from, to int) bool {
				ranged(w, "bytes %d-%d/%d", from, to-1, len(o.data)+1)
				w.Write(o.data[from:to])
				return true
			}
		}, "sends the range"},
		{"416", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.Header().Set("Content-Range", "bytes */7")
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}
		}, `its length is "7"`},
		{"gzip", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, from, to int) bool {
				w.Header().Set("Content-Encoding", "gzip")
				o.send(w, from, to, true)
				return true
			}
		}, "compresses"},
		{"a web page", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				fmt.Fprint(w, "<!DOCTYPE html><html>Sign in</html>")
				return true
			}
		}, "not a GGUF file: it begins with \"<!DOCTYPE html><html>Sign in</ht\""},
		{"a part that is longer than its header says", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, from, to int) bool {
				ranged(w, "bytes %d-%d/%d", from, to-1, len(o.data))
				w.Write(o.data[from:to])
				w.(http.Flusher).Flush()
				w.Write([]byte("more"))
				return true
			}
		}, "more bytes"},
		{"a whole file that is longer than announced", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.Write(o.data)
				w.(http.Flusher).Flush()
				w.Write([]byte("more"))
				return true
			}
		}, "more than the"},
		{"another length", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.Header().Set("Content-Length", strconv.Itoa(len(o.data)-1))
				w.Write(o.data[:len(o.data)-1])
				return true
			}
		}, "should send"},
		{"wrong bytes", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, r *http.Request, from, to int) bool {
				bad := append([]byte("GGUF"), make([]byte, len(o.data)-4)...)
				(&origin{data: bad}).send(w, from, to, r.Header.Get("Range") != "")
				return true
			}
		}, "should have"},
		{"404", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.WriteHeader(404)
				return true
			}
		}, "404 Not Found"},
		{"always 500", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.WriteHeader(500)
				return true
			}
		}, "500"},
		{"always 403", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.WriteHeader(403)
				return true
			}
		}, "403"},
		{"redirect to a file", func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.Header().Set("Location", "file:///etc/passwd")
				w.WriteHeader(302)
				return true
			}
		}, "is not the address"},
		{"redirects for ever", func(o *origin) oddAnswer {
			return func(n int, w http.ResponseWriter, r *http.Request, _, _ int) bool {
				http.Redirect(w, r, fmt.Sprintf("/%d", n), 302)
				return true
			}
		}, "redirects more than 5 times"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, content(3500, 1))
			o.odd = tt.odd(o)
			job := o.job(t)
			var log bytes.Buffer
			_, err := Download(t.Context(), job, o.options(&log))
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error()+log.String(), "secret", "errors and log must not show the signature in a URL")
			require.NoFileExists(t, job.Path)
			if tt.name == "wrong bytes" {
				require.ErrorContains(t, err, job.SHA256)
				require.Contains(t, advice.Of(err), "a different file")
			}
		})
	}
}

// TestDisk checks the error for a folder that cannot be written.
func TestDisk(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root may write everywhere, so the test puts a file in the place of the folder")
	}
	o := newOrigin(t, content(6000, 1))
	job := o.job(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	job.Path = filepath.Join(file, "blob")
	_, err := Download(t.Context(), job, o.options(new(bytes.Buffer)))
	require.ErrorContains(t, err, "file.gguf: ")
	require.Zero(t, o.requests())
}

// FuzzState checks that a parsed state is consistent, whatever the file contains.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version":1,"size":2500,"piece":1000,"done":[1000,0,3],"hashed":1000}`))
	f.Add([]byte(`{"version":1,"size":-1,"piece":0}`))
	f.Add([]byte(`{"version":1,"size":9223372036854775807,"piece":9223372036854775807,"done":[5]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseState(data)
		if err != nil {
			return
		}
		if front, total := s.front(), s.total(); front < 0 || front > total || total > s.Size || s.Hashed > front {
			t.Fatalf("%s: front %d, total %d of %d", data, front, total, s.Size)
		}
		newSum(false, s.Size).restore(s.Hashed, s.Hash)
	})
}

package storetest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Content returns the content with the given SHA-256.
func (s *Server) Content(hash string) ([]byte, bool) {
	for _, repo := range s.Repos {
		for _, data := range repo.Files {
			if SHA256(data) == hash {
				return data, true
			}
		}
	}
	data, ok := s.Blobs["sha256:"+hash]
	return data, ok
}

// cdn answers the requests to the host of the files.
func (s *Server) cdn(w http.ResponseWriter, r *http.Request) {
	data, ok := s.Content(strings.TrimPrefix(r.URL.Path, "/sha256/"))
	if !ok {
		w.WriteHeader(404)
		return
	}
	w.Header().Set("ETag", `"cdn-`+strconv.Itoa(len(data))+`"`)
	s.send(w, r, data)
}

// file serves the files of the repository "url/files" as plain files of a web server.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	data, ok := s.Repos["url/files"].Files[r.PathValue("path")]
	if !ok {
		w.WriteHeader(404)
		return
	}
	w.Header().Set("ETag", `"`+SHA256(data)[:8]+`"`)
	w.Header().Set("Content-Type", http.DetectContentType(data))
	s.send(w, r, data)
}

// send answers with data, or with the requested range of it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, data []byte) {
	whole := len(data)
	spec, ranged := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if v := r.Header.Get("If-Range"); v != "" && v != w.Header().Get("ETag") {
		ranged = false
	}
	status := http.StatusOK
	if ranged {
		a, b, _ := strings.Cut(spec, "-")
		from, _ := strconv.Atoi(a)
		to, err := strconv.Atoi(b)
		if err != nil {
			to = whole - 1
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, whole))
		data, status = data[from:to+1], http.StatusPartialContent
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	for len(data) > 0 {
		n := min(len(data), 64<<10)
		if s.Slow > 0 {
			select {
			case <-time.After(s.Slow):
			case <-r.Context().Done():
				return
			}
		}
		if _, err := w.Write(data[:n]); err != nil {
			return
		}
		data = data[n:]
	}
}

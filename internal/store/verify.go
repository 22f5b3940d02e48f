package store

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// DamagedError says that a file's content does not have the expected digest.
type DamagedError struct {
	Name, Path string
	Want, Got  string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: the content of %s has the digest %s, should have %s", e.Name, e.Path, e.Got, e.Want)
}

// Unchecked returns the number of bytes that Verify would read: the size of the files that have
// not been verified yet.
func (l *Library) Unchecked(m *Model) (n int64) {
	for _, b := range m.Blobs {
		if b.Digest != "" && m.Record.Of(b.File) == nil {
			n += b.Size
		}
	}
	return n
}

// Verify compares a model's content with its digests. It records the digests of the
// files it has read, and does not read a file again until the file changes. It calls
// report with the number of bytes read so far and the number of all bytes to read.
func (l *Library) Verify(ctx context.Context, m *Model, report func(done, total int64)) error {
	total, done := l.Unchecked(m), int64(0)
	if total == 0 {
		return m.agree()
	}
	rec := l.RecordOf(m.Name)
	for _, b := range m.Blobs {
		if b.Digest == "" || m.Record.Of(b.File) != nil {
			continue
		}
		sha, git, err := Digests(ctx, b.File, func(n int64) { report(done+n, total) })
		if err != nil {
			return err
		}
		done += b.Size
		rec.Note(b.File, sha, git)
	}
	m.Record = rec
	if err := m.agree(); err != nil {
		return err
	}
	l.Save(rec) // if the record cannot be written, the next call reads the files again
	return nil
}

// agree returns an error if a recorded digest is not the expected one.
func (m *Model) agree() error {
	for _, b := range m.Blobs {
		c := m.Record.Of(b.File)
		if c == nil || b.Digest == "" {
			continue
		}
		got := c.SHA256
		if len(b.Digest) == 2*sha1.Size {
			got = c.Git
		}
		if got != b.Digest {
			return &DamagedError{m.Name, b.File, b.Digest, got}
		}
	}
	return nil
}

// Digests reads a file and returns its SHA-256 and git's SHA-1. git is "" for
// a file above 64 MiB. It calls report with the number of bytes read so far.
func Digests(ctx context.Context, path string, report func(done int64)) (sha, git string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", "", err
	}
	s := sha256.New()
	to := io.Writer(s)
	g := sha1.New()
	small := st.Size() <= 64<<20 // the Hub keeps larger files outside git
	if small {
		fmt.Fprintf(g, "blob %d\x00", st.Size())
		to = io.MultiWriter(s, g)
	}
	buf := make([]byte, 1<<20)
	for done := int64(0); ; {
		if ctx.Err() != nil {
			return "", "", context.Cause(ctx)
		}
		n, err := f.Read(buf)
		to.Write(buf[:n])
		done += int64(n)
		report(done)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", "", err
		}
	}
	if small {
		git = hex.EncodeToString(g.Sum(nil))
	}
	return hex.EncodeToString(s.Sum(nil)), git, nil
}

// Package fetch downloads one file in parts over several connections, and resumes after a cut
// connection, the end of the process, or a crash of the machine. It writes a partial file, and
// beside it a small state file that counts only the bytes that have reached the disk. It computes
// the digest while the bytes arrive. The file gets its final name when it is complete and has the
// expected digest.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/web"
)

// Job is a file to fetch. The caller holds the lock for Path.
type Job struct {
	Name    string // the file's name in messages
	Path    string // the final path of the file
	Size    int64  // bytes; -1: not known
	SHA256  string // 64 hexadecimal digits; "": not known
	GitSHA1 string // git's digest of the file, 40 hexadecimal digits; "": not known
	ETag    string // identifies the content if no digest is known; "": not known
	Model   bool   // the file must begin with GGUF's magic

	// Locate returns the source of the bytes. It is called again when the source has expired.
	Locate func(ctx context.Context) (Source, error)
}

// Source says where a file's bytes are. Its URL may expire.
type Source struct {
	URL   *url.URL
	Token string // token for the host of URL; "": none
}

// Progress is the progress of a job, in bytes.
type Progress struct {
	Name  string
	Done  int64
	Total int64 // -1: not known
}

// Options are the options of Download; zero values stand for the defaults.
type Options struct {
	Client      *web.Client
	Connections int           // connections at a time; default 4
	Piece       int64         // size of a part in bytes; default 64 MiB
	Stall       time.Duration // a part is requested again if no byte of it arrives for this time; default 30 s
	SaveBytes   int64         // the state is saved after this many bytes; default 64 MiB
	SaveEvery   time.Duration // the longest time that bytes wait for a save; default 5 s

	Report func(Progress)                   // called from another goroutine; may be nil
	Log    func(format string, args ...any) // gets a line for each problem; may be nil
}

func (o Options) withDefaults() Options {
	if o.Connections <= 0 {
		o.Connections = 4
	}
	if o.Piece <= 0 {
		o.Piece = 64 << 20
	}
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	if o.SaveBytes <= 0 {
		o.SaveBytes = 64 << 20
	}
	if o.SaveEvery <= 0 {
		o.SaveEvery = 5 * time.Second
	}
	if o.Report == nil {
		o.Report = func(Progress) {}
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return o
}

// badAnswer says that a server's answer does not fit the request or the bytes fetched before.
type badAnswer struct{ why string }

func (e *badAnswer) Error() string { return e.why }

func badf(format string, args ...any) error { return &badAnswer{fmt.Sprintf(format, args...)} }

// mismatch says that all bytes arrived, but their digest is wrong.
type mismatch struct{ want, got string }

func (e *mismatch) Error() string {
	return fmt.Sprintf("the content has the digest %s, should have %s", e.got, e.want)
}

// notModel says that the content is not a GGUF file.
type notModel struct{ begin []byte }

func (e *notModel) Error() string {
	return fmt.Sprintf("it is not a GGUF file: it begins with %.32q", e.begin)
}

// errNoRanges says that the server sends only whole files.
var errNoRanges = errors.New("the server sends only whole files")

// errStalled says that a connection was given up because no bytes arrived.
var errStalled = errors.New("no byte arrived for a while")

// Download fetches the missing bytes of a job into a file beside job.Path. The returned
// file is complete, has the expected digest, and is synced to the disk. Partial.Publish renames it
// to job.Path. If Download fails, it keeps the bytes that a later call can use.
func Download(ctx context.Context, job Job, opt Options) (*Partial, error) {
	opt = opt.withDefaults()
	whole := job.Size < 0
	var before error // the first wrong answer or digest
	for {
		p, err := attempt(ctx, job, opt, whole)
		if err == nil {
			return p, nil
		}
		var bad *badAnswer
		var other *mismatch
		var no *notModel
		switch {
		case errors.Is(err, errNoRanges) && !whole:
			opt.Log("%s: %v: the file cannot be fetched in parts, or resumed later", job.Name, errNoRanges)
			whole = true
		case errors.As(err, &no):
			discard(job.Path)
			return nil, advice.Add(fmt.Errorf("%s: %w", job.Name, err), "the address may be that of a web page about the file, or may require a login")
		case !errors.As(err, &bad) && !errors.As(err, &other):
			if whole {
				discard(job.Path) // a whole download cannot be resumed
			}
			return nil, resumable(job, err)
		case before != nil:
			discard(job.Path)
			return nil, twice(job, before, err)
		default:
			opt.Log("%s: %v: the file is fetched again, from its beginning", job.Name, err)
			before = err
			if other != nil {
				whole = true // joining the parts may have gone wrong
			}
		}
		if err := discard(job.Path); err != nil {
			return nil, err
		}
	}
}

// resumable adds to an error how many bytes are kept, if any.
func resumable(job Job, err error) error {
	err = fmt.Errorf("%s: %w", job.Name, err)
	if n := kept(job); n > 0 && advice.Of(err) == "" {
		return advice.Add(err, fmt.Sprintf("%d of %d bytes are kept: run the same command again to resume from there", n, job.Size))
	}
	return err
}

// twice returns the error for a file whose second
// download failed, too. before is the error of the first.
func twice(job Job, before, err error) error {
	var a, b *mismatch
	err = fmt.Errorf("%s: two downloads failed: %w", job.Name, err)
	if !errors.As(before, &a) || !errors.As(err, &b) {
		return err
	}
	if a.got != b.got {
		return advice.Add(fmt.Errorf("%w; the digest of the first download was %s", err, a.got),
			"the two downloads differ from each other: memory, the disk, or a proxy on the way damages data")
	}
	return advice.Add(err, "the two downloads are equal: the server has a different file from the one that it announces")
}

// attempt fetches a file, either in parts or whole, and checks its digest.
func attempt(ctx context.Context, job Job, opt Options, whole bool) (*Partial, error) {
	t, err := begin(job, opt, whole)
	if err != nil {
		return nil, err
	}
	if whole {
		err = t.stream(ctx)
	} else {
		err = t.inParts(ctx)
	}
	if err == nil {
		err = t.file.Sync()
	}
	if closing := t.file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	got := &Partial{path: job.Path, Size: t.size, SHA256: t.sum.sha256(), GitSHA1: t.sum.gitSHA1()}
	if job.SHA256 != "" && got.SHA256 != job.SHA256 {
		return nil, &mismatch{job.SHA256, got.SHA256}
	}
	if job.GitSHA1 != "" && got.GitSHA1 != job.GitSHA1 {
		return nil, &mismatch{job.GitSHA1, got.GitSHA1}
	}
	return got, nil
}

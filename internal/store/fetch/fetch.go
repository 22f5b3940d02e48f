// Package fetch downloads one file in parts, over several connections, and goes on after
// anything that stopped it: a cut connection, the end of the process, a crash of the
// machine. The file grows beside its place, with a small state file that counts only what
// has reached the disk; its digest is computed while it comes. It gets its name when it is
// complete and has the digest that was promised.
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

// Job is a file to be fetched. Whoever starts one holds the lock that belongs to Path.
type Job struct {
	Name    string // for people
	Path    string // of the content, when it is complete
	Size    int64  // bytes; -1: not known
	SHA256  string // 64 hexadecimal digits; "": not known
	GitSHA1 string // that of git's blob, 40 digits; "": not known
	ETag    string // identifies the content of a partial file where no digest is known; "": nothing does
	Model   bool   // it must begin as GGUF files do

	// Locate returns where the bytes are. It is called again where that has expired.
	Locate func(ctx context.Context) (Source, error)
}

// Source is where the bytes of a file are, for a while.
type Source struct {
	URL   *url.URL
	Token string // for the host of URL; "": none
}

// Progress is how far a job has got.
type Progress struct {
	Name  string
	Done  int64
	Total int64 // -1: not known
}

// Options say how files are fetched; zeros stand for the defaults.
type Options struct {
	Client      *web.Client
	Connections int           // at a time: 4
	Piece       int64         // bytes of a part: 64 MiB
	Stall       time.Duration // without a byte, after which a part is asked for anew: 30 s
	SaveBytes   int64         // that may be lost with the process: 64 MiB
	SaveEvery   time.Duration // and the time after which fewer are saved: 5 s

	Report func(Progress)                   // called from another goroutine; may be nil
	Log    func(format string, args ...any) // gets what is odd, a line each; may be nil
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

// badAnswer says that what the server sends cannot belong to what is there already.
type badAnswer struct{ why string }

func (e *badAnswer) Error() string { return e.why }

func badf(format string, args ...any) error { return &badAnswer{fmt.Sprintf(format, args...)} }

// mismatch says that all bytes came, and are other ones.
type mismatch struct{ want, got string }

func (e *mismatch) Error() string {
	return fmt.Sprintf("the content has the digest %s, should have %s", e.got, e.want)
}

// notModel says that the content is no GGUF file.
type notModel struct{ begin []byte }

func (e *notModel) Error() string {
	return fmt.Sprintf("it is not a GGUF file: it begins with %.32q", e.begin)
}

// errNoRanges says that the server sends whole files alone.
var errNoRanges = errors.New("the server sends whole files alone")

// errStalled is why a connection was given up.
var errStalled = errors.New("no byte came for a while")

// Download fetches a job's content, or what is missing of it, to a file beside job.Path.
// The file is complete, has its digest, and is on the disk; Partial.Publish gives it its
// name. Where Download fails, what can be used of the file later stays.
func Download(ctx context.Context, job Job, opt Options) (*Partial, error) {
	opt = opt.withDefaults()
	whole := job.Size < 0
	var before error // why it is tried anew
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
			opt.Log("%s: %v: it cannot be fetched in parts, nor be continued later", job.Name, errNoRanges)
			whole = true
		case errors.As(err, &no):
			discard(job.Path)
			return nil, advice.Add(fmt.Errorf("%s: %w", job.Name, err), "the address may be that of a web page about the file, or ask for a login")
		case !errors.As(err, &bad) && !errors.As(err, &other):
			if whole {
				discard(job.Path) // there is no going on from it
			}
			return nil, resumable(job, err)
		case before != nil:
			discard(job.Path)
			return nil, twice(job, before, err)
		default:
			opt.Log("%s: %v: it is fetched anew, from its beginning", job.Name, err)
			before = err
			if other != nil {
				whole = true // what joins the parts may be to blame
			}
		}
		if err := discard(job.Path); err != nil {
			return nil, err
		}
	}
}

// resumable adds to an error that nothing is lost, if that is so.
func resumable(job Job, err error) error {
	err = fmt.Errorf("%s: %w", job.Name, err)
	if n := kept(job); n > 0 && advice.Of(err) == "" {
		return advice.Add(err, fmt.Sprintf("%d of %d bytes are kept: the same command goes on from there", n, job.Size))
	}
	return err
}

// twice is the error for a file that was bad two times.
func twice(job Job, before, err error) error {
	var a, b *mismatch
	err = fmt.Errorf("%s: %w, twice", job.Name, err)
	if !errors.As(before, &a) || !errors.As(err, &b) {
		return err
	}
	if a.got != b.got {
		return advice.Add(fmt.Errorf("%w (first %s)", err, a.got),
			"two tries differ from each other: memory, the disk, or a proxy on the way damages data")
	}
	return advice.Add(err, "two tries agree with each other: the server has another file than it says")
}

// attempt fetches a file in parts, or whole.
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

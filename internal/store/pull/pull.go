// Package pull fetches models: from Hugging Face into its cache, from Ollama's registry
// and from URLs into our own folder. A pull asks what a name means, checks the free
// space, fetches what is missing, checks that the files form a model, and only then gives
// the files their names. An interrupted pull leaves nothing that looks like a model.
package pull

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alpaca/internal/gguf"
	"alpaca/internal/store"
	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
)

// Puller fetches models into a library.
type Puller struct {
	Library  *store.Library
	Client   *web.Client
	Fetch    fetch.Options // how files are fetched; Pull sets the field Client
	Endpoint string        // the Hub's address; "": the default
	Token    string        // for the Hub; "": none
	SHA256   string        // the digest that the file of a URL must have; "": any

	// Choose chooses a model if a name fits several models of
	// a repository. If Choose is nil, such a name is an error.
	Choose func(models []pick.Model) (pick.Model, error)
	// Note shows a line to the user. If Note is nil, no lines are shown.
	Note func(format string, args ...any)
}

// Result describes a pulled model.
type Result struct {
	Name    string // the name by which the model can be found now
	Path    string // path of the first part
	SHA256  string // digest of the first part
	Size    int64  // bytes of all parts
	Fetched int64  // bytes that were not there before
}

// Pull fetches a model, or those of its files that are missing.
func (p *Puller) Pull(ctx context.Context, r ref.Ref) (Result, error) {
	if err := p.Client.CheckOnline(); err != nil {
		return Result{}, err
	}
	if p.Note == nil {
		p.Note = func(string, ...any) {}
	}
	p.Fetch.Client = p.Client
	if p.Fetch.Log == nil {
		p.Fetch.Log = p.Note
	}
	if p.SHA256 != "" && r.Kind != ref.URL {
		return Result{}, fmt.Errorf("a digest can be given only for an address, not for %s", r)
	}
	switch r.Kind {
	case ref.Ollama:
		return p.ollama(ctx, r)
	case ref.URL:
		return p.url(ctx, r)
	case ref.LMStudio:
		return Result{}, advice.Add(fmt.Errorf("%s can be used, but not pulled", r), fmt.Sprintf("alpaca pull hf:%s pulls it from Hugging Face", r.RepoName()))
	}
	return p.hub(ctx, r)
}

// item is a file of a pull.
type item struct {
	job   fetch.Job
	lock  string // the lock file to hold while the file is written
	model bool   // a part of the model
	name  string // the file's name while the model is checked
	anew  bool   // a file at this path is an older version, to be replaced

	partial *fetch.Partial // fetched but not yet published; nil: the file was there
	sha256  string
	git     string
}

// file returns the current path of the content.
func (i *item) file() string {
	if i.partial != nil {
		return i.partial.File()
	}
	return i.job.Path
}

// get fetches all items, checks the model and calls publish. It holds the locks of all items
// meanwhile.
func (p *Puller) get(ctx context.Context, items []*item, rec *store.Record, publish func() error) error {
	for _, i := range items {
		if err := os.MkdirAll(filepath.Dir(i.job.Path), 0o777); err != nil {
			return fmt.Errorf("the folder for models cannot be written: %w", err)
		}
		release, err := fetch.Lock(ctx, i.lock, p.waiting(i))
		if err != nil {
			return err
		}
		defer release()
	}
	missing, err := p.missing(ctx, items, rec)
	if err != nil {
		return err
	}
	if err := checkSpace(missing); err != nil {
		return err
	}
	for _, i := range missing {
		if i.partial, err = fetch.Download(ctx, i.job, p.Fetch); err != nil {
			return err
		}
		i.sha256, i.git = i.partial.SHA256, i.partial.GitSHA1
	}
	if err := checkModel(items); err != nil {
		for _, i := range missing {
			i.partial.Discard()
		}
		return err
	}
	for _, i := range missing {
		if err := i.partial.Publish(); err != nil {
			return err
		}
	}
	return publish()
}

// waiting returns a function to call while another process holds
// the lock of an item. The function shows that process's progress.
func (p *Puller) waiting(i *item) func() {
	told := false
	return func() {
		if !told {
			told = true
			p.Note("%s: waiting for another pull, which is fetching this file", i.job.Name)
		}
		if p.Fetch.Report != nil {
			p.Fetch.Report(fetch.Progress{Name: i.job.Name, Done: fetch.Done(i.job.Path, i.job.Size), Total: i.job.Size})
		}
	}
}

// missing returns the items to fetch: those whose file is absent, is to be replaced, or has
// another digest than expected. It computes the digest of a file that rec does not know.
func (p *Puller) missing(ctx context.Context, items []*item, rec *store.Record) (list []*item, err error) {
	for _, i := range items {
		st, err := os.Stat(i.job.Path)
		if err != nil || i.anew {
			list = append(list, i)
			continue
		}
		if c := rec.Of(i.job.Path); c != nil {
			i.sha256, i.git = c.SHA256, c.Git
		} else {
			p.Note("%s is there already: reading it once, to compare its digest", i.job.Name)
			i.sha256, i.git, err = store.Digests(ctx, i.job.Path, func(done int64) {
				if p.Fetch.Report != nil {
					p.Fetch.Report(fetch.Progress{Name: "checking " + i.job.Name, Done: done, Total: st.Size()})
				}
			})
			if err != nil {
				return nil, err
			}
		}
		if want := i.job.SHA256; want != "" && i.sha256 != want || i.job.GitSHA1 != "" && i.git != i.job.GitSHA1 {
			p.Note("%s is there, but damaged (its digest is %.12s…, should be %.12s…): it is fetched again", i.job.Name, i.sha256, want+i.job.GitSHA1)
			list = append(list, i)
		}
	}
	return list, nil
}

// testOnlySpace replaces fetch.FreeSpace in tests.
var testOnlySpace func(dir string) (int64, bool)

// checkSpace returns an error if the disk lacks room for the missing bytes and
// a small reserve. The reserve is there because other programs write, too.
func checkSpace(items []*item) error {
	need := int64(0)
	for _, i := range items {
		need += fetch.Needed(i.job)
	}
	if need == 0 {
		return nil
	}
	dir := filepath.Dir(items[0].job.Path)
	space := fetch.FreeSpace
	if testOnlySpace != nil {
		space = testOnlySpace
	}
	if free, known := space(dir); known && free < need+need/20 {
		return advice.Add(fmt.Errorf("the disk of %s has %d bytes free, and %d are needed, with 5 %% to spare", dir, free, need+need/20),
			"\"alpaca prune\" and \"alpaca rm\" make room; HF_HUB_CACHE and ALPACA_MODELS name folders elsewhere")
	}
	return nil
}

// checkModel returns an error if the model cannot be read as GGUF. The parts of a split
// model find each other by their names, so checkModel makes aliases with the final names.
func checkModel(items []*item) error {
	var parts []*item
	for _, i := range items {
		if i.model {
			parts = append(parts, i)
		}
	}
	switch len(parts) {
	case 0:
		return errors.New("the files include no model")
	case 1:
		return checkGGUF(parts[0].file(), parts[0].file(), parts[0].job.Name)
	}
	// We hold the lock of the first part, so a folder of this name is left from an interrupted
	// pull.
	dir := parts[0].job.Path + ".alpaca-check"
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("the folder for models cannot be written: %w", err)
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return fmt.Errorf("the folder for models cannot be written: %w", err)
	}
	defer os.RemoveAll(dir)
	for _, i := range parts {
		if err := alias(i.file(), filepath.Join(dir, filepath.Base(i.name))); err != nil {
			return err
		}
	}
	return checkGGUF(filepath.Join(dir, filepath.Base(parts[0].name)), dir+string(filepath.Separator), "")
}

// checkGGUF reads the headers of the model at path. In errors, it replaces
// hidden, a temporary path, with called, the name that the user knows.
func checkGGUF(path, hidden, called string) error {
	f, err := gguf.OpenWith(path, gguf.Options{HeaderOnly: true})
	if err != nil {
		text := strings.ReplaceAll(err.Error(), hidden, called)
		return advice.Add(fmt.Errorf("what was fetched cannot be used: %s", text), "it was deleted")
	}
	defer f.Close()
	if f.Format != "gguf" {
		return fmt.Errorf("what was fetched is a %s file, not GGUF", f.Format)
	}
	return nil
}

// alias gives a file a second name: a symbolic link, or else a hard link.
func alias(file, path string) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if os.Symlink(abs, path) == nil {
		return nil
	}
	return os.Link(abs, path)
}

// finish records what was pulled and returns the result.
func (p *Puller) finish(name string, rec *store.Record, items []*item) (Result, error) {
	res := Result{Name: name}
	for _, i := range items {
		rec.Note(i.job.Path, i.sha256, i.git)
		if i.partial != nil {
			res.Fetched += i.partial.Size
		}
	}
	rec.Name, rec.Pulled = name, time.Now().UTC().Truncate(time.Second)
	if err := p.Library.Save(rec); err != nil {
		p.Note("the pull could not be recorded: %v", err)
	}
	m, err := p.Library.Find(name)
	if err != nil {
		return res, fmt.Errorf("after the pull: %w", err)
	}
	res.Path, res.Size = m.Path(), m.Size()
	for _, i := range items {
		if i.model {
			res.SHA256 = i.sha256
			break
		}
	}
	return res, nil
}

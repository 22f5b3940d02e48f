// Package pull fetches models: from Hugging Face into its cache, from Ollama's registry and
// from addresses into our own folder. A pull asks what a name means, checks that there is
// room, fetches what is missing, checks that it is a model, and only then gives the files
// their names. Whatever ends it before leaves nothing that could be taken for a model.
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
	Fetch    fetch.Options // how files are fetched; Client is set here
	Endpoint string        // of the Hub; "": the usual one
	Token    string        // for it; "": none
	SHA256   string        // that the file of an address must have; "": any

	// Choose chooses among models of a repository; nil: a name that leaves a choice is an
	// error.
	Choose func(models []pick.Model) (pick.Model, error)
	// Note tells the user something, on a line.
	Note func(format string, args ...any)
}

// Result is what a pull has made of a name.
type Result struct {
	Name    string // by which the model is found now
	Path    string // of its first part
	SHA256  string // of that
	Size    int64  // bytes of all parts
	Fetched int64  // bytes of what was not there before
}

// Pull fetches a model, or what is missing of it.
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
		return Result{}, fmt.Errorf("a digest is for an address: %s says itself what its content is", r)
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

// item is a file of a pull, and its place.
type item struct {
	job   fetch.Job
	lock  string // to be held while it is written
	model bool   // a part of the model, with the name that its parts know each other by
	name  string
	anew  bool // what has its name is another version

	partial *fetch.Partial // fetched and not published; nil: it was there
	sha256  string
	git     string
}

// file returns where the content is at the moment.
func (i *item) file() string {
	if i.partial != nil {
		return i.partial.File()
	}
	return i.job.Path
}

// get fetches all items, checks the model and calls publish, with the locks of all held.
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

// waiting returns what is done while another process has the lock of an item: its progress
// is shown.
func (p *Puller) waiting(i *item) func() {
	told := false
	return func() {
		if !told {
			told = true
			p.Note("%s: another pull is fetching it: waiting", i.job.Name)
		}
		if p.Fetch.Report != nil {
			p.Fetch.Report(fetch.Progress{Name: i.job.Name, Done: fetch.Done(i.job.Path, i.job.Size), Total: i.job.Size})
		}
	}
}

// missing returns the items whose content is not there. What is there is read once, and
// fetched anew where it is damaged: its name proves nothing.
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
			p.Note("%s is there, but damaged (its digest is %.12s…, should be %.12s…): it is fetched anew", i.job.Name, i.sha256, want+i.job.GitSHA1)
			list = append(list, i)
		}
	}
	return list, nil
}

// testOnlySpace replaces what is known of the disk.
var testOnlySpace func(dir string) (int64, bool)

// checkSpace returns an error if the disk has no room for what is missing, and a little
// more, because others write too.
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

// checkModel returns an error unless the model's parts are a GGUF file that can be read,
// under the names that they are going to have.
func checkModel(items []*item) error {
	var parts []*item
	for _, i := range items {
		if i.model {
			parts = append(parts, i)
		}
	}
	switch len(parts) {
	case 0:
		return errors.New("there is no model among the files")
	case 1:
		return checkGGUF(parts[0].file(), parts[0].file(), parts[0].job.Name)
	}
	// The lock of the first part is held, so that what has this name is of a pull that was ended.
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

// checkGGUF reads the headers of a model. In errors, called stands for hidden.
func checkGGUF(path, hidden, called string) error {
	f, err := gguf.OpenWith(path, gguf.Options{HeaderOnly: true})
	if err != nil {
		text := strings.ReplaceAll(err.Error(), hidden, called)
		return advice.Add(fmt.Errorf("what was fetched cannot be used: %s", text), "nothing of it is kept")
	}
	defer f.Close()
	if f.Format != "gguf" {
		return fmt.Errorf("what was fetched is a %s file, not GGUF", f.Format)
	}
	return nil
}

// alias gives a file a second name for a moment.
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

// finish records what was pulled, and returns the model as it is now.
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
		p.Note("what was pulled could not be noted: %v", err)
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

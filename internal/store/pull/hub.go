package pull

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"alpaca/internal/store"
	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/hub"
	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
)

// maxXet is the size in bytes above which only Xet's own protocol can fetch a file, because the
// file has no plain URL.
const maxXet = 50 << 30

// maxLicence is the size in bytes up to which a licence's text is fetched with a model.
const maxLicence = 1 << 20

// hub pulls a model from Hugging Face.
func (p *Puller) hub(ctx context.Context, r ref.Ref) (Result, error) {
	h, err := hub.New(p.Client, p.Endpoint, p.Token)
	if err != nil {
		return Result{}, err
	}
	if res, ok, err := p.unchanged(ctx, h, r); ok || err != nil {
		return res, err
	}
	rev, err := h.Revision(ctx, r)
	if err != nil {
		return Result{}, err
	}
	files, err := h.Files(ctx, r, rev.Commit)
	if err != nil {
		return Result{}, err
	}
	chosen, quantOf, err := p.choose(r, files)
	if err != nil {
		return Result{}, err
	}
	repo := hubcache.Repo{Root: p.Library.Places.Hub, Owner: r.Owner, Name: r.Repo}
	rec := &store.Record{Pinned: ref.IsCommit(r.Revision), Licence: inWords(rev.Licence), Link: rev.Licence.Link, Base: rev.Base}
	p.announce(r, rev, rec)
	var items []*item
	total := int64(0)
	for _, f := range chosen {
		model := pick.IsModel(f.Path)
		if model {
			total += f.Size
		}
		items = append(items, &item{model: model, name: f.Path, lock: repo.Lock(f.ETag()), job: fetch.Job{
			Name: path.Base(f.Path), Path: repo.Blob(f.ETag()), Size: f.Size, SHA256: f.SHA256, GitSHA1: f.GitSHA1, Model: model,
			Locate: h.Locate(r, rev.Commit, f)}})
	}
	name := ref.Ref{Kind: ref.HF, Owner: r.Owner, Repo: r.Repo, Quant: quantOf, Revision: r.Revision}
	if quantOf == "" {
		name.File = chosen[0].Path
	}
	rec.Files = p.Library.RecordOf(name.String()).Files
	if err := repo.Prepare(); err != nil {
		return Result{}, fmt.Errorf("the folder for models cannot be written: %w", err)
	}
	err = p.get(ctx, items, rec, func() error {
		for _, f := range chosen {
			if err := repo.Link(rev.Commit, f.Path, f.ETag()); err != nil {
				return err
			}
		}
		return repo.SetRef(r.Rev(), rev.Commit)
	})
	var status *web.StatusError
	if errors.As(err, &status) && status.Status == http.StatusBadRequest && slices.ContainsFunc(chosen, func(f hub.File) bool { return f.Xet }) {
		err = advice.Add(err, "Xet's store gives some files only by its own protocol: "+byOthers(r, chosen[0].Path))
	}
	if err != nil {
		return Result{}, err
	}
	p.older(repo, rev.Commit, chosen[0].Path)
	return p.finish(name.String(), rec, items)
}

// unchanged handles a model that is here and up to date: it sends one request and fetches
// nothing. It returns false if the model must be pulled.
func (p *Puller) unchanged(ctx context.Context, h *hub.Hub, r ref.Ref) (Result, bool, error) {
	m, err := p.Library.Find(r.String())
	if err != nil || m.Where != store.Hub || m.Newer != "" || m.Digest() == "" {
		return Result{}, false, nil
	}
	repo := hubcache.Repo{Root: p.Library.Places.Hub, Owner: r.Owner, Name: r.Repo}
	if repo.Commit(r.Rev()) != m.Commit {
		return Result{}, false, nil
	}
	for _, e := range repo.Entries(m.Commit) {
		if e.File != m.Path() {
			continue
		}
		commit, err := h.CommitOf(ctx, r, e.Path)
		if err != nil {
			return Result{}, false, err
		}
		if commit != m.Commit {
			return Result{}, false, nil
		}
		var damaged *store.DamagedError
		err = p.Library.Verify(ctx, m, func(done, total int64) {
			if p.Fetch.Report != nil {
				p.Fetch.Report(fetch.Progress{Name: "checking " + path.Base(e.Path), Done: done, Total: total})
			}
		})
		if errors.As(err, &damaged) {
			return Result{}, false, nil // the pull will find the damage, too, and report it
		}
		return Result{Name: m.Name, Path: m.Path(), SHA256: m.Digest(), Size: m.Size()}, err == nil, err
	}
	return Result{}, false, nil
}

// choose returns the files of the model that r names, and the file of its licence. quant
// is the model's quantization, or "" if r.Owner/r.Repo:quant would name another model.
func (p *Puller) choose(r ref.Ref, files []hub.File) (chosen []hub.File, quant string, err error) {
	var candidates []pick.File
	byPath := map[string]hub.File{}
	safetensors := false
	for _, f := range files {
		safetensors = safetensors || strings.HasSuffix(f.Path, ".safetensors")
		if !pick.IsModel(f.Path) {
			continue
		}
		if err := f.Check(); err != nil {
			return nil, "", fmt.Errorf("%s: %w", r.RepoName(), err)
		}
		byPath[f.Path] = f
		candidates = append(candidates, pick.File{Path: f.Path, Size: f.Size})
	}
	if len(candidates) == 0 && safetensors {
		return nil, "", advice.Add(fmt.Errorf("%s has safetensors, and no GGUF file", r.RepoName()),
			fmt.Sprintf("look for a repository with GGUF in its name, such as %s-GGUF", r.RepoName()))
	}
	models, err := pick.Models(candidates, false)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", r.RepoName(), err)
	}
	model, err := pick.Choose(r, models)
	if ambiguous, ok := errors.AsType[*pick.Ambiguous](err); ok && p.Choose != nil {
		model, err = p.Choose(ambiguous.Models)
	}
	if err != nil {
		return nil, "", err
	}
	for _, part := range model.Files {
		f := byPath[part.Path]
		if f.Xet && f.Size > maxXet {
			err := fmt.Errorf("%s has %d bytes: files above %d bytes require Xet's protocol, which this program does not support", f.Path, f.Size, int64(maxXet))
			return nil, "", advice.Add(err, byOthers(r, f.Path))
		}
		chosen = append(chosen, f)
	}
	for _, f := range files {
		if store.IsLicence(f.Path) && f.Size <= maxLicence && f.Check() == nil {
			chosen = append(chosen, f)
			break
		}
	}
	again, err := pick.Choose(ref.Ref{Owner: r.Owner, Repo: r.Repo, Quant: model.Quant}, models)
	if model.Quant != "" && err == nil && again.Path() == model.Path() {
		quant = model.Quant
	}
	return chosen, quant, nil
}

// byOthers returns a hint for a file that cannot be pulled here: Hugging Face's own client
// fetches into the same cache.
func byOthers(r ref.Ref, file string) string {
	return fmt.Sprintf("fetch it with Hugging Face's own client, \"hf download %s %s\": alpaca finds it there", r.RepoName(), file)
}

// announce tells the user the licence of a model before the model is fetched.
func (p *Puller) announce(r ref.Ref, rev hub.Revision, rec *store.Record) {
	text := rec.Licence
	if text == "" {
		text = "not stated"
	}
	if rec.Link != "" {
		text += " (" + rec.Link + ")"
	}
	if rev.Gated {
		text += "; gated: you have accepted conditions on the Hub"
	}
	p.Note("%s: licence %s", r.RepoName(), text)
}

// inWords returns the name of a licence, with a note if the name says that commercial use is
// forbidden.
func inWords(l hub.Licence) string {
	text := l.ID
	if l.Name != "" && (text == "" || text == "other") {
		text = l.Name
	}
	id := strings.ToLower(l.ID + " " + l.Name)
	if strings.Contains(id, "-nc") || strings.Contains(id, "noncommercial") || strings.Contains(id, "non-commercial") || strings.Contains(id, "research") {
		text += ", not for commercial use"
	}
	return text
}

// older tells the user how much space older versions of a model take.
func (p *Puller) older(repo hubcache.Repo, commit, path string) {
	n := int64(0)
	seen := map[string]bool{}
	for _, e := range repo.Entries(commit) {
		seen[e.ETag] = true
	}
	for _, other := range repo.Snapshots() {
		if other == commit {
			continue
		}
		for _, e := range repo.Entries(other) {
			if e.Path == path && e.ETag != "" && !seen[e.ETag] {
				seen[e.ETag] = true
				n += e.Size
			}
		}
	}
	if n > 0 {
		p.Note("older versions of the model take %d MB more: \"alpaca prune\" removes them", (n+999_999)/1_000_000)
	}
}

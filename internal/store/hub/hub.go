// Package hub asks Hugging Face's Hub, or a mirror with its API: which commit a revision has,
// which files a commit has, their digests, and the URLs of their bytes. The token goes only to
// the Hub. Files usually come from another host, by a signed URL that expires.
package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
)

// DefaultEndpoint is the Hub's URL. The variable HF_ENDPOINT replaces it.
const DefaultEndpoint = "https://huggingface.co"

// Hub is a server with the Hub's API.
type Hub struct {
	client   *web.Client
	endpoint *url.URL
	token    string
}

// New returns the Hub at an endpoint. token may be "".
func New(client *web.Client, endpoint, token string) (*Hub, error) {
	if endpoint == "" {
		endpoint = DefaultEndpoint
	}
	u, err := url.Parse(strings.TrimRight(endpoint, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, advice.Add(fmt.Errorf("HF_ENDPOINT %.80q is not the address of a server", endpoint), "such an address begins with https://")
	}
	return &Hub{client, u, token}, nil
}

// at returns a URL below the endpoint. The parts of its path may contain slashes.
func (h *Hub) at(parts ...string) *url.URL {
	u := *h.endpoint
	u.Path = strings.TrimRight(u.Path, "/") + "/" + strings.Join(parts, "/")
	u.RawPath = ""
	return &u
}

// escaped returns a URL below the endpoint, with the path before/one/after. The part one is the
// name of a revision. Its slashes are escaped, because a branch's name may contain slashes.
func (h *Hub) escaped(before []string, one string, after ...string) *url.URL {
	u := h.at(append(append(before, one), after...)...)
	raw := strings.TrimRight(h.endpoint.EscapedPath(), "/")
	for _, p := range before {
		raw += "/" + (&url.URL{Path: p}).EscapedPath()
	}
	raw += "/" + url.PathEscape(one)
	for _, p := range after {
		raw += "/" + strings.TrimPrefix((&url.URL{Path: "/" + p}).EscapedPath(), "/")
	}
	u.RawPath = raw
	return u
}

// Licence is what a repository says about its licence.
type Licence struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Link string `json:"link,omitempty"`
}

// Revision is the current state of a repository's revision.
type Revision struct {
	Commit  string
	Licence Licence
	Gated   bool     // users must accept conditions on the Hub
	Base    []string // the models from which this model was made
}

// words reads a JSON string, or a list of strings.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*w = list
	}
	return nil // anything else counts as absent
}

// Revision asks for the current commit of r's revision.
func (h *Hub) Revision(ctx context.Context, r ref.Ref) (Revision, error) {
	var v struct {
		SHA   string          `json:"sha"`
		Gated json.RawMessage `json:"gated"`
		Tags  words           `json:"tags"`
		Card  struct {
			License words `json:"license"`
			Name    words `json:"license_name"`
			Link    words `json:"license_link"`
			Base    words `json:"base_model"`
		} `json:"cardData"`
	}
	u := h.escaped([]string{"api", "models", r.Owner, r.Repo, "revision"}, r.Rev())
	if _, _, err := h.client.JSON(ctx, web.Ask{URL: u, Token: h.token}, 0, &v); err != nil {
		return Revision{}, h.explain(err, r)
	}
	if !ref.IsCommit(v.SHA) {
		return Revision{}, fmt.Errorf("%s: the answer has no commit: this is not a Hub", h.endpoint.Host)
	}
	rev := Revision{Commit: v.SHA, Base: v.Card.Base, Gated: len(v.Gated) > 0 && string(v.Gated) != "false" && string(v.Gated) != "null",
		Licence: Licence{first(v.Card.License), first(v.Card.Name), first(v.Card.Link)}}
	for _, tag := range v.Tags {
		if id, ok := strings.CutPrefix(tag, "license:"); ok && rev.Licence.ID == "" {
			rev.Licence.ID = id
		}
	}
	return rev, nil
}

func first(w words) string {
	if len(w) == 0 {
		return ""
	}
	return w[0]
}

// File is a file of a commit.
type File struct {
	Path    string
	Size    int64
	SHA256  string // digest of a file that is stored in git-lfs or Xet; "": git stores the file itself
	GitSHA1 string // git's digest of the file, if SHA256 is ""
	Xet     bool   // the bytes are in Xet's store
}

// ETag returns the content's name in the cache.
func (f File) ETag() string {
	if f.SHA256 != "" {
		return f.SHA256
	}
	return f.GitSHA1
}

// maxFiles is the largest number of files that a repository may have.
const maxFiles = 1 << 20

// Files asks for the list of a commit's files.
func (h *Hub) Files(ctx context.Context, r ref.Ref, commit string) ([]File, error) {
	u := h.at("api", "models", r.Owner, r.Repo, "tree", commit)
	u.RawQuery = "recursive=true&expand=false"
	var list []File
	for u != nil {
		var page []struct {
			Type string `json:"type"`
			Path string `json:"path"`
			Size int64  `json:"size"`
			OID  string `json:"oid"`
			Xet  string `json:"xetHash"`
			LFS  *struct {
				OID  string `json:"oid"`
				Size int64  `json:"size"`
			} `json:"lfs"`
		}
		header, _, err := h.client.JSON(ctx, web.Ask{URL: u, Token: h.token}, 0, &page)
		if err != nil {
			return nil, h.explain(err, r)
		}
		for _, e := range page {
			if e.Type != "file" {
				continue
			}
			f := File{Path: e.Path, Size: e.Size, GitSHA1: e.OID, Xet: e.Xet != ""}
			if e.LFS != nil {
				f.SHA256, f.Size, f.GitSHA1 = strings.TrimPrefix(e.LFS.OID, "sha256:"), e.LFS.Size, ""
			}
			list = append(list, f)
		}
		if len(list) > maxFiles {
			return nil, fmt.Errorf("%s has more than %d files", r.RepoName(), maxFiles)
		}
		if u, err = nextPage(u, header); err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break // a server may send empty pages forever
		}
	}
	return list, nil
}

// nextPage returns the URL of the next page, or nil after the last page.
// The URL must be on the same server, because the token goes there.
func nextPage(u *url.URL, h http.Header) (*url.URL, error) {
	for _, link := range h.Values("Link") {
		for _, part := range strings.Split(link, ",") {
			address, params, ok := strings.Cut(strings.TrimSpace(part), ">")
			if !ok || !strings.HasPrefix(address, "<") || !strings.Contains(strings.ReplaceAll(params, " ", ""), `rel="next"`) {
				continue
			}
			next, err := u.Parse(address[1:])
			if err != nil || !web.SameHost(u, next) {
				return nil, fmt.Errorf("%s: the next page of the list of files is on another server", web.Shown(u))
			}
			return next, nil
		}
	}
	return nil, nil
}

// Check returns an error if the file cannot be fetched or stored.
func (f File) Check() error {
	if err := ref.CheckPath(f.Path); err != nil {
		return fmt.Errorf("the repository has a file that cannot be stored: %w", err)
	}
	if f.Size < 0 {
		return fmt.Errorf("%s: its size is %d", f.Path, f.Size)
	}
	if f.SHA256 != "" && !ref.IsSHA256(f.SHA256) || f.SHA256 == "" && !ref.IsCommit(f.GitSHA1) {
		return fmt.Errorf("%s: %.80q is not a digest", f.Path, f.ETag())
	}
	return nil
}

// explain returns an error that says what an answer of the Hub means, and what the user can do.
func (h *Hub) explain(err error, r ref.Ref) error {
	var status *web.StatusError
	if !errors.As(err, &status) {
		return err
	}
	page := h.at(r.Owner, r.Repo).String()
	switch {
	case status.Code == "GatedRepo":
		return advice.Add(fmt.Errorf("%s is gated: its conditions must be accepted first", r.RepoName()),
			"accept them at "+page+", then set HF_TOKEN to a token of yours")
	case status.Code == "RevisionNotFound":
		return fmt.Errorf("%s has no revision %q", r.RepoName(), r.Rev())
	case status.Code == "EntryNotFound":
		return fmt.Errorf("%s has no file %q at %s", r.RepoName(), r.File, r.Rev())
	case status.Code == "RepoNotFound", status.Status == http.StatusUnauthorized, status.Status == http.StatusNotFound:
		hint := "is the name spelled right? A private repository needs HF_TOKEN"
		if h.token != "" {
			hint = "is the name spelled right? Your token may not be allowed to see a private repository"
		}
		return advice.Add(fmt.Errorf("%s has no repository %s", h.endpoint.Host, r.RepoName()), hint)
	}
	return err
}

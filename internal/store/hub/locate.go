package hub

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"alpaca/internal/store/fetch"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
)

// head asks for the headers of a file of a revision.
func (h *Hub) head(ctx context.Context, r ref.Ref, revision, path string) (*web.Answer, error) {
	u := h.escaped([]string{r.Owner, r.Repo, "resolve"}, revision, path)
	answer, err := h.client.Send(ctx, web.Ask{Method: http.MethodHead, URL: u, Token: h.token, Stay: true})
	if err != nil {
		return nil, h.explain(err, r)
	}
	answer.Body.Close()
	if !ref.IsCommit(answer.Header.Get("X-Repo-Commit")) {
		return nil, fmt.Errorf("%s: the answer has no X-Repo-Commit: this is not a Hub, or a proxy removes headers", web.Shown(u))
	}
	return answer, nil
}

// CommitOf returns the current commit of r's revision, from the headers of the file at path.
func (h *Hub) CommitOf(ctx context.Context, r ref.Ref, path string) (string, error) {
	answer, err := h.head(ctx, r, r.Rev(), path)
	if err != nil {
		return "", err
	}
	return answer.Header.Get("X-Repo-Commit"), nil
}

// Locate returns a function that asks for the current URL of a file's bytes.
func (h *Hub) Locate(r ref.Ref, commit string, f File) func(ctx context.Context) (fetch.Source, error) {
	return func(ctx context.Context) (fetch.Source, error) {
		answer, err := h.head(ctx, r, commit, f.Path)
		if err != nil {
			return fetch.Source{}, err
		}
		etag := answer.Header.Get("X-Linked-Etag")
		if etag == "" {
			etag = answer.Header.Get("ETag")
		}
		if etag = strings.Trim(strings.TrimPrefix(etag, "W/"), `"`); etag != f.ETag() {
			return fetch.Source{}, fmt.Errorf("%s: the list of files says that the digest is %s, but the file's headers say %.80q", f.Path, f.ETag(), etag)
		}
		if size := answer.Header.Get("X-Linked-Size"); size != "" && size != strconv.FormatInt(f.Size, 10) {
			return fetch.Source{}, fmt.Errorf("%s: the list of files says that the size is %d bytes, but the file's headers say %.20q", f.Path, f.Size, size)
		}
		src := fetch.Source{URL: answer.URL}
		if web.SameHost(answer.URL, h.endpoint) {
			src.Token = h.token
		}
		return src, nil
	}
}

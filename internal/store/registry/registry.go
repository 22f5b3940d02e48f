// Package registry asks Ollama's registry, or another with its protocol, for a model's manifest
// and for the URLs of its layers. Public models need no login. If the registry requires a token,
// the package fetches one, but only from the same host.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/ollama"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
)

// Registry asks a registry about one model.
type Registry struct {
	client *web.Client
	name   ref.Ref
	base   url.URL // …/v2/namespace/model

	mu    sync.Mutex
	token string
}

// New returns the registry of a name. It uses http for a registry on this machine.
func New(client *web.Client, name ref.Ref) *Registry {
	u := url.URL{Scheme: "https", Host: name.Host, Path: "/v2/" + name.Namespace + "/" + name.Model}
	if host := u.Hostname(); host == "localhost" || strings.HasPrefix(host, "127.") {
		u.Scheme = "http"
	}
	return &Registry{client: client, name: name, base: u}
}

func (r *Registry) at(kind, what string) *url.URL {
	u := r.base
	u.Path += "/" + kind + "/" + what
	return &u
}

// Manifest fetches the model's manifest. It returns the parsed manifest and the manifest's bytes.
func (r *Registry) Manifest(ctx context.Context) (*ollama.Manifest, []byte, error) {
	var data []byte
	err := r.known(ctx, func(token string) (err error) {
		var any struct{}
		_, data, err = r.client.JSON(ctx, web.Ask{URL: r.at("manifests", r.name.Tag), Token: token, Header: http.Header{"Accept": {ollama.MediaType}}},
			ollama.MaxManifest, &any)
		return err
	})
	if err != nil {
		return nil, nil, r.explain(err)
	}
	m, err := ollama.Parse(data)
	return m, data, err
}

// Locate returns a function that asks for the current URL of a layer's bytes.
func (r *Registry) Locate(l ollama.Layer) func(ctx context.Context) (fetch.Source, error) {
	return func(ctx context.Context) (src fetch.Source, err error) {
		err = r.known(ctx, func(token string) error {
			answer, err := r.client.Send(ctx, web.Ask{Method: http.MethodHead, URL: r.at("blobs", l.Digest), Token: token, Stay: true})
			if err != nil {
				return err
			}
			answer.Body.Close()
			src = fetch.Source{URL: answer.URL}
			if web.SameHost(answer.URL, &r.base) {
				src.Token = token
			}
			return nil
		})
		if err != nil {
			err = r.explain(err)
		}
		return src, err
	}
}

// known calls the function ask, and calls it again with a new token if the registry requires one.
func (r *Registry) known(ctx context.Context, ask func(token string) error) error {
	r.mu.Lock()
	token := r.token
	r.mu.Unlock()
	err := ask(token)
	var status *web.StatusError
	if !errors.As(err, &status) || status.Status != http.StatusUnauthorized {
		return err
	}
	challenge := status.Header.Get("Www-Authenticate")
	if challenge == "" {
		return err
	}
	if token, err = r.fetchToken(ctx, challenge); err != nil {
		return err
	}
	r.mu.Lock()
	r.token = token
	r.mu.Unlock()
	return ask(token)
}

// fetchToken fetches the token that a challenge asks for. The challenge's realm must be on the
// registry's own host, so that a registry cannot make us send requests to other hosts.
func (r *Registry) fetchToken(ctx context.Context, challenge string) (string, error) {
	params, ok := parseChallenge(challenge)
	if !ok {
		return "", fmt.Errorf("%s asks for a login of an unknown kind: %.60q", r.base.Host, challenge)
	}
	realm, err := url.Parse(params["realm"])
	if err != nil || !web.SameHost(realm, &r.base) {
		return "", fmt.Errorf("%s asks to fetch its token from another host, %.60q: that is refused", r.base.Host, params["realm"])
	}
	q := realm.Query()
	for _, name := range []string{"service", "scope"} {
		if v := params[name]; v != "" {
			q.Set(name, v)
		}
	}
	realm.RawQuery = q.Encode()
	var v struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if _, _, err := r.client.JSON(ctx, web.Ask{URL: realm}, 64<<10, &v); err != nil {
		return "", err
	}
	token := v.Token
	if token == "" {
		token = v.AccessToken
	}
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", fmt.Errorf("%s gives no token", r.base.Host)
	}
	return token, nil
}

// parseChallenge parses Bearer realm="…",service="…",scope="…".
func parseChallenge(text string) (map[string]string, bool) {
	scheme, rest, ok := strings.Cut(text, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, false
	}
	params := map[string]string{}
	for rest != "" {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		var value string
		if quoted, found := strings.CutPrefix(after, `"`); found {
			if value, after, ok = strings.Cut(quoted, `"`); !ok {
				return nil, false
			}
			_, rest, _ = strings.Cut(after, ",")
		} else {
			value, rest, _ = strings.Cut(after, ",")
		}
		params[strings.ToLower(strings.TrimSpace(name))] = value
	}
	return params, params["realm"] != ""
}

// explain turns the registry's 404 into an error that says what to check.
func (r *Registry) explain(err error) error {
	var status *web.StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return advice.Add(fmt.Errorf("%s has no model %s", r.base.Host, strings.TrimPrefix(r.name.String(), "ollama:")), "are the name and the tag spelled right?")
	}
	return err
}

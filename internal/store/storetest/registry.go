package storetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"alpaca/internal/store/ollama"
)

// known reports whether a request is authorized. If not, it answers with a challenge.
func (s *Server) known(w http.ResponseWriter, r *http.Request) bool {
	if !s.Login || strings.HasPrefix(r.Header.Get("Authorization"), "Bearer of ") {
		return true
	}
	realm := s.Realm
	if realm == "" {
		realm = s.URL + "/token"
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s",service="registry",scope="repository:%s:pull"`, realm, url.PathEscape(r.PathValue("model"))))
	w.WriteHeader(401)
	return false
}

func (s *Server) manifest(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r) {
		return
	}
	data, ok := s.Models[r.PathValue("ns")+"/"+r.PathValue("model")+":"+r.PathValue("tag")]
	if !ok {
		w.WriteHeader(404)
		return
	}
	w.Header().Set("Content-Type", ollama.MediaType)
	w.Write(data)
}

func (s *Server) blob(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r) {
		return
	}
	hash := strings.TrimPrefix(r.PathValue("digest"), "sha256:")
	if _, ok := s.Content(hash); !ok {
		w.WriteHeader(404)
		return
	}
	w.Header().Set("Location", s.CDN+"/sha256/"+hash+"?signature=secret")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// AddModel adds a model to the registry. Each element of layers is a kind and its data.
func (s *Server) AddModel(name string, layers ...[2]string) *ollama.Manifest {
	m := &ollama.Manifest{SchemaVersion: 2, MediaType: ollama.MediaType}
	layer := func(mediaType, data string) ollama.Layer {
		digest := "sha256:" + SHA256([]byte(data))
		s.Blobs[digest] = []byte(data)
		return ollama.Layer{MediaType: mediaType, Digest: digest, Size: int64(len(data))}
	}
	m.Config = layer("application/vnd.docker.container.image.v1+json", `{"model_format":"gguf"}`)
	for _, l := range layers {
		m.Layers = append(m.Layers, layer("application/vnd.ollama.image."+l[0], l[1]))
	}
	s.Models[name], _ = json.Marshal(m)
	return m
}

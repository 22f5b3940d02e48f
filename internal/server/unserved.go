package server

import (
	"net/http"

	"alpaca/internal/openai"
)

// unserved lists paths that other servers have and this server does not support. The
// field why is the message of the error. The error's status stops clients from retrying.
var unserved = []struct {
	why      string
	patterns []string
}{
	{"this server does not make embeddings: language models without pooling make poor embeddings", []string{
		"POST /v1/embeddings", "POST /embeddings", "POST /embedding", "POST /api/embed", "POST /api/embeddings",
	}},
	{"this server does not rank texts: ranking needs a model that was made for it", []string{
		"POST /rerank", "POST /reranking", "POST /v1/rerank", "POST /v1/reranking",
	}},
	{"this server cannot fill in a text between two others: continue the first one with /v1/completions", []string{"POST /infill"}},
	{"the state of texts is neither saved nor loaded over HTTP", []string{"POST /slots/{id}"}},
	{"models are not managed over HTTP: use the command line, for example \"alpaca pull\"", []string{
		"POST /api/pull", "POST /api/push", "POST /api/create", "POST /api/copy", "DELETE /api/delete", "POST /api/blobs/{digest}", "HEAD /api/blobs/{digest}",
	}},
}

// unservedRoutes returns the routes of the paths in unserved.
func unservedRoutes() (list []route) {
	for _, u := range unserved {
		for _, pattern := range u.patterns {
			list = append(list, route{pattern, false, func(http.ResponseWriter, *http.Request) error {
				e := openai.Unsupported("", "%s", u.why)
				e.Code, e.Final = "not_supported", true
				return e
			}})
		}
	}
	return list
}

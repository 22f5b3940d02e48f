// Package ref reads the names of models: hf:owner/repo:QUANT, ollama:name:tag, https://…,
// lmstudio:owner/repo/file.gguf. Names come from people and from servers and become paths and URLs,
// so this package checks every part. The parts of a Ref from Parse are safe in paths and URLs.
package ref

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"alpaca/internal/store/advice"
)

// Kind says where a model comes from.
type Kind int

const (
	HF       Kind = iota // Hugging Face
	Ollama               // Ollama's registry, or another with its protocol
	URL                  // any file on a web server
	LMStudio             // a file in LM Studio's folder: only found, never fetched
)

// MainRevision is the branch that a name without a revision means.
const MainRevision = "main"

// Defaults for the parts that Ollama's names may leave out.
const (
	OllamaHost      = "registry.ollama.ai"
	OllamaNamespace = "library"
	OllamaTag       = "latest"
)

// Ref is a parsed name. The comments say which kinds
// use a field. For other kinds the field is empty.
type Ref struct {
	Kind Kind

	Owner, Repo string // HF, LMStudio
	Quant       string // HF: as the user wrote it; "": not given
	File        string // HF, LMStudio: a path in the repository; "": not given
	Revision    string // HF: a branch or commit; "": MainRevision

	Host, Namespace, Model, Tag string // Ollama: all set

	URL *url.URL // URL
}

// String returns the name in its canonical form, which Parse accepts.
func (r Ref) String() string {
	switch r.Kind {
	case Ollama:
		name := r.Model + ":" + r.Tag
		if r.Host != OllamaHost {
			return "ollama:" + r.Host + "/" + r.Namespace + "/" + name
		}
		if r.Namespace != OllamaNamespace {
			return "ollama:" + r.Namespace + "/" + name
		}
		return "ollama:" + name
	case URL:
		return r.URL.String()
	case LMStudio:
		return "lmstudio:" + path.Join(r.Owner, r.Repo, r.File)
	}
	name := "hf:" + r.RepoName()
	if r.File != "" {
		name += "/" + r.File
	} else if r.Quant != "" {
		name += ":" + r.Quant
	}
	// Parse takes the text after the last @ as the revision. So after a file's
	// name with an @, String must write the revision, even if it is MainRevision.
	if r.Rev() != MainRevision || strings.Contains(r.File, "@") {
		name += "@" + r.Rev()
	}
	return name
}

// RepoName returns "owner/repo".
func (r Ref) RepoName() string { return r.Owner + "/" + r.Repo }

// Rev returns the revision, by default MainRevision.
func (r Ref) Rev() string {
	if r.Revision == "" {
		return MainRevision
	}
	return r.Revision
}

// hfPrefixes are the prefixes of Hugging Face's names.
var hfPrefixes = []string{"hf:", "hf.co/", "huggingface.co/", "https://huggingface.co/", "https://hf.co/"}

// IsName reports whether text has the prefix of a model's name. Other text may be a path.
func IsName(text string) bool {
	for _, p := range append([]string{"ollama:", "https://", "http://", "lmstudio:"}, hfPrefixes...) {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// Parse parses a name. A name without a prefix is Hugging Face's owner/repo[:QUANT].
func Parse(text string) (Ref, error) {
	if len(text) > 4096 {
		return Ref{}, fmt.Errorf("the name has %d bytes, at most 4096 are allowed", len(text))
	}
	if rest, ok := strings.CutPrefix(text, "ollama:"); ok {
		return parseOllama(rest)
	}
	if rest, ok := strings.CutPrefix(text, "lmstudio:"); ok {
		r, err := parseHF(rest)
		if err == nil && (r.File == "" || r.Revision != "") {
			err = fmt.Errorf("%q: want lmstudio:owner/repo/file.gguf", text)
		}
		r.Kind = LMStudio
		return r, err
	}
	for _, p := range hfPrefixes {
		rest, ok := strings.CutPrefix(text, p)
		if !ok {
			continue
		}
		if strings.HasPrefix(p, "https:") {
			// As copied from a browser: …/resolve/REVISION/FILE and …/blob/REVISION/FILE.
			rest = browserPath(rest)
		}
		return parseHF(rest)
	}
	if strings.Contains(text, "://") {
		return parseURL(text)
	}
	return parseHF(text)
}

// browserPath turns the path of a browser's address into owner/repo/FILE@REVISION or
// owner/repo@REVISION. Other paths stay as they are.
func browserPath(rest string) string {
	rest, _, _ = strings.Cut(rest, "?")
	rest = strings.TrimSuffix(rest, "/")
	parts := strings.SplitN(rest, "/", 5)
	if len(parts) == 5 && (parts[2] == "resolve" || parts[2] == "blob") {
		file, err := url.PathUnescape(parts[4])
		if err != nil {
			return rest
		}
		return parts[0] + "/" + parts[1] + "/" + file + "@" + parts[3]
	}
	if len(parts) == 4 && parts[2] == "tree" {
		return parts[0] + "/" + parts[1] + "@" + parts[3]
	}
	return rest
}

func parseHF(text string) (Ref, error) {
	r := Ref{Kind: HF}
	name := text
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		name, r.Revision = text[:i], text[i+1:]
		if err := CheckRevision(r.Revision); err != nil {
			return r, fmt.Errorf("%q: %w", text, err)
		}
	}
	parts := strings.SplitN(name, "/", 3)
	if len(parts) < 2 {
		return r, advice.Add(fmt.Errorf("%q is not the name of a model", text), "names are hf:owner/repo:QUANT, ollama:name:tag, or https://host/file.gguf")
	}
	r.Owner, r.Repo = parts[0], parts[1]
	if len(parts) == 3 {
		r.File = parts[2]
		if err := CheckPath(r.File); err != nil {
			return r, fmt.Errorf("%q: %w", text, err)
		}
	} else if repo, quant, ok := strings.Cut(r.Repo, ":"); ok {
		r.Repo, r.Quant = repo, quant
		if err := checkQuant(quant); err != nil {
			return r, fmt.Errorf("%q: %w", text, err)
		}
	}
	for _, part := range []string{r.Owner, r.Repo} {
		if err := CheckRepoPart(part); err != nil {
			return r, fmt.Errorf("%q: %w", text, err)
		}
	}
	return r, nil
}

func parseOllama(text string) (Ref, error) {
	r := Ref{Kind: Ollama, Host: OllamaHost, Namespace: OllamaNamespace, Tag: OllamaTag}
	parts := strings.Split(text, "/")
	last := parts[len(parts)-1]
	name, tag, tagged := strings.Cut(last, ":")
	r.Model = name
	if tagged {
		r.Tag = tag
	}
	switch len(parts) {
	case 1:
	case 2:
		r.Namespace = parts[0]
	case 3:
		r.Host, r.Namespace = parts[0], parts[1]
	default:
		return r, fmt.Errorf("%q has %d parts, want ollama:name:tag, ollama:namespace/name:tag or ollama:host/namespace/name:tag", text, len(parts))
	}
	return r, r.checkOllama(text)
}

func parseURL(text string) (Ref, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Ref{}, fmt.Errorf("the address cannot be read: %w", err.(*url.Error).Err)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return Ref{}, fmt.Errorf("%s: addresses begin with https://, not %s://", u.Redacted(), u.Scheme)
	case u.Host == "":
		return Ref{}, fmt.Errorf("%s: the address names no host", u.Redacted())
	case u.User != nil:
		return Ref{}, fmt.Errorf("%s: an address with a password is refused, because it would end up in lists and logs", u.Redacted())
	}
	u.Fragment = ""
	file := strings.TrimPrefix(u.Path, "/")
	if err := CheckPath(file); err != nil {
		return Ref{}, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	return Ref{Kind: URL, URL: u}, nil
}

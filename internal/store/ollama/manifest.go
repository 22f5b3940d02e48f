// Package ollama reads the manifests of Ollama's models, and knows the paths of manifests and
// content: manifests/HOST/NAMESPACE/MODEL/TAG and blobs/sha256-HEX below a root. The registry's
// manifests have the same form. Manifests are untrusted, so Parse checks the digest and the size
// of each layer before they become a path or a size.
package ollama

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alpaca/internal/atomicfile"
	"alpaca/internal/store/ref"
)

// Limits of a manifest.
const (
	MaxManifest = 1 << 20 // bytes
	maxLayers   = 64
)

// MediaType is the media type of manifests in requests.
const MediaType = "application/vnd.docker.distribution.manifest.v2+json"

// kind is the prefix of a layer's media type.
const kind = "application/vnd.ollama.image."

// Kinds of layers.
const (
	KindModel     = "model"
	KindLicense   = "license"
	KindProjector = "projector"
)

// Layer is a part of a model, named by its digest.
type Layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"` // sha256: and 64 digits
	Size      int64  `json:"size"`   // bytes
}

// Hash returns the digest's 64 digits.
func (l Layer) Hash() string { return strings.TrimPrefix(l.Digest, "sha256:") }

// Kind returns the kind of a layer: KindModel, …
func (l Layer) Kind() string { return strings.TrimPrefix(l.MediaType, kind) }

// Manifest lists the parts of a model.
type Manifest struct {
	SchemaVersion int     `json:"schemaVersion"`
	MediaType     string  `json:"mediaType"`
	Config        Layer   `json:"config"`
	Layers        []Layer `json:"layers"`
}

// Parse parses and checks a manifest.
func Parse(data []byte) (*Manifest, error) {
	if len(data) > MaxManifest {
		return nil, fmt.Errorf("the manifest has more than %d bytes", MaxManifest)
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("the manifest cannot be read: %w", err)
	}
	if m.SchemaVersion != 2 {
		return nil, fmt.Errorf("the manifest has schema version %d, must be 2", m.SchemaVersion)
	}
	if len(m.Layers) == 0 || len(m.Layers) > maxLayers {
		return nil, fmt.Errorf("the manifest has %d layers, must have 1 to %d", len(m.Layers), maxLayers)
	}
	total := int64(0)
	all := m.Layers
	if m.Config.Digest != "" {
		all = append([]Layer{m.Config}, all...)
	}
	for _, l := range all {
		if _, err := ref.CheckDigest(l.Digest); err != nil {
			return nil, fmt.Errorf("the manifest: %w", err)
		}
		if l.Size < 0 || l.Size > math.MaxInt64-total {
			return nil, fmt.Errorf("the manifest has a layer with the impossible size of %d bytes", l.Size)
		}
		total += l.Size
	}
	return m, nil
}

// Model returns the layer with the model.
func (m *Manifest) Model() (Layer, error) {
	var found []Layer
	for _, l := range m.Layers {
		switch l.Kind() {
		case KindModel:
			found = append(found, l)
		case "tensor", "json":
			return Layer{}, fmt.Errorf("the model is in safetensors, with a layer for each tensor: only GGUF models can be used")
		case "adapter":
			return Layer{}, fmt.Errorf("the model has an adapter: it cannot be used, because the adapter would be left out")
		}
	}
	if len(found) != 1 {
		return Layer{}, fmt.Errorf("the manifest has %d models, must have 1", len(found))
	}
	return found[0], nil
}

// Find returns the first layer of a kind, and false if there is none.
func (m *Manifest) Find(kind string) (Layer, bool) {
	for _, l := range m.Layers {
		if l.Kind() == kind {
			return l, true
		}
	}
	return Layer{}, false
}

// Root is a folder with manifests and blobs.
type Root string

// Blob returns the path of a layer's content.
func (r Root) Blob(hash string) string { return filepath.Join(string(r), "blobs", "sha256-"+hash) }

// Manifest returns the path of a model's manifest.
func (r Root) Manifest(n ref.Ref) string {
	return filepath.Join(string(r), "manifests", hostFolder(n.Host), n.Namespace, n.Model, n.Tag)
}

// hostFolder returns the name of a host's folder. Windows does not allow a colon in such a name.
func hostFolder(host string) string {
	if filepath.Separator == '\\' {
		return strings.ReplaceAll(host, ":", "_")
	}
	return host
}

// Found is a model in a root.
type Found struct {
	Ref      ref.Ref
	Manifest *Manifest
	Path     string // path of the manifest
	Time     time.Time
}

// Open reads a model's manifest.
func (r Root) Open(n ref.Ref) (*Found, error) {
	path := r.Manifest(n)
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > MaxManifest {
		return nil, fmt.Errorf("%s: the manifest has more than %d bytes", path, MaxManifest)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Found{n, m, path, st.ModTime()}, nil
}

// Models returns all models in a root. It skips files that are not manifests.
func (r Root) Models() (list []*Found) {
	base := filepath.Join(string(r), "manifests")
	filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		name, err := filepath.Rel(base, path)
		if err != nil {
			return nil
		}
		parts := strings.Split(filepath.ToSlash(name), "/")
		if len(parts) != 4 {
			return nil
		}
		n, err := ref.Parse("ollama:" + parts[0] + "/" + parts[1] + "/" + parts[2] + ":" + parts[3])
		if err != nil {
			return nil
		}
		if found, err := r.Open(n); err == nil {
			list = append(list, found)
		}
		return nil
	})
	return list
}

// Save writes a model's manifest, byte for byte as it came, so that its digest stays valid.
func (r Root) Save(n ref.Ref, data []byte) error {
	path := r.Manifest(n)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, data, 0o666)
}

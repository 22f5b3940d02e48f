package gguf

import "alpaca/internal/arch"

// Hparams returns the metadata of a model with the given architecture and the parameters h, except
// the key that names the architecture.
func Hparams(a *arch.Arch, h *arch.Hparams) []KV {
	var kv []KV
	for _, p := range a.Metadata(h) {
		switch v := p.Value.(type) {
		case uint32:
			kv = append(kv, KV{p.Key, U32(v)})
		case float32:
			kv = append(kv, KV{p.Key, F32(v)})
		}
	}
	return kv
}

package open

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/arch"
)

// leftOver returns an error if a tensor of the checkpoint was
// not used, except for tensors that are known to be unnecessary.
func (b *builder) leftOver() error {
	if b.folder.Meta {
		return b.metaLeftOver()
	}
	var unknown []string
	skipped, unread := 0, 0
	for name, t := range b.folder.Shards[0] {
		switch {
		case b.used[name]:
		case b.unread(name):
			unread++
		case b.useless(name):
			skipped++
		default:
			unknown = append(unknown, fmt.Sprintf("tensor %q, %s %d", name, t.Type, t.Shape))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		if more := len(unknown) - 1; more > 0 {
			return fmt.Errorf("%s, and %d more have no place in %s", unknown[0], more, b.Arch.Name)
		}
		return fmt.Errorf("%s, has no place in %s", unknown[0], b.Arch.Name)
	}
	if skipped > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d tensors that do not belong to the language model are left out", skipped))
	}
	if unread > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d tensors for keys and values are left out, because their layers do not use them", unread))
	}
	return nil
}

// otherParts are the prefixes of the names of tensors outside the language model.
var otherParts = []string{
	"vision_tower.", "multi_modal_projector.", "visual.", "vision_model.", "audio_tower.", "embed_vision.", "embed_audio.", "mtp.", "connector.", "image_newline",
	"vision_projector.", "patch_merger.", "vision_encoder.", "vision_language_adapter.", "pre_mm_projector_norm.", "vision_embed_tokens.", "vision_embedder.",
}

// useless reports whether a tensor of a checkpoint is not needed.
func (b *builder) useless(name string) bool {
	rest := arch.CutPrefix(name)
	for _, p := range otherParts {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	for _, end := range []string{".rotary_emb.inv_freq", ".attn.masked_bias", ".attn.bias", ".input_scale", ".activation_scale", ".k_scale", ".v_scale", ".q_scale", ".output_scale"} {
		if strings.HasSuffix(rest, end) {
			return true
		}
	}
	if p, ok := b.Arch.FromHF(name); ok && p.Layer >= len(b.Layers) { // the checkpoint's layers after the model's last layer predict tokens beyond the next token
		return true
	}
	return false
}

// unread reports whether a tensor computes keys or values that its layer does not use.
// Such a layer uses the keys and values of another layer, or it uses its keys as values.
func (b *builder) unread(name string) bool {
	p, ok := b.Arch.FromHF(name)
	if !ok || p.Layer < 0 || p.Layer >= len(b.Layers) || b.has(p.Layer, p.Tensor) {
		return false
	}
	return p.Tensor.In == arch.OwnKVLayers
}

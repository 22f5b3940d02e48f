package open

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/config"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/weights"
)

// readMeta reads Meta's params.json. This file lacks the size of the feed-forward network, so the
// size is taken from a tensor.
func (m *Model) readMeta(o config.Object) (*config.Model, error) {
	first := m.folder.Shards[0]["layers.0.feed_forward.w1.weight"]
	if first == nil || len(first.Shape) != 2 {
		return nil, fmt.Errorf("tensor %q is missing", "layers.0.feed_forward.w1.weight")
	}
	return config.ReadMeta(o, first.Shape[0]*len(m.folder.Shards))
}

// meta returns a tensor that is split among Meta's files, or nil if there is none.
func (b *builder) meta(s source) (*stored, error) {
	if s.tensor.Meta == "" || s.bias {
		return nil, nil
	}
	name := s.tensor.Meta + ".weight"
	if s.layer >= 0 {
		name = fmt.Sprintf("layers.%d.%s", s.layer, name)
	}
	var parts []*weights.Tensor
	for i, shard := range b.folder.Shards {
		t := shard[name]
		if t == nil {
			if i == 0 {
				return nil, nil
			}
			return nil, fmt.Errorf("%s: tensor %q is missing", b.folder.Files[i], name)
		}
		if i > 0 && !slices.Equal(t.Shape, parts[0].Shape) {
			return nil, fmt.Errorf("%s: tensor %q has the shape %d, but in the first file it has %d", b.folder.Files[i], name, t.Shape, parts[0].Shape)
		}
		parts = append(parts, t)
	}
	b.used[name] = true
	return join(parts, s)
}

// join joins the parts of a tensor.
func join(parts []*weights.Tensor, s source) (*stored, error) {
	list := make([]*rows.Rows, len(parts))
	for i, t := range parts {
		if !t.Type.Float() || t.Type != parts[0].Type {
			return nil, fmt.Errorf("%s: tensor %q has the type %s, but in the first file it has %s", t.File, t.Name, t.Type, parts[0].Type)
		}
		var err error
		if list[i], err = rows.Of(t); err != nil {
			return nil, err
		}
	}
	first := parts[0]
	x := &stored{first.Name, string(first.Type), slices.Clone(first.Shape), list[0]}
	cut := s.tensor.Cut
	if s.tensor.Role == arch.TokenEmbed && len(x.shape) == 2 && x.shape[1] == s.sizes.Dim {
		cut = arch.CutRows // as in Llama 3
	}
	if len(parts) == 1 || len(x.shape) != 2 {
		return x, nil
	}
	switch cut {
	case arch.CutRows:
		x.shape[0] *= len(parts)
		x.rows = rows.Stack(list)
	case arch.CutCols:
		x.shape[1] *= len(parts)
		x.rows = rows.Beside(list)
	}
	return x, nil
}

// metaLeftOver returns an error if a tensor was not used.
func (b *builder) metaLeftOver() error {
	for _, shard := range b.folder.Shards {
		for name, t := range shard {
			if !b.used[name] && !strings.HasSuffix(name, "rope.freqs") {
				return fmt.Errorf("%s: tensor %q, %s %d, has no place in %s", t.File, name, t.Type, t.Shape, b.Arch.Name)
			}
		}
	}
	return nil
}

package train

import (
	"fmt"
	"strconv"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
)

// ParseShape returns a LLaMA of WIDTHxLAYERS, such as 192x6: heads of 32, or of 64 from a
// width of 512 on, and a feed-forward network of 8/3 of the width. Its vocabulary and its
// context are left to be filled in.
func ParseShape(text string) (Shape, error) {
	w, l, ok := strings.Cut(strings.ToLower(text), "x")
	width, err1 := strconv.Atoi(w)
	layers, err2 := strconv.Atoi(l)
	head := 32
	if width >= 512 {
		head = 64
	}
	if !ok || err1 != nil || err2 != nil || width < head || width > 8192 || width%head != 0 || layers < 1 || layers > 256 {
		return Shape{}, fmt.Errorf("%q must be WIDTHxLAYERS such as 192x6, the width a multiple of 32, or of 64 from 512 on", text)
	}
	ffn := (width*8/3 + 31) / 32 * 32
	return Shape{Arch: arch.Llama.Name, Dim: width, Layers: layers, FFNDim: ffn, Heads: width / head, KVHeads: width / head, HeadDim: head,
		Eps: 1e-5, Rope: ggml.RopeParams{Dim: head, Base: 10000}}, nil
}

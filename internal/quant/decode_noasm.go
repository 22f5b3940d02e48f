//go:build purego || !(amd64 || arm64)

package quant

func decodeF16(dst []float32, src []byte) { decodeF16Generic(dst, src) }

func decodeQ8_0(dst []float32, src []byte) {
	decodeBlocks32(formats32[Q8_0], dst, src, Q8_0.BlockBytes())
}

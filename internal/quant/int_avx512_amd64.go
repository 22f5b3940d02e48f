//go:build !purego

package quant

// int32_avx512_amd64.s

//go:noescape
func tile32AVX512(t *tileArgs)

//go:noescape
func tile32MinAVX512(t *tileArgs)

//go:noescape
func packQ4_0AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_0AVX512(t *tileArgs)

//go:noescape
func packQ4_1AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_1AVX512(t *tileArgs)

//go:noescape
func packQ5_0AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_0AVX512(t *tileArgs)

//go:noescape
func packQ5_1AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_1AVX512(t *tileArgs)

//go:noescape
func packQ8_0AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ8_0AVX512(t *tileArgs)

//go:noescape
func packIQ4_NLAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_NLAVX512(t *tileArgs)

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
func rowQ4_0AVX512(t *tileArgs)

//go:noescape
func packQ4_1AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_1AVX512(t *tileArgs)

//go:noescape
func rowQ4_1AVX512(t *tileArgs)

//go:noescape
func packQ5_0AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_0AVX512(t *tileArgs)

//go:noescape
func rowQ5_0AVX512(t *tileArgs)

//go:noescape
func packQ5_1AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_1AVX512(t *tileArgs)

//go:noescape
func rowQ5_1AVX512(t *tileArgs)

//go:noescape
func packQ8_0AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ8_0AVX512(t *tileArgs)

//go:noescape
func rowQ8_0AVX512(t *tileArgs)

//go:noescape
func packIQ4_NLAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_NLAVX512(t *tileArgs)

//go:noescape
func rowIQ4_NLAVX512(t *tileArgs)

// int256_avx512_amd64.s

//go:noescape
func tile8x32AVX512(t *tileArgs)

//go:noescape
func tile8x32MinAVX512(t *tileArgs)

//go:noescape
func tile16x16AVX512(t *tileArgs)

//go:noescape
func tile16x16MinAVX512(t *tileArgs)

//go:noescape
func packQ2_KAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ2_KAVX512(t *tileArgs)

//go:noescape
func rowQ2_KAVX512(t *tileArgs)

//go:noescape
func packQ3_KAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ3_KAVX512(t *tileArgs)

//go:noescape
func rowQ3_KAVX512(t *tileArgs)

//go:noescape
func packQ4_KAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_KAVX512(t *tileArgs)

//go:noescape
func rowQ4_KAVX512(t *tileArgs)

//go:noescape
func packQ5_KAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_KAVX512(t *tileArgs)

//go:noescape
func rowQ5_KAVX512(t *tileArgs)

//go:noescape
func packQ6_KAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directQ6_KAVX512(t *tileArgs)

//go:noescape
func rowQ6_KAVX512(t *tileArgs)

//go:noescape
func packIQ4_XSAVX512(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_XSAVX512(t *tileArgs)

//go:noescape
func rowIQ4_XSAVX512(t *tileArgs)

//go:noescape
func packTQ2_0AVX512(panel, w *byte, stride, nb int)

//go:noescape
func directTQ2_0AVX512(t *tileArgs)

//go:noescape
func rowTQ2_0AVX512(t *tileArgs)

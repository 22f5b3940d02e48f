//go:build !purego

package quant

// int32_avx2_amd64.s

//go:noescape
func tile32AVX2(t *tileArgs)

//go:noescape
func tile32MinAVX2(t *tileArgs)

//go:noescape
func tile32RestoredAVX2(t *tileArgs)

//go:noescape
func packQ4_0AVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_0AVX2(t *tileArgs)

//go:noescape
func rowQ4_0AVX2(t *tileArgs)

//go:noescape
func packQ4_1AVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_1AVX2(t *tileArgs)

//go:noescape
func rowQ4_1AVX2(t *tileArgs)

//go:noescape
func packQ5_0AVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_0AVX2(t *tileArgs)

//go:noescape
func rowQ5_0AVX2(t *tileArgs)

//go:noescape
func packQ5_1AVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_1AVX2(t *tileArgs)

//go:noescape
func rowQ5_1AVX2(t *tileArgs)

// int256_avx2_amd64.s

//go:noescape
func tile8x32MinAVX2(t *tileArgs)

//go:noescape
func tile8x32MinSplitAVX2(t *tileArgs)

//go:noescape
func tile16x16AVX2(t *tileArgs)

//go:noescape
func tile16x16MinAVX2(t *tileArgs)

//go:noescape
func tile16x16SplitAVX2(t *tileArgs)

//go:noescape
func packQ2_KAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ2_KAVX2(t *tileArgs)

//go:noescape
func rowQ2_KAVX2(t *tileArgs)

//go:noescape
func packQ3_KAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ3_KAVX2(t *tileArgs)

//go:noescape
func rowQ3_KAVX2(t *tileArgs)

//go:noescape
func packQ4_KAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_KAVX2(t *tileArgs)

//go:noescape
func rowQ4_KAVX2(t *tileArgs)

//go:noescape
func packQ5_KAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_KAVX2(t *tileArgs)

//go:noescape
func rowQ5_KAVX2(t *tileArgs)

//go:noescape
func packQ6_KAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ6_KAVX2(t *tileArgs)

//go:noescape
func rowQ6_KAVX2(t *tileArgs)

//go:noescape
func packTQ2_0AVX2(panel, w *byte, stride, nb int)

//go:noescape
func directTQ2_0AVX2(t *tileArgs)

//go:noescape
func rowTQ2_0AVX2(t *tileArgs)

// int8bit_avx2_amd64.s

//go:noescape
func tile32SignedAVX2(t *tileArgs)

//go:noescape
func tile8x32SignedAVX2(t *tileArgs)

//go:noescape
func packQ8_0AVX2(panel, w *byte, stride, nb int)

//go:noescape
func directQ8_0AVX2(t *tileArgs)

//go:noescape
func rowQ8_0AVX2(t *tileArgs)

//go:noescape
func packIQ4_NLAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_NLAVX2(t *tileArgs)

//go:noescape
func rowIQ4_NLAVX2(t *tileArgs)

//go:noescape
func packIQ4_XSAVX2(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_XSAVX2(t *tileArgs)

//go:noescape
func rowIQ4_XSAVX2(t *tileArgs)

//go:build !purego

package quant

// int32_avxvnni_amd64.s

//go:noescape
func tile32AVXVNNI(t *tileArgs)

//go:noescape
func tile32MinAVXVNNI(t *tileArgs)

//go:noescape
func packQ4_0AVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_0AVXVNNI(t *tileArgs)

//go:noescape
func rowQ4_0AVXVNNI(t *tileArgs)

//go:noescape
func packQ4_1AVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_1AVXVNNI(t *tileArgs)

//go:noescape
func rowQ4_1AVXVNNI(t *tileArgs)

//go:noescape
func packQ5_0AVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_0AVXVNNI(t *tileArgs)

//go:noescape
func rowQ5_0AVXVNNI(t *tileArgs)

//go:noescape
func packQ5_1AVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_1AVXVNNI(t *tileArgs)

//go:noescape
func rowQ5_1AVXVNNI(t *tileArgs)

//go:noescape
func packQ8_0AVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ8_0AVXVNNI(t *tileArgs)

//go:noescape
func rowQ8_0AVXVNNI(t *tileArgs)

//go:noescape
func packIQ4_NLAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_NLAVXVNNI(t *tileArgs)

//go:noescape
func rowIQ4_NLAVXVNNI(t *tileArgs)

// int256_avxvnni_amd64.s

//go:noescape
func tile8x32AVXVNNI(t *tileArgs)

//go:noescape
func tile8x32MinAVXVNNI(t *tileArgs)

//go:noescape
func tile16x16AVXVNNI(t *tileArgs)

//go:noescape
func tile16x16MinAVXVNNI(t *tileArgs)

//go:noescape
func packQ2_KAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ2_KAVXVNNI(t *tileArgs)

//go:noescape
func packQ3_KAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ3_KAVXVNNI(t *tileArgs)

//go:noescape
func packQ4_KAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ4_KAVXVNNI(t *tileArgs)

//go:noescape
func packQ5_KAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ5_KAVXVNNI(t *tileArgs)

//go:noescape
func packQ6_KAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directQ6_KAVXVNNI(t *tileArgs)

//go:noescape
func packIQ4_XSAVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directIQ4_XSAVXVNNI(t *tileArgs)

//go:noescape
func packTQ2_0AVXVNNI(panel, w *byte, stride, nb int)

//go:noescape
func directTQ2_0AVXVNNI(t *tileArgs)

//go:build !purego

package quant

import (
	"os"
	"testing"
)

// portably calls f without the encoders of this CPU.
func portably(f func() []byte) []byte {
	defer func(old bool) { encodeAVX2 = old }(encodeAVX2)
	encodeAVX2 = false
	return f()
}

// requireEncodeKernels skips a test of this CPU's encoders where there are none.
func requireEncodeKernels(t *testing.T) {
	if encodeAVX2 {
		return
	}
	if os.Getenv("ALPACA_REQUIRE_KERNELS") != "" {
		t.Fatal("this CPU has no AVX2")
	}
	t.Skip("this CPU has no AVX2")
}

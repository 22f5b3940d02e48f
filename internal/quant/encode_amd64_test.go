//go:build !purego

package quant

import (
	"os"
	"testing"

	"alpaca/internal/quant/codec"
)

// portably calls f while only the portable encoders are in use.
func portably(f func() []byte) []byte {
	defer func(old bool) { codec.AVX2 = old }(codec.AVX2)
	codec.AVX2 = false
	return f()
}

// requireEncodeKernels skips a test if this CPU has no vector encoders.
func requireEncodeKernels(t *testing.T) {
	if codec.AVX2 {
		return
	}
	if os.Getenv("ALPACA_REQUIRE_KERNELS") != "" {
		t.Fatal("this CPU has no AVX2")
	}
	t.Skip("this CPU has no AVX2")
}

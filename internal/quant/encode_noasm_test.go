//go:build purego || !amd64

package quant

import "testing"

// portably calls f. All encoders are portable here.
func portably(f func() []byte) []byte { return f() }

func requireEncodeKernels(t *testing.T) { t.Skip("all encoders are portable here") }

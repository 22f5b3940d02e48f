package train

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSameEverywhere trains tiny models and compares their bits with those of any other
// CPU, with and without its special instructions.
func TestSameEverywhere(t *testing.T) {
	for _, test := range []struct {
		v    variant
		want string
	}{
		{variant{tied: true}, "56fabb5c5f95fb8a"},
		{variant{norms: true, bias: true, halves: true}, "03ed47be14cb9707"},
		{variant{lora: true, stable: true, dropout: 0.25}, "f72e6c6a59213ab0"},
	} {
		tr := newTrainer(t, test.v, testSettings(10), examples(9, 4), 2)
		for !tr.Done() {
			_, err := tr.Step()
			require.NoError(t, err)
		}
		sum := sha256.New()
		for _, tensor := range tr.tensors {
			sum.Write(bytesOf(tensor.Data))
		}
		require.Equal(t, test.want, hex.EncodeToString(sum.Sum(nil))[:16], "%+v", test.v)
	}
}

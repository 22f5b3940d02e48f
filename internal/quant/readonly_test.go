package quant

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/quanttest"
)

// decoded are the SHA-256 sums of 200 blocks of quanttest.Generated, decoded by gguf-py 0.19.
var decoded = map[Type]string{
	IQ1_S:   "db2504342fe20c774a549eeed847e67d43eed271d950c681907904ddfddc001f",
	IQ1_M:   "b68bcd5a0933093c42199ebd2237efce54f32c6546587e146e48b8fac757be20",
	IQ2_XXS: "24fd0556eee2b7375d10853eb9fd27be8be3ff6cd1ce0e590b2bfd7b9ee2ee31",
	IQ2_XS:  "2f4037300bc941ae22b09eb3680e1991e0451f902eb6422d960042fae8bf4af3",
	IQ2_S:   "f2a288435ed33383755793dd247c06387dddd07fcb7c283fe7118261a7668952",
	IQ3_XXS: "4ca7709c4ad5b4ca130e1d1c1545d3ee21a69384fa915310699189d0d4a89135",
	IQ3_S:   "db7ff782ee256838e29c4794e9660b659eea77f04c1ca468b7b3dbf00cf43cab",
	NVFP4:   "7b2f74306c1d985db01316ebc99df75fe6264824a9faf47e65b9c77d7ff506ea",
}

func TestDecodeAsReference(t *testing.T) {
	for typ, want := range decoded {
		const blocks = 200
		values := make([]float32, blocks*typ.BlockLen())
		Decode(typ, values, quanttest.Generated(typ.String(), typ.BlockBytes(), blocks))
		sum := sha256.New()
		for _, v := range values {
			if v == 0 {
				v = 0 // replaces -0
			}
			sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
		require.Equal(t, want, hex.EncodeToString(sum.Sum(nil)), typ)
	}
}

// TestFiniteExponent checks blocks at the end of float32's range. With E =
// 253, a weight of 3*2^(E-127) is finite, but a weight of 4*2^(E-127) is not.
func TestFiniteExponent(t *testing.T) {
	for _, test := range []struct {
		exponent, codes byte
		finite          bool
	}{
		{252, 0xf7, true}, {253, 0xd5, true}, {253, 0x06, false}, {253, 0x60, false}, {253, 0xe0, false},
		{254, 0xb3, true}, {254, 0x04, false}, {255, 0, false},
	} {
		block := make([]byte, 17)
		block[0], block[16] = test.exponent, test.codes
		require.Equal(t, test.finite, FiniteScales(MXFP4, append(make([]byte, 17), block...)), "%v", test)
	}
}

func TestInfiniteScaleInPieces(t *testing.T) {
	data := quanttest.Generated(IQ1_M.String(), IQ1_M.BlockBytes(), 3)
	require.True(t, FiniteScales(IQ1_M, data))
	data[56+53], data[56+55] = data[56+53]|0xf0, data[56+55]|0x70
	require.False(t, FiniteScales(IQ1_M, data))
}

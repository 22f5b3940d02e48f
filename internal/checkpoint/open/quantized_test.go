package open

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/checkpoint"
	"alpaca/internal/checkpoint/config"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// packedCase is a matrix in the form in which a library packs it, together
// with the values of its elements. bitsandbytes 0.50.2, compressed-tensors
// 0.20.1 and AutoAWQ 0.2.9 wrote testdata/quantized.json. For fp8 and GPTQ,
// the values were compared with those of llama.cpp's converter, version 0.5.0.
type packedCase struct {
	Name    string
	Config  json.RawMessage
	Tensors map[string][3]any // type, shape, bytes
	Values  string
}

// builderOf makes the builder of a checkpoint whose tensors are in memory.
func builderOf(t *testing.T, c *packedCase) *builder {
	all := map[string]*weights.Tensor{}
	for name, x := range c.Tensors {
		raw, err := hex.DecodeString(x[2].(string))
		require.NoError(t, err)
		w := &weights.Tensor{Name: name, Type: weights.Type(x[0].(string)), File: "x"}
		for _, d := range x[1].([]any) {
			w.Shape = append(w.Shape, int(d.(float64)))
		}
		w.ReadAt = func(dst []byte, off int64) error { copy(dst, raw[off:off+int64(len(dst))]); return nil }
		all[name] = w
	}
	o := config.Parse([]byte(`{"quantization_config":`+string(c.Config)+`}`), "config.json")
	b := &builder{Model: &config.Model{Config: o}, folder: &checkpoint.Folder{Shards: []map[string]*weights.Tensor{all}}, used: map[string]bool{}}
	return b
}

func packedCases(t *testing.T) []packedCase {
	list := testshared.ReadJSON[[]packedCase](t, "testdata/quantized.json")
	require.GreaterOrEqual(t, len(list), 12)
	return list
}

// TestQuantized dequantizes matrices and compares them with the values that the libraries compute.
func TestQuantized(t *testing.T) {
	for _, c := range packedCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			b := builderOf(t, &c)
			require.NoError(t, b.quant.read(b))
			x, err := b.matrix("w.weight")
			require.NoError(t, err)
			require.NotNil(t, x)
			require.Equal(t, []int{8, 64}, x.shape)
			require.Len(t, b.used, len(c.Tensors), "every tensor of the checkpoint must be used")
			want, err := hex.DecodeString(c.Values)
			require.NoError(t, err)
			require.Equal(t, quant.F32, x.rows.Type)
			for lo := 0; lo < 8; lo += 3 {
				hi := min(lo+3, 8)
				got := make([]float32, (hi-lo)*64)
				require.NoError(t, x.rows.Floats(got, lo, hi))
				for i, v := range got {
					w := math.Float32frombits(binary.LittleEndian.Uint32(want[4*(lo*64+i):]))
					tolerance := 0.0 // not 0 for two libraries: AutoAWQ computes in half precision, and bitsandbytes divides by 127
					switch c.Name {
					case "awq":
						tolerance = 1e-3
					case "bnb8":
						tolerance = 1e-6
					}
					require.InDelta(t, w, v, tolerance*math.Abs(float64(w))+1e-9*tolerance, "element %d", i)
				}
			}
		})
	}
}

// TestBadQuantized removes one tensor, or gives it another shape or type. Reading
// the matrix then must not panic. An error must be one line that names a tensor.
func TestBadQuantized(t *testing.T) {
	for _, c := range packedCases(t) {
		for name := range c.Tensors {
			whole := c.Tensors[name]
			for _, change := range []func(){
				func() { delete(c.Tensors, name) },
				func() { c.Tensors[name] = [3]any{whole[0], []any{3.0, 5.0}, strings.Repeat("00", 200)} },
				func() { c.Tensors[name] = [3]any{"F64", whole[1], strings.Repeat("00", 8*4096)} },
			} {
				change()
				b := builderOf(t, &c)
				require.NoError(t, b.quant.read(b))
				x, err := b.matrix("w.weight")
				if err == nil && x != nil {
					_ = x.rows.Floats(make([]float32, x.rows.N*x.rows.Cols), 0, x.rows.N)
				} else if err != nil {
					require.Contains(t, err.Error(), "w", c.Name)
					require.NotContains(t, err.Error(), "\n")
				}
				c.Tensors[name] = whole
			}
		}
	}
}

// TestScaledFloats reads 8-bit floats with one scale for the matrix,
// one for each row, or one for each block. Blocks at the edges are
// smaller. In the type F8_E4M3, 0x38 is 1, 0x40 is 2, and 0xb8 is -1.
func TestScaledFloats(t *testing.T) {
	codes := [3]any{"F8_E4M3", []any{3.0, 4.0}, "38404038" + "b8383840" + "404038b8"}
	plain := []float32{1, 2, 2, 1, -1, 1, 1, 2, 2, 2, 1, -1}
	f32 := func(list ...float32) string {
		var raw []byte
		for _, v := range list {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		return hex.EncodeToString(raw)
	}
	const compressed = `{"quant_method":"compressed-tensors","format":"float-quantized","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":8,"type":"float","strategy":"tensor"}}}}`
	tests := []struct {
		name, config, scale string
		shape               []any
		values              []float32
		of                  func(row, col int) int // the index of an element's scale
	}{
		{"one scale without dimensions", `{"quant_method":"fp8"}`, "w.weight_scale_inv", []any{}, []float32{0.5}, func(_, _ int) int { return 0 }},
		{"one", `{"quant_method":"fp8","weight_block_size":null}`, "w.weight_scale_inv", []any{1.0}, []float32{3}, func(_, _ int) int { return 0 }},
		{"one scale of compressed-tensors", compressed, "w.weight_scale", []any{1.0}, []float32{0.25}, func(_, _ int) int { return 0 }},
		{"rows", `{"quant_method":"fbgemm_fp8"}`, "w.weight_scale", []any{3.0, 1.0}, []float32{1, 2, 4}, func(row, _ int) int { return row }},
		{"a scale of compressed-tensors for each row", compressed, "w.weight_scale", []any{3.0, 1.0}, []float32{8, 2, 4}, func(row, _ int) int { return row }},
		{"blocks", `{"quant_method":"fp8","weight_block_size":[2,3]}`, "w.weight_scale_inv", []any{2.0, 2.0}, []float32{1, 2, 4, 8}, func(row, col int) int { return row/2*2 + col/3 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := builderOf(t, &packedCase{Config: json.RawMessage(tt.config), Tensors: map[string][3]any{
				"w.weight": codes, tt.scale: {"F32", tt.shape, f32(tt.values...)},
			}})
			require.NoError(t, b.quant.read(b))
			x, err := b.matrix("w.weight")
			require.NoError(t, err)
			got := make([]float32, 12)
			require.NoError(t, x.rows.Floats(got, 0, 3))
			for i, v := range plain {
				require.Equal(t, v*tt.values[tt.of(i/4, i%4)], got[i], "element %d", i)
			}
		})
	}
}

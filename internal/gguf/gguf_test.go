package gguf

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// everyKind returns a file with a value of each kind and two tensors.
func everyKind(version uint32, nul bool) *builder {
	b := newBuilder(version, 2, 17)
	b.nul = nul
	b.key("u8", KindU8).bytes(200)
	b.key("i8", KindI8).bytes(0xff)
	b.key("u16", KindU16).bytes(0x34, 0x12)
	b.key("i16", KindI16).bytes(0xfe, 0xff)
	b.key("u32", KindU32).u32(math.MaxUint32)
	b.key("i32", KindI32).u32(math.MaxUint32)
	b.key("f32", KindF32).u32(math.Float32bits(0.1))
	b.key("bool", KindBool).bytes(1)
	b.key("str", KindString).str("grüße\n")
	b.key("u64", KindU64).u64(math.MaxUint64)
	b.key("i64", KindI64).u64(1 << 63)
	b.key("f64", KindF64).u64(math.Float64bits(0.1))
	b.key("strs", KindArray).array(KindString, 3).str("a").str("").str("ccc")
	b.key("f32s", KindArray).array(KindF32, 2).u32(math.Float32bits(-1.5)).u32(math.Float32bits(2))
	b.key("i32s", KindArray).array(KindI32, 2).u32(7).u32(math.MaxUint32)
	b.key("bools", KindArray).array(KindBool, 2).bytes(0, 1)
	b.key("nested", KindArray).array(KindArray, 2).
		array(KindU8, 2).bytes(1, 2).
		array(KindString, 1).str("deep")
	b.tensor("a.weight", quant.F32, 0, 3, 2)
	b.tensor("b.weight", quant.Q4_0, 32, 32)
	return b.data(32, 32+18)
}

func TestEveryKind(t *testing.T) {
	for _, version := range []uint32{1, 2, 3} {
		for _, nul := range []bool{false, true} {
			if nul && version == 3 {
				continue
			}
			t.Run(fmt.Sprintf("v%d nul=%v", version, nul), func(t *testing.T) {
				b := everyKind(version, nul)
				f := open(t, b.save(t))
				require.Equal(t, version, f.Version)
				require.Equal(t, "gguf", f.Format)
				require.EqualValues(t, len(b.buf), f.Size())
				got := map[string]any{}
				for _, kv := range f.KV {
					got[kv.Key] = kv.Value.Any()
				}
				require.Equal(t, map[string]any{
					"u8": uint64(200), "i8": int64(-1), "u16": uint64(0x1234), "i16": int64(-2),
					"u32": uint64(math.MaxUint32), "i32": int64(-1), "f32": float32(0.1), "bool": true,
					"str": "grüße\n", "u64": uint64(math.MaxUint64), "i64": int64(math.MinInt64), "f64": 0.1,
					"strs": []string{"a", "", "ccc"}, "f32s": []float32{-1.5, 2}, "i32s": []int64{7, -1},
					"bools": []bool{false, true}, "nested": []any{[]uint64{1, 2}, []string{"deep"}},
				}, got)

				require.Len(t, f.Tensors, 2)
				a, q := f.Tensor("a.weight"), f.Tensor("b.weight")
				require.Equal(t, []int{2, 3}, a.Shape, "the order of dimensions must be the reverse of that in the file")
				require.Equal(t, b.buf[len(b.buf)-50:][:24], a.Data)
				require.Equal(t, quant.Q4_0, q.Type)
				require.Equal(t, []int{32}, q.Shape)
				require.Equal(t, b.buf[len(b.buf)-18:], q.Data)
				require.EqualValues(t, 18, q.Bytes)
				require.Nil(t, f.Tensor("c.weight"))
			})
		}
	}
}

func TestGetters(t *testing.T) {
	f := open(t, everyKind(3, false).save(t))
	u, found, err := f.Uint("u64")
	require.Equal(t, []any{uint64(math.MaxUint64), true, nil}, []any{u, found, err})
	_, found, err = f.Uint("absent")
	require.False(t, found)
	require.NoError(t, err)
	i, _, err := f.Int("u16")
	require.NoError(t, err)
	require.EqualValues(t, 0x1234, i)
	x, _, err := f.Float("i16")
	require.NoError(t, err)
	require.EqualValues(t, -2, x)
	list, _, err := f.Ints("i32s")
	require.NoError(t, err)
	require.Equal(t, []int32{7, -1}, list)
	floats, _, err := f.Floats("f32s")
	require.NoError(t, err)
	require.Equal(t, []float32{-1.5, 2}, floats)

	for _, bad := range []func() error{
		func() error { _, _, err := f.Uint("i8"); return err },
		func() error { _, _, err := f.Int("u64"); return err },
		func() error { _, _, err := f.Uint("str"); return err },
		func() error { _, _, err := f.Float("str"); return err },
		func() error { _, _, err := f.Bool("u8"); return err },
		func() error { _, _, err := f.String("strs"); return err },
		func() error { _, _, err := f.Strings("f32s"); return err },
		func() error { _, _, err := f.Floats("strs"); return err },
		func() error { _, _, err := f.Ints("strs"); return err },
		func() error { _, _, err := f.Ints("nested"); return err },
		func() error { _, _, err := f.Ints("bools"); return err },
	} {
		require.ErrorContains(t, bad(), "want ")
	}
	_, _, err = f.Uint("str")
	require.ErrorContains(t, err, `key "str": str ("grüße\n"), want a non-negative integer`)
}

// TestEveryType reads a tensor of every type that has a size, even if this program cannot compute
// with the type.
func TestEveryType(t *testing.T) {
	n := 0
	for typ := quant.Type(0); typ < lastType; typ++ {
		if !typ.Known() || typ == quant.Q4_2 || typ == quant.Q4_3 {
			continue
		}
		n++
		size := 3 * typ.RowBytes(512)
		f := open(t, newBuilder(3, 1, 0).tensor("x", typ, 0, 512, 3).data(32, size).save(t))
		require.Equal(t, typ, f.Tensors[0].Type)
		require.Len(t, f.Tensors[0].Data, size)
		require.Equal(t, []int{3, 512}, f.Tensors[0].Shape)
		require.Equal(t, 3, f.Tensors[0].Rows())
		require.Equal(t, 512, f.Tensors[0].Cols())
		require.Equal(t, 1536, f.Tensors[0].Elems())

		// With one byte less, the file is too short.
		_, err := Open(newBuilder(3, 1, 0).tensor("x", typ, 0, 512, 3).data(32, size-1).save(t))
		require.ErrorContains(t, err, "past the end", typ)
	}
	require.Greater(t, n, 25)
}

func TestAlignment(t *testing.T) {
	for _, align := range []int{1, 8, 32, 64, 4096} {
		b := newBuilder(3, 2, 1).key("general.alignment", KindU32).u32(uint32(align))
		b.tensor("x", quant.F32, 0, 4).tensor("y", quant.F32, uint64(max(align, 16)), 4)
		b.data(align, max(align, 16)+16)
		f := open(t, b.save(t))
		require.Equal(t, b.buf[len(b.buf)-16:], f.Tensor("y").Data, align)
	}
}

// TestGaps checks that data may be in any order and have gaps, as old readers allowed.
func TestGaps(t *testing.T) {
	b := newBuilder(3, 2, 0).tensor("x", quant.F32, 96, 4).tensor("y", quant.F32, 0, 4).data(32, 96+16)
	f := open(t, b.save(t))
	require.Equal(t, b.buf[len(b.buf)-16:], f.Tensor("x").Data)
}

// TestNoMap checks that a file reads the same if it is not mapped, even if its header is longer
// than the first read.
func TestNoMap(t *testing.T) {
	b := newBuilder(3, 1, 1).key("words", KindArray).array(KindString, 100_000)
	for i := range 100_000 {
		b.str(fmt.Sprintf("a word, and its number: %d", i))
	}
	path := b.tensor("x", quant.F32, 0, 4).data(32, 16).save(t)
	require.Greater(t, len(b.buf), 2*firstRead)
	mapped := open(t, path)
	require.True(t, mapped.Mapped())
	words, _, err := mapped.Strings("words")
	require.NoError(t, err)

	read, err := OpenWith(path, Options{NoMap: true})
	require.NoError(t, err)
	defer read.Close()
	require.False(t, read.Mapped())
	require.Equal(t, mapped.Tensor("x"), read.Tensor("x"))
	again, _, err := read.Strings("words")
	require.NoError(t, err)
	require.Equal(t, words, again)

	head, err := OpenWith(path, Options{NoMap: true, HeaderOnly: true})
	require.NoError(t, err)
	defer head.Close()
	require.Nil(t, head.Tensor("x").Data)
	require.EqualValues(t, 16, head.Tensor("x").Bytes)
	require.EqualValues(t, len(b.buf), head.Size())
	again, _, err = head.Strings("words")
	require.NoError(t, err)
	require.Equal(t, words, again)
}

// TestOpenIsLazy checks that opening a file with a large vocabulary allocates little memory,
// because the strings stay in the file.
func TestOpenIsLazy(t *testing.T) {
	path := ownFile(t, 32000, 1)
	st, err := os.Stat(path)
	require.NoError(t, err)
	const rounds = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		f, err := Open(path)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(rounds*st.Size()/20))
}

func TestValueString(t *testing.T) {
	require.Equal(t, "4294967295", U32(math.MaxUint32).String())
	require.Equal(t, "0.1", F32(0.1).String())
	require.Equal(t, `"a"`, Str("a").String())
	require.Equal(t, "arr[str], 2 elements", Strs([]string{"a", "b"}).String())
	long := Str(strings.Repeat("ü", 100)).String()
	require.Contains(t, long, "200 bytes")
	require.Less(t, len(long), 100)
}

func BenchmarkOpen(b *testing.B) {
	path := ownFile(b, 100_000, 1)
	for range b.N {
		f, err := Open(path)
		require.NoError(b, err)
		require.NoError(b, f.Close())
	}
}

// TestEmptyTensors checks that tensors without elements are read, at any offset, and written.
func TestEmptyTensors(t *testing.T) {
	b := newBuilder(3, 5, 0)
	b.tensor("no rows", quant.Q4_0, 0, 32, 0)
	b.tensor("full", quant.F32, 0, 16)
	b.tensor("no columns", quant.Q4_K, 32, 0, 3, 1<<60) // the offset of this tensor is inside "full"
	b.tensor("last", quant.F32, 64, 8)
	b.tensor("nothing", quant.Q2_0, 96, 0)
	data := b.data(32, 96)
	for _, noMap := range []bool{false, true} {
		f, err := OpenWith(data.save(t), Options{NoMap: noMap})
		require.NoError(t, err)
		for _, name := range []string{"no rows", "no columns", "nothing"} {
			e := f.Tensor(name)
			require.Zero(t, e.Elems())
			require.Zero(t, e.Rows())
			require.Zero(t, e.Bytes)
			require.Empty(t, e.Data)
			require.NoError(t, e.Read(nil, 0, 0))
		}
		require.Len(t, f.Tensor("last").Data, 32)

		path := filepath.Join(t.TempDir(), "out.gguf")
		w, err := Create(path, nil, f.Tensors)
		require.NoError(t, err)
		for _, e := range f.Tensors {
			require.NoError(t, w.WriteTensor(e.Name, e.Data))
		}
		require.NoError(t, w.Commit())
		again := open(t, path)
		for i, e := range f.Tensors {
			require.Equal(t, e.Shape, again.Tensors[i].Shape)
			require.Equal(t, string(e.Data), string(again.Tensors[i].Data))
		}
		require.NoError(t, f.Close())
	}
}

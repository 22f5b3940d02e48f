package gguf

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// refuse opens a bad file twice, mapped and read into memory, and returns the error. The
// error must name the file. OpenWith must return it soon, and must allocate less than 64 MiB.
func refuse(t *testing.T, path string) error {
	t.Helper()
	var last error
	for _, opt := range []Options{{}, {NoMap: true}, {NoMap: true, HeaderOnly: true}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		f, err := OpenWith(path, opt)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		require.Error(t, err)
		require.Nil(t, f)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), "opening a bad file must allocate little memory")
		require.Less(t, took, 30*time.Second) // long enough even for a busy machine
		require.ErrorContains(t, err, "gguf: ")
		require.ErrorContains(t, err, filepath.Base(path))
		if last != nil {
			require.Equal(t, last.Error(), err.Error(), "a mapped file must give the same error as a file that is read")
		}
		last = err
	}
	return last
}

func TestBad(t *testing.T) {
	v3 := func(tensors, keys uint64) *builder { return newBuilder(3, tensors, keys) }
	one := func(ne ...uint64) *builder { return v3(1, 0).tensor("x", quant.F32, 0, ne...).data(32, 64) }
	nested := func(depth int) *builder {
		b := v3(0, 1).key("deep", KindArray)
		for range depth {
			b.array(KindArray, 1)
		}
		return b.array(KindU8, 1).bytes(1)
	}
	tests := []struct {
		name string
		b    *builder
		want string
	}{
		{"only the magic", &builder{buf: []byte("GGUF")}, "4 bytes at offset 4 run past the end of the file (4 bytes)"},
		{"half a magic", &builder{buf: []byte("GG")}, "the first field runs past the end"},
		{"version 0", newBuilder(0, 0, 0), "GGUF version 0: the known versions are 1 to 3"},
		{"version 4", newBuilder(4, 0, 0), "GGUF version 4: the known versions are 1 to 3"},
		{"big-endian", newBuilder(3<<24, 0, 0), "is big-endian"},
		{"counts missing", &builder{buf: []byte("GGUF\x03\x00\x00\x00")}, "past the end"},
		{"too many keys", v3(0, 1<<40), "1099511627776 metadata entries run past the end of the file (24 bytes)"},
		{"too many tensors", v3(1<<63, 0), "9223372036854775808 tensors run past the end"},
		{"one key too few", v3(0, 2).key("a", KindU8).bytes(1).data(32, 0), `key 1 of 2 at offset 38 is empty`},
		{"a wrong length of a key", v3(0, 1).u64(math.MaxUint64).data(32, 64), "key 0 of 1: 18446744073709551615 bytes at offset 32, at most 1024"},
		{"key past the end", v3(0, 1).u64(1000).data(32, 64), "key 0 of 1: 1000 bytes at offset 32 run past the end"},
		{"duplicate key", v3(0, 2).key("a", KindU8).bytes(1).key("a", KindU8).bytes(2).data(32, 0), `key "a" occurs twice`},
		{"kind 13", v3(0, 1).key("a", 13).u64(0), `key "a": value type 13 at offset 33: the known types are 0 to 12`},
		{"a wrong length of a string", v3(0, 1).key("a", KindString).u64(1 << 62), `key "a": 4611686018427387904 bytes`},
		{"a wrong length of an array", v3(0, 1).key("a", KindArray).array(KindU64, 1<<61), `array of 2305843009213693952 u64 at offset 49 runs past the end`},
		{"a wrong length of an array of strings", v3(0, 1).key("a", KindArray).array(KindString, 2).str("x").data(1, 4), `past the end`},
		{"array of kind 99", v3(0, 1).key("a", KindArray).array(99, 1).u64(0), "array of value type 99"},
		{"arrays too deep", nested(20), "nested more than 4 deep"},
		{"alignment 0", v3(0, 1).key("general.alignment", KindU32).u32(0), "0 is not a power of two"},
		{"alignment 24", v3(0, 1).key("general.alignment", KindU32).u32(24), "24 is not a power of two"},
		{"alignment 48", v3(0, 1).key("general.alignment", KindU32).u32(48), "48 is not a power of two"},
		{"alignment text", v3(0, 1).key("general.alignment", KindString).str("32"), `general.alignment": "32" is not a number`},
		{"alignment huge", v3(1, 1).key("general.alignment", KindU64).u64(1<<62).tensor("x", 0, 0, 1), "is not a number between"},
		{"alignment past the end", v3(1, 1).key("general.alignment", KindU64).u64(1<<30).tensor("x", 0, 0, 1), "past the end"},
		{"no dimensions", one(), `tensor "x": 0 dimensions, want 1 to 4`},
		{"five dimensions", one(1, 1, 1, 1, 1), "5 dimensions"},
		{"a zero, and too many elements", one(0, 1<<62, 4), "too many"},
		{"overflowing dimensions", one(1<<32, 1<<32), "dimensions [4294967296 4294967296]: too many"},
		{"overflowing to a small number", one(1<<32, 1<<32, 1, 1), "too many"},
		{"2^64 elements and 4", one(1<<62, 4, 1), "too many"},
		{"overflowing bytes", one(1<<61, 3), "too many"},
		{"larger than the file", one(1 << 20), "4194304 bytes at offset 0 of the data"},
		{"block size", v3(1, 0).tensor("x", quant.Q4_0, 0, 33).data(32, 64), "rows of 33 elements: type Q4_0 needs a multiple of 32"},
		{"unknown type", v3(1, 0).tensor("x", 999, 0, 32).data(32, 64), `tensor "x": unknown type code 999`},
		{"removed type", v3(1, 0).tensor("x", 31, 0, 32).data(32, 64), "31 (Q4_0_4_4, which GGUF no longer has)"},
		{"fork's type", v3(1, 0).tensor("x", 139, 0, 32).data(32, 64), "139 (IQ4_K of ik_llama.cpp)"},
		{"fork's layout", v3(1, 0).tensor("x", 202, 0, 32).data(32, 64), "202 (a row-interleaved"},
		{"type of 2023", v3(1, 0).tensor("x", quant.Q4_2, 0, 32).data(32, 64), "Q4_2 (code 4) is not a type of GGUF"},
		{"a type that only this program has", v3(1, 0).tensor("x", 1001, 0, 32).data(32, 64), "unknown type code 1001"},
		{"offset that is not aligned", v3(1, 0).tensor("x", quant.F32, 8, 4).data(32, 64), "offset 8 is not a multiple of the alignment 32"},
		{"offset past the end", v3(1, 0).tensor("x", quant.F32, 64, 4).data(32, 64), "past the end of the file (128 bytes)"},
		{"offset overflows", v3(1, 0).tensor("x", quant.F32, math.MaxUint64&^31, 4).data(32, 64), "past the end"},
		{"duplicate tensor", v3(2, 0).tensor("x", quant.F32, 0, 4).tensor("x", quant.F32, 32, 4).data(32, 64), `tensor "x" occurs twice`},
		{"overlapping tensors", v3(2, 0).tensor("x", quant.F32, 0, 16).tensor("y", quant.F32, 32, 4).data(32, 64), `tensors "x" and "y" overlap at offset 32`},
		{"name too long", v3(1, 0).u64(500).data(1, 600), "tensor 0 of 1: name: 500 bytes"},
		{"v1 counts", newBuilder(1, 5, math.MaxUint32), "4294967295 metadata entries run past the end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.ErrorContains(t, refuse(t, test.b.save(t)), test.want)
		})
	}
}

// TestBadSize opens large sparse files whose counts are too large.
func TestBadSize(t *testing.T) {
	tests := []struct {
		name string
		b    *builder
		want string
	}{
		{"keys", newBuilder(3, 0, 1<<24), "16777216 metadata entries, at most 4096"},
		{"tensors", newBuilder(3, 1<<24, 0), "16777216 tensors, at most 32768"},
		{"most tensors", newBuilder(3, maxTensors, 0), `tensor "": 0 dimensions`},
		{"array", newBuilder(3, 0, 1).key("a", KindArray).array(KindU8, 1<<29), "array of 536870912 u8, at most 2097152"},
		{"strings", newBuilder(3, 0, 2).key("a", KindArray).array(KindString, maxArray), "key 1 of 2 at offset 16777265 is empty"},
		{"arrays", newBuilder(3, 0, 1).key("a", KindArray).array(KindArray, maxArray), "more than 65536 arrays in arrays"},
		{"header", newBuilder(3, 0, 1).key("a", KindString).u64(1 << 29), "longer than 48 MB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := test.b.save(t)
			if err := os.Truncate(path, 1<<30); err != nil {
				t.Skip("this file system has no sparse files: ", err)
			}
			require.ErrorContains(t, refuse(t, path), test.want)
		})
	}
}

// TestManyKeys opens a bad file with the largest number of keys and tensors that a
// file may have. The reader refuses the file only after it has stored all of these.
func TestManyKeys(t *testing.T) {
	b := newBuilder(3, maxTensors, maxKeys)
	name := make([]byte, maxKeyLen)
	for i := range maxKeys {
		name[0], name[1] = byte(i), byte(i>>8)
		b.key(string(name), KindU8).bytes(1)
	}
	name = name[:maxNameLen]
	for i := range maxTensors - 1 {
		name[0], name[1], name[2] = byte(i), byte(i>>8), byte(i>>16)
		b.tensor(string(name), quant.F32, uint64(i)*32, 8)
	}
	refuse(t, b.tensor("last", 999, 0, 1).save(t))
}

func TestNotAFile(t *testing.T) {
	dir := t.TempDir()
	err := refuse(t, filepath.Join(dir, "absent.gguf"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, refuse(t, dir), "is a directory")
	require.ErrorContains(t, refuse(t, save(t, "empty.gguf", nil)), "is empty")
	if runtime.GOOS == "linux" {
		require.ErrorContains(t, refuse(t, "/dev/null"), "not a regular file")
	}
}

// TestTruncated cuts a file at every byte of its header and at many places in its data.
func TestTruncated(t *testing.T) {
	path := ownFile(t, 500, 256)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	f := open(t, path)
	header := len(data)
	for _, tensor := range f.Tensors {
		header -= len(tensor.Data)
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for n := 0; n < len(data); n += step {
		_, err := parseHeader(path, data[:n], int64(n), false)
		require.Error(t, err, "cut to %d bytes", n)
		require.NotErrorIs(t, err, errShort)
		if n > header {
			n += 4096
		}
	}
	require.Error(t, refuse(t, save(t, "cut.gguf", data[:len(data)-1])))
}

// TestFlipped flips each bit of a small file. The file must be refused, or read with tensors
// that lie inside the file.
func TestFlipped(t *testing.T) {
	for _, version := range []uint32{1, 2, 3} {
		data := everyKind(version, false).buf
		for i := range len(data) * 8 {
			data[i/8] ^= 1 << (i % 8)
			check(t, data)
			data[i/8] ^= 1 << (i % 8)
		}
	}
}

// check parses data and, if that works, reads all values and tensors.
func check(t testing.TB, data []byte) {
	h, err := parseHeader("model.gguf", data, int64(len(data)), false)
	if err != nil {
		require.NotErrorIs(t, err, errShort, "the data is complete, so parseHeader must not ask for more")
		return
	}
	for _, kv := range h.kv {
		kv.Value.Any()
		_ = kv.Value.String()
		kv.Value.Uint()
		kv.Value.Int()
		kv.Value.Float()
		kv.Value.Bool()
		kv.Value.Strings()
		kv.Value.Floats()
		kv.Value.Ints()
		appendValue(nil, kv.Value)
	}
	for _, x := range h.tensors {
		require.EqualValues(t, x.Bytes, len(x.Data))
		require.Equal(t, x.Rows()*x.Type.RowBytes(x.Cols()), len(x.Data))
	}
}

// FuzzHeader parses arbitrary bytes.
func FuzzHeader(f *testing.F) {
	for _, version := range []uint32{1, 2, 3} {
		f.Add(everyKind(version, version < 3).buf)
	}
	f.Add([]byte("GGUF"))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}

package convert

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// TestVersions converts a GGUF file of each version. The results must have the same bytes.
func TestVersions(t *testing.T) {
	path := testmodel.SPM(1).As(quant.F16).Write(t)
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	for version := uint32(1); version <= 3; version++ {
		old := filepath.Join(t.TempDir(), "old.gguf")
		require.NoError(t, os.WriteFile(old, asVersion(t, path, version), 0o644))
		f, res := convert(t, old, Options{})
		require.Equal(t, fmt.Sprint("gguf ", version), res.Format)
		got, err := os.ReadFile(f.Path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "version %d", version)
	}
}

// asVersion returns the bytes of the GGUF file at path, written as the given version.
func asVersion(t *testing.T, path string, version uint32) []byte {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	b := binary.LittleEndian.AppendUint32([]byte("GGUF"), version)
	length := func(n int) {
		if version == 1 {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		} else {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
	}
	text := func(s string) {
		if version < 3 {
			s += "\x00" // the first program that wrote GGUF added this byte
		}
		length(len(s))
		b = append(b, s...)
	}
	length(len(f.Tensors))
	length(len(f.KV))
	for _, kv := range f.KV {
		text(kv.Key)
		b = binary.LittleEndian.AppendUint32(b, uint32(kv.Value.Kind))
		switch v := kv.Value.Any().(type) {
		case string:
			text(v)
		case []string:
			b = binary.LittleEndian.AppendUint32(b, uint32(gguf.KindString))
			length(len(v))
			for _, s := range v {
				text(s)
			}
		case []float32:
			b = binary.LittleEndian.AppendUint32(b, uint32(gguf.KindF32))
			length(len(v))
			b, err = binary.Append(b, binary.LittleEndian, v)
			require.NoError(t, err)
		case []int64:
			b = binary.LittleEndian.AppendUint32(b, uint32(gguf.KindI32))
			length(len(v))
			for _, x := range v {
				b = binary.LittleEndian.AppendUint32(b, uint32(x))
			}
		case uint64:
			require.Equal(t, gguf.KindU32, kv.Value.Kind)
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		case float32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		default:
			t.Fatalf("%s is a %T", kv.Key, v)
		}
	}
	offset := 0
	for _, x := range f.Tensors {
		text(x.Name)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(x.Shape)))
		for d := range x.Shape {
			length(x.Shape[len(x.Shape)-1-d])
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(x.Type))
		b = binary.LittleEndian.AppendUint64(b, uint64(offset))
		offset += (len(x.Data) + 31) &^ 31
	}
	pad := func() {
		for len(b)%32 != 0 {
			b = append(b, 0)
		}
	}
	pad()
	for _, x := range f.Tensors {
		b = append(b, x.Data...)
		pad()
	}
	return b
}

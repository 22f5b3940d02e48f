package gguf

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// builder writes GGUF files of any version byte by byte, valid or not. It shares no code with
// Writer.
type builder struct {
	version uint32
	nul     bool // every string ends with a NUL, as in files that a program of August 2023 wrote
	buf     []byte
}

// newBuilder begins a file whose header announces the given numbers of tensors and keys.
func newBuilder(version uint32, tensors, keys uint64) *builder {
	b := &builder{version: version, buf: []byte("GGUF")}
	return b.u32(version).length(tensors).length(keys)
}

func (b *builder) u32(v uint32) *builder {
	b.buf = binary.LittleEndian.AppendUint32(b.buf, v)
	return b
}

func (b *builder) u64(v uint64) *builder {
	b.buf = binary.LittleEndian.AppendUint64(b.buf, v)
	return b
}

func (b *builder) bytes(p ...byte) *builder {
	b.buf = append(b.buf, p...)
	return b
}

// length writes a count, with the number of bytes that counts have in this version of GGUF.
func (b *builder) length(n uint64) *builder {
	if b.version == 1 {
		return b.u32(uint32(n))
	}
	return b.u64(n)
}

func (b *builder) str(s string) *builder {
	if b.nul {
		s += "\x00"
	}
	return b.length(uint64(len(s))).bytes([]byte(s)...)
}

// key writes a key and the kind of its value.
func (b *builder) key(name string, kind Kind) *builder { return b.str(name).u32(uint32(kind)) }

// array writes the beginning of an array's value.
func (b *builder) array(elem Kind, n uint64) *builder { return b.u32(uint32(elem)).length(n) }

// tensor writes the description of a tensor. ne lists the dimensions, the innermost first.
func (b *builder) tensor(name string, typ quant.Type, offset uint64, ne ...uint64) *builder {
	b.str(name).u32(uint32(len(ne)))
	for _, n := range ne {
		b.length(n)
	}
	return b.u32(uint32(typ)).u64(offset)
}

// data pads to the alignment and adds n bytes of a pattern.
func (b *builder) data(align, n int) *builder {
	for len(b.buf)%align != 0 {
		b.buf = append(b.buf, 0)
	}
	for i := range n {
		b.buf = append(b.buf, byte(i*7))
	}
	return b
}

// save writes the file and returns its path.
func (b *builder) save(t testing.TB) string { return save(t, "model.gguf", b.buf) }

// save writes a file into a new folder and returns its path.
func save(t testing.TB, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// open opens a valid file that is closed at the end of the test.
func open(t testing.TB, path string) *File {
	f, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

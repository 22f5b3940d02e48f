package gguf

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dialectFile returns a file of another family of models. If tensor is true, the file has the
// beginning of a tensor.
func dialectFile(d *dialect, tensor bool) []byte {
	b := &builder{}
	if d.format == "ggml" {
		b.u32(0x67676d6c)
	} else {
		b.u32(0x67676a74).u32(3)
	}
	values := map[rune]uint32{'v': 300, 'c': 2048, 'e': 4096, 'h': 32, 'l': 28, 't': 2, 'x': 64}
	for _, f := range d.fields {
		b.u32(values[f])
	}
	if d.again {
		b.u32(300)
	}
	for i := range 300 {
		text := strings.Repeat("x", 1+i%7)
		b.u32(uint32(len(text))).bytes([]byte(text)...)
		if d.scored {
			b.u32(0)
		}
	}
	if tensor {
		name := strings.Fields(d.tensor)[0] + "wte.weight"
		b.u32(2).u32(uint32(len(name))).u32(0).u32(4096).u32(300).bytes([]byte(name)...).bytes(make([]byte, 1000)...)
	}
	return b.buf
}

// TestDialects checks that files of other families that begin like LLaMA's are recognized.
func TestDialects(t *testing.T) {
	for _, d := range dialects {
		err := refuse(t, save(t, "other.bin", dialectFile(&d, true)))
		var foreign *ForeignError
		require.ErrorAs(t, err, &foreign, d.what)
		require.Equal(t, d.what+" of 2023", foreign.What)
	}
	// A header and a vocabulary are enough to refuse a
	// file. They do not always suffice to name its family.
	err := refuse(t, save(t, "other.bin", dialectFile(&dialects[0], false)))
	require.ErrorContains(t, err, "GPT-J")
}

func TestForeignMagics(t *testing.T) {
	whisper := (&builder{}).u32(0x67676d6c)
	for _, n := range []uint32{51865, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1} {
		whisper.u32(n)
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"adapter", (&builder{}).u32(0x67676c61).u32(1).u32(8).u32(16).buf, "a LoRA adapter of 2023"},
		{"session", (&builder{}).u32(0x6767736e).u32(1).buf, "a session file of llama.cpp"},
		{"falcon", (&builder{}).u32(0x67676363).u32(10).buf, "a Falcon model of 2023"},
		{"rwkv", (&builder{}).u32(0x67676d66).u32(101).u32(50277).u32(768).u32(12).u32(1).buf, "an RWKV model"},
		{"whisper", whisper.buf, "a Whisper model"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := refuse(t, save(t, "other.bin", test.data))
			var foreign *ForeignError
			require.ErrorAs(t, err, &foreign)
			require.Contains(t, foreign.What, test.want)
		})
	}
}

package gguf

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// zipped returns a zip archive with one file.
func zipped(t *testing.T, name string) string {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create(name)
	require.NoError(t, err)
	_, err = f.Write([]byte("text"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.String()
}

func TestForeign(t *testing.T) {
	tests := []struct{ data, want string }{
		{zipped(t, "readme.txt"), "a zip archive"},
		{zipped(t, "consolidated.00/data.pkl"), "a PyTorch checkpoint"},
		{"\x80\x02}q\x00.", "a Python pickle"},
		{"\x40\x00\x00\x00\x00\x00\x00\x00{\"__metadata__\":{}" + strings.Repeat(" ", 64), "a safetensors checkpoint"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer"},
		{"<!DOCTYPE html><html></html>", "a web page"},
		{"\x1f\x8b\x08\x00\x00", "a gzip archive"},
		{"\x7fELF\x02\x01\x01", "a program"},
		{"Once upon a time, there was a text: über alles\n", "a text file"},
		{"Ж" + strings.Repeat("ю", 5000), "a text file"},
		{strings.Repeat("\x00", 9000), "a file of zeros"},
		{strings.Repeat("\x00", 257) + "ustar" + strings.Repeat("\x00", 9000), "a tar archive"},
		{"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "a file of unknown format (it begins with 01 02 03 04 05 06 07 08)"},
		{"GGUX", "a text file"},
		{"x", "a text file"},
	}
	for _, test := range tests {
		err := refuse(t, save(t, "model.gguf", []byte(test.data)))
		var foreign *ForeignError
		require.ErrorAs(t, err, &foreign)
		require.ErrorContains(t, err, "model.gguf: is "+test.want)
		require.ErrorContains(t, err, ", not a GGUF file")
	}
}

package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// ForeignError says that a file is neither a GGUF file nor a LLaMA of 2023, and names its
// format.
type ForeignError struct {
	Path string
	What string // such as "a safetensors checkpoint"
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s: is %s, not a GGUF file or a LLaMA of 2023", e.Path, e.What)
}

// magic is "GGUF", the first bytes of every GGUF file.
const magic = "GGUF"

// foreignMagics are the first bytes of files that users mistake for models, such as archives and
// error pages.
var foreignMagics = []struct{ magic, what string }{
	{"PK\x03\x04", "a zip archive"},
	{"\x80\x02", "a Python pickle, perhaps an old PyTorch checkpoint"},
	{"\x80\x03", "a Python pickle, perhaps an old PyTorch checkpoint"},
	{"\x80\x04", "a Python pickle, perhaps an old PyTorch checkpoint"},
	{"\x80\x05", "a Python pickle, perhaps an old PyTorch checkpoint"},
	{"\x93NUMPY", "a NumPy array"},
	{"\x89HDF", "an HDF5 file, perhaps a Keras checkpoint"},
	{"\x1f\x8b", "a gzip archive"},
	{"BZh", "a bzip2 archive"},
	{"\xfd7zXZ", "an xz archive"},
	{"\x28\xb5\x2f\xfd", "a zstd archive"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"Rar!", "a rar archive"},
	{"\x7fELF", "a program (ELF)"},
	{"MZ", "a program (Windows)"},
	{"%PDF", "a PDF document"},
	{"version https://git-lfs", "a Git LFS pointer: the model itself has not been downloaded"},
	{"<!DOCTYPE", "a web page: the download went wrong"},
	{"<!doctype", "a web page: the download went wrong"},
	{"<html", "a web page: the download went wrong"},
	{"\x0a\x0e\x0a\x05<unk>", "a SentencePiece vocabulary"},
	{"24ka", "a llama2.c checkpoint"},
	{"algg", "a LoRA adapter of 2023"},
	{"nsgg", "a session file of llama.cpp"},
	{"ccgg", "a Falcon model of 2023"},
}

// checkForeign returns a *ForeignError if a file is not a
// GGUF file. The file has size bytes and begins with data.
func checkForeign(path string, data []byte, size int64) error {
	head := data[:min(len(data), 4096)]
	if bytes.HasPrefix(head, []byte(magic)) {
		return nil
	}
	if bytes.HasPrefix([]byte(magic), head) {
		return fmt.Errorf("%d bytes: the first field runs %w", size, ErrTruncated)
	}
	return &ForeignError{path, describe(head, size)}
}

// describe names the format of a file of size bytes that begins with head.
func describe(head []byte, size int64) string {
	for _, m := range foreignMagics {
		if !bytes.HasPrefix(head, []byte(m.magic)) {
			continue
		}
		if m.magic == "PK\x03\x04" && bytes.Contains(head, []byte("/data.pkl")) {
			return "a PyTorch checkpoint"
		}
		return m.what
	}
	switch {
	case isSafetensors(head, size):
		return "a safetensors checkpoint"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "a tar archive"
	case isText(head):
		return "a text file"
	case isLlama2C(head, size):
		return "a llama2.c checkpoint"
	case len(bytes.Trim(head, "\x00")) == 0:
		return "a file of zeros: the download or copy was not finished"
	}
	return fmt.Sprintf("a file of unknown format (it begins with % x)", head[:min(len(head), 8)])
}

// isSafetensors recognizes a file that begins with the
// length of a JSON header, followed by the header.
func isSafetensors(head []byte, size int64) bool {
	return len(head) > 10 && binary.LittleEndian.Uint64(head) < uint64(size) && head[8] == '{' &&
		(head[9] == '"' || head[9] == ' ' || head[9] == '}')
}

// isLlama2C recognizes the oldest llama2.c checkpoints, which have no
// magic. They begin with the numbers width, hidden width, layers, heads,
// key heads, vocabulary and context. Then comes the token embedding.
func isLlama2C(head []byte, size int64) bool {
	if len(head) < 28 {
		return false
	}
	var n [7]int64
	for i := range n {
		n[i] = int64(int32(binary.LittleEndian.Uint32(head[4*i:])))
	}
	dim, heads, kvHeads, vocab := n[0], n[3], n[4], n[5]
	if vocab < 0 {
		vocab = -vocab // a negative size means that the output matrix is not shared
	}
	for _, x := range append(n[:5], n[6]) {
		if x < 1 || x > 1<<20 {
			return false
		}
	}
	return heads <= dim && dim%heads == 0 && heads%kvHeads == 0 && vocab > 0 && 4*dim*vocab < size
}

// isText reports whether head is UTF-8 without control characters.
func isText(head []byte) bool {
	if i := len(head) - utf8.UTFMax; i > 0 { // the last character may be cut
		for !utf8.RuneStart(head[i]) && i < len(head)-1 {
			i++
		}
		head = head[:i]
	}
	for _, b := range head {
		if b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b {
			return false
		}
	}
	return utf8.Valid(head)
}

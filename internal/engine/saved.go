package engine

// saved.go saves the evaluated tokens of a Text in a file:
//
//	magic "alpacast" │ version │ length of the note │ fingerprint of the model │ note │ state │ SHA-256 of all before
//
// Load checks the checksum, the version and the model's fingerprint before it uses the
// state. A restored text continues with the same bits as the saved one.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"alpaca/internal/atomicfile"
	"alpaca/internal/model"
)

const (
	magic   = "alpacast"
	version = 1 + Numerics // rises when the file format or Numerics changes
	maxNote = 64 << 20
)

// header is the beginning of a file, little-endian.
type header struct {
	Magic   [8]byte
	Version uint32
	Note    uint32 // length of the note in bytes
	Model   [sha256.Size]byte
}

const headerSize = 8 + 4 + 4 + sha256.Size

// ErrOtherModel says that a state was saved with a different model, or with
// different settings or adapters. Load still returns the note of the state.
var ErrOtherModel = errors.New("it belongs to another model")

// ErrForeign says that a file is not a saved state.
var ErrForeign = errors.New("it is not a saved state")

var errShort = errors.New("it is damaged: it ends too early")

// Save writes the text's first n tokens, their keys and values, and a note to a file. It
// replaces an older saved state atomically. It returns ErrForeign if path is a file of any
// other kind. Only the owner can read a file that Save creates.
func (t *Text) Save(path string, n int, note []byte) error {
	if len(note) > maxNote {
		return fmt.Errorf("engine: a note of %d bytes, must be at most %d", len(note), maxNote)
	}
	if err := checkReplaced(path); err != nil {
		return fmt.Errorf("engine: %s: %w", path, plain(err))
	}
	f, err := atomicfile.Create(path, 0o600)
	if err != nil {
		return fmt.Errorf("engine: %s: %w", path, plain(err))
	}
	defer f.Abort()
	if err := t.write(f, n, note); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if err := f.Commit(); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

func (t *Text) write(f io.Writer, n int, note []byte) error {
	h := header{Version: version, Note: uint32(len(note)), Model: fingerprint(t.engine.Model(), t.seq.Scales())}
	copy(h.Magic[:], magic)
	sum := sha256.New()
	w := io.MultiWriter(f, sum)
	if err := binary.Write(w, binary.LittleEndian, h); err != nil {
		return err
	}
	if _, err := w.Write(note); err != nil {
		return err
	}
	if err := t.With(func(s *model.Seq) error { return s.Save(w, n) }); err != nil {
		return err
	}
	_, err := f.Write(sum.Sum(nil))
	return err
}

// checkReplaced returns an error unless path is unused, or
// has an empty file or a saved state, which may be replaced.
func checkReplaced(path string) error {
	f, err := openFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	return checkMagic(f)
}

// checkMagic returns ErrForeign unless a file begins with magic.
func checkMagic(f *os.File) error {
	start := make([]byte, len(magic))
	if n, _ := f.ReadAt(start, 0); string(start[:n]) != magic {
		return ErrForeign
	}
	return nil
}

// openFile opens a regular file. For an empty file, it returns fs.ErrNotExist.
func openFile(path string) (*os.File, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular(): // opening it might block forever
		return nil, ErrForeign
	case st.Size() == 0:
		return nil, fmt.Errorf("it is empty: %w", fs.ErrNotExist)
	}
	return os.Open(path)
}

// plain returns the cause of a file error, without the file's name.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Load restores the text that Save wrote, and returns the note. If the error is ErrOtherModel, it
// returns the note, too, and the text is unchanged. After any other error, the text may be empty.
func (t *Text) Load(path string) (note []byte, err error) {
	f, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("engine: %s: %w", path, plain(err))
	}
	defer f.Close()
	if note, err = t.load(f); err != nil {
		return note, fmt.Errorf("engine: %s: %w", path, err)
	}
	return note, nil
}

func (t *Text) load(f *os.File) ([]byte, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkMagic(f); err != nil {
		return nil, err
	}
	size := st.Size() - sha256.Size
	var h header
	if err := binary.Read(f, binary.LittleEndian, &h); err != nil || size < headerSize {
		return nil, errShort
	}
	if h.Version != version {
		return nil, fmt.Errorf("it has version %d, but this program reads version %d", h.Version, version)
	}
	if int64(h.Note) > min(maxNote, size-headerSize) {
		return nil, errShort
	}
	if err := verify(f, size); err != nil {
		return nil, err
	}
	note := make([]byte, h.Note)
	if _, err := f.ReadAt(note, headerSize); err != nil {
		return nil, err
	}
	if h.Model != fingerprint(t.engine.Model(), t.seq.Scales()) {
		return note, ErrOtherModel
	}
	start := headerSize + int64(h.Note)
	return note, t.With(func(s *model.Seq) error {
		return s.Load(io.NewSectionReader(f, start, size-start), t.Ctx())
	})
}

// verify returns an error unless the first size bytes match the checksum after them.
func verify(f *os.File, size int64) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size)); err != nil {
		return err
	}
	var want [sha256.Size]byte
	if _, err := f.ReadAt(want[:], size); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want[:]) {
		return errors.New("it is damaged: its checksum is wrong")
	}
	return nil
}

package gguf

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// TestTruncatedWhileMapped truncates a mapped file. On every
// goroutine, reading the file must give an error that names it.
func TestTruncatedWhileMapped(t *testing.T) {
	const size = 1 << 20
	path := newBuilder(3, 1, 0).tensor("x", quant.F32, 0, size/4).data(32, size).save(t)
	f := open(t, path)
	if !f.Mapped() {
		t.Skip("files are not mapped on this system")
	}
	sum := func() error {
		n := 0
		for _, b := range f.Tensor("x").Data {
			n += int(b)
		}
		if n == 0 {
			return errors.New("no data")
		}
		return nil
	}
	require.NoError(t, Guard(sum))
	if err := os.Truncate(path, 1<<16); err != nil {
		t.Skip("this system cannot truncate a mapped file: ", err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := Guard(sum)
			var fault *FaultError
			if !errors.As(err, &fault) || fault.Path != path || fault.Offset != 1<<16 {
				t.Error("want a fault at byte 65536, got: ", err)
			}
		})
	}
	all.Wait()
	require.ErrorContains(t, f.Unchanged(), "changed from 1048640 to 65536 bytes while in use")
}

// TestGuardPanics checks that Guard does not catch other panics.
func TestGuardPanics(t *testing.T) {
	var nothing *File
	require.Panics(t, func() { Guard(func() error { return errors.New(nothing.Path) }) })
	require.PanicsWithValue(t, "bug", func() { Guard(func() error { panic("bug") }) })
	want := errors.New("an error")
	require.ErrorIs(t, Guard(func() error { return want }), want)
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = Guard(func() error { return nil }) }))
}

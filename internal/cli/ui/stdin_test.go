package ui

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestReadStdin(t *testing.T) {
	text, err := (&UI{In: strings.NewReader("a\nb")}).ReadStdin()
	require.NoError(t, err)
	require.Equal(t, "a\nb", text)

	_, err = (&UI{In: iotest.ErrReader(io.ErrUnexpectedEOF)}).ReadStdin()
	require.EqualError(t, err, "stdin: unexpected EOF")

	// Cancelling the command ends ReadStdin, too. Here stdin never ends.
	in, _ := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u := &UI{In: in}
	u.signals.ended = ctx.Done()
	_, err = u.ReadStdin()
	require.ErrorIs(t, err, ErrInterrupted)
}

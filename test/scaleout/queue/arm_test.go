package queue

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestArm lets an emulated worker for arm64 answer a file. The output must have the same bytes as
// on this machine.
func TestArm(t *testing.T) {
	const emulator = "qemu-aarch64-static"
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the emulated worker is for Linux on amd64")
	}
	if _, err := exec.LookPath(emulator); err != nil {
		require.NotEqual(t, "1", os.Getenv("ALPACA_REQUIRE_QEMU"), "%s is not installed", emulator)
		t.Skip(emulator + " is not installed")
	}
	b := newBench(t, 20)
	url := plainServer(t)
	b.initialize(url)
	program := filepath.Join(t.TempDir(), "alpaca")
	build := exec.Command("go", "build", "-o", program, "./cmd/alpaca")
	build.Dir, build.Stderr = filepath.Join("..", "..", ".."), os.Stderr
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	require.NoError(t, build.Run())

	emulated := *b
	emulated.alpaca = emulator
	worker := emulated.start(nil, program, "worker", "--queue", url, "-m", b.model, "-t", "1", "--parallel", "2")
	require.Equal(t, 3, b.batch(url).end())
	b.complete(worker)
}

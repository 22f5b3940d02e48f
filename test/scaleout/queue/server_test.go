// Package queue tests batches on several machines with a real NATS server. The server runs in the
// test's process, or in a process of its own if a test kills it. Workers and batches run in the
// test's process, so that they can be stopped between two steps, or are the real program.
package queue

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"alpaca/test/scaleout/freeport"
)

// folder is a folder for files that tests share.
var folder string

// program returns the path of the real program. The first call builds it.
func program(t testing.TB) string {
	t.Helper()
	require.NoError(t, makeProgram())
	return filepath.Join(folder, "alpaca")
}

var makeProgram = sync.OnceValue(func() error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(folder, "alpaca"), "./cmd/alpaca")
	cmd.Dir, cmd.Stderr = filepath.Join("..", "..", ".."), os.Stderr
	return cmd.Run()
})

// Environment variables that make this test binary a NATS server.
const (
	serverDir  = "SCALEOUT_SERVER_DIR"
	serverPort = "SCALEOUT_SERVER_PORT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverDir); dir != "" {
		beServer(dir)
	}
	var err error
	if folder, err = os.MkdirTemp("", "alpaca-scaleout"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// options returns the options of the servers in these tests. A server writes messages to the disk
// before it confirms them. JetStreamMaxStore is above what streams reserve; its default would
// depend on the disk's free space.
func options(dir string, port int) *server.Options {
	return &server.Options{Host: "127.0.0.1", Port: port, JetStream: true, JetStreamMaxStore: 1 << 40, StoreDir: dir, SyncAlways: true, NoSigs: true, NoLog: true, MaxPayload: 8 << 20}
}

// beServer runs a server until the process is killed.
func beServer(dir string) {
	port, err := strconv.Atoi(os.Getenv(serverPort))
	if err == nil {
		var s *server.Server
		if s, err = server.NewServer(options(dir, port)); err == nil {
			s.Start()
			select {}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// start starts a server in this process and returns its address.
func start(t testing.TB, opt *server.Options) string {
	t.Helper()
	s, err := server.NewServer(opt)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(aLong))
	return s.ClientURL()
}

// plainServer starts a server on loopback that lets anybody in, and returns its address.
func plainServer(t testing.TB) string {
	t.Helper()
	return start(t, options(t.TempDir(), -1))
}

// process is a server in a process of its own, which a test can kill.
type process struct {
	t    testing.TB
	dir  string
	port int
	cmd  *exec.Cmd
}

// serverProcess starts a server as a process.
func serverProcess(t testing.TB) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), port: freeport.Stays(t)}
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *process) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", p.port) }

func (p *process) start() {
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), serverDir+"="+p.dir, serverPort+"="+strconv.Itoa(p.port))
	p.cmd.Stderr = os.Stderr
	require.NoError(p.t, p.cmd.Start())
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

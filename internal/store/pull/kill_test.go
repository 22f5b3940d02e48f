package pull

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/place"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/storetest"
	"alpaca/internal/store/web"
)

// childEnv is the variable that makes this program pull a model
// instead of running tests. Its value is "folder endpoint name".
const childEnv = "ALPACA_TEST_PULL"

func TestMain(m *testing.M) {
	if job := strings.Fields(os.Getenv(childEnv)); len(job) == 3 {
		os.Exit(child(job[0], job[1], job[2]))
	}
	os.Exit(m.Run())
}

// child pulls a model in small parts, and saves the state often. It returns the exit status.
func child(dir, endpoint, name string) int {
	hub := filepath.Join(dir, "hub")
	p := &Puller{Library: &store.Library{Places: place.Places{Hub: hub, Hubs: []string{hub}, Own: filepath.Join(dir, "own")}}, Endpoint: endpoint,
		Client: web.New(web.Options{Agent: "test"}), Fetch: fetch.Options{Piece: 64 << 10, SaveBytes: 64 << 10, SaveEvery: 2 * time.Millisecond}}
	r, err := ref.Parse(name)
	if err == nil {
		_, err = p.Pull(context.Background(), r)
	}
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// TestKill kills pulls at random moments. Files that are visible afterwards must be complete, and the
// next pull must resume.
func TestKill(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 5
	}
	w := newWorld(t)
	dir := filepath.Dir(w.lib.Places.Hub)
	// If there is a file system in memory, the test uses it. What a killed process loses does not
	// depend on the kind of file system, and writing to a disk would take most of the time.
	if shm, err := os.MkdirTemp("/dev/shm", "alpaca-pull-"); err == nil {
		t.Cleanup(func() { os.RemoveAll(shm) })
		dir = shm
		w.lib.Places.Hub, w.lib.Places.Own = filepath.Join(dir, "hub"), filepath.Join(dir, "own")
		w.lib.Places.Hubs = []string{w.lib.Places.Hub}
	}
	parts := split(t, 2)
	big := model(t, 150_000)
	w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{
		"m-Q4_0.gguf": big, "s-F16-00001-of-00002.gguf": parts[0], "s-F16-00002-of-00002.gguf": parts[1], "LICENSE": []byte("Be kind.")}, Small: map[string]bool{"LICENSE": true}}
	w.Slow = time.Millisecond
	self, err := os.Executable()
	require.NoError(t, err)
	before := 0 // requests before the newest process was started
	start := func(name string) (*exec.Cmd, *bytes.Buffer) {
		before = len(w.Asked())
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childEnv+"="+dir+" "+w.URL+" "+name)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil && strings.Contains(err.Error(), "exec format error") {
			t.Skip("programs of this architecture cannot be started here")
		} else {
			require.NoError(t, err)
		}
		return cmd, &stderr
	}
	whole := map[string][]byte{}
	for path, data := range w.Repos["owner/repo"].Files {
		whole[filepath.FromSlash(path)] = data
	}
	base := filepath.Join(w.lib.Places.Hub, "models--owner--repo", "snapshots", commitA)
	check := func() {
		for path, data := range whole {
			got, err := os.ReadFile(filepath.Join(base, path))
			if err == nil && !bytes.Equal(data, got) {
				t.Fatalf("%s is visible but not complete: %d of %d bytes", path, len(got), len(data))
			}
		}
		for _, m := range w.lib.List() {
			require.NoError(t, w.lib.Verify(t.Context(), m, func(int64, int64) {}))
		}
	}
	names := []string{"hf:owner/repo:Q4_0", "hf:owner/repo:F16"}
	// The moments are chosen at random within the time that a pull takes on this machine.
	begun := func() { // waits for the process's first request
		require.Eventually(t, func() bool { return len(w.Asked()) > before }, time.Minute, time.Millisecond)
	}
	cmd, stderr := start(names[0])
	begun()
	began := time.Now()
	require.NoError(t, cmd.Wait(), stderr.String())
	took := time.Since(began)
	clear := func() { require.NoError(t, os.RemoveAll(dir)); require.NoError(t, os.MkdirAll(dir, 0o777)) }
	clear()
	killed, resumed := 0, 0
	rng := rand.New(rand.NewPCG(1, 2))
	for i := 0; killed < kills; i++ {
		cmd, _ := start(names[i/3%2])
		begun()
		time.Sleep(time.Duration(rng.Int64N(int64(took))))
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		check()
		states, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(base)), "blobs", "*"+fetch.StateSuffix))
		require.NoError(t, err)
		resumed += len(states)
		if len(w.lib.List()) == 2 {
			clear()
		}
	}
	if kills >= 50 {
		require.Positive(t, resumed, "no pull was killed after it had fetched something")
	}
	for _, name := range names {
		cmd, stderr := start(name)
		require.NoError(t, cmd.Wait(), stderr.String())
	}
	check()
	require.Len(t, w.lib.List(), 2)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(base)), "blobs", "*alpaca*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

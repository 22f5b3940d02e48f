package blackbox

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server"
)

// Flags of TestSoak, for a longer run by hand:
//
//	go test ./internal/server/blackbox -run TestSoak -v -timeout 0 -soak 15m -idle 1000 -requests 10000
var (
	soakTime     = flag.Duration("soak", 0, "shortest time that TestSoak takes")
	soakIdle     = flag.Int("idle", 50, "number of connections that are idle during TestSoak")
	soakClients  = flag.Int("clients", 16, "number of clients at once")
	soakPause    = flag.String("pause", "", "pattern of file names: while such a file exists, the clients send nothing")
	soakRequests = flag.Int("requests", 400, "smallest number of requests of TestSoak")
	soakHeap     = flag.String("heap", "", "folder for profiles of the objects in use before and after TestSoak")
)

// soak lets clients of all kinds use a server.
type soak struct {
	f      *fixture
	list   []asked
	want   []string // the expected answer to each request of list
	counts [8]atomic.Int64

	mu       sync.Mutex
	statuses map[int]int // how often each status came
}

// The kinds of clients of a soak.
const (
	good      = iota // sends a request and compares the answer with the expected one
	vanishing        // goes away while it waits or reads
	malformed        // sends a damaged request
	cut              // goes away within its header or body
	unread           // sends a request and never reads
	probing          // asks for health and metrics
	slow             // reads its stream slowly, and compares the answer with the expected one
	crowding         // sends more requests at once than the queue can hold
)

var kinds = []string{"answered the same as alone", "gone while waiting or reading", "malformed", "gone within header or body", "never read", "probes", "slow readers", "crowds"}

// soakQueue is the number of requests that may wait. A client of the kind crowding sends more.
const soakQueue = 12

// one runs one client of a random kind.
func (s *soak) one(r *rand.Rand) {
	f := s.f
	i := r.IntN(len(s.list))
	a := s.list[i]
	kind := []int{good, good, good, good, good, vanishing, vanishing, malformed, cut, unread, probing, slow, crowding}[r.IntN(13)]
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", a.path, len(a.body))
	switch kind {
	case good:
		s.answer(i, io.ReadAll)
	case slow:
		s.answer(i, readSlowly)
	case crowding:
		var all sync.WaitGroup
		for range 2 * soakQueue {
			j := r.IntN(len(s.list))
			all.Go(func() { s.answer(j, io.ReadAll) })
		}
		all.Wait()
	case vanishing:
		f.vanish(a, time.Duration(r.IntN(20_000))*time.Microsecond)
	case malformed:
		body := []byte(a.body)
		for range r.IntN(4) + 1 {
			body[r.IntN(len(body))] = byte(r.IntN(256))
		}
		resp, text := f.do("POST", a.path, string(body[:r.IntN(len(body))+1]))
		require.Less(f.t, s.saw(resp.StatusCode), 500, "%s %q: %s", a.path, body, text)
	case cut:
		c := s.dial()
		sent := head + a.body
		c.Write([]byte(sent[:r.IntN(len(sent)-1)+1]))
		c.Close()
	case unread:
		c := s.dial()
		c.Write([]byte(head + a.body))
		time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
		c.Close()
	case probing:
		for _, path := range []string{"/health", "/metrics", "/slots", "/props", "/livez"} {
			resp, text := f.do("GET", path, "")
			require.Equal(f.t, 200, s.saw(resp.StatusCode), text)
		}
	}
	s.counts[kind].Add(1)
}

// TestSoak lets many clients use a server with little memory while other connections are idle.
// About half of the clients misbehave. Each answer must equal the answer to the same request alone.
// At the end, no request, block, goroutine or connection may be left. Flags make the test longer.
func TestSoak(t *testing.T) {
	list := mixed(200)
	if testing.Short() {
		list = list[:24]
	}
	s := &soak{list: list, statuses: map[int]int{}}
	alone := setup(t, func(e *engine.Options, _ *server.Options) { e.Ctx, e.Parallel, e.NoCache = roomy, 2, true })
	for _, a := range s.list {
		s.want = append(s.want, alone.answer(a))
	}
	alone.client.CloseIdleConnections()
	f := setup(t, func(e *engine.Options, o *server.Options) {
		e.Ctx, e.Parallel, e.Blocks, e.Queue, o.IdleTimeout = roomy, 4, roomy/32+1, soakQueue, 2*time.Hour
	})
	s.f = f
	f.answer(s.list[0])
	f.client.CloseIdleConnections()
	time.Sleep(50 * time.Millisecond)
	before, heap := runtime.NumGoroutine(), live()
	keepHeap(t, "before")
	var idle []net.Conn
	for range *soakIdle {
		c := s.dial()
		fmt.Fprintf(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		_, err := io.ReadFull(c, make([]byte, 12)) // "HTTP/1.1 200"
		require.NoError(t, err)
		idle = append(idle, c)
	}
	var all sync.WaitGroup
	var done atomic.Int64
	start, told := time.Now(), time.Now()
	var mu sync.Mutex
	for i := range *soakClients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for int(done.Add(1)) <= *soakRequests || time.Since(start) < *soakTime {
				for there, _ := filepath.Glob(*soakPause); len(there) > 0; there, _ = filepath.Glob(*soakPause) {
					time.Sleep(time.Second)
				}
				s.one(r)
				mu.Lock()
				if time.Since(told) > time.Minute {
					told = time.Now()
					s.report(start)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	s.report(start)
	closed := 0
	for _, c := range idle {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, err := io.Copy(io.Discard, c)
		if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
			closed++
		}
		c.Close()
	}
	t.Logf("%d of %d idle connections were closed to make room for others", closed, len(idle))
	if len(idle) < 900 { // there were fewer connections than the limit
		require.Zero(t, closed)
	}
	f.client.CloseIdleConnections()
	eventually(t, "no request is in progress", func() bool { st := f.engine.Stats(); return st.Busy == 0 && st.Running == 0 && st.Waiting == 0 })
	eventually(t, "no new goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
	// Only the cache holds blocks, and it gives them to a request that needs them.
	eventually(t, "only the cache holds blocks", func() bool { st := f.engine.Stats(); return st.BlocksUsed <= st.BlocksCached+1 })
	st, after := f.engine.Stats(), live()
	keepHeap(t, "after")
	t.Logf("goroutines %d, at the beginning %d; heap %.1f MiB, at the beginning %.1f; %d answers in progress, %d waiting; %d of %d blocks used, %d of them by the prefix cache",
		runtime.NumGoroutine(), before, after, heap, st.Running, st.Waiting, st.BlocksUsed, st.Blocks, st.BlocksCached)
	// The blocks of the cache and the scratch for larger batches take memory
	// when they are first used. Both are bounded. So if the heap grows by
	// more than 4 MiB, the data of earlier requests stays in memory.
	require.Less(t, after-heap, 4., "the heap has grown by too many MiB")
	resp, text := f.do("POST", "/completion", `{"prompt": "zzz", "ignore_eos": true, "n_predict": -1}`)
	require.Equal(t, 200, resp.StatusCode, text)
	require.Equal(t, true, at(object(t, text), "truncated"), "a single request must be able to use the whole context")
}

// keepHeap writes a profile of the objects in use to a file in the folder that the flag -heap
// names, for "go tool pprof -diff_base before.pprof after.pprof".
func keepHeap(t *testing.T, name string) {
	if *soakHeap == "" {
		return
	}
	f, err := os.Create(filepath.Join(*soakHeap, name+".pprof"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, pprof.Lookup("heap").WriteTo(f, 0))
}

// live returns the size of the objects that are in use, in MiB. net/http keeps the buffers of closed
// connections in a pool, which frees them at the second collection of garbage.
func live() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// report logs the counts so far.
func (s *soak) report(start time.Time) {
	var b strings.Builder
	for kind, name := range kinds {
		fmt.Fprintf(&b, "%d %s, ", s.counts[kind].Load(), name)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	st := s.f.engine.Stats()
	s.mu.Lock()
	statuses := fmt.Sprint(s.statuses)
	s.mu.Unlock()
	s.f.t.Logf("%v: %sstatuses %s, goroutines %d, heap %d MiB, preemptions %d, cancelled %d, blocks %d (%d of the cache)", time.Since(start).Round(time.Second), b.String(), statuses,
		runtime.NumGoroutine(), m.HeapAlloc>>20, st.Preemptions, st.Cancelled, st.BlocksUsed, st.BlocksCached)
}

// TestVanishing checks that the answer to a client that goes away is soon cancelled, whatever the
// client was waiting for.
func TestVanishing(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *server.Options) { long(e, o); e.Parallel = 1 })
	prompt := strings.TrimSuffix(strings.Repeat("5,", 20000), ",")
	for _, tt := range []struct{ name, path, body string }{
		{"stream", "/v1/completions", `{"prompt": "abc", "max_tokens": -1, "ignore_eos": true, "stream": true}`},
		{"whole", "/v1/completions", endless},
		{"prompt", "/v1/completions", `{"prompt": [` + prompt + `], "max_tokens": 1}`},
		{"several", "/v1/completions", `{"prompt": ["abc", "b", "c"], "max_tokens": -1, "ignore_eos": true}`},
		{"native", "/completion", `{"prompt": "abc", "n_predict": -1, "ignore_eos": true, "stream": true}`},
		{"Anthropic", "/v1/messages", `{"messages": [{"role": "user", "content": "a"}], "max_tokens": 60000}`},
		{"Responses", "/v1/responses", `{"input": "a", "ignore_eos": true, "stream": true}`},
		{"Ollama", "/api/generate", `{"prompt": "a", "options": {"ignore_eos": true}}`},
	} {
		for _, waits := range []bool{false, true} {
			var leave func()
			if waits {
				leave, _ = f.background(f.client, endless)
				eventually(t, "another request is answered", func() bool { return f.engine.Stats().Running == 1 })
			}
			steps, waiting := f.engine.Stats().Steps, 0
			if waits {
				waiting = 1
			}
			c := f.dial()
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", tt.path, len(tt.body), tt.body)
			eventually(t, tt.name+" is there", func() bool {
				st := f.engine.Stats()
				return st.Waiting == waiting && st.Busy == waiting+1 && st.Steps > steps
			})
			c.Close()
			gone := time.Now()
			eventually(t, tt.name+" is gone", func() bool { return f.engine.Stats().Busy == waiting })
			require.Less(t, time.Since(gone), 20*time.Second, "%s: the place must be free after one step, even on a busy machine", tt.name)
			if waits {
				leave()
				eventually(t, "no request is left", func() bool { return f.engine.Stats().Busy == 0 })
			}
		}
	}
	// A client that closes only its half of the connection counts as gone, too.
	c := f.dial()
	fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(endless), endless)
	eventually(t, "the request is answered", func() bool { return f.engine.Stats().Running == 1 })
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	eventually(t, "the request is cancelled", func() bool { return f.engine.Stats().Busy == 0 })
	resp, text := f.do("POST", "/v1/completions", brief)
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
}

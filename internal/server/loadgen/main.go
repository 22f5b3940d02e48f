// Loadgen measures a server of OpenAI's API under load: this program's server or, for
// comparison, another server with the same model. It counts tokens by the usage that
// the server reports, and measures times by the arrival of events. Its modes are load
// (several clients at once), prefix (a request that shares a prefix with an earlier
// one), and stall (answers that are generated while another prompt is evaluated).
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"
)

// options has the values of the flags.
type options struct {
	url, mode                       string
	clients, rounds, prompt, answer int
	vocab, shared                   int
	seed                            uint64
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080", "address of the server")
	flag.StringVar(&o.mode, "mode", "load", "load, prefix or stall")
	flag.IntVar(&o.clients, "clients", 8, "number of clients at the same time")
	flag.IntVar(&o.rounds, "rounds", 3, "number of requests of each client, one after the other")
	flag.IntVar(&o.prompt, "prompt", 64, "number of tokens of a prompt")
	flag.IntVar(&o.answer, "answer", 64, "number of tokens of an answer")
	flag.IntVar(&o.vocab, "vocab", 32000, "number of tokens of the vocabulary; prompts do not use the first 300")
	flag.IntVar(&o.shared, "shared", 2000, "number of shared tokens in mode prefix, or of tokens of the long prompt in mode stall")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of the prompts; by default, each run has another seed, so that no cache has its prompts")
	flag.Parse()
	run := map[string]func(*options) error{"load": load, "prefix": prefix, "stall": stall}[o.mode]
	if run == nil {
		fmt.Fprintf(os.Stderr, "loadgen: unknown -mode %q\n", o.mode)
		os.Exit(2)
	}
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

// tokens returns a random prompt of n tokens, so that no server has it in its cache.
func (o *options) tokens(r *rand.Rand, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = 300 + r.IntN(o.vocab-300)
	}
	return list
}

// load measures several clients at once.
func load(o *options) error {
	var (
		mu      sync.Mutex
		all     sync.WaitGroup
		results []result
		failed  error
	)
	start := time.Now()
	for i := range o.clients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(o.seed, uint64(i)))
			for round := range o.rounds {
				res, err := ask(context.Background(), o.url, o.tokens(r, o.prompt), o.answer, nil)
				res.later = round > 0
				mu.Lock()
				if results = append(results, res); err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if failed != nil {
		return failed
	}
	took := time.Since(start)
	var first, later, gaps []time.Duration
	generated, prompts := 0, 0
	for _, r := range results {
		if r.later {
			later = append(later, r.first)
		}
		first, gaps = append(first, r.first), append(gaps, r.gap)
		generated, prompts = generated+r.generated, prompts+r.prompt
	}
	fmt.Printf("%d clients × %d rounds × (%d + %d tokens): %.2fs, %.2f tokens/s generated, %.2f with prompts; first token p50 %.3fs, p95 %.3fs, max %.3fs, without each client's first request p50 %.3fs, p95 %.3fs; longest gap %.3fs\n",
		o.clients, o.rounds, o.prompt, o.answer, took.Seconds(), float64(generated)/took.Seconds(), float64(generated+prompts)/took.Seconds(),
		at(first, 0.5), at(first, 0.95), at(first, 1), at(later, 0.5), at(later, 0.95), at(gaps, 1))
	return nil
}

// at returns the quantile q of list in seconds, or 0 if it is empty. It sorts list.
func at(list []time.Duration, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))].Seconds()
}

// prefix measures the time to the first token of a prompt, and of another prompt with the same
// prefix.
func prefix(o *options) error {
	r := rand.New(rand.NewPCG(o.seed, 0))
	for i := range o.rounds {
		shared := o.tokens(r, o.shared)
		cold, err := ask(context.Background(), o.url, append(slices.Clone(shared), o.tokens(r, 8)...), 1, nil)
		if err != nil {
			return err
		}
		warm, err := ask(context.Background(), o.url, append(slices.Clone(shared), o.tokens(r, 8)...), 1, nil)
		if err != nil {
			return err
		}
		fmt.Printf("%d: time to the first token of %d tokens: %.3fs for a new prompt, %.3fs with a known beginning (%d cached): %.1f times sooner\n",
			i, cold.prompt, cold.first.Seconds(), warm.first.Seconds(), warm.cached, cold.first.Seconds()/warm.first.Seconds())
	}
	return nil
}

// stall measures how long answers wait for a token while a long prompt is evaluated.
func stall(o *options) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var (
		mu      sync.Mutex
		reading bool
		gaps    []time.Duration
		ready   sync.WaitGroup
	)
	ready.Add(o.clients)
	for i := range o.clients {
		go func() {
			r := rand.New(rand.NewPCG(o.seed, uint64(i+1)))
			n, last := 0, time.Now()
			ask(ctx, o.url, o.tokens(r, o.prompt), -1, func(now time.Time) {
				if n++; n == 8 {
					ready.Done()
				}
				mu.Lock()
				if reading && n > 8 {
					gaps = append(gaps, now.Sub(last))
				}
				mu.Unlock()
				last = now
			})
		}()
	}
	ready.Wait()
	mu.Lock()
	reading = true
	mu.Unlock()
	r := rand.New(rand.NewPCG(o.seed, 0))
	long, err := ask(ctx, o.url, o.tokens(r, o.shared), 1, nil)
	mu.Lock()
	defer mu.Unlock()
	if reading = false; err != nil {
		return err
	}
	if len(gaps) == 0 {
		return fmt.Errorf("no token came in the %.1fs in which the prompt was read", long.first.Seconds())
	}
	fmt.Printf("%d answers while a prompt of %d tokens is read in %.2fs: %d tokens, gap p50 %.3fs, p95 %.3fs, longest %.3fs\n",
		o.clients, long.prompt, long.first.Seconds(), len(gaps), at(gaps, 0.5), at(gaps, 0.95), at(gaps, 1))
	return nil
}

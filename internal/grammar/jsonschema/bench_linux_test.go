package jsonschema

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"alpaca/internal/gguf"
	"alpaca/internal/grammar"
	"alpaca/internal/testshared"
	"alpaca/internal/tokenizer"
)

// cpu returns the CPU time that the thread has used, which does not depend on other programs
// on the machine. The caller has locked its goroutine to the thread.
func cpu() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// quantiles reports the median, the 99th percentile and the maximum of times, in µs.
func quantiles(b *testing.B, times []time.Duration, name string) {
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, name+"-p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds())/1e3, name+"-p99-µs")
	b.ReportMetric(float64(times[len(times)-1].Nanoseconds())/1e3, name+"-max-µs")
}

// BenchmarkCompile compiles all schemas of MaskBench.
func BenchmarkCompile(b *testing.B) {
	names, groups := maskBench(b)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var times []time.Duration
	slowest, which := time.Duration(0), ""
	for b.Loop() {
		for i, g := range groups {
			start := cpu()
			_, _, _ = Compile(g.Schema, Options{})
			d := cpu() - start
			times = append(times, d)
			if d > slowest {
				slowest, which = d, names[i]
			}
		}
	}
	b.Logf("slowest: %s", which)
	quantiles(b, times, "schema")
}

// bigVocab returns a vocabulary of n tokens like those of models: all bytes, and pieces of words,
// digits, blanks and punctuation that occur in JSON. It is the same at every call.
func bigVocab(n int) ([][]byte, *grammar.Vocab) {
	var all [][]byte
	seen := map[string]bool{}
	add := func(s string) {
		if !seen[s] && len(all) < n-1 {
			seen[s] = true
			all = append(all, []byte(s))
		}
	}
	for i := range 256 {
		add(string([]byte{byte(i)}))
	}
	marks := []string{`"`, `":`, `",`, `"}`, `"]`, `{"`, `["`, `":"`, `","`, `": "`, `", "`, `}}`, `]}`, `},`, `},{"`, `{}`, `[]`, `:`, `\n`, `\"`, `\u`, `": {`, `": [`, `,"`}
	for _, m := range marks {
		add(m)
		add(" " + m)
	}
	for i := range 1000 {
		add(fmt.Sprint(i))
	}
	for i := 1; i < 60; i++ {
		add(fmt.Sprintf("%*s", i, ""))
		add("\n" + fmt.Sprintf("%*s", i, ""))
	}
	syllables := []string{"an", "be", "co", "de", "er", "fi", "ga", "ho", "in", "jo", "ka", "le", "mi", "na", "or", "pa", "qu", "re", "st", "th", "un", "ve", "wa", "xi", "yo", "zu", "é", "日", "本"}
	for _, a := range syllables {
		for _, b := range syllables {
			for _, c := range syllables {
				for _, s := range []string{a + b, a + b + c, " " + a + b + c, a + b + c + `"`, a + b + c + `":`, "_" + a + b} {
					add(s)
				}
			}
		}
	}
	for _, a := range syllables {
		for _, b := range syllables {
			for _, c := range syllables {
				for _, d := range syllables {
					add(" " + a + b + c + d)
				}
			}
		}
	}
	all = append(all, nil)
	return all, grammar.NewVocab(len(all), func(id int32) []byte { return all[id] }, []int32{int32(len(all) - 1)})
}

// realVocab returns the vocabulary of DeepSeek LLM, with 102,400 tokens.
func realVocab(b *testing.B) ([][]byte, *grammar.Vocab) {
	f, err := gguf.Open(testshared.Path(b, "models/vocab/ggml-vocab-deepseek-llm.gguf"))
	require.NoError(b, err)
	defer f.Close()
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	require.NoError(b, err)
	var all [][]byte
	for id := range int32(tok.Len()) {
		var text []byte
		if !tok.IsControl(id) && !tok.IsEOG(id) {
			text = []byte(tok.Piece(id, false))
		}
		all = append(all, text)
	}
	return all, grammar.NewVocab(len(all), func(id int32) []byte { return all[id] }, tok.EOG())
}

// BenchmarkMask takes every fourth schema of MaskBench and cuts its valid instances into the
// longest tokens. It times the mask before each token, with a real vocabulary and with a
// generated one of 128,000 tokens.
func BenchmarkMask(b *testing.B) {
	b.Run("real", func(b *testing.B) {
		all, vocab := realVocab(b)
		benchmarkMask(b, all, vocab)
	})
	b.Run("made", func(b *testing.B) {
		all, vocab := bigVocab(128_000)
		benchmarkMask(b, all, vocab)
	})
}

func benchmarkMask(b *testing.B, all [][]byte, vocab *grammar.Vocab) {
	_, groups := maskBench(b)
	next := longestToken(all)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var times []time.Duration
	for b.Loop() {
		for i := 0; i < len(groups); i += 4 {
			g := groups[i]
			p, _, err := Compile(g.Schema, Options{})
			if err != nil {
				continue
			}
			for _, t := range g.Tests {
				if !t.Valid {
					continue
				}
				text, err := canonical(g.Schema, t.Data)
				require.NoError(b, err)
				m := p.NewMatcher(vocab)
				for len(text) > 0 {
					id := next(text)
					start := cpu()
					mask := m.Mask()
					times = append(times, cpu()-start)
					require.True(b, mask.Has(id), "%q", text)
					require.NoError(b, m.Accept(id))
					text = text[len(all[id]):]
				}
				require.True(b, m.Complete())
			}
		}
	}
	quantiles(b, times, "mask")
}

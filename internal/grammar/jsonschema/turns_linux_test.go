package jsonschema

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/grammar"
	"alpaca/internal/testshared"
	"alpaca/internal/tokenizer"
)

var turns = flag.String("turns", "", "folder for TestTurns: if it has no vocab.hex, the test writes vocab.hex and cases.jsonl there; otherwise it times the cases that standard input names")

// turnsCase is a schema of MaskBench with its valid instances as text.
type turnsCase struct {
	Name   string
	Schema json.RawMessage
	Texts  []string
}

// TestTurns serves programs that compare this engine's speed with that of other engines, one
// schema at a time. Each line of its input has the number of a case and the largest number of
// masks per instance. It answers with a line of "@ " and JSON: nanoseconds to compile, and
// nanoseconds of each mask.
func TestTurns(t *testing.T) {
	if *turns == "" {
		t.Skip("only with -turns")
	}
	vocabFile, casesFile := filepath.Join(*turns, "vocab.hex"), filepath.Join(*turns, "cases.jsonl")
	if _, err := os.Stat(vocabFile); err != nil {
		writeTurns(t, vocabFile, casesFile)
		return
	}
	data, err := os.ReadFile(vocabFile)
	require.NoError(t, err)
	var all [][]byte
	for line := range strings.Lines(string(data)) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		require.NoError(t, err)
		all = append(all, b)
	}
	vocab := grammar.NewVocab(len(all), func(id int32) []byte { return all[id] }, []int32{int32(len(all) - 1)})
	next := longestToken(all)
	var cases []turnsCase
	file, err := os.Open(casesFile)
	require.NoError(t, err)
	defer file.Close()
	for d := json.NewDecoder(file); d.More(); {
		var c turnsCase
		require.NoError(t, d.Decode(&c))
		cases = append(cases, c)
	}
	runtime.LockOSThread()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var i, most int
		_, err := fmt.Sscan(in.Text(), &i, &most)
		require.NoError(t, err)
		out, err := json.Marshal(timeTurn(t, cases[i], most, vocab, all, next))
		require.NoError(t, err)
		fmt.Printf("@ %s\n", out)
	}
}

// turn holds the times of one case, in nanoseconds.
type turn struct {
	Compile time.Duration
	Masks   []time.Duration
	Refused string
}

func timeTurn(t *testing.T, c turnsCase, limit int, vocab *grammar.Vocab, all [][]byte, next func(string) int32) (out turn) {
	start := cpu()
	p, _, err := Compile(c.Schema, Options{})
	out.Compile = cpu() - start
	if err != nil {
		out.Refused = err.Error()
		return out
	}
	for _, text := range c.Texts {
		m := p.NewMatcher(vocab)
		for n := 0; len(text) > 0 && n < limit; n++ {
			id := next(text)
			start := cpu()
			mask := m.Mask()
			out.Masks = append(out.Masks, cpu()-start)
			require.True(t, mask.Has(id), "%s: %q", c.Name, text)
			require.NoError(t, m.Accept(id))
			text = text[len(all[id]):]
		}
	}
	return out
}

// longestToken returns a function that finds the longest token at the beginning of a text.
func longestToken(all [][]byte) func(text string) int32 {
	longest := map[string]int32{}
	for id, text := range all {
		if _, ok := longest[string(text)]; !ok {
			longest[string(text)] = int32(id)
		}
	}
	return func(text string) int32 {
		for n := min(len(text), 60); n > 0; n-- {
			if id, ok := longest[text[:n]]; ok {
				return id
			}
		}
		return -1
	}
}

// writeTurns writes the cases and a vocabulary of 128,000 tokens: all bytes, and then tokens
// of published tokenizers.
func writeTurns(t *testing.T, vocabFile, casesFile string) {
	const size = 128_000
	seen := map[string]bool{}
	var b strings.Builder
	add := func(text []byte) {
		if len(text) > 0 && len(seen) < size-1 && !seen[string(text)] {
			seen[string(text)] = true
			fmt.Fprintln(&b, hex.EncodeToString(text))
		}
	}
	for i := range 256 {
		add([]byte{byte(i)})
	}
	for _, name := range []string{"deepseek-llm", "gpt-2", "starcoder", "falcon", "llama-spm"} {
		f, err := gguf.Open(testshared.Path(t, "models/vocab/ggml-vocab-"+name+".gguf"))
		require.NoError(t, err)
		tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
		require.NoError(t, err)
		for id := range int32(tok.Len()) {
			if !tok.IsControl(id) {
				add([]byte(tok.Piece(id, false)))
			}
		}
		f.Close()
	}
	require.Len(t, seen, size-1)
	fmt.Fprintln(&b) // the end token
	require.NoError(t, os.WriteFile(vocabFile, []byte(b.String()), 0o644))
	b.Reset()
	names, groups := maskBench(t)
	for i, g := range groups {
		c := turnsCase{Name: names[i], Schema: g.Schema}
		for _, x := range g.Tests {
			if x.Valid {
				text, err := canonical(g.Schema, x.Data)
				require.NoError(t, err)
				c.Texts = append(c.Texts, text)
			}
		}
		line, err := json.Marshal(c)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	require.NoError(t, os.WriteFile(casesFile, []byte(b.String()), 0o644))
}

package engine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
)

var (
	repeatModel = flag.String("repeat-model", "", "model for BenchmarkRepeats")
	repeatSmall = flag.String("repeat-small", "", "small model that drafts in BenchmarkRepeats")
	repeatTurns = flag.Int("repeat-turns", 3, "turns of BenchmarkRepeats")
	repeatText  = flag.String("repeat-text", "", "folder for the prompts and answers of BenchmarkRepeats, for other programs")
)

// replay is a grammar that allows only one text. The sampler first samples as if there were no
// grammar; then only one token is allowed.
type replay struct {
	say  []int32
	list []uint64
}

func newReplay(vocab int, say []int32) *replay {
	r := &replay{say: say, list: make([]uint64, (vocab+63)/64)}
	r.mark(true)
	return r
}

func (r *replay) mark(on bool) {
	if len(r.say) > 0 {
		if bit := uint64(1) << (r.say[0] % 64); on {
			r.list[r.say[0]/64] |= bit
		} else {
			r.list[r.say[0]/64] &^= bit
		}
	}
}

func (r *replay) Allowed(id int32) bool { return len(r.say) == 0 || id == r.say[0] }
func (r *replay) List() []uint64        { return r.list }
func (r *replay) Accept(int32) error {
	r.mark(false)
	r.say = r.say[min(1, len(r.say)):]
	r.mark(true)
	return nil
}

// task is a text to be measured.
type task struct {
	name, prompt, answer string  // the answer is replayed; "" lets the model write its own
	right                float64 // the fraction of guessed tokens that are right; 0: no tokens are guessed
}

// tasks returns texts that repeat much of their prompt, some of it, or nothing.
func tasks(b *testing.B) []task {
	file := func(path string, bytes int) string {
		text, err := os.ReadFile(path)
		require.NoError(b, err)
		return string(text[:min(len(text), bytes)])
	}
	code := file("hold.go", 1800)
	page := file("../../docs/serve.md", 8500)
	prose := file("../../docs/train.md", 1500)
	var quotes strings.Builder
	rng := rand.New(rand.NewPCG(1, 1))
	words := strings.Fields(page)
	for i := range 8 {
		at := rng.IntN(len(words) - 30)
		fmt.Fprintf(&quotes, "%d. The page says: \"%s\"\n", i+1, strings.Join(words[at:at+12+rng.IntN(18)], " "))
	}
	said := strings.NewReplacer("h.tokens", "h.pending", "find()", "search()").Replace(code)
	chat := func(s string) string { return "<|im_start|>user\n" + s + "<|im_end|>\n<|im_start|>assistant\n" }
	list := []task{
		{name: "code with a change", prompt: chat("Rename find to search:\n" + code), answer: strings.Replace(code, "find()", "search()", -1)},
		{name: "code with changes", prompt: chat("Rename tokens to pending and find to search:\n" + code), answer: said},
		{name: "quotes", prompt: chat("What does the page say?\n" + page), answer: quotes.String()},
		{name: "prose", prompt: chat("How are models trained?"), answer: prose},
		{name: "chat", prompt: chat("Why is the sky blue?")},
		{name: "story", prompt: chat("Tell me a story about a llama and a fox.")},
	}
	for _, right := range []float64{0.3, 0.5, 0.7, 0.9} {
		list = append(list, task{fmt.Sprintf("guesses of which %v are right", right), chat("How are models trained?"), prose, right})
	}
	return list
}

// BenchmarkRepeats writes texts without and with drafts in turns, and reports the median times
// of a token.
func BenchmarkRepeats(b *testing.B) {
	if *repeatModel == "" {
		b.Skip("needs -repeat-model")
	}
	open := func(path string) *model.Model {
		f, err := gguf.Open(path)
		require.NoError(b, err)
		m, err := model.Load(f, model.LoadOptions{})
		require.NoError(b, err)
		b.Cleanup(func() { m.Close() })
		return m
	}
	m := open(*repeatModel)
	drafts := Drafts{}
	if *repeatSmall != "" {
		drafts.Model, drafts.Sure = open(*repeatSmall), 0.6
	}
	for i, t := range tasks(b) {
		prompt, say := m.Tokenizer.Encode(t.prompt, true, true), m.Tokenizer.Encode(t.answer, false, false)
		sampling := sampler.DefaultParams()
		sampling.Seed, sampling.IgnoreEOS = 1, true
		req := Request{Prompt: prompt, MaxTokens: 200, Sampling: sampling}
		if t.answer != "" {
			req.MaxTokens = len(say)
			req.Grammar = func() sampler.Grammar { return newReplay(m.Config.VocabSize, say) }
		}
		if *repeatText != "" && t.right == 0 {
			require.NoError(b, os.WriteFile(fmt.Sprintf("%s/%d.prompt", *repeatText, i), []byte(t.prompt), 0o644))
			require.NoError(b, os.WriteFile(fmt.Sprintf("%s/%d.answer", *repeatText, i), []byte(t.answer), 0o644))
		}
		var times [2][]float64
		var r Result
		for turn := range *repeatTurns {
			for way := range 2 {
				way ^= turn & 1
				opt := Options{Ctx: 4096, Parallel: 1, Drafts: Drafts{Off: true}}
				if way == 1 {
					opt.Drafts = drafts // the engine is new, so it has no measured times yet
				}
				e, err := New(m, opt)
				require.NoError(b, err)
				if t.right > 0 {
					rng := rand.New(rand.NewPCG(2, 2))
					e.guess = func(a *answer, n int) []int32 {
						return guess(rng, say, a.result.GeneratedTokens, n, int(100*t.right), m.Config.VocabSize)
					}
				}
				got, err := e.Run(b.Context(), req, nil)
				require.NoError(b, err)
				times[way] = append(times[way], got.GenerateTime.Seconds()*1e3/float64(got.GeneratedTokens-1))
				if way == 1 {
					r = got
				}
				require.NoError(b, e.Close())
			}
		}
		for way := range times {
			slices.Sort(times[way])
		}
		without, with := times[0][len(times[0])/2], times[1][len(times[1])/2]
		b.Logf("%-32s prompt %4d, answer %4d tokens: %6.2f ms a token without, %6.2f with drafts: %.3f times as fast; %d of %d drafted tokens right",
			t.name, len(prompt), r.GeneratedTokens, without, with, without/with, r.DraftAccepted, r.DraftTokens)
	}
}

package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/sampler"
)

// cacheOptions are the flags of the prompt cache.
type cacheOptions struct {
	path string
	all  bool
	ro   bool
}

func (o *cacheOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.path, "prompt-cache", "", "`file` that keeps the evaluated prompt, so that the next run with the same prompt begins faster")
	fs.BoolVar(&o.all, "prompt-cache-all", false, "with --prompt-cache, keep the generated text, too")
	fs.BoolVar(&o.ro, "prompt-cache-ro", false, "with --prompt-cache, read the file but do not write it")
}

// check returns an error if --prompt-cache is missing although another flag needs it, or if
// its file cannot be written.
func (o *cacheOptions) check() error {
	if o.path == "" && (o.all || o.ro) {
		return ui.WithHint(ui.Usagef("--prompt-cache-all and --prompt-cache-ro need a prompt cache"), "--prompt-cache FILE names its file")
	}
	if o.ro {
		return nil
	}
	return ui.CheckOutputs([]ui.Output{{Flag: "prompt-cache", Path: o.path}})
}

// exists reports whether --prompt-cache names a file that is not empty.
func (o *cacheOptions) exists() bool {
	if o.path == "" {
		return false
	}
	st, err := os.Stat(o.path)
	return err == nil && st.Size() > 0
}

// promptCache is the file of --prompt-cache.
type promptCache struct {
	o      *cacheOptions
	u      *ui.UI
	text   *engine.Text
	saved  bool
	loaded []int32 // the tokens that the file had
}

// load sets the text to the file's saved state. If the state cannot be used, load warns and ignores
// it, and the method save overwrites it later. If continued is true, the command line has no text,
// so an unusable state is an error and the file is not changed. A file that does not have a saved
// state is an error, too: it may be somebody's data.
func (c *promptCache) load(continued bool) error {
	if c.o.path == "" {
		return nil
	}
	_, err := c.text.Load(c.o.path)
	switch {
	case err == nil:
		c.loaded = slices.Clone(c.text.Tokens())
	case errors.Is(err, fs.ErrNotExist):
		if c.o.ro {
			return ui.WithHint(err, "without --prompt-cache-ro, the file is created")
		}
	case errors.Is(err, engine.ErrForeign):
		return ui.WithHint(err, "the file is not changed; name another file with --prompt-cache")
	case continued:
		return ui.WithHint(fmt.Errorf("the saved text cannot be continued: %w", err), "the file is not changed; to begin a new text, use -p")
	default:
		c.text.Truncate(0)
		c.u.Warnf("the prompt cache is not used: %v", err)
	}
	return nil
}

// save writes the first n tokens of the text to the file, at most once in a run. end says that
// the run is over. With --prompt-cache-all, save writes only at the end, and n is the length of
// the whole text. Otherwise it writes after the first answer, and n is the length of the prompt.
// It does not write a prompt that the file already begins with, because the file may hold more.
func (c *promptCache) save(end bool, n int) error {
	if c.o.path == "" || c.o.ro || c.saved || end != c.o.all {
		return nil
	}
	c.saved = true
	if n = min(n, c.text.Len()); !end && n <= len(c.loaded) && slices.Equal(c.loaded[:n], c.text.Tokens()[:n]) {
		return nil
	}
	if err := c.text.Save(c.o.path, n, nil); err != nil {
		return fmt.Errorf("the prompt cache cannot be written: %w", err)
	}
	return nil
}

// saveText saves a text that the model continued. prompt is the number of prompt tokens, and said
// are the generated tokens. With --prompt-cache-all it first evaluates the last tokens of said, so
// that the saved text is the whole text that was shown.
func (c *promptCache) saveText(ctx context.Context, prompt int, said []int32) error {
	if !c.o.all || c.o.path == "" || c.o.ro {
		return c.save(false, prompt)
	}
	all := prompt + len(said)
	if n := all - c.text.Len(); 0 < n && n <= len(said) && all <= c.text.Ctx() {
		req := engine.Request{Prompt: append(slices.Clone(c.text.Tokens()), said[len(said)-n:]...), Sampling: sampler.DefaultParams()}
		if _, err := c.text.Run(ctx, req, nil); err != nil {
			return err
		}
	}
	return c.save(true, c.text.Len())
}

func encodeSnapshot(s chat.Snapshot) ([]byte, error) { return json.Marshal(s) }

func decodeSnapshot(note []byte) (s chat.Snapshot, err error) {
	if len(note) == 0 {
		return s, errors.New("the file has no conversation")
	}
	err = json.Unmarshal(note, &s)
	return s, err
}

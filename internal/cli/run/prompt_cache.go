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
	fs.StringVar(&o.path, "prompt-cache", "", "`file` that keeps the evaluated prompt, to begin faster the next time")
	fs.BoolVar(&o.all, "prompt-cache-all", false, "keep what was generated, too")
	fs.BoolVar(&o.ro, "prompt-cache-ro", false, "read the file, do not write it")
}

// check returns a usage error where flags lack the file, and one where it cannot be written.
func (o *cacheOptions) check() error {
	if o.path == "" && (o.all || o.ro) {
		return ui.WithHint(ui.Usagef("which prompt cache?"), "name it with --prompt-cache FILE")
	}
	if o.ro {
		return nil
	}
	return ui.CheckOutputs([]ui.Output{{Flag: "prompt-cache", Path: o.path}})
}

// exists reports whether there is a file that may hold a text to go on with.
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
	loaded []int32 // tokens of the file
}

// load brings the text to where the file says. A saved state that is of no use is
// reported and ignored; it will be overwritten by the text that was given. Where none was,
// that is an error: what was to be continued is not replaced. Any other file is left
// alone: it may be somebody's data.
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
			return ui.WithHint(err, "without --prompt-cache-ro it is made")
		}
	case errors.Is(err, engine.ErrForeign):
		return ui.WithHint(err, "nothing is written over it: give the prompt cache another name")
	case continued:
		return ui.WithHint(fmt.Errorf("the saved text cannot be continued: %w", err), "nothing is written over it: a text of -p begins a new one")
	default:
		c.text.Truncate(0)
		c.u.Warnf("the prompt cache is not used: %v", err)
	}
	return nil
}

// save writes the file with the first n tokens of the text: the first time, with the
// prompt alone, or at the end with everything where that is wanted. A prompt that the file
// holds already is not saved again: the file may hold more.
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

// saveText is save after a text was continued whose prompt had so many tokens, and to
// which said was added. What follows the last token is not known yet: it is evaluated,
// so that the saved text is all of what was shown.
func (c *promptCache) saveText(ctx context.Context, prompt int, said []int32) error {
	if !c.o.all || c.o.path == "" || c.o.ro {
		return c.save(false, prompt)
	}
	if all := prompt + len(said); c.text.Len() < all && all <= c.text.Ctx() {
		req := engine.Request{Prompt: append(slices.Clone(c.text.Tokens()), said[len(said)-1]), Sampling: sampler.DefaultParams()}
		if _, err := c.text.Run(ctx, req, nil); err != nil {
			return err
		}
	}
	return c.save(true, c.text.Len())
}

func encodeSnapshot(s chat.Snapshot) ([]byte, error) { return json.Marshal(s) }

func decodeSnapshot(note []byte) (s chat.Snapshot, err error) {
	if len(note) == 0 {
		return s, errors.New("it holds no conversation")
	}
	err = json.Unmarshal(note, &s)
	return s, err
}

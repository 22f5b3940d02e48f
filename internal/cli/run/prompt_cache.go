package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/pflag"

	"alpaca/internal/chat"
	"alpaca/internal/cli/ui"
	"alpaca/internal/model"
	"alpaca/internal/promptcache"
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

// promptCache is the file of --prompt-cache.
type promptCache struct {
	o       *cacheOptions
	u       *ui.UI
	session *model.Session
	saved   bool
	loaded  int // tokens
}

// load brings the session to where the file says. A saved state that is of no use is
// told of and ignored: it will be written anew. Anything else may be dear to someone.
func (c *promptCache) load() error {
	if c.o.path == "" {
		return nil
	}
	_, err := promptcache.Load(c.o.path, c.session)
	switch {
	case err == nil:
		c.loaded = c.session.Pos()
	case errors.Is(err, fs.ErrNotExist):
		if c.o.ro {
			return ui.WithHint(err, "without --prompt-cache-ro it is made")
		}
	case errors.Is(err, promptcache.ErrForeign):
		return ui.WithHint(err, "nothing is written over it: give the prompt cache another name")
	default:
		c.session.Truncate(0)
		c.u.Warnf("the prompt cache is not used: %v", err)
	}
	return nil
}

// reuse leaves in the session what it shares with a prompt, which the sampler is
// told of, and returns how many tokens that is: at least one less than all.
func (c *promptCache) reuse(prompt []int32, s *sampler.Sampler) int {
	n := 0
	for known := c.session.Tokens(); n < len(known) && n < len(prompt)-1 && known[n] == prompt[n]; n++ {
		s.Accept(prompt[n])
	}
	c.session.Truncate(n)
	return n
}

// save writes the file with so many of the session's tokens: the first time, with the
// prompt alone, or at the end with everything where that is wanted.
func (c *promptCache) save(end bool, tokens int) error {
	if c.o.path == "" || c.o.ro || c.saved || end != c.o.all {
		return nil
	}
	c.saved = true
	if err := promptcache.Save(c.o.path, c.session, tokens, nil); err != nil {
		return fmt.Errorf("the prompt cache cannot be written: %w", err)
	}
	return nil
}

// saveText is save after a text was continued whose prompt had so many tokens.
func (c *promptCache) saveText(prompt int) error {
	if c.o.all {
		prompt = c.session.Pos()
	}
	return c.save(c.o.all, prompt)
}

func encodeSnapshot(s chat.Snapshot) ([]byte, error) { return json.Marshal(s) }

func decodeSnapshot(note []byte) (s chat.Snapshot, err error) {
	if len(note) == 0 {
		return s, errors.New("it holds no conversation")
	}
	err = json.Unmarshal(note, &s)
	return s, err
}

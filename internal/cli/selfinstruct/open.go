package selfinstruct

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/oneshot"
	"alpaca/internal/sampler"
	"alpaca/internal/selfinstruct"
	"alpaca/internal/server/remote"
)

// remoteOptions are the flags for a server that answers instead of a model's file.
type remoteOptions struct {
	address string
	key     string
	chat    bool
}

// keyEnv is the environment variable with the API key of a server.
const keyEnv = "OPENAI_API_KEY"

func (o *remoteOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.address, "server", "", "`address` of a server with OpenAI's API that answers in place of a model's file; -m is then the name of a model of the server")
	fs.StringVar(&o.key, "api-key", "", "API `key` of the server of --server (default: $"+keyEnv+")")
	fs.BoolVar(&o.chat, "server-chat", false, "send prompts as messages of a conversation, for a server that has no completions of texts")
}

func (o *remoteOptions) check(changed func(string) bool) error {
	if o.address != "" {
		return nil
	}
	for _, name := range []string{"api-key", "server-chat"} {
		if changed(name) {
			return ui.Usagef("--%s needs --server, because this flag is about that server", name)
		}
	}
	return nil
}

// opened is a model that can answer prompts.
type opened struct {
	model     selfinstruct.Model
	identity  string // the model's name, with the digests of its file and template, or with the server's address
	sampler   json.RawMessage
	converses bool // the model answers conversations
	remote    bool
	stats     func() engine.Stats // statistics of the engine; nil for a server
	close     func()
}

// open opens the model of -m or of a server.
func (o *options) open(u *ui.UI) (*opened, error) {
	if o.remote.address != "" {
		return o.openRemote()
	}
	o.MayPull = true
	m, err := o.Open(u, load.ModelPath(u, o.model))
	if err != nil {
		return nil, err
	}
	o.sampling.FromFile(u, m.Model.File)
	if o.preset == "stanford" {
		o.stanford()
	}
	t, _, err := load.Template(u, m.Model.File, m.Model.Tokenizer, o.template, chat.Request{})
	if err != nil {
		m.Close()
		return nil, err
	}
	opt := o.EngineOptions(m)
	opt.Parallel, opt.Queue, opt.NoCache, opt.Threads = o.parallel, 4*o.parallel+64, false, load.Threads(u, o.Threads)
	opt.Target = time.Hour // a step may take long, because nobody waits for the next token
	if err := m.StartEngine(opt); err != nil {
		m.Close()
		return nil, err
	}
	if w := m.Engine.Warning(); w != "" {
		u.Warnf("%s", w)
	}
	id, err := o.Identity(m)
	if err != nil {
		m.Close()
		return nil, err
	}
	chain, err := describe(o.sampling.Params)
	if err != nil {
		m.Close()
		return nil, err
	}
	identity := fmt.Sprintf("%s sha256:%s", m.Name(), id.Digest())
	if t != nil {
		identity += " template:" + load.TextSum(t.Source())
	}
	return &opened{
		model: oneshot.NewLocal(m.Engine, t, o.sampling.Params), identity: identity, sampler: chain, converses: t != nil,
		stats: m.Engine.Stats, close: m.Close,
	}, nil
}

// stanford sets the sampling parameters of Stanford for flags that are not given.
func (o *options) stanford() {
	p := &o.sampling.Params
	for name, set := range map[string]func(){
		"temp": func() { p.Temp = 1 }, "top-p": func() { p.TopP = 1 }, "top-k": func() { p.TopK = 0 }, "min-p": func() { p.MinP = 0 },
	} {
		if !o.changed(name) {
			set()
		}
	}
}

// describe returns the sampler's settings without the seed.
func describe(p sampler.Params) (json.RawMessage, error) {
	p.Seed = 0
	bias := p.LogitBias
	p.LogitBias = nil
	if len(bias) == 0 {
		return json.Marshal(p)
	}
	// The biases become text, because they may be infinite, which JSON has no number for.
	var list []string
	for _, id := range slices.Sorted(maps.Keys(bias)) {
		list = append(list, fmt.Sprintf("%d%+g", id, bias[id]))
	}
	return json.Marshal(struct {
		sampler.Params
		Bias string
	}{p, strings.Join(list, " ")})
}

// openRemote returns the model of a server.
func (o *options) openRemote() (*opened, error) {
	m, err := remote.New(o.remote.address, o.model, cmp.Or(o.remote.key, os.Getenv(keyEnv)))
	if err != nil {
		return nil, ui.Usage(err)
	}
	if o.preset == "stanford" {
		o.stanford()
	}
	temp, topP := float64(o.sampling.Params.Temp), float64(o.sampling.Params.TopP)
	m.Params = remote.Params{Temperature: &temp, TopP: &topP}
	m.Chat = o.remote.chat
	chain, err := json.Marshal(m.Params)
	if err != nil {
		return nil, err
	}
	return &opened{
		model: m, identity: strings.TrimSpace(o.model + " " + m.URL), sampler: chain, converses: o.preset == "", remote: true, close: func() {},
	}, nil
}

// reasonList returns reasons and their counts as text, the most frequent first.
func reasonList(counts map[string]int) string {
	if len(counts) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return " (" + strings.Join(names, ", ") + ")"
}

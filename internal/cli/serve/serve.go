// Package serve implements "alpaca serve", which answers HTTP requests in the
// form of OpenAI's API and llama.cpp's server. It checks the flags, loads
// models and makes their engines. Requests are answered in internal/server.
package serve

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/server"
	"alpaca/internal/server/guard"
	"alpaca/internal/server/listen"
)

// keyEnv are the environment variables with an API key: first our own, then llama.cpp's.
var keyEnv = []string{"ALPACA_API_KEY", "LLAMA_API_KEY"}

// options are the flags of "alpaca serve".
type options struct {
	model    load.Generation
	template load.TemplateChoice
	strict   bool // a model without a template does not get ChatML

	hosts   []string
	port    int
	aliases []string
	tags    []string
	keys    []string
	keyFile string

	shareCache bool

	allowed  []string
	origin   string
	metrics  bool
	slots    bool
	noSlots  bool
	shift    bool
	parallel int
	queue    int
	target   time.Duration
	delay    time.Duration
	drain    time.Duration
	noUI     bool
	data     string
	open     bool
	predict  int

	cacheMemory float64 // size of a model's KV cache in GiB; 0: at most a quarter of the free memory

	modelsMax    int
	modelsMemory float64 // size of all loaded models in GiB; 0: 3/4 of the free memory
	keepAlive    time.Duration
}

// New returns the command "alpaca serve".
func New(u *ui.UI) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "serve [-m MODEL]",
		Short: "Answer over HTTP, as OpenAI's API does",
		Long: `Answer conversations and continue texts over HTTP, for programs that speak OpenAI's API
or llama.cpp's. The answer to a request depends on that request alone, not on others in
progress. In a browser, the address without a path shows a page for conversations.

  POST /v1/chat/completions   POST /v1/completions   POST /v1/responses   POST /completion
  POST /v1/messages (Anthropic's)   POST /api/chat, /api/generate (Ollama's)
  POST /tokenize   POST /detokenize   POST /apply-template
  GET /v1/models   GET /health   GET /props   GET /slots   GET /metrics, with --metrics

Only programs on this machine can send requests, unless --host names another address;
then a key is required. After SIGTERM or Ctrl-C the server ends when all answers are
complete; a second signal ends it at once.

Exit status: 0 ended by a signal, all answers complete; 1 failure; 2 wrong command line.`,
		Example: `  alpaca serve -m model.gguf
  curl localhost:8080/v1/chat/completions -d '{"messages": [{"role": "user", "content": "Hi"}]}'
  alpaca serve -m model.gguf --host 0.0.0.0 --api-key-file keys.txt --parallel 8`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	load.AddModel(fs, &o.model.Model)
	fs.StringSliceVar(&o.hosts, "host", []string{"localhost"}, "`address` to listen on, or a socket file NAME.sock; several are separated by commas")
	flags.AddInt(fs, &o.port, flags.Int{Name: "port", Value: 8080, High: math.MaxUint16}, "`port` to listen on; 0 means any free port")
	flags.AddInt(fs, &o.parallel, flags.Int{Name: "parallel", Value: 4, Low: 1, High: 256}, "number of `answers` generated at once; each can use the whole context")
	flags.AllowSingleDash(fs, "parallel", "np")
	flags.AddInt(fs, &o.queue, flags.Int{Name: "max-queue", Value: 64, Low: 1, High: 1 << 16}, "largest number of waiting `requests`; further requests are refused with status 429")
	flags.AddPositive(fs, &o.cacheMemory, "kv-memory", "size of a model's KV cache in `GiB` (default: enough for twice as many texts as --parallel says, but at most a quarter of the free memory)")
	flags.AddInt(fs, &o.predict, flags.Int{Name: "predict", Short: "n", Value: -1, Low: -1, High: math.MaxInt32}, "largest number of `tokens` in an answer, whatever a request asks for; -1 is no limit")
	fs.StringSliceVarP(&o.aliases, "alias", "a", nil, "`name` of the model for clients; several are separated by commas (default: the name of the file)")
	fs.StringSliceVar(&o.tags, "tags", nil, "`words` about the model that lists of models show; several are separated by commas")
	fs.StringSliceVar(&o.keys, "api-key", nil, "`key` that requests need; several are separated by commas (default: $"+keyEnv[0]+")")
	fs.StringVar(&o.keyFile, "api-key-file", "", "`file` with one key per line; unlike --api-key, the keys do not show in process lists")
	fs.BoolVar(&o.shareCache, "share-cache", false, "let requests with different keys share cached prompts; the time to the first token then reveals whether somebody else sent the same prompt")
	fs.StringSliceVar(&o.allowed, "allowed-host", nil, "host `name` that requests may use, besides localhost")
	fs.StringVar(&o.origin, "cors-origin", "", "`origin` of web pages that may send requests, such as https://example.org")
	fs.BoolVar(&o.metrics, "metrics", false, "serve /metrics, for Prometheus")
	fs.BoolVar(&o.slots, "slots", true, "serve /slots")
	fs.BoolVar(&o.noSlots, "no-slots", false, "do not serve /slots")
	fs.BoolVar(&o.shift, "context-shift", false, "when a text fills its context, drop its older half and continue")
	fs.BoolVar(&o.open, "open", false, "open the page in a browser")
	fs.StringVar(&o.data, "data", "", "`database` of \"alpaca data\" whose rows are also shown, at /data/")
	fs.BoolVar(&o.noUI, "no-ui", false, "do not serve the page for browsers")
	fs.BoolVar(&o.noUI, "no-webui", false, "the same")
	fs.Lookup("no-webui").Hidden = true
	fs.BoolVar(&o.strict, "strict-template", false, "refuse conversations with a model that has no chat template")
	fs.DurationVar(&o.target, "step-target", 150*time.Millisecond, "longest `time` for which a part of a new prompt may delay answers in progress; the last part of a prompt may take twice as long")
	fs.DurationVar(&o.delay, "drain-delay", 0, "`time` after SIGTERM for which requests are still accepted")
	fs.DurationVar(&o.drain, "drain-timeout", 30*time.Second, "`time` after --drain-delay that answers in progress get to finish")
	flags.AddInt(fs, &o.modelsMax, flags.Int{Name: "models-max", Value: 4, High: 64}, "largest number of `models` of \"alpaca list\" that are loaded at the same time for requests, besides that of -m; 0 means none")
	flags.AddPositive(fs, &o.modelsMemory, "models-memory", "largest size of the files of all loaded models together, in `GiB` (default: 3/4 of the free memory)")
	fs.DurationVar(&o.keepAlive, "keep-alive", 5*time.Minute, "`time` without requests after which a model that was loaded for a request is unloaded; a negative time means never")
	o.template.AddFlags(fs)
	o.model.AddFlags(fs)
	o.model.AddUnappliedLoRA(fs)
	return cmd
}

func (o *options) run(ctx context.Context, u *ui.UI) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := o.model.Check(u); err != nil {
		return err
	}
	// The command listens before it loads the model, so that an address in use is
	// reported immediately. Until the model is loaded, responses ask clients to wait.
	l, err := listen.At(o.hosts, o.port)
	if err != nil {
		return ui.WithHint(err, "--host and --port choose another address")
	}
	defer l.Close()
	loaded := l.Meanwhile(server.Loading())
	defer loaded()
	m, err := o.model.Open(u, load.ModelPath(u, o.model.Model))
	if err != nil {
		return err
	}
	defer m.Close()
	opt, err := o.serverOptions(u, m)
	if err != nil {
		return err
	}
	if len(o.aliases) > 0 {
		opt.Aliases = o.aliases
		if m.Label != "" && !slices.Contains(o.aliases, m.Label) {
			opt.Aliases = append(opt.Aliases, m.Label) // otherwise, a request with this name would load the model again
		}
	}
	opt.Tags = o.tags
	drafts, err := o.model.OpenDrafts(u, m)
	if err != nil {
		return err
	}
	e, err := o.engine(u, m, drafts)
	if err != nil {
		return err
	}
	defer e.Close()
	if o.data != "" {
		b, closeData, err := o.browser(ctx, u, m, opt.Template)
		if err != nil {
			return err
		}
		defer closeData()
		opt.Data = b
	}
	if lib, err := o.library(u, m); err != nil {
		return err
	} else if lib != nil {
		defer lib.keeper.Close()
		opt.Library = lib
	}
	s := server.New(e, opt)
	loaded()
	u.Notef("%s listens at %s", m.Name(), strings.Join(l.URLs(), ", "))
	if o.open {
		u.Browse(l.URLs())
	}
	if err := s.Serve(ctx, l); err != nil {
		return err
	}
	u.Notef("ended")
	return nil
}

// check reads the keys, and returns a usage error if flags are wrong or conflict.
func (o *options) check() error {
	if o.keyFile != "" {
		text, err := ui.ReadFile(o.keyFile)
		if err != nil {
			return err
		}
		for line := range strings.Lines(text) {
			if key := strings.TrimSpace(line); key != "" {
				o.keys = append(o.keys, key)
			}
		}
		if len(o.keys) == 0 {
			return ui.Usagef("--api-key-file %s: the file has no key", o.keyFile)
		}
	}
	if len(o.keys) == 0 {
		for _, name := range keyEnv {
			if key := os.Getenv(name); key != "" && len(o.keys) == 0 {
				o.keys = []string{key}
			}
		}
	}
	for _, key := range o.keys {
		if key == "" {
			return ui.Usagef("--api-key is empty")
		}
	}
	if len(o.hosts) == 0 {
		return ui.Usagef("--host is empty")
	}
	for _, host := range o.hosts {
		if host == "" {
			return ui.Usagef("--host is empty")
		}
		if !listen.IsLocal(host) && len(o.keys) == 0 {
			return ui.WithHint(ui.Usagef("--host %s: other machines could send requests without a key", host),
				"make a key with: head -c 24 /dev/urandom | base64 > key.txt, and use it with: --api-key-file key.txt")
		}
	}
	if o.open && o.noUI {
		return ui.Usagef("--open and --no-ui cannot be used together: there would be no page to show")
	}
	if o.origin != "" {
		if err := guard.CheckOrigin(o.origin); err != nil {
			return ui.Usagef("--cors-origin: %v", err)
		}
	}
	for name, d := range map[string]time.Duration{"step-target": o.target, "drain-timeout": o.drain} {
		if d <= 0 {
			return ui.Usagef("--%s %v: must be above 0", name, d)
		}
	}
	if o.delay < 0 {
		return ui.Usagef("--drain-delay %v: must not be negative", o.delay)
	}
	return nil
}

// serverOptions returns the options of a server for m.
func (o *options) serverOptions(u *ui.UI, m *load.Instance) (server.Options, error) {
	if o.shift && m.Model.Config.Recurrent() {
		return server.Options{}, ui.Usagef("--context-shift: %s has recurrent layers, whose state cannot be shortened", m.Path)
	}
	opt, err := o.model.ServerOptions(u, m, o.template, o.strict)
	opt.Parallel, opt.Verbose, opt.MaxTokens, opt.Shift, opt.Log = o.parallel, o.model.Verbose, max(0, o.predict), o.shift, u.Notef
	opt.Keys, opt.Hosts, opt.Origin = o.keys, slices.Concat(o.allowed, listen.Names(o.hosts)), o.origin
	opt.ShareCache = o.shareCache
	opt.Metrics, opt.Slots, opt.NoPage = o.metrics, o.slots && !o.noSlots, o.noUI
	opt.DrainDelay, opt.DrainTimeout = o.delay, o.drain
	return opt, err
}

// Package pull implements "alpaca pull", which fetches a model from Hugging
// Face, from Ollama's registry or from an address. "alpaca run" and "alpaca
// self-instruct" offer to pull a missing model; no other command fetches one.
package pull

import (
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/store/ref"
)

// New returns the command "alpaca pull".
func New(u *ui.UI) *cobra.Command {
	var o models.PullOptions
	output := ""
	cmd := &cobra.Command{
		Use:   "pull NAME",
		Short: "Fetch a model",
		Long: `Fetch a model, or its missing parts. Every other command then accepts its name.

  hf:owner/repo[:QUANT]         Hugging Face; without QUANT, a common type is chosen
  hf:owner/repo/file.gguf       a certain file; @REVISION at the end names a revision
  ollama:name[:tag]             Ollama's registry; ollama:namespace/name[:tag]
  https://host/file.gguf        any address

Models from Hugging Face go to its cache, which its own programs and llama.cpp share. A
download that was stopped, for whatever reason, resumes where it stopped. All content is
checked against its digest as it arrives; a file gets its name only if the digest is
right.

Environment: HF_TOKEN for gated models; HF_HOME, HF_HUB_CACHE, HF_ENDPOINT,
ALPACA_MODELS (our own folder), HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE;
ALPACA_OFFLINE=1 or HF_HUB_OFFLINE=1 forbids the network.

Exit status: 0 the model is there, 1 failure, 2 wrong command line, 130 interrupted.`,
		Example: `  alpaca pull hf:ggml-org/SmolLM2-360M-Instruct-GGUF:Q8_0
  alpaca pull ollama:llama3.2:1b
  alpaca pull https://example.org/model.gguf --sha256 DIGEST
  alpaca run -m hf:ggml-org/SmolLM2-360M-Instruct-GGUF:Q8_0`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.JSON = output == "json"
			if o.SHA256 = strings.ToLower(o.SHA256); o.SHA256 != "" && !ref.IsSHA256(o.SHA256) {
				return ui.Usagef("--sha256 %q: must be 64 hexadecimal digits", o.SHA256)
			}
			res, err := models.Pull(cmd.Context(), u, args[0], o)
			if err != nil {
				return err
			}
			if o.JSON {
				return u.WriteJSON(map[string]any{"status": "success", "name": res.Name, "path": res.Path, "sha256": res.SHA256, "size": res.Size, "fetched": res.Fetched})
			}
			what := "is already there"
			if res.Fetched > 0 {
				what = "is there now, " + ui.ByteCount(res.Size)
			}
			u.Notef("%s %s", res.Name, what)
			u.Notef("alpaca run -m %s starts it", models.Quoted(res.Name))
			return nil
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	flags.AddOutput(fs, &output, "text", "json")
	flags.AddInt(fs, &o.Connections, flags.Int{Name: "connections", Value: 4, Low: 1, High: 16}, "number of `connections` that fetch a file at once")
	fs.StringVar(&o.SHA256, "sha256", "", "`digest` that the file at an address must have")
	fs.BoolVar(&o.Insecure, "insecure", false, "allow addresses without encryption")
	return cmd
}

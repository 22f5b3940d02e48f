// Package files implements the commands that read and write model files without
// evaluating a model: "alpaca inspect", "tokenize", "convert", "quantize", "merge",
// "split", "join" and "compare-tensors". Most of them print a table or JSON.
package files

import (
	"bytes"
	"math"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
)

// NewInspect returns the command "alpaca inspect".
func NewInspect(u *ui.UI) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "inspect [MODEL]",
		Aliases: []string{"info"},
		Short:   "Show what is in a model file",
		Long: `Show a model file's metadata, vocabulary, chat template and tensors. Weights are not
read, so the command takes no time, even for a large model, and works with any
architecture.

Without MODEL, the model is $` + load.ModelEnv + `, or else the small built-in one.
Shapes are written outermost first: a matrix is [rows, columns].`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := load.OpenFile(modelArg(u, args), gguf.Options{HeaderOnly: true})
			if err != nil {
				return err
			}
			defer f.Close()
			if output == "json" {
				return u.WriteJSON(inspect(f))
			}
			return printInspection(u, f)
		},
	}
	flags.AddOutput(cmd.Flags(), &output, "text", "json")
	return cmd
}

// modelArg returns the first argument, or the default model if there is no argument.
func modelArg(u *ui.UI, args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return load.ModelPath(u, "")
}

// inspection is the result of "alpaca inspect" in JSON.
type inspection struct {
	Format     string         `json:"format"`
	Version    uint32         `json:"version"`
	Parts      []string       `json:"parts"`
	Bytes      int64          `json:"bytes"` // size of all parts
	Parameters int64          `json:"parameters"`
	Metadata   metadata       `json:"metadata"`
	Tensors    []tensorRecord `json:"tensors"`
}

// tensorRecord is one tensor in JSON.
type tensorRecord struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"` // outermost first
	Bytes int64  `json:"bytes"`
}

// inspect returns the inspection of a file.
func inspect(f *gguf.File) inspection {
	in := inspection{
		Format: f.Format, Version: f.Version, Parts: f.Parts, Bytes: f.Size(),
		Parameters: parameters(f), Metadata: f.KV, Tensors: []tensorRecord{},
	}
	for _, t := range f.Tensors {
		in.Tensors = append(in.Tensors, tensorRecord{t.Name, t.Type.String(), t.Shape, t.Bytes})
	}
	return in
}

// parameters returns the number of elements of all tensors.
func parameters(f *gguf.File) int64 {
	var n int64
	for i := range f.Tensors {
		n += int64(f.Tensors[i].Elems())
	}
	return n
}

// metadata is a JSON object with the keys in the order of the file.
type metadata []gguf.KV

func (m metadata) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := ui.NewJSONEncoder(&b)
	b.WriteByte('{')
	for i, kv := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(kv.Key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(finite(kv.Value.Any())); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// finite replaces NaN and infinite floats, which JSON does not have, with null.
func finite(v any) any {
	switch v := v.(type) {
	case float32:
		return finite64(float64(v), v)
	case float64:
		return finite64(v, v)
	case []float32:
		return finiteList(v, func(x float32) any { return finite64(float64(x), x) })
	case []float64:
		return finiteList(v, func(x float64) any { return finite64(x, x) })
	case []any:
		return finiteList(v, finite)
	}
	return v
}

// finite64 returns v, or nil if x, which is v as a float64, is not finite.
func finite64(x float64, v any) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return v
}

// finiteList returns a list with fix applied to each element.
func finiteList[T any](list []T, fix func(T) any) []any {
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = fix(x)
	}
	return out
}

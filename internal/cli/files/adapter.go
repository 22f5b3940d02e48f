package files

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/atomicfile"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/lora/peft"
	"alpaca/internal/model"
	"alpaca/internal/quant"
)

// adapterOptions are the flags of "alpaca convert" for folders of PEFT.
type adapterOptions struct {
	Base    string // the adapter's base model; "": the one that the folder names
	OutType string // number format of the matrices; "": f32
	Name    string
	Force   bool
	Output  string
}

// adapterReport is the result of converting an adapter, in JSON.
type adapterReport struct {
	Input  string   `json:"input"`
	Output string   `json:"output"`
	Base   string   `json:"base"`
	Arch   string   `json:"architecture"`
	Pairs  int      `json:"pairs"`
	Rank   int      `json:"rank"`   // the highest rank of a pair
	Alpha  float32  `json:"alpha"`  // as in llama.cpp, the scale is Alpha divided by the rank
	Folded int      `json:"folded"` // number of pairs whose own alpha differs from Alpha; their B is scaled to make up for it
	Whole  []string `json:"whole"`  // names of tensors that replace tensors of the model
	Bytes  int64    `json:"output_bytes"`
	Notes  []string `json:"notes"`
}

// convertAdapter writes the adapter of a PEFT folder as a GGUF file.
func convertAdapter(u *ui.UI, in, out string, opt adapterOptions) error {
	t, err := quant.ParseType(cmp.Or(opt.OutType, "f32"))
	if err == nil && !quant.CanEncode(t) {
		err = fmt.Errorf("%v cannot be written", t)
	}
	if err != nil {
		return ui.Usagef("--outtype: %v", err)
	}
	inputs := []string{}
	entries, _ := os.ReadDir(in)
	for _, e := range entries {
		inputs = append(inputs, filepath.Join(in, e.Name()))
	}
	if err := atomicfile.Check(out, inputs, opt.Force); err != nil {
		return convertHint(in, err)
	}
	base, m, err := baseOf(in, opt.Base)
	if err != nil {
		return err
	}
	defer m.Close()
	a, err := load.ReadAdapter(u, in, m)
	if err != nil {
		return err
	}
	if _, err := m.WithLoRA(a, 1); err != nil { // only usable adapters are written
		return err
	}
	a.Name = cmp.Or(opt.Name, a.Name)
	r := adapterReport{
		Input: in, Output: out, Base: base, Arch: a.Arch, Pairs: len(a.Pairs), Rank: a.Rank(), Alpha: a.Alpha(), Folded: a.Folded(),
		Whole: []string{}, Notes: append([]string{}, a.Notes...),
	}
	for i := range a.Whole {
		r.Whole = append(r.Whole, a.Whole[i].Name)
	}
	kv := []gguf.KV{{Key: "general.base_model.count", Value: gguf.U32(1)}, {Key: "general.base_model.0.name", Value: gguf.Str(baseName(m, base))}}
	if err := a.Write(out, t, kv); err != nil {
		return err
	}
	if st, err := os.Stat(out); err == nil {
		r.Bytes = st.Size()
	}
	return r.show(u, opt.Output)
}

// baseName returns a model's own name, or else the name of its file.
func baseName(m *model.Model, path string) string { return cmp.Or(m.Config.Name, filepath.Base(path)) }

// baseOf opens the base model of the adapter in dir. given is the path of that model. If given is
// "", the base is the model that the config of the adapter names. The file of this model may also
// be in dir or next to dir.
func baseOf(dir, given string) (path string, m *model.Model, err error) {
	tries := []string{given}
	if given == "" {
		named := peft.BaseOf(dir)
		if named == "" {
			return "", nil, ui.WithHint(fmt.Errorf("%s: the adapter does not name its base model", dir), baseHint)
		}
		tries = []string{named, filepath.Join(dir, named), filepath.Join(dir, "..", filepath.Base(named))}
	}
	var first error
	for _, path := range tries {
		f, err := load.OpenFile(path, gguf.Options{})
		if err == nil {
			m, err = model.Load(f, model.LoadOptions{NoTokenizer: true})
			if err != nil {
				f.Close()
				return "", nil, err
			}
			return path, m, nil
		}
		if first == nil {
			first = err
		}
	}
	if given != "" {
		return "", nil, first
	}
	return "", nil, ui.WithHint(fmt.Errorf("%s: the adapter's base model %q was not found", dir, peft.BaseOf(dir)), baseHint)
}

const baseHint = "name the model with --base FILE: the conversion needs the model's numbers of heads and experts, and the order of its rows"

// show writes the report.
func (r *adapterReport) show(u *ui.UI, form string) error {
	if form == "json" {
		return u.WriteJSON(r)
	}
	out := bufio.NewWriter(u.Out)
	fmt.Fprintf(out, "%s: %d matrices for %s models, rank %d, alpha %g, %s\n", r.Output, r.Pairs, r.Arch, r.Rank, r.Alpha, ui.ByteCount(r.Bytes))
	if r.Folded > 0 {
		fmt.Fprintf(out, "%d matrices have an alpha of their own, which is multiplied into them, because llama.cpp knows only one alpha for a file\n", r.Folded)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	norms := 0
	for _, name := range r.Whole {
		if lora.IsNorm(name) {
			norms++
		}
	}
	if n := len(r.Whole) - norms; n > 0 {
		u.Warnf("%d whole matrices, such as %q, are in the file: alpaca uses them instead of the model's matrices, but llama.cpp does not load such a file", n, firstMatrix(r.Whole))
	} else if norms > 0 {
		u.Warnf("%d norms are in the file: alpaca uses them, but llama.cpp ignores them", norms)
	}
	return nil
}

// firstMatrix returns the first of names that is not the name of a norm, or "".
func firstMatrix(names []string) string {
	for _, name := range names {
		if !lora.IsNorm(name) {
			return name
		}
	}
	return ""
}

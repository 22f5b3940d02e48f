package files

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/quantize"
	"alpaca/internal/tokenizer"
)

// printInspection writes everything about a file for a human.
func printInspection(u *ui.UI, f *gguf.File) error {
	out := bufio.NewWriter(u.Out)
	version := fmt.Sprintf("version %d", f.Version)
	if f.Version == 0 {
		version = "without version" // the oldest format, "ggml", has none
	}
	fmt.Fprintf(out, "%s: %s %s, %s", ui.Printable(f.Name()), f.Format, version, ui.ByteCount(f.Size()))
	if len(f.Parts) > 1 {
		fmt.Fprintf(out, " in %d parts", len(f.Parts))
	}
	fmt.Fprintln(out)
	printMetadata(out, f)
	printVocabulary(out, f)
	printTemplate(out, f)
	printTensors(out, f)
	return out.Flush()
}

// printMetadata writes the keys and values. Long values are cut.
func printMetadata(out *bufio.Writer, f *gguf.File) {
	fmt.Fprintf(out, "\nmetadata (%d)\n", len(f.KV))
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, kv := range f.KV {
		fmt.Fprintf(tab, "  %s\t%s\n", ui.Printable(kv.Key), ui.Printable(kv.Value.String()))
	}
	tab.Flush()
}

// printVocabulary writes the tokens by type, the special tokens and the tokenizer's warnings.
func printVocabulary(out *bufio.Writer, f *gguf.File) {
	if _, ok := f.Value("tokenizer.ggml.model"); !ok {
		return
	}
	fmt.Fprintln(out, "\nvocabulary")
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	if err != nil {
		fmt.Fprintf(out, "  not supported: %s\n", ui.Printable(ui.Reason(err)))
		return
	}
	kinds := map[tokenizer.Type]int{}
	for id := range tok.Len() {
		kinds[tok.Type(int32(id))]++
	}
	var parts []string
	for kind := range tokenizer.TypeByte + 1 {
		if n := kinds[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, kind))
		}
	}
	fmt.Fprintf(out, "  %d tokens: %s\n", tok.Len(), strings.Join(parts, ", "))
	for _, s := range []struct {
		name string
		id   int32
	}{{"begin (BOS)", tok.BOS()}, {"end (EOS)", tok.EOS()}, {"end of turn (EOT)", tok.EOT()}} {
		if s.id != tokenizer.None {
			fmt.Fprintf(out, "  %s: %d %q\n", s.name, s.id, tok.Text(s.id))
		}
	}
	fmt.Fprintf(out, "  added to a text: %s\n", added(tok))
	for _, w := range tok.Warnings() {
		fmt.Fprintf(out, "  warning: %s\n", ui.Printable(w))
	}
}

// added returns which tokens Encode adds to a text.
func added(tok *tokenizer.Tokenizer) string {
	switch {
	case tok.AddBOS() && tok.AddEOS():
		return "BOS and EOS"
	case tok.AddBOS():
		return "BOS"
	case tok.AddEOS():
		return "EOS"
	}
	return "nothing"
}

// printTemplate writes the whole chat template.
func printTemplate(out *bufio.Writer, f *gguf.File) {
	template, _, _ := f.String("tokenizer.chat_template")
	if template == "" {
		return
	}
	fmt.Fprintln(out, "\nchat template")
	for line := range strings.Lines(template) {
		fmt.Fprintf(out, "  %s\n", ui.Printable(strings.TrimRight(line, "\r\n")))
	}
}

// printTensors writes totals for each type, then every tensor.
func printTensors(out *bufio.Writer, f *gguf.File) {
	if len(f.Tensors) == 0 {
		fmt.Fprintln(out, "\nno tensors: the file has only a vocabulary")
		return
	}
	type sum struct {
		typ            quant.Type
		tensors        int
		elements, size int64
	}
	sums := map[quant.Type]*sum{}
	var total int64
	for i := range f.Tensors {
		t := &f.Tensors[i]
		s := sums[t.Type]
		if s == nil {
			s = &sum{typ: t.Type}
			sums[t.Type] = s
		}
		s.tensors++
		s.elements += int64(t.Elems())
		s.size += t.Bytes
		total += t.Bytes
	}
	list := make([]*sum, 0, len(sums))
	for _, s := range sums {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *sum) int { return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.typ, b.typ)) })

	n := parameters(f)
	fmt.Fprintf(out, "\ntypes (%s parameters, %.2f bits each)\n", ui.Count(n), 8*float64(total)/float64(max(n, 1)))
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range list {
		fmt.Fprintf(tab, "  %v\t%d tensors\t%s parameters\t%s", s.typ, s.tensors, ui.Count(s.elements), ui.ByteCount(s.size))
		if !quant.CanCompute(s.typ) {
			fmt.Fprint(tab, "\tnot supported by the kernels")
		}
		fmt.Fprintln(tab)
	}
	tab.Flush()
	if note := quantize.FileTypeNote(f); note != "" {
		fmt.Fprintf(out, "  %s\n", note)
	}
	fmt.Fprintf(out, "\ntensors (%d)\n", len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		fmt.Fprintf(tab, "  %s\t%v\t%v\t%s\n", ui.Printable(t.Name), t.Type, ui.Shape(t.Shape), ui.ByteCount(t.Bytes))
	}
	tab.Flush()
}

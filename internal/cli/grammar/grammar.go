// Package grammar implements "alpaca grammar", the commands about
// grammars and JSON schemas. "alpaca grammar check" says which texts
// a grammar accepts, so that a grammar can be tried without a model.
package grammar

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/grammar"
)

// New returns the command "alpaca grammar".
func New(u *ui.UI) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "grammar",
		Short: "Try grammars and JSON schemas on texts",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return flags.UnknownCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(newCheck(u))
	return cmd
}

// checkOptions are the flags of "alpaca grammar check".
type checkOptions struct {
	grammar, schema string
	nul             bool
}

func newCheck(u *ui.UI) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check (--grammar FILE | --json-schema FILE)",
		Short: "Say which texts a grammar or schema accepts",
		Long: `Read texts from stdin, one on each line, and print a line for each:

  accepted           the text is complete
  incomplete         the text is a valid beginning; more must follow
  refused at byte N  byte N, counted from 0, does not fit

The properties in a JSON text must be in the order of the schema.

Exit status: 0 all texts are accepted, 1 some are not, or the texts cannot be read,
2 the grammar or schema is refused, or the command line is wrong.`,
		Example: `  echo '{"name": "Ada"}' | alpaca grammar check --json-schema person.json
  find . -print0 | alpaca grammar check --grammar paths.gbnf -0`,
		Args: flags.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&o.grammar, "grammar", "", "`file` with a grammar in GBNF")
	fs.StringVar(&o.schema, "json-schema", "", "`file` with a JSON schema")
	fs.BoolVarP(&o.nul, "null", "0", false, "texts end with a NUL byte instead of a newline")
	return cmd
}

func (o *checkOptions) run(u *ui.UI) error {
	p, err := o.program(u)
	if err != nil {
		return err
	}
	end := byte('\n')
	if o.nul {
		end = 0
	}
	in, out := bufio.NewReader(u.In), bufio.NewWriter(u.Out)
	n, accepted := 0, 0
	for {
		text, err := in.ReadBytes(end)
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(err, out.Flush())
		}
		if len(text) == 0 {
			break
		}
		if text[len(text)-1] == end {
			text = text[:len(text)-1]
		}
		verdict := judge(p, text)
		if n++; verdict == accept {
			accepted++
		}
		if _, err := fmt.Fprintln(out, verdict); err != nil {
			return err
		}
		if in.Buffered() == 0 { // whoever types the next text may wait for this verdict
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if accepted < n {
		return fmt.Errorf("%d of %d texts are not accepted", n-accepted, n)
	}
	return nil
}

func (o *checkOptions) program(u *ui.UI) (*grammar.Program, error) {
	if (o.grammar == "") == (o.schema == "") {
		return nil, ui.WithHint(ui.Usagef("give one grammar or one schema"), "alpaca grammar check --grammar FILE, or --json-schema FILE")
	}
	path := o.grammar + o.schema
	text, err := ui.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if o.schema != "" {
		return load.Schema(u, path, text)
	}
	return load.GBNF(path, text, nil)
}

const accept = "accepted"

// judge returns the verdict on a text, in the form that is printed.
func judge(p *grammar.Program, text []byte) string {
	m := p.NewMatcher(nil)
	n, ok := m.AcceptBytes(text)
	switch {
	case !ok:
		return fmt.Sprintf("refused at byte %d", n)
	case m.Complete():
		return accept
	}
	return "incomplete"
}

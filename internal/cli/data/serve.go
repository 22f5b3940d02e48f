package data

import (
	"context"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/server/browse"
	"alpaca/internal/server/listen"
)

// serveOptions are the flags of "alpaca data serve".
type serveOptions struct {
	file
	hosts   []string
	port    int
	allowed []string
	sql     bool
	open    bool
	model   string
}

func newServe(u *ui.UI) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show the rows in a browser",
		Long: `Show the rows in a browser: a page to search, filter, sort and draw rows, to look at
one, to query in SQL, and to export. The page has the same URLs as Datasette, and
returns the same JSON.

Only programs on this machine can send requests, unless --host names another address; then
other machines can read all rows, and --sql lets them run SQL. Nothing can be changed over HTTP.

Exit status: 0 ended by a signal, 1 failure, 2 wrong command line.`,
		Example: `  alpaca data serve --open
  curl "localhost:8001/data/example.json?_search=penguin&_shape=array"`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringSliceVar(&o.hosts, "host", []string{"localhost"}, "`address` to listen on, or a socket file NAME.sock; several are separated by commas")
	flags.AddInt(fs, &o.port, flags.Int{Name: "port", Value: 8001, High: math.MaxUint16}, "`port` to listen on; 0 means any free port")
	fs.StringSliceVar(&o.allowed, "allowed-host", nil, "host `name` that requests may use, besides localhost")
	fs.BoolVar(&o.sql, "sql", false, "let other machines run SQL, too")
	fs.BoolVar(&o.open, "open", false, "open the page in a browser")
	fs.StringVarP(&o.model, "model", "m", "", "`model` that a row's page uses to show the row as a prompt, with its tokens (default: none)")
	return cmd
}

func (o *serveOptions) run(ctx context.Context, u *ui.UI) error {
	local := true
	for _, host := range o.hosts {
		if host == "" {
			return ui.Usagef("--host is empty")
		}
		local = local && listen.IsLocal(host)
	}
	db, err := o.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Check(ctx); err != nil {
		return err
	}
	l, err := listen.At(o.hosts, o.port)
	if err != nil {
		return ui.WithHint(err, "--host and --port choose another address")
	}
	defer l.Close()
	v, err := (&modelFlags{model: o.model}).open(u)
	if err != nil {
		return err
	}
	own := v.tmpl
	if !v.real {
		own = nil
	}
	b, err := browse.New(ctx, db, browse.Options{Hosts: o.allowed, NoSQL: !local && !o.sql, Prompts: load.RowPrompts(v.tok, own), Log: u.Notef})
	if err != nil {
		return err
	}
	defer b.Close()
	if !local {
		u.Warnf("everybody who can reach this address can read all rows")
	}
	u.Notef("%s is at %s", o.path, strings.Join(l.URLs(), ", "))
	if o.open {
		u.Browse(l.URLs())
	}
	if err := b.Serve(ctx, l); err != nil {
		return err
	}
	u.Notef("ended")
	return nil
}

package models

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/machine"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/place"
	"alpaca/internal/store/pull"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
)

// PullOptions say how a model is pulled. The zero value is the usual way.
type PullOptions struct {
	Connections int    // connections used at the same time for a file; 0: 4
	SHA256      string // the digest that the file at a URL must have; "": any
	Insecure    bool   // allows http:// to any host
	JSON        bool   // writes events to stdout
}

// Pull fetches the model that text names, and shows the progress.
func Pull(ctx context.Context, u *ui.UI, text string, opt PullOptions) (pull.Result, error) {
	r, err := ref.Parse(text)
	if err != nil {
		return pull.Result{}, ui.Usage(Hinted(err))
	}
	lib, err := Library()
	if err != nil {
		return pull.Result{}, err
	}
	ignoreFileLimit()
	show := &progress{u: u, json: opt.JSON}
	client := web.New(web.Options{Agent: "alpaca/" + strings.Trim(ui.ReadBuild().Version, "()"), Offline: place.OfflineBy(os.Getenv), Insecure: opt.Insecure, Log: show.note})
	defer client.Close()
	p := &pull.Puller{
		Library: lib, Client: client, Fetch: fetch.Options{Connections: opt.Connections, Report: show.report, Log: show.note},
		Endpoint: os.Getenv("HF_ENDPOINT"), Token: lib.Places.TokenOf(os.Getenv), SHA256: opt.SHA256, Note: show.note,
	}
	if u.InTTY && u.ErrTTY && !opt.JSON {
		p.Choose = func(list []pick.Model) (pick.Model, error) { return choose(u, list) }
	}
	res, err := p.Pull(ctx, r)
	show.end()
	if ctx.Err() != nil && err != nil {
		u.Notef("interrupted: run the same command again to resume from here")
	}
	return res, Hinted(err)
}

// choose lets the user choose one of the models of a repository.
func choose(u *ui.UI, list []pick.Model) (pick.Model, error) {
	free := machine.FreeMemory()
	for i, m := range list {
		note := ""
		if free > 0 && m.Size() > free {
			note = "  larger than the free memory"
		}
		name := m.Quant
		if name == "" {
			name = m.Path()
		}
		fmt.Fprintf(u.Err, "%3d  %-12s %10s  %s%s\n", i+1, ui.Printable(name), ui.ByteCount(m.Size()), ui.Printable(m.Path()), note)
	}
	fmt.Fprintf(u.Err, "which one, 1 to %d? ", len(list))
	line, _ := bufio.NewReaderSize(u.In, 16).ReadString('\n')
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || n < 1 || n > len(list) {
		return pick.Model{}, ui.WithHint(fmt.Errorf("no model was chosen"), "the name can end with the choice, such as …:"+pick.Names(list[:1]))
	}
	return list[n-1], nil
}

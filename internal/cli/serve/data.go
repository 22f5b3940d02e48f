package serve

import (
	"context"

	"alpaca/internal/chat"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/server/browse"
	"alpaca/internal/server/listen"
)

// browser opens the database of --data and makes its page. The function that it returns closes
// both. If other machines can reach the server, SQL cannot be run from the page.
func (o *options) browser(ctx context.Context, u *ui.UI, m *load.Instance, tmpl *chat.Template) (*browse.Browser, func(), error) {
	db, err := data.OpenReadOnly(ctx, o.data)
	if err != nil {
		return nil, nil, ui.WithHint(err, "\"alpaca data import\" makes one")
	}
	if err := db.Check(ctx); err != nil {
		db.Close()
		return nil, nil, err
	}
	local := true
	for _, host := range o.hosts {
		local = local && listen.IsLocal(host)
	}
	b, err := browse.New(ctx, db, browse.Options{
		Base: "/data", Hosts: o.allowed, NoSQL: !local, Chat: true, Prompts: load.RowPrompts(m.Model.Tokenizer, tmpl), Log: u.Notef,
	})
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return b, func() { b.Close(); db.Close() }, nil
}

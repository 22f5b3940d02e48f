package ab

import (
	"bufio"
	"context"
	"io"
	"os/user"
	"strings"
	"time"

	"alpaca/internal/abtest"
	"alpaca/internal/abtest/stats"
	"alpaca/internal/cli/ui"
	"alpaca/internal/server/ab"
	"alpaca/internal/server/listen"
)

// serve lets people vote on a page until ctx is cancelled. ask lets
// the models answer a prompt; ask is nil if no model is in memory.
func (o *options) serve(ctx context.Context, st abtest.Store, s *abtest.Session, ask func(n int)) error {
	l, err := listen.At([]string{o.host}, o.port)
	if err != nil {
		return ui.WithHint(err, "--port chooses another port; --port 0 takes any free one")
	}
	defer l.Close()
	h, err := ab.New(ctx, st, s.ID, ab.Options{Log: o.u.Warnf, Ask: ask})
	if err != nil {
		return err
	}
	n := len(s.Items("")) + s.Expected("")
	o.u.Notef("%d pairs to judge at %s: if no vote is a tie, the votes can show a win rate that differs from 50 %% by %.0f points or more", n, strings.Join(l.URLs(), ", "), 100*stats.Visible(n))
	go func() {
		select {
		case <-h.Closed():
			o.u.Notef("the session is closed: the page shows the results, and so does \"alpaca ab report %s\"; Ctrl-C ends the program", o.db)
		case <-ctx.Done():
		}
	}()
	return h.Serve(ctx, l)
}

// keys maps typed keys to choices.
var keys = map[string]abtest.Choice{"1": abtest.Left, "2": abtest.Right, "3": abtest.Tie, "4": abtest.Bad, "0": abtest.Skip}

// vote lets the user vote on the terminal, with a key and Enter for each pair.
func (o *options) vote(ctx context.Context, st abtest.Store, s *abtest.Session) error {
	judge := "me"
	if u, err := user.Current(); err == nil && !strings.Contains(u.Username, ":") && u.Username != "" {
		judge = u.Username
	}
	in := bufio.NewReader(o.u.In)
	for {
		next, done, all := s.Next(judge)
		if next == nil {
			break
		}
		o.show(s, next, done, all)
		shown := time.Now()
		line, err := in.ReadString('\n')
		key := strings.ToLower(strings.TrimSpace(line))
		switch choice, ok := keys[key]; {
		case ok:
			if _, err := st.AddVote(ctx, s, abtest.Vote{N: next.N, Repeat: next.Repeat, Judge: judge, Left: next.Left, Choice: choice, Millis: time.Since(shown).Milliseconds()}); err != nil {
				return err
			}
		case key == "u":
			if _, err := st.Undo(ctx, s, judge); err != nil {
				return err
			}
		case key == "q" || err == io.EOF:
			o.u.Notef("%d of %d pairs are judged: run the same command again to resume", done, all)
			return nil
		case err != nil:
			return err
		default:
			o.u.Notef("1: A is better, 2: B is better, 3: both are good, 4: both are bad, 0: skip, u: undo, q: stop")
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if s, err = st.Load(ctx, s.ID); err != nil {
			return err
		}
	}
	return st.Close(ctx, s.ID)
}

// show writes a pair of answers. Infof replaces characters that could control the terminal.
func (o *options) show(s *abtest.Session, item *abtest.Item, done, all int) {
	p, pair := s.List[item.N], s.Answers[item.N]
	text := p.Instruction
	if p.Input != "" {
		text += "\n\n" + p.Input
	}
	o.u.Infof("\n── %d of %d ──\n%s\n\n[A]\n%s\n\n[B]\n%s\n\n1 A better · 2 B better · 3 both good · 4 both bad · 0 skip · u undo · q stop",
		done+1, all, text, strings.TrimSpace(pair[item.Left].Text), strings.TrimSpace(pair[item.Left.Other()].Text))
}

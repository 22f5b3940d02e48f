package ab_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/abtest"
	"alpaca/internal/cli/clitest"
	"alpaca/internal/data"
)

var hidden = regexp.MustCompile(`name="(n|repeat|token|at)" value="([^"]*)"`)

// TestKilled kills the program while it receives a vote. A confirmed vote must be in the database.
// No vote may be stored twice, even if the form is sent again after a restart.
func TestKilled(t *testing.T) {
	clitest.NeedExec(t)
	const pairs = 12
	dir := t.TempDir()
	var x, y strings.Builder
	for n := range pairs {
		fmt.Fprintf(&x, `{"instruction":"Task %d","output":"left %d"}`+"\n", n, n)
		fmt.Fprintf(&y, `{"instruction":"Task %d","output":"right %d"}`+"\n", n, n)
	}
	for name, text := range map[string]string{"x.jsonl": x.String(), "y.jsonl": y.String()} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	path := filepath.Join(dir, "ab.db")
	votes := func() int {
		db, err := data.OpenReadOnly(t.Context(), path)
		require.NoError(t, err)
		defer db.Close()
		require.NoError(t, db.Check(t.Context()))
		s, err := abtest.Store{DB: db}.Load(t.Context(), 1)
		require.NoError(t, err)
		seen := map[int]bool{}
		for _, v := range s.Votes {
			require.False(t, seen[v.N], "pair %d has two votes", v.N)
			seen[v.N] = true
		}
		return len(s.Votes)
	}
	before := 0
	for round := range pairs - 2 {
		p := start(t, "--answers", filepath.Join(dir, "x.jsonl"), "--answers", filepath.Join(dir, "y.jsonl"), "-d", path)
		page, err := p.ask("/start", url.Values{"name": {"Ann"}})
		require.NoError(t, err)
		require.Contains(t, page, fmt.Sprintf("Pair %d of %d", before+1, pairs))
		form := url.Values{"choice": {"left"}}
		for _, m := range hidden.FindAllStringSubmatch(page, -1) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
		// Do not follow the redirect: only the response to the vote itself confirms the vote.
		p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		confirmed := make(chan bool, 1)
		go func() {
			_, err := p.ask("/vote", form)
			confirmed <- err == nil
		}()
		time.Sleep(time.Duration(round*round) * 200 * time.Microsecond)
		require.NoError(t, p.cmd.Process.Kill())
		p.wait()
		was := <-confirmed
		after := votes()
		require.Contains(t, []int{before, before + 1}, after)
		t.Logf("killed after %d²·0.2 ms: confirmed %v, stored %v", round, was, after > before)
		if was {
			require.Equal(t, before+1, after, "a confirmed vote is lost")
		}

		// The same form is sent again after a restart. The vote must not be stored twice.
		again := start(t, "-d", path)
		again.client.Jar = p.client.Jar
		_, err = again.ask("/vote", form)
		require.NoError(t, err)
		require.NoError(t, again.cmd.Process.Kill())
		again.wait()
		before++
		require.Equal(t, before, votes())
	}
}

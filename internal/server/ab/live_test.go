package ab

import (
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/abtest"
	"alpaca/internal/data"
)

// TestLive checks a session whose answers come while people vote. When both answers to a judge's
// own prompt exist, the judge is shown them, without the names of the models.
func TestLive(t *testing.T) {
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "ab.db"))
	require.NoError(t, err)
	defer db.Close()
	st := abtest.Store{DB: db}
	plan := abtest.Plan{Seed: 3, Votes: 2, Live: true, Models: [2]abtest.Model{{Name: nameX}, {Name: nameY}}}
	id, _, err := st.Begin(t.Context(), plan, []abtest.Prompt{{Instruction: "First"}, {Instruction: "Second"}})
	require.NoError(t, err)
	var asked []int
	s, err := New(t.Context(), st, id, Options{Log: t.Logf, Ask: func(n int) { asked = append(asked, n) }})
	require.NoError(t, err)
	h := httptest.NewServer(s)
	defer h.Close()
	c := newClient(t, h.URL)
	answer := func(n int, x, y string) {
		require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.X, abtest.Answer{Text: x}))
		if y == "" {
			return
		}
		require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.Y, abtest.Answer{Text: y}))
		session, err := st.Load(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, st.AddEqual(t.Context(), session))
	}
	ready := func(want string) {
		t.Helper()
		_, body := c.get("/ready")
		require.Contains(t, body, want)
	}

	_, page := c.get("/")
	require.Contains(t, page, "You will see 2 pairs")
	require.Contains(t, page, "You can also ask what you like")
	status, _ := c.post("/own", url.Values{"prompt": {"x"}}) // without a name
	require.Equal(t, 200, status)
	require.Empty(t, asked)
	_, page = c.post("/start", url.Values{"name": {"Ann"}})
	require.Contains(t, page, "Both models are at work")
	require.Contains(t, page, "Answered ahead: <span>0</span> of 2")
	status, _ = c.post("/close", nil)
	require.Equal(t, 403, status, "while pairs are still to come, there are no results")
	answer(1, "two", "zwei") // the first pair has no answers yet, so this answer must wait
	ready(`"ready":false`)
	answer(0, "one", "")
	ready(`"made":0`)
	answer(0, "one", "eins")
	ready(`"ready":true`)
	_, page = c.get("/")
	require.Contains(t, page, "Pair 1 of 2")
	require.Contains(t, page, "First")

	for _, bad := range []string{"", " \n", strings.Repeat("x", mostOwn+1), "a\x00b", "a\xffb"} {
		status, _ = c.post("/own", url.Values{"prompt": {bad}})
		require.Equal(t, 400, status, "%.20q", bad)
	}
	_, page = c.post("/own", url.Values{"prompt": {"Mine <b>\r\n"}})
	require.Equal(t, []int{2}, asked)
	require.Contains(t, page, "Pair 1 of 3", "a pair that is ready can be judged meanwhile")
	status, _ = c.post("/own", url.Values{"prompt": {"Another"}})
	require.Equal(t, 409, status, "a judge can send only one prompt at a time")
	answer(2, "mine", "meins")
	_, page = c.get("/")
	require.Contains(t, page, "Mine &lt;b&gt;")
	other := newClient(t, h.URL)
	_, page = other.post("/start", url.Values{"name": {"Bob"}})
	require.Contains(t, page, "Pair 1 of 2", "other judges must not be asked about this prompt")
	require.NotContains(t, page, "Mine")

	_, page = c.get("/")
	_, page = c.post("/vote", form(page, "left"))
	require.Contains(t, page, "First")
	_, page = c.post("/own", url.Values{"prompt": {"Same"}})
	require.Equal(t, []int{2, 3}, asked)
	answer(3, "no", " no")
	_, page = c.get("/")
	require.Contains(t, page, "Both gave the same answer to what you asked")
	_, page = c.post("/vote", form(page, "right"))
	require.NotContains(t, page, "Both gave the same answer")
	_, page = c.post("/own", url.Values{"prompt": {"Long"}})
	require.NoError(t, st.Fail(t.Context(), id, 4))
	const failed = "A model has no room for what you asked last"
	// The judge votes before a page has shown the failure. The next page shows it.
	require.NotContains(t, page, failed)
	_, page = c.post("/vote", form(page, "tie"))
	require.Contains(t, page, "All 3 pairs are judged")
	require.Contains(t, page, failed)
	require.Contains(t, page, "Ask both models something of your own")
	for _, word := range []string{"Quokka", "Wombat"} {
		require.NotContains(t, c.all.String()+other.all.String(), word)
	}
	_, page = c.post("/close", nil)
	require.Contains(t, page, nameX+" against "+nameY)
	for _, path := range []string{"/results/3", "/results/5"} {
		status, _ = c.get(path)
		require.Equal(t, 200, status)
	}
	status, _ = c.post("/own", url.Values{"prompt": {"Late"}})
	require.Equal(t, 409, status)
	session, err := st.Load(t.Context(), id)
	require.NoError(t, err)
	require.True(t, session.Complete())
	r := abtest.NewReport(session)
	require.Equal(t, 2, r.Own)
	require.Equal(t, 2, r.Groups[0].Votes())
	require.Equal(t, 2, r.OwnGroups[0].Votes()) // the tie of equal answers counts as a vote
	_, page = c.get("/results")
	require.Contains(t, page, "Votes of people on own prompts")
}

// TestFailedWhileWaiting checks a judge who waits for answers to a prompt that
// the models cannot answer. Until the judge's next vote, the pages must say
// that there are no answers. The judge must be able to enter another prompt.
func TestFailedWhileWaiting(t *testing.T) {
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "ab.db"))
	require.NoError(t, err)
	defer db.Close()
	st := abtest.Store{DB: db}
	id, _, err := st.Begin(t.Context(), abtest.Plan{Seed: 3, Votes: 2, Live: true}, []abtest.Prompt{{Instruction: "First"}, {Instruction: "Second"}})
	require.NoError(t, err)
	s, err := New(t.Context(), st, id, Options{Log: t.Logf, Ask: func(int) {}})
	require.NoError(t, err)
	h := httptest.NewServer(s)
	defer h.Close()
	c, other := newClient(t, h.URL), newClient(t, h.URL)
	c.post("/start", url.Values{"name": {"Ann"}})
	other.post("/start", url.Values{"name": {"Bob"}})
	_, page := c.post("/own", url.Values{"prompt": {"Long <i>"}})
	require.Contains(t, page, "They answer what you asked")
	require.NotContains(t, page, "Ask something of your own", "a judge can send only one prompt at a time")
	_, body := c.get("/ready")
	require.Contains(t, body, `"notice":0`)

	require.NoError(t, st.Fail(t.Context(), id, 2))
	_, body = c.get("/ready")
	require.Contains(t, body, `"notice":3`, "the script loads the page again")
	require.Contains(t, body, `"ready":false`)
	const failed = "A model has no room for what you asked last: “Long &lt;i&gt;”"
	for range 2 { // until the judge votes
		_, page = c.get("/")
		require.Contains(t, page, failed)
		require.Contains(t, page, `data-notice="3"`)
		require.Contains(t, page, "Ask something of your own")
		require.NotContains(t, page, "They answer what you asked")
	}
	_, page = other.get("/")
	require.NotContains(t, page, failed, "another judge must not see the message for Ann")

	for n := range 2 {
		require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.X, abtest.Answer{Text: "a"}))
		require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.Y, abtest.Answer{Text: "b"}))
	}
	_, page = c.get("/")
	require.Contains(t, page, failed)
	_, page = c.post("/vote", form(page, "left"))
	require.Contains(t, page, "Second")
	require.NotContains(t, page, failed)
	c.post("/own", url.Values{"prompt": {"Also long"}})
	require.NoError(t, st.Fail(t.Context(), id, 3))
	_, page = c.get("/")
	require.Contains(t, page, "what you asked last: “Also long”")
}

// TestNotLive checks a session without Options.Ask: judges cannot enter prompts, and missing
// answers are an error.
func TestNotLive(t *testing.T) {
	s, c := begin(t, false)
	c.post("/start", url.Values{"name": {"Ann"}})
	status, _ := c.post("/own", url.Values{"prompt": {"x"}})
	require.Equal(t, 404, status)
	status, _ = c.get("/ready")
	require.Equal(t, 404, status)
	id, _, err := s.store.Begin(t.Context(), abtest.Plan{Seed: 9}, []abtest.Prompt{{Instruction: "a"}})
	require.NoError(t, err)
	_, err = New(t.Context(), s.store, id, Options{})
	require.ErrorContains(t, err, "some answers are missing")
}

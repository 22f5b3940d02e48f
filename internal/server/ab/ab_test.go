package ab

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/abtest"
	"alpaca/internal/data"
)

// hostile are answers that a careless page would treat as markup or script.
var hostile = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "</div></main><form action=/close method=post>", "{{.Secret}} {{template \"x\"}}",
	"javascript:alert(1)", "&lt;b&gt; &amp;", "<!-- --><style>*{display:none}</style>", "\u202Eright to left", "<base href=//x>",
}

const nameX, nameY = "Quokka-7B.gguf", "Wombat-9B-tuned.gguf"

// begin returns a server with a session of prompts, and a client.
func begin(t *testing.T, peek bool) (*Server, *client) {
	t.Helper()
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "ab.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	st := abtest.Store{DB: db}
	var prompts []abtest.Prompt
	for i := range 5 {
		prompts = append(prompts, abtest.Prompt{Instruction: fmt.Sprintf("Task %d <b>", i), Input: hostile[i]})
	}
	plan := abtest.Plan{Seed: 3, Votes: 5, Peek: peek, Params: "temp 0.7, template chatml",
		Models: [2]abtest.Model{{Name: nameX, Path: "/m/" + nameX, SHA256: "0badc0de", Template: "chatml", Adapter: "lora-a"}, {Name: nameY, Path: "/m/" + nameY, SHA256: "deadbeef", Template: "zephyr"}}}
	id, _, err := st.Begin(t.Context(), plan, prompts)
	require.NoError(t, err)
	for n := range prompts {
		x, y := hostile[n], hostile[n+5]
		if n == 4 {
			x, y = "the same", "the same "
		}
		require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.X, abtest.Answer{Text: x, Tokens: 31337, Millis: 41414}))
		require.NoError(t, st.AddAnswer(t.Context(), id, n, abtest.Y, abtest.Answer{Text: y, Tokens: 31338, Millis: 41415}))
	}
	session, err := st.Load(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, st.AddEqual(t.Context(), session))
	s, err := New(t.Context(), st, id, Options{Log: t.Logf})
	require.NoError(t, err)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, newClient(t, h.URL)
}

type client struct {
	t    *testing.T
	url  string
	http *http.Client
	all  strings.Builder // headers and bodies of all responses
}

func newClient(t *testing.T, url string) *client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &client{t: t, url: url, http: &http.Client{Jar: jar}}
}

func (c *client) do(r *http.Request) (int, string) {
	c.t.Helper()
	resp, err := c.http.Do(r)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Contains(c.t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
	require.Equal(c.t, "no-store", resp.Header.Get("Cache-Control"))
	fmt.Fprintf(&c.all, "%s %v\n%s\n", resp.Request.URL, resp.Header, body)
	return resp.StatusCode, string(body)
}

func (c *client) get(path string) (int, string) {
	r, err := http.NewRequest("GET", c.url+path, nil)
	require.NoError(c.t, err)
	return c.do(r)
}

func (c *client) post(path string, form url.Values) (int, string) {
	r, err := http.NewRequest("POST", c.url+path, strings.NewReader(form.Encode()))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(r)
}

var hidden = regexp.MustCompile(`name="(n|repeat|token|at)" value="([^"]*)"`)

// form returns the hidden fields of a page's form, with a choice and a note.
func form(page, choice string) url.Values {
	v := url.Values{"choice": {choice}, "note": {"because <i>"}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	return v
}

// TestSession judges a whole session. Before its end, no response may reveal a model.
func TestSession(t *testing.T) {
	s, c := begin(t, false)
	_, page := c.get("/")
	require.Contains(t, page, "You will see 4 pairs")
	status, page := c.post("/start", url.Values{"name": {"a:b"}})
	require.Equal(t, 400, status)
	require.Contains(t, page, "no colon")
	status, page = c.post("/start", url.Values{"name": {" Ann "}})
	require.Equal(t, 200, status)
	require.Contains(t, page, "Pair 1 of 4")
	require.Contains(t, page, "You vote as Ann.")
	status, _ = c.get("/results")
	require.Equal(t, 403, status)
	status, _ = c.post("/close", nil)
	require.Equal(t, 403, status)

	first := page
	_, page = c.post("/vote", form(first, "left"))
	require.Contains(t, page, "Pair 2 of 4")
	_, page = c.post("/vote", form(first, "right")) // the same form is sent again: the first vote counts
	require.Contains(t, page, "Pair 2 of 4")
	_, page = c.post("/undo", nil)
	require.Contains(t, page, "Pair 1 of 4")
	for _, choice := range []string{"left", "tie", "bad", "skip"} {
		_, page = c.post("/vote", form(page, choice))
	}
	require.Contains(t, page, "All 4 pairs are judged")
	for _, word := range []string{"Quokka", "Wombat", "0badc0de", "deadbeef", "chatml", "zephyr", "lora-a", "31337", "31338", "41414", "41415", "temp 0.7"} {
		require.False(t, strings.Contains(c.all.String(), word), "%s was sent before the end of the session", word)
	}
	for _, text := range hostile {
		if strings.ContainsAny(text, "<") {
			require.False(t, strings.Contains(c.all.String(), text), "%s must not be markup", text)
		}
	}
	status, page = c.post("/close", nil)
	require.Equal(t, 200, status)
	require.Contains(t, page, nameX+" against "+nameY)
	<-s.Closed()
	_, page = c.get("/")
	require.Contains(t, page, nameX)
	status, _ = c.post("/vote", form(first, "left"))
	require.Equal(t, 409, status)
	for path, want := range map[string]int{"/results?only=differ": 200, "/results?only=nothing": 404, "/results/1": 200, "/results/5": 200, "/results/6": 404, "/results/0": 404, "/results/x": 404, "/other": 404} {
		status, _ = c.get(path)
		require.Equal(t, want, status, path)
	}
	votes := 0
	for _, v := range s.session.Votes {
		if !v.Undone && v.Judge == "Ann" {
			votes++
			require.Equal(t, "because <i>", v.Note)
		}
	}
	require.Equal(t, 4, votes)
}

// TestForeign checks that foreign Host headers, foreign pages and changed forms are refused.
func TestForeign(t *testing.T) {
	_, c := begin(t, false)
	_, page := c.post("/start", url.Values{"name": {"Ann"}})
	f := form(page, "left")

	r, err := http.NewRequest("GET", c.url+"/", nil)
	require.NoError(t, err)
	r.Host = "evil.example"
	status, _ := c.do(r)
	require.Equal(t, 403, status)

	r, err = http.NewRequest("POST", c.url+"/vote", strings.NewReader(f.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	status, _ = c.do(r)
	require.Equal(t, 403, status)

	for _, test := range []struct {
		key, value string
		want       int
	}{{"token", "0", 403}, {"token", "", 403}, {"n", "99", 400}, {"n", "-1", 400}, {"n", "x", 400}, {"repeat", "1", 400}, {"choice", "best", 400}, {"note", strings.Repeat("x", 2001), 400}} {
		g := url.Values{}
		for k, v := range f {
			g[k] = v
		}
		g.Set(test.key, test.value)
		status, _ := c.post("/vote", g)
		require.Equal(t, test.want, status, "%s=%s", test.key, test.value)
	}
	// Another judge cannot use the form.
	other := newClient(t, c.url)
	other.post("/start", url.Values{"name": {"Bob"}})
	status, _ = other.post("/vote", f)
	require.Equal(t, 403, status)
	// A client without a name cannot vote.
	_, page = newClient(t, c.url).post("/vote", f)
	require.Contains(t, page, "Your name")
	_, page = c.get("/")
	require.Contains(t, page, "Pair 1 of 4")
}

func TestPeek(t *testing.T) {
	_, c := begin(t, true)
	_, page := c.post("/start", url.Values{"name": {"Ann"}})
	require.Contains(t, page, "Results so far")
	status, page := c.get("/results")
	require.Equal(t, 200, status)
	require.Contains(t, page, "The session is not closed")
}

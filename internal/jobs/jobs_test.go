package jobs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// line returns the line of a request for a completion.
func line(id, body string) string {
	return `{"custom_id": "` + id + `", "method": "POST", "url": "/v1/completions", "body": ` + body + `}`
}

func TestParseRequest(t *testing.T) {
	tests := []struct{ name, line, err string }{
		{"completion", line("a", `{"prompt": "x"}`), ""},
		{"chat", `{"custom_id":"é","method":"POST","url":"/v1/chat/completions","body":{"messages":[]},"more":1}`, ""},
		{"responses", `{"custom_id":"a","method":"POST","url":"/v1/responses","body":{}}`, ""},
		{"nothing", ``, "it is not a JSON object: unexpected end of JSON input"},
		{"no JSON", `custom_id`, "it is not a JSON object: invalid character 'c' looking for beginning of value"},
		{"a list", `[]`, "it is not a JSON object: json: cannot unmarshal array into Go value of type map[string]json.RawMessage"},
		{"two objects", line("a", `{}`) + `{}`, "it is not a JSON object: invalid character '{' after top-level value"},
		{"bytes", "{\"custom_id\":\"\xff\"}", "it is not in UTF-8"},
		{"no id", `{"method":"POST","url":"/v1/responses","body":{}}`, "custom_id is missing"},
		{"a key in another case", `{"Custom_ID":"a","method":"POST","url":"/v1/responses","body":{}}`, "custom_id is missing"},
		{"a number", `{"custom_id":7,"method":"POST","url":"/v1/responses","body":{}}`, `custom_id is "7", must be a string`},
		{"null", `{"custom_id":null,"method":"POST","url":"/v1/responses","body":{}}`, `custom_id is "null", must be a string`},
		{"empty", line("", `{}`), "custom_id is empty"},
		{"long id", line(strings.Repeat("a", 1025), `{}`), "custom_id has 1025 bytes, must have at most 1024"},
		{"GET", `{"custom_id":"a","method":"GET","url":"/v1/responses","body":{}}`, `method is "GET", must be POST`},
		{"no url", `{"custom_id":"a","method":"POST","body":{}}`, "url is missing"},
		{"elsewhere", `{"custom_id":"a","method":"POST","url":"http://127.0.0.1/v1/responses","body":{}}`,
			`url is "http://127.0.0.1/v1/responses", must be one of /v1/chat/completions, /v1/completions, /v1/responses`},
		{"a file", `{"custom_id":"a","method":"POST","url":"../../etc/passwd","body":{}}`,
			`url is "../../etc/passwd", must be one of /v1/chat/completions, /v1/completions, /v1/responses`},
		{"embeddings", `{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}}`,
			"url is /v1/embeddings, but language models without pooling make no embeddings"},
		{"no body", `{"custom_id":"a","method":"POST","url":"/v1/responses"}`, "body is missing"},
		{"body a text", line("a", `"{}"`), `body is "\"{}\"", must be a JSON object`},
		{"long line", strings.Repeat(" ", MaxLine) + "{", "it has 8454145 bytes, must have at most 8454144"},
		{"long body", line("a", `{"prompt":"`+strings.Repeat("x", MaxBody)+`"}`), "body has 8388621 bytes, must have at most 8388608"},
		{"deep", line("a", strings.Repeat(`{"a":`, 10_001)+"1"+strings.Repeat("}", 10_001)), "it is not a JSON object: invalid character '{' exceeded max depth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRequest([]byte(tt.line))
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.NotEmpty(t, r.CustomID)
		})
	}
}

// TestSpaces checks that white space in a line makes no difference.
func TestSpaces(t *testing.T) {
	a, err := ParseRequest([]byte(line("a", `{"prompt":"x y","model":"m"}`)))
	require.NoError(t, err)
	b, err := ParseRequest([]byte(strings.ReplaceAll(line("a", `{"prompt" : "x y",  "model":	"m"}`), ": ", " :  ")))
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.Equal(t, a.digest("m"), b.digest("m"))
	require.Equal(t, "m", a.Model)
}

// TestDigest checks that different requests have different digests, even if their joined fields
// are equal.
func TestDigest(t *testing.T) {
	seen := map[string]int{}
	for i, r := range []Request{
		{CustomID: "a", URL: "/v1/completions", Body: []byte("{}")},
		{CustomID: "a/", URL: "v1/completions", Body: []byte("{}")},
		{CustomID: "a", URL: "/v1/completions", Body: []byte(`{"n":1}`)},
		{CustomID: "b", URL: "/v1/completions", Body: []byte("{}")},
	} {
		for _, model := range []string{"x", "y"} {
			d := r.digest(model)
			require.NotContains(t, seen, d)
			seen[d] = i
		}
	}
	require.NotEqual(t, (&Request{CustomID: "a"}).seed(), (&Request{CustomID: "b"}).seed())
	require.Equal(t, (&Request{CustomID: "a"}).seed(), (&Request{CustomID: "a", Body: []byte("{}")}).seed(), "the seed must depend only on the id")
}

func TestChecker(t *testing.T) {
	var c Checker
	check := func(number int, text string) string {
		if _, err := c.Check([]byte(text), number); err != nil {
			return err.Error()
		}
		return ""
	}
	require.Empty(t, check(1, line("a", `{}`)))
	require.Empty(t, check(2, line("b", `{"model":"m"}`)))
	require.Equal(t, `line 1 already has the custom_id "a"`, check(4, line("a", `{"n":1}`)))
	require.Equal(t, `body.model is "o", but "m" in line 2: all requests of a file must name the same model`, check(5, line("c", `{"model":"o"}`)))
	require.Empty(t, check(6, line("c", `{"model":"m"}`)))
	require.Empty(t, check(7, line("d", `{"model":7}`)), "this error is reported when the request is answered")
}

func TestParseResult(t *testing.T) {
	tests := []struct{ name, line, err string }{
		{"response", `{"id":"i","custom_id":"a","response":{"status_code":200,"request_id":"r","body":{"a":"<é>"}},"error":null}`, ""},
		{"error", `{"id":"i","custom_id":"a","response":null,"error":{"code":"c","message":"m"}}`, ""},
		{"neither a response nor an error", `{"id":"i","custom_id":"a","response":null,"error":null}`, "it is not a result: either response or error must be an object, and the other null"},
		{"both", `{"id":"i","custom_id":"a","response":{"status_code":200,"request_id":"r","body":{}},"error":{"code":"c","message":"m"}}`,
			"it is not a result: either response or error must be an object, and the other null"},
		{"no id", `{"id":"i","response":null,"error":{}}`, "it is not a result: custom_id is missing"},
		{"no status", `{"custom_id":"a","response":{"body":{}},"error":null}`, "it is not a result: response needs an HTTP status_code and a body"},
		{"garbage", "\x00", "it is not a result in JSON: invalid character '\\x00' looking for beginning of value"},
		{"bytes", "\xff", "it is not in UTF-8"},
		{"half a line", `{"id":"i","custom_id":"a","respon`, "it is not a result in JSON: unexpected end of JSON input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseResult([]byte(tt.line))
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			line, err := r.Line()
			require.NoError(t, err)
			require.Equal(t, tt.line+"\n", string(line))
			require.Equal(t, tt.name == "error", r.Failed())
		})
	}
	spread := "{\"id\":\"i\",\"custom_id\":\"a\",\"response\":{\"status_code\":400,\"request_id\":\"r\",\"body\":{\n\"a\": 1}},\"error\":null}"
	r, err := ParseResult([]byte(spread))
	require.NoError(t, err)
	require.True(t, r.Failed())
	out, err := r.Line()
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(out), "\n"), "a newline within the message must not become a new line of the file")
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(line("a", `{"prompt":"x"}`)))
	f.Add([]byte(`{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{}],"tools":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRequest(data)
		if err != nil {
			return
		}
		require.NotEmpty(t, r.begins())
		require.Contains(t, paths, r.URL)
	})
}

func FuzzParseResult(f *testing.F) {
	f.Add([]byte(`{"id":"i","custom_id":"a","response":{"status_code":200,"request_id":"r","body":{"a":"\u003c"}},"error":null}`))
	f.Add([]byte(`{"id":"i","custom_id":"a","response":null,"error":{"code":"c","message":"m"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseResult(data)
		if err != nil {
			return
		}
		line, err := r.Line()
		require.NoError(t, err)
		again, err := ParseResult(line[:len(line)-1])
		require.NoError(t, err)
		require.Equal(t, r, again)
		require.Equal(t, 1, strings.Count(string(line), "\n"))
	})
}

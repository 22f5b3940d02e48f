package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestForms(t *testing.T) {
	qa := []Message{{Role: "user", Content: "Q"}, {Role: "assistant", Content: "A"}}
	for _, test := range []struct {
		name, file, text string
		want             []Record
	}{
		{"alpaca array", "a.json", "[\n {\"instruction\": \"Q\",\n  \"input\": \"\", \"output\": \"A\"},\n\n {\"instruction\":\"Q\",\"input\":\" \",\"output\":\"A\"}]\n",
			[]Record{{Line: 2, Messages: qa}, {Line: 5, Messages: []Message{{Role: "user", Content: "Q", Input: " "}, qa[1]}}}},
		{"alpaca lines, no input", "a.jsonl", "{\"instruction\":\"Q\",\"output\":\"A\"}\n\n{\"instruction\":\"Q\",\"output\":\"A\"}", []Record{{Line: 1, Messages: qa}, {Line: 3, Messages: qa}}},
		{"messages", "c.jsonl", `{"messages":[{"role":"system","content":"S"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"id":7}` + "\r\n",
			[]Record{{Line: 1, Messages: append([]Message{{Role: "system", Content: "S"}}, qa...)}}},
		{"sharegpt", "c.json", `[{"conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]}]`, []Record{{Line: 1, Messages: qa}}},
		{"completion", "p.jsonl", `{"prompt":"Q","completion":"A"}`, []Record{{Line: 1, Messages: qa}}},
		{"completion of messages", "p.jsonl", `{"prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}]}`, []Record{{Line: 1, Messages: qa}}},
		{"text lines", "t.jsonl", "\xef\xbb\xbf{\"text\":\"once\"}", []Record{{Line: 1, Text: "once"}}},
		{"text", "t.txt", "{ once\nupon", []Record{{Line: 1, Text: "{ once\nupon"}}},
		{"text without a name", "story", "once\nupon", []Record{{Line: 1, Text: "once\nupon"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := Read(write(t, test.file, test.text))
			require.NoError(t, err)
			require.Equal(t, test.want, f.Records)
			require.Empty(t, f.Bad)
			require.Len(t, f.SHA256, 64)
		})
	}
}

// TestPairs checks that the chosen answer of a preference pair is used, in all forms that TRL
// reads.
func TestPairs(t *testing.T) {
	f, err := Read(write(t, "x.jsonl", strings.Join([]string{
		`{"prompt":"Q","chosen":"A","rejected":"B"}`,
		`{"prompt":[{"role":"user","content":"Q"}],"chosen":[{"role":"assistant","content":"A"}],"rejected":[{"role":"assistant","content":"B"}]}`,
		`{"chosen":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"rejected":[{"role":"user","content":"Q"},{"role":"assistant","content":"B"}]}`,
		`{"prompt":"Q","chosen":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"rejected":[]}`,
		`{"prompt":"Q","chosen":[{"role":"assistant","content":"A"}],"rejected":[]}`,
		`{"prompt":[{"role":"user","content":"Q"}],"chosen":"A","rejected":"B"}`,
		`{"instruction":"Q","output":"A"}`,
	}, "\n")))
	require.NoError(t, err)
	require.Empty(t, f.Bad)
	require.Len(t, f.Records, 7)
	require.Equal(t, 6, f.Pairs)
	for _, r := range f.Records {
		require.Equal(t, []Message{{Role: "user", Content: "Q"}, {Role: "assistant", Content: "A"}}, r.Messages, "line %d", r.Line)
	}
}

func TestBadRecords(t *testing.T) {
	for text, want := range map[string]string{
		`{"instruction":"Q","output":"  "}`:                 "empty output",
		`{"instruction":" ","output":"A"}`:                  "empty instruction",
		`{"instruction":"Q","output":7}`:                    `"output" is of the type number`,
		`{"question":"Q","answer":"A"}`:                     "no known keys: it has answer, question (want instruction and output, messages, prompt and completion, prompt and chosen, or text)",
		`{}`:                                                "no known keys: it has none (want instruction and output, messages, prompt and completion, prompt and chosen, or text)",
		`{"messages":[]}`:                                   "no messages",
		`{"messages":[{"role":"user","content":"Q"}]}`:      "no answer of the assistant",
		`{"messages":[{"role":"assistant","content":"A"}]}`: "user and assistant do not take turns",
		`{"messages":[{"role":"user","content":"Q"},{"role":"tool","content":"A"}]}`:     `a message of role "tool"`,
		`{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":""}]}`: "an empty message of the assistant",
		`{"prompt":"Q","completion":""}`:                                                 "empty completion",
		`{"prompt":"","completion":"A"}`:                                                 "empty prompt",
		`{"chosen":"A","rejected":"B"}`:                                                  "chosen without a prompt",
		`{"prompt":"Q","chosen":" ","rejected":"B"}`:                                     "empty completion",
		`{"text":"\n"}`:       "empty text",
		"{\"text\":\"\xff\"}": "not UTF-8",
		`7`:                   "not an object",
	} {
		f, err := Read(write(t, "x.jsonl", "{\"text\":\"good\"}\n"+text+"\n"))
		require.NoError(t, err, text)
		require.Len(t, f.Records, 1, text)
		require.Equal(t, Problems{{Line: 2, Reason: want}}, f.Bad, text)
	}
	counts := Problems{{3, "a"}, {4, "b"}, {9, "a"}}.Counts()
	require.Equal(t, []Count{{"a", 2, 3}, {"b", 1, 4}}, counts)
}

func TestBroken(t *testing.T) {
	for _, test := range [][3]string{
		{"x.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"\n{\"text\":\"c\"}\n", "line 2: the JSON ends in the middle: the file was cut, or an object spans lines (then the file must be one array)"},
		{"x.jsonl", "{\"text\":\"a\"}\n{\"text\":'b'}\n", "line 2: broken JSON: invalid character '\\'' looking for beginning of value"},
		{"x.json", "[{\"text\":\"a\"},\n{\"text\":\"b\"}", "line 2: the JSON ends in the middle: the file was cut"},
		{"x.json", "[{\"text\":\"a\"},\n{\"text\":\n\"b", "line 3: the JSON ends in the middle: the file was cut"},
		{"x.json", "[{\"text\":\"a\"},\n{\"text\":x}]", "line 2: broken JSON: invalid character 'x' looking for beginning of value"},
		{"x.json", "[{\"text\":\"a\"}]\n[]", "line 2: something follows the array"},
		{"x.json", "text", "line 1: begins with 't', but JSON objects begin with {"},
		{"x.txt", "", "is empty"},
		{"x.txt", "a\xff", "is not UTF-8 text"},
	} {
		path := write(t, test[0], test[1])
		_, err := Read(path)
		require.Error(t, err, test[1])
		require.Equal(t, "dataset: "+path+": "+test[2], err.Error(), test[1])
	}
	_, err := Read(filepath.Join(t.TempDir(), "absent.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	f.Add("x.json", `[{"instruction":"a","output":"b"}]`)
	f.Add("x.jsonl", "{\"text\":\"a\"}\n{}")
	f.Add("x", `{"messages":[{"role":"user","content":"Q"}]}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		if strings.ContainsAny(name, "/\x00") || len(name) > 20 || name == "" || name == "." || name == ".." {
			return
		}
		file, err := Read(write(t, name, text))
		if err == nil {
			for _, r := range file.Records {
				require.True(t, r.Text != "" || len(r.Messages) > 1)
			}
		}
	})
}

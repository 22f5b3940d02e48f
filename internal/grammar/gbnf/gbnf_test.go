package gbnf

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
)

// judge says in words whether a program accepts text.
func judge(p *grammar.Program, text string) string {
	m := p.NewMatcher(nil)
	n, ok := m.AcceptBytes([]byte(text))
	switch {
	case !ok:
		return fmt.Sprint("refused at ", n)
	case m.Complete():
		return "accepted"
	}
	return "incomplete"
}

func TestTexts(t *testing.T) {
	const json = `root ::= object
value ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ([^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}))* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
`
	tests := []struct{ grammar, text, want string }{
		{`root ::= "ab"*`, "abab", "accepted"},
		{`root ::= "ab"*`, "aba", "incomplete"},
		{`root ::= "ab"*`, "abb", "refused at 2"},
		{`root ::= "a" | "b" "c"`, "bc", "accepted"},
		{"root ::= \"a\" |\n  \"b\"\n", "b", "accepted"},
		{"root ::=\n \"a\" # a comment\n# another\nx ::= root", "a", "accepted"},
		{"root ::= (\n\"a\"\n\"b\"\n)\r\n\r\n", "ab", "accepted"},
		{"root ::= ", "", "accepted"},
		{`root ::= "\x41\u00e9\U0001F600\t\r\n\\\"\[\]\-"`, "Aé😀\t\r\n\\\"[]-", "accepted"},
		{`root ::= [a-c\]-]+`, "ab]-c", "accepted"},
		{`root ::= [^a-c]`, "\n", "accepted"},
		{`root ::= [^a-c]`, "b", "refused at 0"},
		{`root ::= .`, "é", "accepted"},
		{`root ::= .`, "\xc3", "incomplete"},
		{`root ::= .`, "\xed\xa0\x80", "refused at 1"},
		{`root ::= .`, "\xc0\x80", "refused at 0"},
		{`root ::= "a"{2}`, "aa", "accepted"},
		{`root ::= "a"{2}`, "aaa", "refused at 2"},
		{`root ::= "a"{2,}`, "aaaa", "accepted"},
		{`root ::= "a"{ 2 , 3 }`, "aaaa", "refused at 3"},
		{`root ::= "a"{0,3} "b"`, "b", "accepted"},
		{`root ::= [é-ü]{3,5000} "b"`, strings.Repeat("é", 5000) + "b", "accepted"},
		{`root ::= [é-ü]{3,5000} "b"`, strings.Repeat("é", 5001), "refused at 10000"},
		{`root ::= [é-ü]{3,5000} "b"`, "éüb", "refused at 4"},
		{`root ::= ("a" | "aa"){3,4000}`, "aa", "incomplete"},
		{`root ::= ("a" | "aa"){3,40}`, strings.Repeat("a", 80), "accepted"},
		{`root ::= ("a" | "aa"){3,40}`, strings.Repeat("a", 81), "refused at 80"},
		{`root ::= "a"**++??`, "aaa", "accepted"},
		{`root ::= ("a"?){5} "b"`, "aab", "accepted"},
		{`root ::= ("a"?){5} "b"`, "aaaaaa", "refused at 5"},
		{`root ::= "(" root ")" | "x"`, "((x))", "accepted"},
		{`root ::= "(" root ")" | "x"`, "((x)))", "refused at 5"},
		{`root ::= "(" root ")" | "x"`, "((x)", "incomplete"},
		{`root ::= "a" root | "b"`, strings.Repeat("a", 12_000) + "b", "accepted"},
		{`root ::= ("(" root ")")*`, "()(()())", "accepted"},
		{`root ::= ("(" root ")"){0,2}`, "()()()", "refused at 4"},
		{"root ::= s\ns ::= \"a\" s \"a\" | \"a\" s \"b\" | \"a\"", strings.Repeat("a", 101), "accepted"},
		{"root ::= e\ne ::= t (\"+\" t)*\nt ::= \"(\" e \")\" | [0-9]+", "(1+2)+(3", "incomplete"},
		{"root ::= e\ne ::= x e y | \"\"\nx ::= \"a\"?\ny ::= \"b\"?", "", "left recursion"},
		{"root ::= A-1\nA-1 ::= \"q\"", "q", "accepted"},
		{"root ::= a b \"z\"\na ::= b?\nb ::= (\"x\" a)?", "xxz", "accepted"},
		{json, `{"a": [1, 2.5e1, {"b\u00e9": null}], "c": "x"}`, "accepted"},
		{json, `{"a": 01}`, "refused at 7"},
		{json, `{"a" :1}`, "accepted"},
	}
	for _, tt := range tests {
		p, err := Compile(tt.grammar, nil)
		if tt.want == "left recursion" {
			require.ErrorContains(t, err, tt.want)
			continue
		}
		require.NoError(t, err, tt.grammar)
		require.Equal(t, tt.want, judge(p, tt.text), "%s\n%.40q", tt.grammar, tt.text)
	}
}

func TestErrors(t *testing.T) {
	v := &Vocab{N: 10, Lookup: func(s string) (int32, bool) { return 3, s == "<think>" }}
	for text, want := range map[string]string{
		"":                            "line 1, column 1: no rule is named root",
		"x ::= \"a\"":                 "no rule is named root",
		"root ::= x":                  "line 1, column 10: rule \"x\" is not defined",
		"root ::= \"a\"\nroot ::= a":  "line 2, column 1: rule \"root\" is defined twice",
		"root ::= \"a":                "line 1, column 10: the literal is not closed",
		"root ::= [a":                 "column 10: the bracket is not closed",
		"root ::= []":                 "column 10: the class has no character",
		"root ::= [z-a]":              "column 11: the range",
		"root ::= (\"a\"":             "column 10: the parenthesis is not closed",
		"root ::= \"a\")":             "column 13: expected the end of the line",
		"root ::= \"a\" )":            "column 14: expected the end of the line",
		"root = \"a\"":                "column 6: expected ::=",
		"a_b ::= \"a\"":               "column 2: expected ::= after the name \"a\", found '_'; names",
		"root ::= a_b":                "column 11: expected the end of the line",
		`root ::= "\/"`:               `column 11: unknown escape \/`,
		`root ::= "\xg1"`:             `\x needs 2 hexadecimal digits`,
		`root ::= "\uD800"`:           `\uD800 is not a valid code point`,
		`root ::= "\U00110000"`:       `not a valid code point`,
		`root ::= "a"{,3}`:            "column 14: expected a count, found ','",
		`root ::= "a"{3,2}`:           "column 13: the counts {3,2} are out of order",
		`root ::= "a"{100001}`:        "a count above 100000",
		`root ::= "a"{1`:              "expected } after the counts",
		"root ::= * \"a\"":            "column 10: expected the end of the line",
		"root ::= root \"a\" | \"b\"": "line 1, column 1: rule \"root\" calls itself",
		"root ::= \"a\"\n\nx ::= y x\ny ::= \"b\"?": "line 3, column 1: rule \"x\" calls itself",
		"root ::= \"a\" root":                       "no text satisfies",
		"root ::= <nope>":                           "column 10: <nope> is not exactly one token",
		"root ::= <[10]>":                           "[10] is not in the vocabulary",
		"root ::= !\"a\"":                           "expected a token",
		"root ::= <think":                           "the token is not closed",
		"root ::= \"\xff\"":                         "column 11: invalid UTF-8",
		"root ::= " + strings.Repeat("(", 100):      "nested deeper",
		"root ::= \"" + strings.Repeat("a", 70000):  "at most 65536",
	} {
		_, err := Compile(text, v)
		require.ErrorContains(t, err, want, "%.50q", text)
	}
	_, err := Compile("root ::= \"a\"\n\tx = é", nil)
	require.EqualError(t, err, "line 2, column 4: expected ::= after the name \"x\", found '='\n   x = é\n     ^")
	_, err = Compile("root ::= <think>", nil)
	require.ErrorContains(t, err, "without a model's vocabulary")
	_, err = Compile("root ::= <think> !<[2]>", v)
	require.NoError(t, err)
}

// words returns a vocabulary of some special tokens and of all texts that have one to three letters
// of an alphabet of eight.
func words() (*grammar.Vocab, [][]byte) {
	var all [][]byte
	letters := []string{"a", "b", "(", ")", "\xc3", "\xa9", "\"", ","}
	for _, a := range letters {
		all = append(all, []byte(a))
		for _, b := range letters {
			all = append(all, []byte(a+b))
			for _, c := range letters {
				all = append(all, []byte(a+b+c))
			}
		}
	}
	all = append(all, []byte("a"), []byte("aaaaaaaaaaaaaa"), []byte("\",\"ab\""), nil, nil)
	end := int32(len(all) - 1)
	return grammar.NewVocab(len(all), func(id int32) []byte { return all[id] }, []int32{end}), all
}

// TestMaskIsBruteForce compares masks with the result of Accept for each token, in states that
// random texts reach.
func TestMaskIsBruteForce(t *testing.T) {
	vocab, all := words()
	control := int32(len(all) - 2)
	v := &Vocab{N: len(all), Lookup: func(s string) (int32, bool) { return control, s == "<c>" }}
	r := rand.New(rand.NewPCG(1, 2))
	for _, text := range []string{
		`root ::= "a"{2,5} "b"*`,
		`root ::= [ab]{0,4} ","`,
		`root ::= [^,]{2,9} (","+ [^,]{1,3}){0,2}`,
		`root ::= . . .`,
		"root ::= s (\",\" s)*\ns ::= \"\\\"\" [^\"]* \"\\\"\"",
		"root ::= (\"(\" root \")\" | \"a\")*",
		"root ::= s \"b\"*\ns ::= \"a\" s \"a\" | \"a\" s \"b\" | \"a\"",
		"root ::= ([ab] | \"aa\"){3,7} \"(\"",
		"root ::= \"a\" <c> !<c> \"b\"* <[0]>?",
		"root ::= !<c>* <c>",
		"root ::= \"a\" ([^a] [^,\"]* | \"a\" [^b] [^,\"]* | \"ab\" | \"(\") \",\"",
		"root ::= (\"é\" | \"a\"){3,3}",
	} {
		p, err := Compile(text, v)
		require.NoError(t, err)
		for range 8 {
			m := p.NewMatcher(vocab)
			for range 12 {
				var allowed []int32
				mask := m.Mask()
				for id := range int32(len(all)) {
					s := m.Snapshot()
					want := m.Accept(id) == nil
					m.Restore(s)
					require.Equal(t, want, mask.Has(id), "%s\ntoken %q", text, all[id])
					if want {
						allowed = append(allowed, id)
					}
				}
				if m.Done() {
					break
				}
				require.NotEmpty(t, allowed, "%s: no token may follow, which is a dead end", text)
				for _, id := range []int32{0, 1, 5, int32(len(all) - 1)} {
					require.Equal(t, mask.Has(id), m.Allowed(id))
				}
				require.NoError(t, m.Accept(allowed[r.IntN(len(allowed))]))
			}
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`root ::= "a"*`, "root ::= x\nx ::= [^a-z]{2,} | (\"b\" x)?", "root ::= <[1]> !<c>", "root::=(((a)))\n#", `root ::= "\u00`} {
		f.Add(s, "ab")
	}
	v := &Vocab{N: 3, Lookup: func(string) (int32, bool) { return 1, true }}
	f.Fuzz(func(t *testing.T, text, input string) {
		p, err := Compile(text, v)
		if err != nil {
			return
		}
		m := p.NewMatcher(nil)
		m.AcceptBytes([]byte(input))
	})
}

// FuzzMask compares masks with the result of Accept for each token, for any grammar.
func FuzzMask(f *testing.F) {
	for _, s := range []string{`root ::= ([ab] | "aa"){3,7} "("`, "root ::= s \"b\"*\ns ::= \"a\" s \"a\" | \"a\" s \"b\" | \"a\"", `root ::= !<c> [^,]{2,9} (","+ [^,]{1,3}){0,2}`} {
		f.Add(s, uint64(1))
	}
	vocab, all := words()
	v := &Vocab{N: len(all), Lookup: func(string) (int32, bool) { return int32(len(all) - 2), true }}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		p, err := Compile(text, v)
		if err != nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		m := p.NewMatcher(vocab)
		for range 4 {
			mask := m.Mask()
			next := int32(-1)
			for range 60 {
				id := int32(r.IntN(len(all)))
				s := m.Snapshot()
				ok := m.Accept(id) == nil
				m.Restore(s)
				if m.Mask(); ok != mask.Has(id) {
					t.Fatalf("token %q: accepted %v, in the mask %v", all[id], ok, mask.Has(id))
				}
				if ok {
					next = id
				}
			}
			if next < 0 || m.Accept(next) != nil {
				return
			}
		}
	})
}

package gbnf

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHostile checks that hostile grammars are compiled or refused within limits of time and
// memory, and that following a text stays within the same limits.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("not repeated with -short: the bounds count steps, which are the same on every CPU")
	}
	many := func(n int, f string) string {
		var b strings.Builder
		b.WriteString("root ::= r0")
		for i := range n {
			fmt.Fprintf(&b, "\nr%d ::= %s r%d", i, f, i+1)
		}
		fmt.Fprintf(&b, "\nr%d ::= \"z\"", n)
		return b.String()
	}
	as := strings.Repeat("a", 3000)
	vocab, all := words()
	id := int32(slices.IndexFunc(all, func(b []byte) bool { return string(b) == "aaa" }))
	for name, tt := range map[string]struct{ grammar, text string }{
		"automata that explode":       {many(200, "([ab]* [a] [ab]{11})"), as},
		"one that explodes":           {`root ::= [ab]* [a] [ab]{300} "c"`, as},
		"counts in counts":            {"root ::= " + strings.Repeat("(", 60) + `"a"` + strings.Repeat("){1,100000}", 60), as},
		"loops in loops":              {"root ::= " + strings.Repeat("(", 60) + `"a"` + strings.Repeat(")*", 60), as},
		"loops of nothing":            {"root ::= " + strings.Repeat("(", 60) + `"a"?` + strings.Repeat("){0,1000}", 60), as},
		"ambiguous":                   {"root ::= s\ns ::= \"a\" s \"a\" | \"a\" s s | \"a\" | \"aa\" s", as},
		"ambiguous, all ways at once": {"root ::= x*\nx ::= y | y y | y y y\ny ::= \"a\" | \"aa\" | \"a\" root \"b\"", as},
		"deep":                        {`root ::= "a" root "b" | "c"`, strings.Repeat("a", 20000)},
		"many words":                  {"root ::= \"" + strings.Repeat("a\" | \"a", 8000) + "\"", as},
		"wide classes":                {"root ::= (" + strings.Repeat(`[^a-z\U00010000-\U0010FFF0] | `, 1500) + `"a")*`, as},
		"many rules":                  {many(1000, `"a"?`), as[:200]},
		"a rule of many calls":        {"root ::= " + strings.Repeat("x ", 20000) + "\nx ::= \"a\" | \"b\" x", as},
		"rules that double":           {many(60, `"a"`) + "\nq0 ::= \"a\"" + doubled(60), as},
		"doubled":                     {"root ::= q60\nq0 ::= \"a\"" + doubled(60), as},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			p, err := Compile(tt.grammar, nil)
			compiled := time.Since(start)
			if err == nil {
				p.NewMatcher(nil).AcceptBytes([]byte(tt.text))
				m := p.NewMatcher(vocab) // computing masks must end, too
				for range 3 {
					_ = m.Mask()
					if m.Accept(id) != nil {
						break
					}
				}
			}
			runtime.ReadMemStats(&after)
			mib := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("compiled in %v (%v), followed in %v, %d MiB", compiled, err, time.Since(start)-compiled, mib)
			require.Less(t, time.Since(start), 90*time.Second)
			require.Less(t, mib, uint64(1500))
		})
	}
}

// doubled returns n rules, each of which is the previous rule twice.
func doubled(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\nq%d ::= q%d q%d", i+1, i, i)
	}
	return b.String()
}

package jsonschema

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

var trials = flag.Int("trials", 60, "number of random schemas of TestAgainstValidator")

// valid returns a function that checks texts against a schema, with an independent validator.
func valid(t *testing.T, schema []byte) func(text string) bool {
	c := validator.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(func(s string) (validator.Regexp, error) {
		r, err := regexp2.Compile(s, regexp2.ECMAScript|regexp2.Unicode)
		return (*pattern)(r), err
	})
	doc, err := validator.UnmarshalJSON(strings.NewReader(string(schema)))
	require.NoError(t, err)
	require.NoError(t, c.AddResource("mem:schema", doc))
	s, err := c.Compile("mem:schema")
	require.NoError(t, err, "%s", schema)
	return func(text string) bool {
		v, err := validator.UnmarshalJSON(strings.NewReader(text))
		require.NoError(t, err)
		return s.Validate(v) == nil
	}
}

// pattern is a regular expression in ECMAScript's syntax, which JSON Schema requires.
type pattern regexp2.Regexp

func (p *pattern) MatchString(s string) bool {
	ok, err := (*regexp2.Regexp)(p).MatchString(s)
	return err == nil && ok
}

func (p *pattern) String() string { return (*regexp2.Regexp)(p).String() }

// TestAgainstValidator checks that programs of random schemas accept exactly those texts that
// a validator accepts.
func TestAgainstValidator(t *testing.T) {
	n := *trials
	if testing.Short() {
		n = 10
	}
	refused := map[string]int{}
	compiled, accepted, rejected, wrong := 0, 0, 0, 0
	for i := range n {
		r := &rnd{Rand: rand.New(rand.NewPCG(11, uint64(i)))}
		r.defs = dict{}
		for _, d := range []string{"d0", "d1", "d2"} {
			r.defs[d] = r.schema(1)
		}
		schema, ok := r.schema(3).(dict)
		if !ok {
			continue
		}
		schema["$defs"] = r.defs
		text, err := json.Marshal(schema)
		require.NoError(t, err)
		p, _, err := Compile(text, Options{})
		if err != nil {
			var x *Refused
			require.True(t, errors.As(err, &x), "%s: %v", text, err)
			why := x.Msg
			refused[why]++
			if refused[why] == 1 {
				t.Logf("refused: %v: %.600s", err, text)
			}
			if !strings.Contains(why, "no value satisfies") {
				continue
			}
		} else {
			compiled++
		}
		check := valid(t, text)
		for range 40 {
			data, err := json.Marshal(r.value(schema, 0))
			require.NoError(t, err)
			instance, err := canonical(text, data)
			require.NoError(t, err)
			want, got := check(instance), p != nil && accepts(p, instance)
			if want {
				accepted++
			} else {
				rejected++
			}
			if want && !got { // schemas that apply together may require another order of keys
				v, err := decode([]byte(instance))
				require.NoError(t, err)
				for try := 0; try < 300 && !got; try++ {
					got = p != nil && accepts(p, r.shuffled(v))
				}
			}
			if want != got {
				wrong++
				if wrong < 30 {
					t.Errorf("valid %v, accepted %v: %s of %.1500s", want, got, instance, text)
				}
				break
			}
		}
	}
	t.Log(fmt.Sprintf("%d of %d compiled; %d valid, %d invalid instances; %d wrong", compiled, n, accepted, rejected, wrong), refused)
	require.Greater(t, accepted, n)
	require.Greater(t, rejected, n)
}

package flags

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
)

// AddOutput adds -o/--output, which chooses the form of the output on stdout. *target becomes one
// of forms. The first of them is the default.
func AddOutput(fs *pflag.FlagSet, target *string, forms ...string) {
	*target = forms[0]
	fs.VarP(&choice{target, forms}, "output", "o", "output `form`: "+strings.Join(forms, ", "))
}

// AddChoice adds a flag that takes one of a few words. The first is the default.
func AddChoice(fs *pflag.FlagSet, target *string, name, usage string, words ...string) {
	*target = words[0]
	fs.Var(&choice{target, words}, name, usage+": "+strings.Join(words, ", "))
}

// choice is a flag that takes one of a few words.
type choice struct {
	target *string
	words  []string
}

func (c *choice) String() string {
	if c.target == nil {
		return ""
	}
	return *c.target
}

func (c *choice) Type() string { return "string" }

func (c *choice) Set(s string) error {
	word := strings.ToLower(s)
	if !slices.Contains(c.words, word) {
		return fmt.Errorf("must be %s", ui.QuoteList(c.words, "or"))
	}
	*c.target = word
	return nil
}

// MaxThreads is the largest number of threads that -t takes.
const MaxThreads = 1024

// AddThreads adds -t/--threads. If the flag is not given, *target stays 0, which stands for the
// machine's default.
func AddThreads(fs *pflag.FlagSet, target *int) {
	fs.VarP(&bounded{target, 1, MaxThreads, true}, "threads", "t", "`number` of threads (default: one for each performance core that may be used)")
}

// Int describes a flag that takes an integer between Low and High.
type Int struct {
	Name, Short string // Short: a letter, or ""
	Value       int    // the default
	Low, High   int
}

// AddInt adds a flag that takes an integer.
func AddInt(fs *pflag.FlagSet, target *int, f Int, usage string) {
	*target = f.Value
	fs.VarP(&bounded{target, f.Low, f.High, false}, f.Name, f.Short, usage)
}

// bounded is a flag that takes an integer between low and high.
type bounded struct {
	target    *int
	low, high int
	unset     bool // the help does not show a default
}

func (b *bounded) String() string {
	if b.target == nil || b.unset {
		return ""
	}
	return strconv.Itoa(*b.target)
}

func (b *bounded) Type() string { return "int" }

func (b *bounded) Set(s string) error {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange): // for a number out of range, n is the nearest int
		return fmt.Errorf("must be a whole number")
	case n < b.low:
		return fmt.Errorf("must be at least %d", b.low)
	case n > b.high:
		return fmt.Errorf("must be at most %d", b.high)
	}
	*b.target = n
	return nil
}

// AddPositive adds a flag that takes a number above 0 or, as in llama.cpp, 0. If the flag is 0 or
// not given, *target is 0, which stands for the model's value.
func AddPositive(fs *pflag.FlagSet, target *float64, name, usage string) {
	fs.Var(&positive{target, math.Inf(1)}, name, usage)
}

// AddEps adds --eps, which takes a number above 0 and below 1. The number must be above 0 even
// after it is rounded to float32. 0 stands for the model's value.
func AddEps(fs *pflag.FlagSet, target *float64) {
	fs.Var(&positive{target, 1}, "eps", "`epsilon` of the norms (default: the one in the model's file, or for an old file without one, the usual value of its time)")
	AllowSingleDash(fs, "eps", "eps")
}

// positive is a flag that takes 0, or a number above 0 and below a bound.
type positive struct {
	target *float64
	below  float64
}

func (p *positive) String() string { return "" }
func (p *positive) Type() string   { return "float" }

func (p *positive) Set(s string) error {
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return err
	case f == 0 || float32(f) > 0 && f < p.below:
		*p.target = f
		return nil
	case math.IsInf(p.below, 0):
		return errors.New("must be a number above 0")
	}
	return fmt.Errorf("must be a number above 0 and below %g", p.below)
}

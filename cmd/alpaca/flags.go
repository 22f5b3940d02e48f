package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// singleDash is the annotation of flags that llama.cpp also writes with one
// dash and several letters, such as -ctk, which pflag would read as -c -t -k.
const singleDash = "alpaca_single_dash"

// allowSingleDash lets the flag called name be written as -short as well.
func allowSingleDash(flags *pflag.FlagSet, name, short string) {
	f := flags.Lookup(name)
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[singleDash] = append(f.Annotations[singleDash], short)
	f.Usage += fmt.Sprintf(" (also -%s)", short)
}

// valueWords is the annotation of flags after which one of a few words is a value,
// as it is in newer versions of llama.cpp, and anything else is not.
const valueWords = "alpaca_value_words"

// allowWords lets one of words follow the flag called name, which needs no value.
func allowWords(flags *pflag.FlagSet, name string, words []string) {
	f := flags.Lookup(name)
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[valueWords] = words
}

// expandSingleDash rewrites the flags in args that allowSingleDash knows to
// their two-dash names, and joins those that allowWords knows with the words that
// follow. Values of flags and what follows "--" stay as they are.
func expandSingleDash(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args
	}
	cmd.InitDefaultHelpFlag()
	long := map[string]string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		for _, short := range f.Annotations[singleDash] {
			long[short] = f.Name
		}
	})
	args = slices.Clone(args)
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		if name, value, ok := strings.Cut(strings.TrimPrefix(args[i], "-"), "="); strings.HasPrefix(args[i], "-") {
			if to, known := long[name]; known {
				args[i] = "--" + to
				if ok {
					args[i] += "=" + value
				}
			}
		}
		if takesNext(cmd.Flags(), args[i]) {
			i++
		} else if i+1 < len(args) && takesWord(cmd.Flags(), args[i], args[i+1]) {
			args[i] += "=" + args[i+1]
			args = slices.Delete(args, i+1, i+2)
		}
	}
	return args
}

// takesNext reports whether the argument after arg is the value of the flag
// that arg is.
func takesNext(flags *pflag.FlagSet, arg string) bool {
	if strings.HasPrefix(arg, "--") {
		f := flags.Lookup(arg[2:]) // not found with "=value"
		return f != nil && f.NoOptDefVal == ""
	}
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	for i, c := range []byte(arg[1:]) {
		f := flags.ShorthandLookup(string(c))
		if f == nil {
			return false
		}
		if f.NoOptDefVal == "" {
			return i == len(arg)-2 // -nVALUE holds its value
		}
	}
	return false
}

// takesWord reports whether next is a word of allowWords for the flag that arg is.
func takesWord(flags *pflag.FlagSet, arg, next string) bool {
	name, long := strings.CutPrefix(arg, "--")
	if !long {
		return false
	}
	f := flags.Lookup(name)
	return f != nil && slices.Contains(f.Annotations[valueWords], next)
}

// flagError turns pflag's errors into usage errors, with the nearest flag for
// one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	err = plainNumber(err)
	var no refusedError
	if errors.As(err, &no) {
		if no.hint == "" {
			return asUsage(no)
		}
		return asUsage(withHint(no, no.hint))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return asUsage(err)
	}
	name := unknown.GetSpecifiedName()
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		err = fmt.Errorf("unknown flag -%s", name)
		if name != group {
			err = fmt.Errorf("unknown flag -%s in -%s", name, group)
			name = strings.TrimLeft(group, "-")
		}
	} else {
		err = fmt.Errorf("unknown flag --%s", name)
	}
	if !cmd.HasParent() {
		// A word before the flag was taken for a command, and is none.
		if args := cmd.Flags().Args(); len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return asUsage(withHint(err, "flags follow a command, as in: alpaca run -m model.gguf"))
	}
	if near := nearestFlag(cmd.Flags(), name); near != "" {
		return asUsage(withHint(err, fmt.Sprintf("did you mean --%s?", near)))
	}
	return asUsage(withHint(err, fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")))
}

// flagUsage makes an error about a flag's value one of the command line.
func flagUsage(flag string, err error) error {
	return usageErrorf("--%s: %s", flag, strings.TrimPrefix(plainNumber(err).Error(), "quantize: "))
}

// plainNumber says what is wrong with a number without naming a function.
func plainNumber(err error) error {
	var number *strconv.NumError
	if !errors.As(err, &number) {
		return err
	}
	want := map[string]string{"ParseFloat": "a number", "ParseBool": "true or false"}[number.Func]
	text := "must be " + cmp.Or(want, "a whole number")
	switch {
	case !errors.Is(number, strconv.ErrRange):
	case strings.HasPrefix(number.Num, "-"):
		text = "is too small"
	default:
		text = "is too large"
	}
	return plainError{strings.Replace(err.Error(), number.Error(), text, 1), err}
}

// plainError is an error in other words.
type plainError struct {
	text string
	err  error
}

func (e plainError) Error() string { return e.text }
func (e plainError) Unwrap() error { return e.err }

// nearestFlag returns the name that is most like name among those of flags
// and their aliases, or "" where none is like it.
func nearestFlag(flags *pflag.FlagSet, name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	best, bestDistance := "", 1+max(1, len(name)/3)
	consider := func(candidate, flag string) {
		d := editDistance(name, candidate)
		if len(name) >= 3 && strings.HasPrefix(candidate, name) {
			d = min(d, 1)
		}
		if d < bestDistance {
			best, bestDistance = flag, d
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			consider(f.Name, f.Name)
		}
	})
	for _, alias := range slices.Sorted(maps.Keys(flagAliases)) {
		if f := flags.Lookup(alias); f != nil && !f.Hidden {
			consider(alias, f.Name)
		}
	}
	return best
}

// editDistance returns the number of letters to insert, delete, replace or
// swap with a neighbour to make b of a.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1) // [len(a)+1, len(b)+1]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

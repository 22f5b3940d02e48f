// Package flags provides the types of the commands' flags and the spellings that llama.cpp
// and alpaca.cpp gave them: aliases, underscores, several letters after one dash, and
// flags that have no meaning here. It makes pflag's errors usage errors, with the nearest
// flag as a hint. Options that several commands share are types with a method AddFlags.
package flags

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

	"alpaca/internal/cli/ui"
)

// singleDash is the annotation of flags that llama.cpp also writes with one dash and several
// letters. For example, -ctk is such a flag, but pflag would read it as -c -t -k.
const singleDash = "alpaca_single_dash"

// AllowSingleDash adds a spelling to the flag with the
// given name: a single dash and the letters of short.
func AllowSingleDash(fs *pflag.FlagSet, name, short string) {
	f := fs.Lookup(name)
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[singleDash] = append(f.Annotations[singleDash], short)
	f.Usage += fmt.Sprintf(" (also -%s)", short)
}

// valueWords is the annotation of flags that have no value in old versions of
// llama.cpp, but take one in new versions. The annotation lists words. A word from
// this list is the flag's value if it follows the flag. Any other argument is not.
const valueWords = "alpaca_value_words"

// allowWords makes the given words values of the flag with the given name: if one of the
// words follows the flag, it is the flag's value. The flag may also stand without a value.
func allowWords(fs *pflag.FlagSet, name string, words []string) {
	f := fs.Lookup(name)
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[valueWords] = words
}

// ExpandSingleDash returns args in the form that pflag parses. A spelling of AllowSingleDash
// becomes the name of the flag with two dashes. If a flag of allowWords is followed by one of its
// words, the two become --name=word. Values of flags, and arguments after "--", do not change.
func ExpandSingleDash(root *cobra.Command, args []string) []string {
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

// takesNext reports whether arg is a flag whose value is the next argument.
func takesNext(fs *pflag.FlagSet, arg string) bool {
	if strings.HasPrefix(arg, "--") {
		f := fs.Lookup(arg[2:]) // not found with "=value"
		return f != nil && f.NoOptDefVal == ""
	}
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	for i, c := range []byte(arg[1:]) {
		f := fs.ShorthandLookup(string(c))
		if f == nil {
			return false
		}
		if f.NoOptDefVal == "" {
			return i == len(arg)-2 // -nVALUE holds its value
		}
	}
	return false
}

// takesWord reports whether arg is a flag of allowWords and next is one of the words of this flag.
func takesWord(fs *pflag.FlagSet, arg, next string) bool {
	name, long := strings.CutPrefix(arg, "--")
	if !long {
		return false
	}
	f := fs.Lookup(name)
	return f != nil && slices.Contains(f.Annotations[valueWords], next)
}

// Error turns pflag's errors into usage errors. For an unknown flag, the hint names the most
// similar flag.
func Error(cmd *cobra.Command, err error) error {
	err = plainNumber(err)
	var no refusedError
	if errors.As(err, &no) {
		if no.hint == "" {
			return ui.Usage(no)
		}
		return ui.Usage(ui.WithHint(no, no.hint))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ui.Usage(err)
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
		// The word before the flag was meant as a command, but no command has that name.
		if args := cmd.Flags().Args(); len(args) > 0 {
			return UnknownCommand(cmd, args[0])
		}
		return ui.Usage(ui.WithHint(err, "flags follow a command, as in: alpaca run -m model.gguf"))
	}
	if near := Nearest(cmd.Flags(), name); near != "" {
		return ui.Usage(ui.WithHint(err, fmt.Sprintf("did you mean --%s?", near)))
	}
	return ui.Usage(ui.WithHint(err, fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")))
}

// ValueError turns an error about a flag's value into a usage error.
func ValueError(flag string, err error) error {
	return ui.Usagef("--%s: %s", flag, strings.TrimPrefix(plainNumber(err).Error(), "quantize: "))
}

// plainNumber replaces the message of strconv about a number, because that message names a Go
// function.
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

// plainError is an error whose text is replaced.
type plainError struct {
	text string
	err  error
}

func (e plainError) Error() string { return e.text }
func (e plainError) Unwrap() error { return e.err }

// Nearest returns the name of the flag whose name or alias is most similar to name, or "" if
// none is similar.
func Nearest(fs *pflag.FlagSet, name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	best, bestDistance := "", 1+max(1, len(name)/3)
	consider := func(candidate, flag string) {
		d := ui.EditDistance(name, candidate)
		if len(name) >= 3 && strings.HasPrefix(candidate, name) {
			d = min(d, 1)
		}
		if d < bestDistance {
			best, bestDistance = flag, d
		}
	}
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			consider(f.Name, f.Name)
		}
	})
	for _, alias := range slices.Sorted(maps.Keys(aliases)) {
		if f := fs.Lookup(alias); f != nil && !f.Hidden {
			consider(alias, f.Name)
		}
	}
	return best
}

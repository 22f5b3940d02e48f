package flags

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
)

// Prompt holds the flags that say where a text comes from.
type Prompt struct {
	Flags  *pflag.FlagSet
	text   string
	File   string
	Escape bool

	Stdin        StdinUse
	EndsWithFile bool // set by Read: the end of the text comes from a file or from stdin
}

// StdinUse says how piped input is used if no flag names it with "-".
type StdinUse int

const (
	StdinElse  StdinUse = iota // piped input is the text if neither -p nor -f gives one
	StdinJoins                 // piped input is appended to the text
	StdinKept                  // piped input is not read
)

// AddFlags adds -p, -f and -e.
func (o *Prompt) AddFlags(fs *pflag.FlagSet) {
	o.Flags = fs
	fs.StringVarP(&o.text, "prompt", "p", "", "the `text`; \"-\" is stdin")
	fs.StringVarP(&o.File, "file", "f", "", "`file` whose text follows that of -p; \"-\" is stdin")
	fs.BoolVarP(&o.Escape, "escape", "e", false, `interpret the escapes \n, \t, \", \\ and \xHH in -p and in other texts on the command line`)
}

// Read returns the text: first the text of -p, then that of the file, then piped input, which is
// used as o.Stdin says. Bytes of files and pipes are not changed. given is false if none of these
// gives a text.
func (o *Prompt) Read(u *ui.UI) (text string, given bool, err error) {
	stdinTaken := false
	stdin := func() (string, error) {
		if stdinTaken {
			return "", ui.Usagef("-p and -f both read stdin")
		}
		stdinTaken = true
		return u.ReadStdin()
	}
	var b strings.Builder
	if o.Flags.Changed("prompt") {
		given = true
		part := o.text
		switch {
		case part == "-":
			o.EndsWithFile = true
			if part, err = stdin(); err != nil {
				return "", true, err
			}
		case o.Escape:
			part = Unescape(part)
		}
		b.WriteString(part)
	}
	if o.File != "" {
		given, o.EndsWithFile = true, true
		var part string
		if o.File == "-" {
			part, err = stdin()
		} else {
			part, err = ui.ReadFile(o.File)
		}
		if err != nil {
			return "", true, err
		}
		b.WriteString(part)
	}
	if u.InPiped && !stdinTaken && (o.Stdin == StdinJoins || o.Stdin == StdinElse && !given) {
		part, err := stdin()
		if err != nil {
			return "", true, err
		}
		if part != "" {
			given, o.EndsWithFile = true, true
		}
		b.WriteString(part)
	}
	return b.String(), given, nil
}

// Unescape replaces \n, \r, \t, \', \", \\ and \xHH. Any other backslash stays.
func Unescape(s string) string {
	var b strings.Builder
	simple := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\'': '\'', '"': '"', '\\': '\\'}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if c, ok := simple[s[i+1]]; ok {
			b.WriteByte(c)
			i++
			continue
		}
		if s[i+1] == 'x' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

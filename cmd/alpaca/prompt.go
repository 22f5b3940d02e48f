package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// promptOptions are the flags that say where a text comes from.
type promptOptions struct {
	flags  *pflag.FlagSet
	text   string
	file   string
	escape bool

	stdin        stdinUse
	endsWithFile bool // set by read: the text's end is that of a file or of stdin
}

// stdinUse says what becomes of what is piped in, unless "-" names it.
type stdinUse int

const (
	stdinElse  stdinUse = iota // the text, where neither -p nor -f gives one
	stdinJoins                 // the text's end
	stdinKept                  // it is not read
)

// addFlags adds -p, -f and -e.
func (o *promptOptions) addFlags(flags *pflag.FlagSet) {
	o.flags = flags
	flags.StringVarP(&o.text, "prompt", "p", "", "the `text`; \"-\" is stdin")
	flags.StringVarP(&o.file, "file", "f", "", "`file` with the text, after that of -p; \"-\" is stdin")
	flags.BoolVarP(&o.escape, "escape", "e", false, `read \n, \t, \", \\ and \xHH in -p and other texts of the command line`)
}

// read returns the text to the byte: that of -p, then the file's, then what is
// piped in, if that is wanted. Given is false if there is none of them.
func (o *promptOptions) read(u *ui) (text string, given bool, err error) {
	stdinTaken := false
	stdin := func() (string, error) {
		if stdinTaken {
			return "", usageErrorf("-p and -f both read stdin")
		}
		stdinTaken = true
		return u.readStdin()
	}
	var b strings.Builder
	if o.flags.Changed("prompt") {
		given = true
		part := o.text
		switch {
		case part == "-":
			o.endsWithFile = true
			if part, err = stdin(); err != nil {
				return "", true, err
			}
		case o.escape:
			part = unescape(part)
		}
		b.WriteString(part)
	}
	if o.file != "" {
		given, o.endsWithFile = true, true
		var part string
		if o.file == "-" {
			part, err = stdin()
		} else {
			part, err = readText(o.file)
		}
		if err != nil {
			return "", true, err
		}
		b.WriteString(part)
	}
	if u.inPiped && !stdinTaken && (o.stdin == stdinJoins || o.stdin == stdinElse && !given) {
		part, err := stdin()
		if err != nil {
			return "", true, err
		}
		if part != "" {
			given, o.endsWithFile = true, true
		}
		b.WriteString(part)
	}
	return b.String(), given, nil
}

// readText returns a file's bytes.
func readText(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return string(data), nil
}

// readStdin reads all of stdin. Where that takes long it tells the user, who
// may not know that something is waited for. What ends the command ends it, too.
func (u *ui) readStdin() (string, error) {
	const patience = 2 * time.Second
	waiting := time.AfterFunc(patience, func() {
		u.notef("reading the text from stdin until it ends")
	})
	defer waiting.Stop()
	var data []byte
	var err error
	read := make(chan struct{})
	go func() {
		defer close(read)
		data, err = io.ReadAll(u.in)
	}()
	select {
	case <-read:
	case <-u.signals.ended:
		return "", errInterrupted
	}
	if err != nil {
		return "", fmt.Errorf("stdin: %w", err)
	}
	return string(data), nil
}

// unescape replaces \n, \r, \t, \', \", \\ and \xHH. Any other backslash stays.
func unescape(s string) string {
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

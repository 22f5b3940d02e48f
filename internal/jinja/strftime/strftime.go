// Package strftime formats times as Python's datetime.strftime does with glibc in the locale C:
// all directives, with glibc's flags (-, _, 0, ^, #) and widths. Templates use it
// to tell a model the date, and Go has no such function.
package strftime

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxWidth is the limit for the width of a field in characters.
const maxWidth = 1000

// Format returns t formatted by format. Like the result of Python's now(), t counts as a time
// without a zone, so %z and %Z are empty. Unknown directives stay unchanged.
func Format(format string, t time.Time) (string, error) {
	var b strings.Builder
	if err := write(&b, format, t); err != nil {
		return "", err
	}
	return b.String(), nil
}

// directive is a parsed directive, which begins with "%".
type directive struct {
	pad          byte // the flag '-', '_' or '0'; 0: the field's default
	upper, other bool // the flags ^ and #
	width        int
	letter       byte
}

func write(b *strings.Builder, format string, t time.Time) error {
	for {
		at := strings.IndexByte(format, '%')
		if at < 0 {
			b.WriteString(format)
			return nil
		}
		b.WriteString(format[:at])
		d, n := parse(format[at:])
		whole := format[at : at+n]
		format = format[at+n:]
		if d.width > maxWidth {
			return fmt.Errorf("strftime: a width of %d, must be at most %d", d.width, maxWidth)
		}
		s, ok, err := d.field(t)
		if err != nil {
			return err
		}
		if !ok {
			d.upper, d.other = false, false
			s = d.text(whole)
		}
		b.WriteString(s)
	}
}

// parse parses a directive and returns its length.
func parse(s string) (d directive, n int) {
	i := 1
flags:
	for ; i < len(s); i++ {
		switch s[i] {
		case '-', '_', '0':
			d.pad = s[i]
		case '^':
			d.upper = true
		case '#':
			d.other = true
		default:
			break flags
		}
	}
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		d.width = min(d.width*10+int(s[i]-'0'), maxWidth+1)
	}
	allowed := ""
	if i < len(s) && (s[i] == 'E' || s[i] == 'O') { // alternative forms, which the locale C lacks
		allowed = map[byte]string{'E': "cCxXyYntpPrRTFsZz%", 'O': "CdeHIklmMSuUVwWyGgjntpPrRTFsZz%"}[s[i]]
		i++
	}
	if i < len(s) {
		d.letter = s[i]
		if allowed != "" && strings.IndexByte(allowed, s[i]) < 0 || s[i] == 'f' && i > 1 { // Python replaces %f only without flags, and glibc has no %f
			d.letter = 0
		}
		i++
	}
	return d, i
}

// number formats n with a minimum number of digits, padded as the directive says.
func (d directive) number(n, digits int, pad byte) string {
	if d.pad != 0 {
		pad = d.pad
	}
	s := strconv.Itoa(n)
	fill := "0"
	switch pad {
	case '_':
		fill = " "
	case '-':
		fill, digits = " ", 0
	}
	digits = max(digits, d.width)
	return strings.Repeat(fill, max(0, digits-len(s))) + s
}

// text pads s, and changes its case as the flags say.
func (d directive) text(s string) string {
	if d.upper || d.other {
		s = strings.ToUpper(s)
	}
	fill := " "
	if d.pad == '0' {
		fill = "0"
	}
	return strings.Repeat(fill, max(0, d.width-len(s))) + s
}

// compound formats a directive that stands for several others.
func (d directive) compound(format string, t time.Time) (string, bool, error) {
	var b strings.Builder
	err := write(&b, format, t)
	d.other = false
	return d.text(b.String()), true, err
}

// field returns the text for a directive. ok is false if the directive is unknown.
func (d directive) field(t time.Time) (s string, ok bool, err error) {
	hour12 := (t.Hour()+11)%12 + 1
	isoYear, isoWeek := t.ISOWeek()
	weekday := int(t.Weekday())
	switch d.letter {
	case '%':
		return d.text("%"), true, nil
	case 'n':
		return d.text("\n"), true, nil
	case 't':
		return d.text("\t"), true, nil
	case 'a':
		return d.text(t.Weekday().String()[:3]), true, nil
	case 'A':
		return d.text(t.Weekday().String()), true, nil
	case 'b', 'h':
		return d.text(t.Month().String()[:3]), true, nil
	case 'B':
		return d.text(t.Month().String()), true, nil
	case 'p', 'P':
		s = "AM"
		if t.Hour() >= 12 {
			s = "PM"
		}
		if d.letter == 'P' || d.other {
			d.upper, d.other = false, false
			s = strings.ToLower(s)
		}
		return d.text(s), true, nil
	case 'C':
		return d.number(t.Year()/100, 1, '0'), true, nil
	case 'd':
		return d.number(t.Day(), 2, '0'), true, nil
	case 'e':
		return d.number(t.Day(), 2, '_'), true, nil
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000), true, nil
	case 'g':
		return d.number(isoYear%100, 2, '0'), true, nil
	case 'G':
		return d.number(isoYear, 1, '0'), true, nil
	case 'H':
		return d.number(t.Hour(), 2, '0'), true, nil
	case 'I':
		return d.number(hour12, 2, '0'), true, nil
	case 'j':
		return d.number(t.YearDay(), 3, '0'), true, nil
	case 'k':
		return d.number(t.Hour(), 2, '_'), true, nil
	case 'l':
		return d.number(hour12, 2, '_'), true, nil
	case 'm':
		return d.number(int(t.Month()), 2, '0'), true, nil
	case 'M':
		return d.number(t.Minute(), 2, '0'), true, nil
	case 's':
		return d.number(int(t.Unix()), 1, '_'), true, nil
	case 'S':
		return d.number(t.Second(), 2, '0'), true, nil
	case 'u':
		return d.number((weekday+6)%7+1, 1, '0'), true, nil
	case 'U':
		return d.number((t.YearDay()-1+7-weekday)/7, 2, '0'), true, nil
	case 'V':
		return d.number(isoWeek, 2, '0'), true, nil
	case 'w':
		return d.number(weekday, 1, '0'), true, nil
	case 'W':
		return d.number((t.YearDay()-1+7-(weekday+6)%7)/7, 2, '0'), true, nil
	case 'y':
		return d.number(t.Year()%100, 2, '0'), true, nil
	case 'Y':
		return d.number(t.Year(), 1, '0'), true, nil
	case 'z', 'Z':
		if d.letter == 'z' {
			return "", true, nil
		}
		return d.text(""), true, nil
	case 'c':
		return d.compound("%a %b %e %H:%M:%S %Y", t)
	case 'D', 'x':
		return d.compound("%m/%d/%y", t)
	case 'F':
		return d.compound("%Y-%m-%d", t)
	case 'r':
		return d.compound("%I:%M:%S %p", t)
	case 'R':
		return d.compound("%H:%M", t)
	case 'T', 'X':
		return d.compound("%H:%M:%S", t)
	}
	return "", false, nil
}

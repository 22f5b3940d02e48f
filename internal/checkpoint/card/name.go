package card

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// name is what the name of a model tells.
type name struct {
	full, organization            string
	base, size, finetune, version string // "": not said
}

// The kinds of a name's parts.
var (
	isVersion  = regexp.MustCompile(`(?i)^(v|iter)?\d+([.]\d+)*$`)
	isType     = regexp.MustCompile(`(?i)^(i?q\d(_\w)*|b?fp?(16|32))$`)
	isSize     = regexp.MustCompile(`(?i)^(([A]|\d+[x])?\d+([._]\d+)?[KMBT][\d]?|small|mini|medium|large|x?xl)$`)
	isFinetune = regexp.MustCompile(`(?i)^(chat|instruct|vision|lora)$`)
	isNumberly = regexp.MustCompile(`^(v\d+(?:\.\d+)*|\d.*)$`)
)

// part is a part of a name, and what it may be.
type part struct {
	text                                  string
	base, size, finetune, version, typeOf bool
}

func (p *part) kinds() (n int) {
	for _, k := range []bool{p.base, p.size, p.finetune, p.version, p.typeOf} {
		if k {
			n++
		}
	}
	return n
}

// cutName divides the name of a model, such as "org/Mixtral-8x7B-Instruct-v0.1", into its
// parts. total is the number of weights, which a size must be near to; 0: not known.
func cutName(id string, total int64) name {
	if id == "" || strings.Contains(id, " ") {
		return name{full: id} // a sentence
	}
	n := name{full: id}
	if org, full, ok := strings.Cut(id, "/"); ok {
		n.full = full
		if !strings.HasPrefix(org, ".") {
			n.organization = org
		}
	}
	var parts []*part
	for _, text := range strings.Split(n.full, "-") {
		if text != "" {
			parts = append(parts, &part{text: text})
		}
	}
	for i, p := range parts {
		p.annotate(i, total)
	}
	chooseBase(parts)
	join := func(is func(p *part) bool) string {
		var list []string
		for _, p := range parts {
			if is(p) {
				list = append(list, p.text)
			}
		}
		return strings.Join(list, "-")
	}
	n.base = join(func(p *part) bool { return p.base })
	n.finetune = join(func(p *part) bool { return p.finetune })
	n.version = join(func(p *part) bool { return p.version && !p.base })
	var sizes []string
	for _, p := range parts {
		if p.size && !slices.Contains(sizes, p.text) {
			sizes = append(sizes, p.text)
		}
	}
	n.size = strings.Join(sizes, "-")
	if n.size == "" && n.finetune == "" && n.version == "" {
		n.base = "" // too little is known to tell
	}
	return n
}

// annotate says what the i-th part may be.
func (p *part) annotate(i int, total int64) {
	switch {
	case isVersion.MatchString(p.text):
		p.version = true
	case isType.MatchString(p.text):
		p.typeOf, p.text = true, strings.ToUpper(p.text)
	case i > 0 && isSize.MatchString(p.text):
		p.annotateSize(total)
	case i > 0 && isFinetune.MatchString(p.text):
		p.finetune = true
	}
}

// annotateSize brings a size into its usual form. One that is far from the number of
// weights is more likely the length of a context.
func (p *part) annotateSize(total int64) {
	text := strings.ReplaceAll(p.text, "_", ".")
	if last := len(text) - 1; isDigit(text[last]) { // "7b1" is 7.1 billion
		text = text[:last-1] + "." + text[last:] + text[last-1:last]
	}
	last := len(text) - 1
	if last > 0 && isDigit(text[last-1]) && strings.ContainsRune("kmbt", rune(text[last])) {
		text = text[:last] + strings.ToUpper(text[last:])
	}
	if number, err := strconv.ParseFloat(text[:last], 64); err == nil && total > 0 {
		weights := number * math.Pow(1000, float64(strings.IndexByte(" KMBT", text[last])))
		if math.Abs(weights-float64(total)) > float64(7*total/8) {
			p.finetune = true
			text = text[:last] + strings.ToLower(text[last:])
		}
	}
	p.size = !p.finetune
	p.text = text
}

// chooseBase decides which parts are the base name: those at the beginning that are nothing
// else, and versions among them. What nothing is known of is a fine-tune's name.
func chooseBase(parts []*part) {
	digits := slices.ContainsFunc(parts, func(p *part) bool { return p.size && strings.ContainsFunc(p.text, unicode.IsDigit) })
	for _, p := range parts {
		if digits && p.size && !strings.ContainsFunc(p.text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			p.size = false // "large" beside a number
		}
	}
	start := true
	for _, p := range parts {
		if start && (p.kinds() == 0 && unicode.IsLetter([]rune(p.text)[0]) || p.version) {
			p.base = true
			continue
		}
		start = false
		if p.kinds() == 0 {
			p.finetune = true
		}
	}
	for i := len(parts) - 1; i >= 0; i-- { // a version at the end of the base name
		if p := parts[i]; p.base && p.kinds() > 1 {
			p.base = false
		} else {
			break
		}
	}
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// title writes a name as a title: words in small letters get a capital, unless they are
// versions or begin with a digit.
func title(text string) string {
	words := strings.Fields(strings.ReplaceAll(text, "-", " "))
	for i, w := range words {
		if strings.ToLower(w) == w && strings.ToUpper(w) != w && !isNumberly.MatchString(w) {
			words[i] = capitals(w)
		}
	}
	return strings.Join(words, " ")
}

// capitals gives every run of letters a capital, as Python's str.title does.
func capitals(w string) string {
	after := false
	return strings.Map(func(r rune) rune {
		first := !after
		after = unicode.IsLetter(r)
		if first {
			return unicode.ToTitle(r)
		}
		return r
	}, w)
}

// sizeLabel returns the size of a model as people say it: "8B", "8x7B"; "" where it is not
// known.
func sizeLabel(c Counts) string {
	switch {
	case c.Total <= 0:
		return ""
	case c.Experts > 0:
		return fmt.Sprintf("%dx%s", c.Experts, rounded(c.Shared+c.Expert))
	}
	return rounded(c.Total)
}

// rounded writes a number of weights with two digits or more.
func rounded(n int64) string {
	for _, unit := range []struct {
		size   float64
		suffix string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}} {
		if float64(n) <= unit.size && unit.suffix != "K" {
			continue
		}
		scaled := float64(n) / unit.size
		digits := len(strings.TrimLeft(strconv.FormatFloat(math.RoundToEven(scaled), 'f', 0, 64), "0"))
		return strconv.FormatFloat(scaled, 'f', max(2-digits, 0), 64) + unit.suffix
	}
	return ""
}

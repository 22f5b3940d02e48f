package card

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"alpaca/internal/lazyregexp"
)

// name has the parts of a model's name.
type name struct {
	full, organization            string
	base, size, finetune, version string // "": the name does not have this part
}

// These expressions recognize the kinds of parts that a name can have.
var (
	isVersion  = lazyregexp.New(`(?i)^(v|iter)?\d+([.]\d+)*$`)
	isType     = lazyregexp.New(`(?i)^(i?q\d(_\w)*|b?fp?(16|32))$`)
	isSize     = lazyregexp.New(`(?i)^(([A]|\d+[x])?\d+([._]\d+)?[KMBT][\d]?|small|mini|medium|large|x?xl)$`)
	isFinetune = lazyregexp.New(`(?i)^(chat|instruct|vision|lora)$`)
	isNumberly = lazyregexp.New(`^(v\d+(?:\.\d+)*|\d.*)$`)
)

// part is a part of a name. Its flags say which kinds of parts it may be.
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

// cutName splits the name of a model, such as
// "org/Mixtral-8x7B-Instruct-v0.1", into its parts. total is the number of
// weights, or 0 if it is not known. A size in the name must be close to total.
func cutName(id string, total int64) name {
	if id == "" || strings.Contains(id, " ") {
		return name{full: id} // this is a sentence, not a name
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
		n.base = "" // no other part is known, so the base name is only a guess
	}
	return n
}

// annotate sets the flags of p, which is the i-th part.
func (p *part) annotate(i int, total int64) {
	switch {
	case isVersion().MatchString(p.text):
		p.version = true
	case isType().MatchString(p.text):
		p.typeOf, p.text = true, strings.ToUpper(p.text)
	case i > 0 && isSize().MatchString(p.text):
		p.annotateSize(total)
	case i > 0 && isFinetune().MatchString(p.text):
		p.finetune = true
	}
}

// annotateSize normalizes a size. If the size is far from
// the number of weights, it is more likely a context length.
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

// chooseBase decides which parts are the base name. These are the first parts, as long as each is
// a version or a word of no known kind. Later parts without a kind are the name of a fine-tune.
func chooseBase(parts []*part) {
	digits := slices.ContainsFunc(parts, func(p *part) bool { return p.size && strings.ContainsFunc(p.text, unicode.IsDigit) })
	for _, p := range parts {
		if digits && p.size && !strings.ContainsFunc(p.text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			p.size = false // if the name has a size in numbers, a word such as "large" is not the size
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
	for i := len(parts) - 1; i >= 0; i-- { // versions at the end of the base name are not a part of it
		if p := parts[i]; p.base && p.kinds() > 1 {
			p.base = false
		} else {
			break
		}
	}
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// title returns a name in title case: words in lower case are capitalized, unless they
// are versions or begin with a digit.
func title(text string) string {
	words := strings.Fields(strings.ReplaceAll(text, "-", " "))
	for i, w := range words {
		if strings.ToLower(w) == w && strings.ToUpper(w) != w && !isNumberly().MatchString(w) {
			words[i] = capitals(w)
		}
	}
	return strings.Join(words, " ")
}

// capitals capitalizes every run of letters, as Python's str.title does.
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

// sizeLabel returns the usual label of a model's size, such as "8B" or "8x7B", or "" if the
// size is not known.
func sizeLabel(c Counts) string {
	switch {
	case c.Total <= 0:
		return ""
	case c.Experts > 0:
		return fmt.Sprintf("%dx%s", c.Experts, rounded(c.Shared+c.Expert))
	}
	return rounded(c.Total)
}

// rounded formats a number of weights with at least two digits.
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
